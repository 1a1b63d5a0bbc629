"""Adaptive directions: Adam's two moments, with the forms its relatives make of them, and Adagrad.

All of them keep their moments in float32 or wider, whatever the parameters are: the square of a
float16 gradient underflows or overflows where the gradient itself does not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from numbers import Integral
from typing import Any

from lbopt.backend import Array, array_namespace, device
from lbopt.optim.checks import check_number
from lbopt.optim.link import Link, Memory, layerwise
from lbopt.optim.norm import norm_dtype

Estimate = Callable[[Array, Array, float, Any], Array]  # (moment, new term, decay, t) -> estimate


def corrected(moment: Array, term: Array, b: float, t: Any) -> Array:
    r"""Adam's bias correction: :math:`\hat m_t = m_t / (1 - \beta^t)`, t = 1, 2, ..."""
    return moment / one_minus_power(b, t, moment)


def uncorrected(moment: Array, term: Array, b: float, t: Any) -> Array:
    """Take the moment as it is; it starts near 0."""
    return moment


def look_ahead(moment: Array, term: Array, b: float, t: Any) -> Array:
    r"""Nesterov's form (Dozat 2016): the moment as it will be if the next term equals this one.

    .. math:: \hat m_t = \frac{\beta m_t}{1 - \beta^{t+1}} + \frac{(1 - \beta) g_t}{1 - \beta^t}
    """
    ahead = b / one_minus_power(b, t + 1, moment)
    now = (1 - b) / one_minus_power(b, t, moment)
    return ahead * moment + now * term


def one_minus_power(b: float, t: Any, like: Array) -> Any:
    """Return 1 - b**t; a traced t gives a 0-d array of like's dtype, with all its digits."""
    if isinstance(t, Integral):
        return 1 - b ** int(t)
    xp = array_namespace(t)
    exponent = xp.astype(t, like.dtype)
    # b**t is so near 1 that float32 would lose half its digits in the difference
    return -xp.expm1(exponent * log(b)) if b > 0 else xp.ones_like(exponent)


def scale_by_adam(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    first: Estimate = corrected,
    second: Estimate = corrected,
) -> Link:
    r"""Adam's direction :math:`r = \hat m / (\sqrt{\hat v} + \epsilon)`, elementwise, with

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2

    Parameters
    ----------
    b1, b2 : float
        :math:`\beta_1, \beta_2 \in [0, 1)`.
    eps : float
        :math:`\epsilon \ge 0`, outside the root. Where the root and eps are both 0, r is 0.
    first, second : estimate of the moment
        What makes :math:`\hat m` of m, :math:`\hat v` of v: `corrected` (Adam), `uncorrected`, or
        `look_ahead` (Nadam, N-LAMB, NN-LAMB).

    References
    ----------
    Kingma and Ba 2015 (arXiv 1412.6980), Algorithm 1.

    Examples
    --------
    The first step is the sign of the gradient, at any scale:

    >>> import numpy as np
    >>> link, params = scale_by_adam(), {"W": np.array([0.0, 0.0])}
    >>> state = link.init(params)
    >>> for g in ([1e3, -1e-3], [0.0, -1e-3]):
    ...     updates, state = link.update({"W": np.array(g)}, state, params)
    ...     print(updates["W"].round(3))
    [ 1. -1.]
    [ 0.67 -1.  ]
    """
    beta1 = check_number("b1", b1, 0, 1, below=True)
    beta2 = check_number("b2", b2, 0, 1, below=True)
    epsilon = check_number("eps", eps, 0)

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        wide = xp.astype(g, memory["mu"].dtype, copy=False)
        square = wide * wide
        m = beta1 * memory["mu"] + (1 - beta1) * wide
        v = beta2 * memory["nu"] + (1 - beta2) * square
        t = step + 1
        root = xp.sqrt(second(v, square, beta2, t)) + epsilon
        r = first(m, wide, beta1, t) / xp.where(root > 0, root, xp.ones_like(root))
        return xp.astype(r, g.dtype, copy=False), {"mu": m, "nu": v}

    return layerwise(rule, lambda w: {"mu": wide_zeros(w), "nu": wide_zeros(w)})


def scale_by_adagrad(eps: float = 1e-10) -> Link:
    r"""Adagrad's direction :math:`g / (\sqrt{v} + \epsilon)` with :math:`v \leftarrow v + g^2`.

    References
    ----------
    Duchi, Hazan, Singer 2011, diagonal form.

    Examples
    --------
    >>> import numpy as np
    >>> link, params = scale_by_adagrad(), {"W": np.array([0.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):  # 1, 1/sqrt(2), 1/sqrt(3)
    ...     updates, state = link.update({"W": np.array([5.0])}, state, params)
    ...     print(updates["W"].round(3))
    [1.]
    [0.707]
    [0.577]
    """
    epsilon = check_number("eps", eps, 0)

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        wide = xp.astype(g, memory["sum"].dtype, copy=False)
        v = memory["sum"] + wide * wide
        root = xp.sqrt(v) + epsilon
        u = wide / xp.where(root > 0, root, xp.ones_like(root))
        return xp.astype(u, g.dtype, copy=False), {"sum": v}

    return layerwise(rule, lambda w: {"sum": wide_zeros(w)})


def wide_zeros(w: Array) -> Array:
    """Return zeros of w's shape in float32 or wider."""
    xp = array_namespace(w)
    return xp.zeros(w.shape, dtype=norm_dtype(xp, w), device=device(w))
