"""Moments as other libraries keep them: other corrections, other momenta, a maximum, caution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lbopt.backend import Array, array_namespace, device
from lbopt.optim.adam import Estimate, corrected, one_minus_power, uncorrected, wide_zeros
from lbopt.optim.checks import Schedule
from lbopt.optim.link import Link, Memory, State, identity, layerwise
from lbopt.optim.momentum import nesterov_trace, trace
from lbopt.optim.norm import scaled_by
from lbopt.optim.scale import number_for
from lbopt.optim.schedules import _pick
from lbopt.params import Params


def estimate(bias_correction: bool, inside: float = 0.0) -> Estimate:
    r"""The estimate of a moment, corrected or not, plus ``inside`` (an eps under the root)."""
    base = corrected if bias_correction else uncorrected
    return base if inside == 0 else lambda v, term, b, t: base(v, term, b, t) + inside


def scale_by_late_correction(b1: float, b2: float | None) -> Link:
    r"""Multiply by :math:`\sqrt{1 - \beta_2^t} / (1 - \beta_1^t)`: bias correction of a whole step.

    Behind a trust ratio it is not forgotten by it: the first steps are 1 / (1 - b1) = 10 times
    (with ``b2=None``, no root) or 0.3 times as long. Decay that stands before it is scaled too.

    Examples
    --------
    >>> import numpy as np
    >>> for b2 in (None, 0.999):
    ...     link, params = scale_by_late_correction(0.9, b2), {"W": np.array([1.0])}
    ...     state, got = link.init(params), []
    ...     for _ in range(3):
    ...         u, state = link.update(params, state, params)
    ...         got.append(float(u["W"][0].round(3)))
    ...     print(got)
    [10.0, 5.263, 3.69]
    [0.316, 0.235, 0.202]
    """

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        t, like = step + 1, wide_zeros(u)
        factor = 1 / one_minus_power(b1, t, like)
        if b2 is not None:
            factor = factor * one_minus_power(b2, t, like) ** 0.5
        return (u * factor if isinstance(factor, float) else scaled_by(u, factor)), memory

    return layerwise(rule)


def scale_by_amsgrad(b1: float, b2: float, eps: float) -> Link:
    r"""Adam's direction with the largest second moment so far (Reddi, Kale, Kumar 2018).

    .. math:: r = \frac{m / (1 - \beta_1^t)}
                       {\sqrt{\max_{s \le t} v_s / (1 - \beta_2^t)} + \epsilon}

    Examples
    --------
    A large gradient is not forgotten, though v itself decays:

    >>> import numpy as np
    >>> link, params = scale_by_amsgrad(0.0, 0.5, 0.0), {"W": np.array([0.0])}
    >>> state = link.init(params)
    >>> for g in (8.0, 1.0, 1.0):
    ...     updates, state = link.update({"W": np.array([g])}, state, params)
    ...     print(updates["W"].round(3))
    [1.]
    [0.153]
    [0.165]
    """

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        wide = xp.astype(g, memory["mu"].dtype, copy=False)
        m = b1 * memory["mu"] + (1 - b1) * wide
        v = b2 * memory["nu"] + (1 - b2) * wide * wide
        largest = xp.maximum(memory["max"], v)
        t = step + 1
        root = xp.sqrt(largest / one_minus_power(b2, t, v)) + eps
        r = m / one_minus_power(b1, t, m) / xp.where(root > 0, root, xp.ones_like(root))
        return xp.astype(r, g.dtype, copy=False), {"mu": m, "nu": v, "max": largest}

    return layerwise(rule, lambda w: {k: wide_zeros(w) for k in ("mu", "nu", "max")})


def cautious(link: Link) -> Link:
    r"""Drop the entries of an update that point against the gradient; enlarge the rest.

    .. math:: u \leftarrow u\, \frac{[u g > 0]}{\max(\text{mean}[u g > 0], 10^{-3})}

    (Liang et al. 2024, arXiv 2411.16085).
    """

    def update(grads: Mapping[str, Array], state: State, params: Params) -> tuple[Params, State]:
        u, state = link.update(grads, state, params)
        out = {}
        for name, w in params.items():
            xp = array_namespace(w)
            keep = xp.astype(u[name] * grads[name] > 0, w.dtype)
            share = xp.sum(keep) / max(_size(w), 1)
            least = xp.full_like(share, 1e-3)
            out[name] = xp.asarray(u[name] * (keep / xp.maximum(share, least)))
        return out, state

    return Link(link.init, update)


def _size(w: Array) -> int:
    n = 1
    for axis in w.shape:
        n *= axis
    return n


def momentum_of(momentum: float, nesterov: bool, dampening: float = 0.0) -> Link:
    """torch.optim.SGD's momentum: none at 0; dampening spares the first step."""
    if nesterov and (momentum == 0 or dampening != 0):
        raise ValueError("nesterov=True needs momentum > 0 and dampening = 0")
    if momentum == 0:
        if dampening != 0:
            raise ValueError(f"dampening={dampening!r} needs momentum > 0; it does nothing without")
        return identity()
    if nesterov:
        return nesterov_trace(momentum)
    return damped_trace(momentum, dampening, spared=1) if dampening else trace(momentum)


def damped_trace(momentum: float, dampening: float, spared: int) -> Link:
    r"""Dampened heavy ball: :math:`v \leftarrow m v + (1 - d) u`; d = 0 in ``spared`` steps."""

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        share = number_for(u, _pick(step < spared, 1.0, 1.0 - dampening))
        v = momentum * memory["trace"] + share * u
        return v, {"trace": v}

    return layerwise(rule, lambda w: {"trace": array_namespace(w).zeros_like(w)})


def nesterov_damped_trace(momentum: float, dampening: float) -> Link:
    r"""As `damped_trace` without spared steps; the update is :math:`u + m v`."""

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        v = momentum * memory["trace"] + (1.0 - dampening) * u
        return u + momentum * v, {"trace": v}

    return layerwise(rule, lambda w: {"trace": array_namespace(w).zeros_like(w)})


def rescaled_trace(momentum: float, rate: Schedule) -> Link:
    r"""Heavy ball with a correction for the learning rate inside it (Goyal et al. 2017, section 3).

    .. math:: v \leftarrow m \frac{\gamma_t}{\gamma_{t-1}} v + u, \quad u = \gamma_t(\dots)

    That is the learning rate outside the momentum, except that :math:`\gamma_t = 0` wipes v out.
    """

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(u)
        one = xp.ones((), dtype=u.dtype, device=device(u))
        now = one * number_for(u, rate(step))
        last = one * number_for(u, rate(_pick(step > 0, step - 1, step)))
        change = xp.where(last > 0, now / xp.where(last > 0, last, one), one)
        v = momentum * change * memory["trace"] + u
        return v, {"trace": v}

    return layerwise(rule, lambda w: {"trace": array_namespace(w).zeros_like(w)})
