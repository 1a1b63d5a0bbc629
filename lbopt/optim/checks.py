"""Hyperparameters are checked where they enter: the error names argument, value and range."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from numbers import Real
from typing import Any

Schedule = Callable[[Any], Any]


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
    ok = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
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


def check_learning_rate(learning_rate: Any) -> Schedule:
    """Return the learning rate as a function of the step; a number becomes a constant one."""
    if callable(learning_rate):
        return learning_rate
    value = check_number("learning_rate", learning_rate, 0)
    return lambda step: value


def check_flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}={value!r} must be True or False")
    return value
