"""Numbers out of the expressions that the kernel derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import sympy as sp

from theory.kernel.derivation import Derivation
from theory.kernel.words import ProofError


@lru_cache(maxsize=256)
def function_of(expr: sp.Expr) -> tuple[tuple[str, ...], Callable[..., float]]:
    """The letters of an expression by name, in order, and the function of their values."""
    names = sorted(expr.free_symbols, key=str)
    if expr.atoms(sp.Sum, sp.Indexed):
        raise ProofError(f"{expr} still has sums; abbreviate them when the derivation concludes")
    return tuple(map(str, names)), sp.lambdify(names, expr, "math")


def value(expr: sp.Expr, numbers: Mapping[str, float]) -> float:
    """An expression at numbers given by the names of its letters.

    Examples
    --------
    >>> eta, gap, T = sp.symbols("eta gap T", positive=True)
    >>> value(gap / (eta * T), {"gap": 1.0, "eta": 0.1, "T": 100})
    0.1
    """
    names, function = function_of(expr)
    return float(function(*(numbers[name] for name in names)))


def values(derivation: Derivation, numbers: Mapping[str, float]) -> dict[str, float]:
    """The named terms of a derived bound at these numbers; their sum is the bound."""
    return {name: value(term, numbers) for name, term in derivation.terms.items()}
