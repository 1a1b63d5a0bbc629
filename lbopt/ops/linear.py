"""The linear (fully connected) layer: y = x W + b."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array
from lbopt.ops.channel_sum import channel_sum
from lbopt.ops.checks import check_cotangent, check_shape, float_namespace


def linear(x: Array, W: Array, b: Array | None = None) -> tuple[Array, Callable]:
    r"""Map the last axis of ``x`` by a matrix: y = x W + b.

    .. math::

        y = x W + b, \qquad dx = dy\,W^\top, \quad dW = x^\top dy, \quad db = \sum_n dy_n

    Leading axes are taken as one, the rows n.

    Parameters
    ----------
    x : array, shape (..., I)
    W : array, shape (I, O)
    b : array, shape (O,), optional

    Returns
    -------
    y : array, shape (..., O)
    back : function
        ``back(dy) -> dx, dW, db`` (``dx, dW`` if ``b`` is None).

    Raises
    ------
    TypeError
        Array modules or dtypes differ.
    ValueError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> y, back = linear(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]]))
    >>> y
    array([[ 1.,  2., 11.]])
    >>> dx, dW = back(np.array([[0.0, 0.0, 1.0]]))
    >>> dx
    array([[3., 4.]])
    """
    xp = float_namespace("linear", x=x, W=W, b=b)
    if x.ndim < 1 or W.ndim != 2 or x.shape[-1] != W.shape[0]:
        raise ValueError(
            f"linear: x has shape {tuple(x.shape)} and W has shape {tuple(W.shape)}, "
            "expected (..., I) and (I, O)"
        )
    if b is not None:
        check_shape("linear", "b", b, W.shape[1:])
    rows = x.reshape(-1, W.shape[0])  # (M, I)
    y = rows @ W  # (M, O)
    if b is not None:
        y += b
    shape = (*x.shape[:-1], W.shape[1])

    def back(dy: Array) -> tuple[Array, ...]:
        check_cotangent("linear", dy, shape, x)
        dy = dy.reshape(-1, W.shape[1])  # (M, O)
        dW = rows.T @ dy  # (I, O)
        dx = (dy @ W.T).reshape(x.shape)  # (..., I)
        return (dx, dW) if b is None else (dx, dW, channel_sum(xp, dy))

    return y.reshape(shape), back
