"""The softmax over the last axis: positive numbers with sum one."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array, Namespace
from lbopt.ops.checks import check_cotangent, float_namespace


def softmax(x: Array) -> tuple[Array, Callable]:
    r"""Make each row a probability vector: p_j = exp(x_j) / sum_k exp(x_k).

    .. math::

        p_j = \frac{e^{x_j}}{\sum_k e^{x_k}}, \qquad dx_j = p_j\Big(dp_j - \sum_k p_k\,dp_k\Big)

    Parameters
    ----------
    x : array, shape (..., K)
        An x of -inf gets p = 0; a row of nothing else is not defined and comes out as NaN.

    Returns
    -------
    p : array, the shape of ``x``
    back : function
        ``back(dp) -> dx``.

    Examples
    --------
    >>> import numpy as np
    >>> p, back = softmax(np.array([[0.0, 0.0], [0.0, -np.inf]]))
    >>> p
    array([[0.5, 0.5],
           [1. , 0. ]])
    >>> back(np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([[ 0.25, -0.25],
           [ 0.  ,  0.  ]])
    """
    xp = float_namespace("softmax", x=x)
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ValueError(f"softmax: x has shape {tuple(x.shape)}, expected (..., K) with K > 0")
    p = softmax_in_place(xp, x + 0)  # (..., K)

    def back(dp: Array) -> Array:
        check_cotangent("softmax", dp, x.shape, x)
        return p * (dp - xp.sum(p * dp, axis=-1, keepdims=True))

    return p, back


def softmax_in_place(xp: Namespace, scores: Array) -> Array:
    """Overwrite ``scores`` by their softmax over the last axis, and return them."""
    scores -= xp.max(scores, axis=-1, keepdims=True)  # exp cannot overflow
    p = xp.exp(scores, out=scores)
    p /= (p @ xp.ones_like(p[(0,) * (p.ndim - 1)]))[..., None]  # BLAS sums short rows faster
    return p
