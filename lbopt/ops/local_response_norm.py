"""AlexNet's local response normalization: a channel is damped by its neighbours."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array, Namespace
from lbopt.checks import check_integer, check_number
from lbopt.ops.checks import check_cotangent, float_namespace


def local_response_norm(
    x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> tuple[Array, Callable]:
    r"""Damp each channel by its neighbours.

    .. math::

        y_c = \frac{x_c}{d_c^{\,\beta}}, \quad d_c = k + \alpha\, S(x^2)_c, \quad
        S(v)_c = \sum_{|c' - c| \le \lfloor \text{size}/2 \rfloor} v_{c'}

    Parameters
    ----------
    x : array, shape (..., C)
    size : int
        Odd; channels outside 0 ... C - 1 are left out of the sum.
    alpha, beta, k : float
        alpha, beta >= 0 and k > 0, so that d is positive.

    Returns
    -------
    y : array, the shape of ``x``
    back : function
        ``back(dy) -> dx``:
        :math:`dx = dy / d^\beta - 2\alpha\beta\, x\, S(dy\, y / d)`.

    Notes
    -----
    Krizhevsky, Sutskever and Hinton 2012, section 3.3, with their values as defaults.
    torch.nn.LocalResponseNorm and Caffe divide alpha by the size: their alpha = size times ours.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0, 2.0]])
    >>> local_response_norm(x, size=3, alpha=1.0, beta=1.0, k=1.0)[0]
    array([[0.5, 0. , 0.4]])
    >>> local_response_norm(x, size=5, alpha=1.0, beta=1.0, k=1.0)[0]
    array([[0.16666667, 0. , 0.33333333]])
    """
    xp = float_namespace("local_response_norm", x=x)
    if x.ndim < 1:
        raise ValueError("local_response_norm: x has no axes, expected shape (..., C)")
    size = check_integer("local_response_norm: size", size, 1)
    if size % 2 == 0:
        raise ValueError(f"local_response_norm: size={size} must be odd")
    alpha = check_number("local_response_norm: alpha", alpha, 0)
    beta = check_number("local_response_norm: beta", beta, 0)
    k = check_number("local_response_norm: k", k, 0, above=True)
    d = k + alpha * _neighbour_sum(xp, x * x, size)  # (..., C)
    p = d**-beta  # (..., C)

    def back(dy: Array) -> Array:
        check_cotangent("local_response_norm", dy, x.shape, x)
        # c is a neighbour of c' when c' is one of c: the sum over neighbours is its own transpose
        dd = _neighbour_sum(xp, dy * x * p / d, size)  # (..., C), up to the factor -beta
        return dy * p - (2 * alpha * beta) * x * dd  # (..., C)

    return x * p, back


def _neighbour_sum(xp: Namespace, v: Array, size: int) -> Array:
    """Sum ``v`` over the channels at most size // 2 away."""
    C = v.shape[-1]
    total = xp.zeros_like(v)  # (..., C)
    for o in range(-(size // 2), size // 2 + 1):
        if abs(o) < C:
            total[..., max(0, -o) : C - max(0, o)] += v[..., max(0, o) : C + min(0, o)]
    return total
