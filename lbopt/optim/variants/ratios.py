r"""Ratios as other libraries take them, and the link that applies them.

A ratio is a function of :math:`\|w\|`, :math:`\|u\|` (0-d arrays) and the step. The zero rules have
the letters of docs/variants.md: what happens to a layer with zero gradient and non-zero weights
differs among libraries, and there alone some of them differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.optim.adam import one_minus_power
from lbopt.optim.checks import Schedule, check_number
from lbopt.optim.link import Link, LinkState, Memory, State, check_state, identity, layerwise
from lbopt.optim.norm import norm, scaled_by
from lbopt.optim.scale import number_for
from lbopt.optim.trust import ratio_or_one, remember_ratio
from lbopt.params import Params, check_like, check_params

Ratio = Callable[[Array, Array, Any], Array]  # (||w||, ||u||, step) -> 0-d array


def with_ratio(ratio: Ratio, link: Link | None = None) -> Link:
    r"""Multiply what ``link`` makes of u by a ratio of what came in: :math:`r(\|w\|, \|u\|) L(u)`.

    Without a link it is a trust ratio, after the decay. With `add_decayed_weights` it is LARS,
    whose ratio has the gradient's norm and not the norm of the sum.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> params, grads = {"W": np.array([3.0, 4.0])}, {"W": np.array([0.0, 2.0])}
    >>> for link in (None, optim.add_decayed_weights(0.5)):
    ...     lars = with_ratio(lambda w, u, step: w / u, link)
    ...     lars.update(grads, lars.init(params), params)[0]["W"]
    array([0., 5.])
    array([ 3.75, 10. ])
    """
    inner = identity() if link is None else link

    def init(params: Params) -> tuple[State, LinkState]:
        check_params(params)
        ratios = LinkState(0, {name: remember_ratio(w) for name, w in params.items()})
        return inner.init(params), ratios

    def update(
        updates: Mapping[str, Array], state: tuple[State, LinkState], params: Params
    ) -> tuple[Params, tuple[State, LinkState]]:
        check_like(updates, params, "grads")
        if type(state) is not tuple or len(state) != 2:
            raise TypeError(
                f"state is a {type(state).__name__}, not what this link's init or update returned; "
                "start with state = link.init(params)"
            )
        check_state(state[1], params)
        scaled, inside = inner.update(updates, state[0], params)
        step, layers, out = state[1].step, {}, {}
        for name, w in params.items():
            r = ratio(norm(w), norm(updates[name]), step)
            layers[name] = {"ratio": r}
            u = scaled_by(scaled[name], r)
            out[name] = u if w.shape else array_namespace(w).asarray(u)
        return out, (inside, LinkState(step + 1, layers))

    return Link(init, update)


def plain(eps: float = 0.0, scale: float = 1.0) -> Ratio:
    r""":math:`s\|w\| / (\|u\| + \epsilon)`, 1 where either norm is zero."""
    return lambda w, u, step: both_or_one(w, u, scale * w / or_one(u + eps))


def clamped(lower: float | None, upper: float | None, eps: float = 0.0) -> Ratio:
    r""":math:`\phi(\|w\|) / (\|u\| + \epsilon)`, :math:`\phi` clamped; 1 where one of both is 0.

    A lower bound above zero counts for zero weights too: they do not have ratio 1 then.
    """

    def ratio(w: Array, u: Array, step: Any) -> Array:
        xp = array_namespace(w)
        w = w if lower is None else xp.maximum(w, xp.full_like(w, lower))
        w = w if upper is None else xp.minimum(w, xp.full_like(w, upper))
        return both_or_one(w, u, w / or_one(u + eps))

    return ratio


def at_most(limit: float, ratio: Ratio, at_least: float = 0.0) -> Ratio:
    """Clip a ratio; the 1 of a zero rule is clipped from above as well."""

    def clipped(w: Array, u: Array, step: Any) -> Array:
        r = ratio(w, u, step)
        xp = array_namespace(r)
        return xp.maximum(xp.minimum(r, xp.full_like(r, limit)), xp.full_like(r, at_least))

    return clipped


def lars_ratio(trust_coefficient: float, weight_decay: float, eps: float = 0.0) -> Ratio:
    r"""Rule A, untrusted: :math:`\eta\|w\| / (\|g\| + \beta\|w\| + \epsilon)`, 1 where either is 0.

    A layer without gradient keeps its decay and loses the ratio: it shrinks at the bare rate.
    """
    eta = check_number("trust_coefficient", trust_coefficient, 0)

    def ratio(w: Array, g: Array, step: Any) -> Array:
        return both_or_one(w, g, eta * w / or_one(g + weight_decay * w + eps))

    return ratio


def literal_lars_ratio(trust_coefficient: float, weight_decay: float) -> Ratio:
    """Rule Z, literal, ours: the formula wherever weights and denominator are not zero."""
    return lambda w, g, step: ratio_or_one(trust_coefficient * w, g + weight_decay * w, w)


def thresholded_lars_ratio(threshold: float, weight_decay: float, eps: float) -> Ratio:
    r"""Rule P: :math:`\|w\| / (\epsilon + \|g\| + \beta\|w\|)`, 1 for weights up to a threshold."""

    def ratio(w: Array, g: Array, step: Any) -> Array:
        xp = array_namespace(w)
        bottom = eps + g + weight_decay * w
        return xp.where(w > threshold, w / or_one(bottom), xp.ones_like(w))

    return ratio


def per_rate(ratio: Ratio, rate: Schedule) -> Ratio:
    r"""LARC: :math:`\min(r / \gamma_t, 1)`, so that times :math:`\gamma_t` it is the lesser one."""

    def clipped(w: Array, g: Array, step: Any) -> Array:
        r = ratio(w, g, step)
        xp = array_namespace(r)
        gamma = number_for(r, rate(step)) * xp.ones_like(r)
        return xp.where(r < gamma, r / or_one(gamma), xp.ones_like(r))

    return clipped


def but_one_at_zero(ratio: Ratio) -> Ratio:
    """Spare the 1 of the zero rule from clips."""
    return lambda w, u, step: both_or_one(w, u, ratio(w, u, step))


def at_most_norm(max_unorm: float) -> Ratio:
    r"""Shrink only: :math:`\min(1, c\|w\| / \|u\|)`; zero weights have ratio 0 and never move."""

    def ratio(w: Array, u: Array, step: Any) -> Array:
        xp = array_namespace(w)
        limit = max_unorm * w
        return xp.where(u > limit, limit / or_one(u), xp.ones_like(u))

    return ratio


def of_raw_moments(ratio: Ratio, b1: float, b2: float) -> Ratio:
    r"""Take a ratio of Adam's direction from uncorrected moments, given the corrected one.

    The two differ by the factor :math:`(1 - \beta_1^t) / \sqrt{1 - \beta_2^t}`, and eps with them.
    """

    def uncorrected(w: Array, u: Array, step: Any) -> Array:
        t = step + 1
        factor = one_minus_power(b1, t, u) / one_minus_power(b2, t, u) ** 0.5
        return ratio(w, u * factor, step)

    return uncorrected


def add_decay_where_both(weight_decay: float) -> Link:
    """Rule D, frozen: decay is added where neither weights nor gradient are zero, else dropped."""

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        decayed = g + weight_decay * w
        return xp.where((norm(w) > 0) & (norm(g) > 0), decayed, g), memory

    return layerwise(rule)


def both_or_one(w: Array, u: Array, ratio: Array) -> Array:
    """Return ``ratio`` where both norms are positive, and 1 elsewhere."""
    xp = array_namespace(ratio)
    return xp.where((w > 0) & (u > 0), ratio, xp.ones_like(ratio))


def or_one(x: Array) -> Array:
    """Return a divisor that is never zero; what it then divides is not used."""
    xp = array_namespace(x)
    return xp.where(x > 0, x, xp.ones_like(x))
