"""The rectifier: y = max(x, 0)."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array
from lbopt.ops.checks import check_cotangent, float_namespace


def relu(x: Array) -> tuple[Array, Callable]:
    """Set negative numbers to zero: y = max(x, 0).

    Parameters
    ----------
    x : array, any shape

    Returns
    -------
    y : array, the shape of ``x``; NaN stays NaN
    back : function
        ``back(dy) -> dx`` = dy where x > 0, else 0 (at the kink x = 0 too).

    Examples
    --------
    >>> import numpy as np
    >>> y, back = relu(np.array([-1.0, 0.0, 2.0]))
    >>> y
    array([0., 0., 2.])
    >>> back(np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """
    xp = float_namespace("relu", x=x)
    positive = x > 0

    def back(dy: Array) -> Array:
        check_cotangent("relu", dy, positive.shape, x)
        return dy * positive

    return xp.maximum(x, 0), back
