"""The command ``python -m lbopt conformance MODULE:FACTORY``."""

from __future__ import annotations

import argparse
import os
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

from lbopt.conformance.check import check, prepare
from lbopt.conformance.formulas import CLAIMS
from lbopt.conformance.identify import identify


def add_conformance(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "conformance",
        help="hold an optimizer of your own against the laws of LARS, LAMB, AdamW or SGD",
        description="FACTORY is a function make(lr, **hyperparameters) -> (init, step), or a torch "
        "or keras optimizer class, or a function that returns an optax transformation. Exit code "
        "0: every law is kept; 1: a law is broken; 2: wrong input.",
    )
    parser.add_argument("factory", metavar="MODULE:FACTORY", help="for example mine:make")
    parser.add_argument("--claims", default="lamb", choices=list(CLAIMS), help="(%(default)s)")
    parser.add_argument(
        "--dtype", choices=["float64", "float32"], help="of the arrays (float64 where it works)"
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail also on zero rules and half precision"
    )
    parser.add_argument(
        "--identify", action="store_true", help="also say which known implementation it is"
    )
    parser.set_defaults(command=run_conformance)


def run_conformance(args: argparse.Namespace) -> int:
    """Check, print, and tell by the exit code."""
    try:
        make = resolve(args.factory)
        report = check(make, args.claims, dtype=args.dtype, strict=args.strict)
        print(report)
        if args.identify:
            print(f"\nidentified: {identify(make)}")
    except TypeError as e:
        raise ValueError(str(e)) from e
    return 0 if report.passed else 1


def wrong_use(specs: list[str], claim: str) -> str:
    """Say what is wrong with the options of the pytest plugin; nothing if nothing is."""
    if claim not in CLAIMS:
        return f"--lbopt-claims: unknown claim {claim!r}; known: {', '.join(CLAIMS)}"
    for spec in specs:
        try:
            prepare(resolve(spec), claim)
        except (ValueError, TypeError, ImportError) as e:
            return f"--lbopt-optimizer {spec}: {e}"
    return ""


def resolve(spec: str) -> Callable[..., Any]:
    """Import ``package.module:name`` (the working directory comes first).

    Examples
    --------
    >>> resolve("lbopt.optim:lamb").__name__
    'lamb'
    """
    module, colon, name = spec.partition(":")
    if not (module and colon and name) or ":" in name:
        raise ValueError(f"{spec!r} is not MODULE:FACTORY, for example mypackage.optim:make")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = pkgutil.resolve_name(spec)
    except AttributeError as e:
        raise ValueError(f"{module} has no {name!r} ({e})") from e
    except ImportError:
        raise
    except Exception as e:
        raise ValueError(f"importing {module} raised {type(e).__name__}: {e}") from e
    if not callable(found):
        raise TypeError(f"{spec} is {type(found).__name__}, not a function or class")
    return found
