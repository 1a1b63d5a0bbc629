"""Batch normalization with its statistics passed in and out, never stored."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from lbopt.backend import Array
from lbopt.checks import check_number
from lbopt.ops.channel_sum import channel_sum
from lbopt.ops.checks import check_cotangent, check_shape, float_namespace

Stats = tuple[Array, Array]  # mean, variance: (C,) each


def batch_norm(
    x: Array, gamma: Array, beta: Array, stats: Stats | None = None, *, eps: float = 1e-5
) -> tuple[tuple[Array, Stats], Callable]:
    r"""Normalize each channel: y = gamma n + beta, n = (x - mean) / sqrt(var + eps).

    .. math::

        n = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \quad y = \gamma n + \beta, \qquad
        dx = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}
        \Big(dy - \overline{dy} - n\,\overline{n\,dy}\Big), \quad
        d\gamma = \sum n\,dy, \quad d\beta = \sum dy

    with means (bars) and sums over the M rows, channel by channel.

    Parameters
    ----------
    x : array, shape (..., C)
    gamma, beta : arrays, shape (C,)
    stats : (mean, var), arrays of shape (C,), optional
        None (training): mean and population variance (divided by M, not M - 1) of this batch,
        over all axes but the last. Given (evaluation): constants, used as they are.
    eps : float
        Positive.

    Returns
    -------
    (y, stats) : array of the shape of ``x``, and the statistics that were used
    back : function
        ``back(dy) -> dx, dgamma, dbeta``. With the batch's own statistics the two mean terms of dx
        say how every x moves mean and variance; with given ones they are absent. No gradient
        goes through the returned statistics.

    Notes
    -----
    Ioffe and Szegedy 2015 (arXiv 1502.03167), Algorithm 1. They estimate the variance for
    evaluation by M / (M - 1) times the population variance; here it is the
    population variance everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> x, one = np.array([[1.0], [3.0]]), np.ones(1)
    >>> (y, (mean, var)), back = batch_norm(x, one, one, eps=1e-12)
    >>> y.round(6).ravel(), mean, var
    (array([0., 2.]), array([2.]), array([1.]))
    >>> (y, _), _ = batch_norm(x, one, one, (np.array([1.0]), np.array([4.0])), eps=1e-12)
    >>> y.round(6).ravel()
    array([1., 2.])
    """
    mean: Array
    var: Array
    mean, var = (None, None) if stats is None else stats
    xp = float_namespace("batch_norm", x=x, gamma=gamma, beta=beta, mean=mean, var=var)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: x has shape {tuple(x.shape)}, expected (..., C)")
    eps = check_number("batch_norm: eps", eps, 0, above=True)
    for name, a in (("gamma", gamma), ("beta", beta), ("mean", mean), ("var", var)):
        if a is not None:
            check_shape("batch_norm", name, a, x.shape[-1:])
    M = prod(x.shape[:-1])
    if M == 0:
        raise ValueError(f"batch_norm: x has shape {tuple(x.shape)}, the batch is empty")

    if stats is None:
        mean = channel_sum(xp, x) / M  # (C,)
        centred = x - mean  # (..., C)
        var = channel_sum(xp, centred * centred) / M  # (C,)
    else:
        centred = x - mean  # (..., C)
    s = 1 / xp.sqrt(var + eps)  # (C,)
    n = centred * s  # (..., C), normalized
    y = n * gamma + beta  # (..., C)

    def back(dy: Array) -> tuple[Array, Array, Array]:
        check_cotangent("batch_norm", dy, n.shape, x)
        dbeta = channel_sum(xp, dy)  # (C,)
        dgamma = channel_sum(xp, dy * n)  # (C,)
        dn = dy  # (..., C), up to the factor gamma of each channel, which comes last
        if stats is None:
            dn = dn - dbeta / M - n * (dgamma / M)  # the mean terms: through mean, through var
        return dn * (gamma * s), dgamma, dbeta

    return (y, (mean, var)), back
