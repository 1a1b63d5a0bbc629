"""Hyperparameters are checked where they enter: the error names argument, value and range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lbopt.checks import check_number

Schedule = Callable[[Any], Any]


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
