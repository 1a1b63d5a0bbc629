"""Numbers are checked where they enter: the error names argument, value and allowed range."""

from __future__ import annotations

from math import inf, isfinite
from numbers import Real
from operator import index
from typing import Any


def check_number(
    name: str,
    value: Any,
    low: float,
    high: float = inf,
    *,
    above: bool = False,
    below: bool = False,
) -> float:
    """Return ``value`` as a float if it is finite and in [low, high].

    ``above`` leaves ``low`` itself out, ``below`` leaves ``high`` out.

    Examples
    --------
    >>> check_number("momentum", 0.9, 0, 1, below=True)
    0.9
    >>> check_number("momentum", 1.0, 0, 1, below=True)
    Traceback (most recent call last):
    ...
    ValueError: momentum=1.0 must be a finite number in [0, 1)
    """
    ok = isinstance(value, Real) and not isinstance(value, bool) and _finite(value)
    if ok and above:
        ok = value > low
    if ok and below:
        ok = value < high
    if not ok or value < low or value > high:
        left = "(" if above or low == -inf else "["
        right = ")" if below or high == inf else "]"
        allowed = f"{left}{low:g}, {high:g}{right}"
        raise ValueError(f"{name}={value!r} must be a finite number in {allowed}")
    return float(value)


def _finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def check_integer(name: str, value: Any, low: int) -> int:
    """Return ``value`` as an int of at least ``low``.

    Examples
    --------
    >>> check_integer("groups", 2, 1)
    2
    >>> check_integer("groups", 1.5, 1)
    Traceback (most recent call last):
    ...
    ValueError: groups=1.5 must be an integer >= 1
    """
    try:
        number = index(value)
    except TypeError:
        number = low - 1
    if number < low or isinstance(value, bool):
        raise ValueError(f"{name}={value!r} must be an integer >= {low}")
    return number
