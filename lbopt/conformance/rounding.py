"""Numbers that know how far rounding may have moved them: where the tolerances come from.

A prediction is computed once in float64; beside every number stands a bound of the error that an
implementation may have made in it which computes the same formula in arithmetic of unit roundoff u
(float64 2^-53, float32 2^-24). Each operation adds the bound of its arguments, passed through its
derivative, and one rounding of its result: running error analysis to first order (Higham 2002,
"Accuracy and Stability of Numerical Algorithms", section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = Any  # float or array


@dataclass(frozen=True, eq=False)
class Approx:
    r"""A value and the bound of its error in units of u: :math:`|\hat x - x| \le u\, e`.

    Examples
    --------
    Subtraction of nearby numbers keeps the absolute error, so the relative one grows:

    >>> b = rounded(0.999)  # a hyperparameter, rounded once
    >>> (b * 2.0).relative(), round((1.0 - b).relative())
    (2.0, 1000)
    """

    value: Numbers
    error: Numbers

    def __add__(self, other: Approx | Numbers) -> Approx:
        other = lift(other)
        value = self.value + other.value
        return Approx(value, self.error + other.error + np.abs(value))

    def __neg__(self) -> Approx:
        return Approx(-self.value, self.error)

    def __sub__(self, other: Approx | Numbers) -> Approx:
        return self + -lift(other)

    def __rsub__(self, other: Numbers) -> Approx:
        return lift(other) + -self

    def __mul__(self, other: Approx | Numbers) -> Approx:
        other = lift(other)
        value = self.value * other.value
        passed = self.error * np.abs(other.value) + other.error * np.abs(self.value)
        return Approx(value, passed + np.abs(value))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Approx | Numbers) -> Approx:
        other = lift(other)
        value = self.value / other.value
        passed = (self.error + np.abs(value) * other.error) / np.abs(other.value)
        return Approx(value, passed + np.abs(value))

    def relative(self) -> float:
        """Return the largest error in units of u, relative to the largest value."""
        return float(np.max(self.error) / np.max(np.abs(self.value)))


def lift(x: Approx | Numbers) -> Approx:
    """Take a number as exact: weights, gradients, small integers."""
    return x if isinstance(x, Approx) else Approx(x, np.zeros_like(x, dtype=float))


def rounded(x: float) -> Approx:
    """Take a hyperparameter, which is rounded once when it comes into the arithmetic."""
    return Approx(float(x), abs(float(x)))


def sqrt(x: Approx) -> Approx:
    r""":math:`\sqrt x`: half the relative error, and a rounding. Zero stays exact zero."""
    root = np.sqrt(x.value)
    passed = np.divide(x.error, 2 * root, out=np.zeros_like(root), where=root > 0)
    return Approx(root, passed + root)


def power(b: float, t: int) -> Approx:
    """b^t by whatever method: t roundings of b and t of the products."""
    return Approx(b**t, 2 * t * b**t)


def norm(x: Approx | Numbers) -> Approx:
    r""":math:`\|x\|_2` of n numbers: n/2 + 2 roundings, summed in any order."""
    x = lift(x)
    length = np.sqrt(np.sum(np.square(x.value)))
    if length == 0:
        return Approx(length, np.sqrt(np.sum(np.square(x.error))))
    passed = np.sum(np.abs(x.value) * x.error) / length
    return Approx(length, passed + (np.size(x.value) / 2 + 2) * length)
