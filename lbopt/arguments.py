"""What the command line's options are read with: counts, numbers, lists, grids of rates."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add the option for parallel processes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument(
        "--workers", type=positive, default=cores or 1, help="processes (one per core, %(default)s)"
    )


def add_out(parser: argparse.ArgumentParser, default: Path | None = None) -> None:
    """Add the option for the folder of the results; without a default it is required."""
    what = "folder for runs, tables, figures and report.html"
    parser.add_argument(
        "--out",
        type=folder,
        default=default,
        required=default is None,
        help=what if default is None else f"{what} (%(default)s)",
    )


def folder(text: str) -> Path:
    """Read the path of a folder that is there or can be made: known before hours of work.

    Examples
    --------
    >>> folder("results/new").as_posix()
    'results/new'
    """
    path = Path(text)
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder: {there} is a file")
    if not os.access(there, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r}: nothing can be written into {there}")
    return path


def positive(text: str) -> int:
    """Read an integer >= 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer >= 1")
    return int(text)


def number(text: str) -> float:
    """Read a number; its range is checked where it is used."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def names(text: str) -> list[str]:
    """Read a comma-separated list."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts) or len(set(parts)) < len(parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of different names like a,b,c")
    return parts


def rates(text: str) -> list[float]:
    """Read ``0.01:0.1:5`` (equal ratios, ends included) or ``0.01,0.03``.

    Examples
    --------
    >>> rates("0.01:0.1:3"), rates("0.5,0.25")
    ([0.01, 0.0316, 0.1], [0.25, 0.5])
    """
    wrong = argparse.ArgumentTypeError(
        f"{text!r} is no grid: write FIRST:LAST:COUNT (like 0.01:1:9) or rates > 0 (like 0.1,0.3)"
    )
    try:
        if ":" in text:
            first, last, count = text.split(":")
            low, high, n = float(first), float(last), int(count)
            if not (0 < low < high < float("inf") and n >= 2):
                raise wrong
            values = [low * (high / low) ** (i / (n - 1)) for i in range(n)]
        else:
            values = [float(part) for part in text.split(",")]
    except ValueError:
        raise wrong from None
    values = sorted({float(f"{v:.3g}") for v in values})
    if not all(0 < v < float("inf") for v in values):
        raise wrong
    return values
