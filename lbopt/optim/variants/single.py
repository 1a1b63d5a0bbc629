"""Numbers that a library keeps in float32, rounded here as there.

A replay to 1e-12 sees every one of them, and one to 1e-6 sees bias correction: in float32,
1 - 0.999 is off by 1.3e-5, and layers without a ratio step that much too far (half of it, under
the root).
"""

from __future__ import annotations

from ctypes import c_float
from functools import lru_cache
from math import ceil, log
from numbers import Integral, Real
from typing import Any

from lbopt.backend import Array, array_namespace, device, module_name
from lbopt.optim.adam import Estimate
from lbopt.optim.checks import Schedule, check_learning_rate


def single(value: float) -> float:
    """Round a number to float32.

    Examples
    --------
    >>> single(0.999)
    0.9990000128746033
    """
    return c_float(value).value


def single_beta(name: str, value: float) -> float:
    """Round a decay of moments to float32, and refuse it where it becomes 1 (1 - b would be 0)."""
    rounded = single(value)
    if rounded == 1:
        raise ValueError(f"{name}={value!r} is 1 in float32, where this library keeps it; lower it")
    return rounded


def in_single(learning_rate: float | Schedule) -> Schedule:
    """Round what a schedule returns to float32."""
    rate = check_learning_rate(learning_rate)

    def rounded(step: Any) -> Any:
        value = rate(step)
        if isinstance(value, Real):
            return single(float(value))
        if getattr(value, "shape", None) != ():
            return value  # refused, with its name, where it is used
        if module_name(value) == "numpy":
            return single(value.item())
        xp = array_namespace(value)
        return xp.astype(xp.astype(value, xp.float32), value.dtype)

    return rounded


def is_single(name: str, array: Array) -> bool:
    """Tell (as a mask) whether an array is float32 or narrower."""
    return bool(array_namespace(array).finfo(array.dtype).bits <= 32)


def in_own_precision(moment: Array, term: Array, b: float, t: Any) -> Array:
    r"""Correct bias by :math:`1 - \beta^t`, power and difference in the dtype of the moment.

    Examples
    --------
    >>> import numpy as np
    >>> for dtype in ("float64", "float32"):
    ...     v = np.array([0.001], dtype)
    ...     in_own_precision(v, v, 0.999, 1).round(6)
    array([1.])
    array([1.000013], dtype=float32)
    """
    if not isinstance(t, Integral):
        xp = array_namespace(t)
        base = xp.asarray(b, dtype=moment.dtype, device=device(moment))
        return moment / (1 - base ** xp.astype(t, moment.dtype))
    if is_single("", moment):
        return moment / single(1 - single(single(b) ** int(t)))
    return moment / (1 - b ** int(t))


def by_single_product(moment: Array, term: Array, b: float, t: Any) -> Array:
    r"""Correct bias by :math:`1 - \beta^t` with a power that is a product kept in float32."""
    if not isinstance(t, Integral):
        xp = array_namespace(t)
        base = xp.asarray(b, dtype=xp.float32, device=device(moment))
        return moment / xp.astype(1 - base ** xp.astype(t, xp.float32), moment.dtype)
    return moment / single(1 - _product(single(b), int(t)))


def by_running_product(beta: float) -> Estimate:
    r"""Correct bias by a product in the moment's dtype that starts at ``beta``, not rounded yet.

    Its further factors are the float32 ones that the moments have.
    """

    def estimate(moment: Array, term: Array, b: float, t: Any) -> Array:
        if is_single("", moment):
            return by_single_product(moment, term, b, t)
        if not isinstance(t, Integral):
            xp = array_namespace(t)
            base = xp.asarray(b, dtype=moment.dtype, device=device(moment))
            return moment / (1 - beta * base ** xp.astype(t - 1, moment.dtype))
        return moment / (1 - beta * b ** (int(t) - 1))

    return estimate


@lru_cache(maxsize=256)
def _product(b: float, t: int) -> float:
    """Multiply t times b in float32, rounding at every turn; no further than 1 - b**t is 1."""
    far = ceil(-18 / log(b)) if 0 < b < 1 else 1  # e**-18 < 2**-25
    product = 1.0
    for _ in range(min(t, far)):
        product = single(product * b)  # 24 times 24 bits: exact before it is rounded
    return product
