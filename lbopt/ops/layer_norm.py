"""Layer normalization: each row by its own mean and variance, in training and evaluation alike."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array
from lbopt.checks import check_number
from lbopt.ops.channel_sum import channel_sum
from lbopt.ops.checks import check_cotangent, check_shape, float_namespace
from lbopt.ops.row_blocks import row_blocks


def layer_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> tuple[Array, Callable]:
    r"""Normalize each row: y = gamma n + beta, n = (x - mean) / sqrt(var + eps).

    .. math::

        n = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \quad y = \gamma n + \beta, \qquad
        dx = \frac{dn - \overline{dn} - n\,\overline{n\,dn}}{\sqrt{\sigma^2 + \epsilon}}
        \ \text{ with } dn = \gamma\,dy

    Mean and population variance are taken over the last axis, for each row by itself.

    Parameters
    ----------
    x : array, shape (..., C)
    gamma, beta : arrays, shape (C,)
    eps : float
        Positive. 1e-5 as in `batch_norm` and torch; BERT's code has 1e-12, too small for float16.

    Returns
    -------
    y : array, the shape of ``x``
    back : function
        ``back(dy) -> dx, dgamma, dbeta``. The two mean terms (bars) of dx say how every x moves
        the mean and the variance of its row; dgamma and dbeta sum n dy and dy over the rows.

    Notes
    -----
    Ba, Kiros and Hinton 2016 (arXiv 1607.06450), eq. 3, with eps.

    Examples
    --------
    >>> import numpy as np
    >>> x, one = np.array([[1.0, 3.0], [10.0, 50.0]]), np.ones(2)
    >>> y, back = layer_norm(x, one, 10 * one, eps=1e-12)
    >>> y.round(6)
    array([[ 9., 11.],
           [ 9., 11.]])
    >>> layer_norm(x, one, 10 * one, eps=3.0)[0].round(2)
    array([[ 9.5, 10.5],
           [ 9. , 11. ]])
    """
    xp = float_namespace("layer_norm", x=x, gamma=gamma, beta=beta)
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ValueError(f"layer_norm: x has shape {tuple(x.shape)}, expected (..., C) with C > 0")
    eps = check_number("layer_norm: eps", eps, 0, above=True)
    for name, a in (("gamma", gamma), ("beta", beta)):
        check_shape("layer_norm", name, a, x.shape[-1:])
    shape, C = x.shape, x.shape[-1]
    rows = x.reshape(-1, C)  # (M, C)
    M = rows.shape[0]
    # a mean is a product with 1/C: BLAS sums short rows faster than `mean`
    average = xp.full_like(gamma, 1 / C)  # (C,)
    n, y = (xp.empty((M, C), dtype=x.dtype) for _ in range(2))
    s = xp.empty((M, 1), dtype=x.dtype)
    for r in row_blocks(xp, M, C):
        t = rows[r] - (rows[r] @ average)[:, None]  # (r, C), centred
        s[r] = 1 / xp.sqrt((t * t) @ average + eps)[:, None]
        t *= s[r]
        n[r] = t
        t *= gamma
        t += beta
        y[r] = t

    def back(dy: Array) -> tuple[Array, Array, Array]:
        check_cotangent("layer_norm", dy, shape, n)  # x itself is not kept
        dy = dy.reshape(-1, C)  # (M, C)
        dbeta = channel_sum(xp, dy)  # (C,)
        dgamma = xp.zeros_like(gamma)
        dx = xp.empty_like(n)
        weights = gamma * average  # mean(dn) = dy' weights, without dn itself
        for r in row_blocks(xp, M, C):
            t = dy[r] * n[r]  # (r, C)
            dgamma += channel_sum(xp, t)
            along_n = (t @ weights)[:, None]  # (r, 1), mean(n dn)
            along_1 = (dy[r] @ weights)[:, None]  # (r, 1), mean(dn)
            t = dy[r] * gamma
            t -= along_1
            t -= n[r] * along_n
            t *= s[r]
            dx[r] = t
        return dx.reshape(shape), dgamma, dbeta

    return y.reshape(x.shape), back
