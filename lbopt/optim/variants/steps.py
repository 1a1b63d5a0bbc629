"""What comes before and around a step elsewhere: other clips, and decay that goes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.optim.checks import Schedule
from lbopt.optim.clip import clip_by_global_norm, global_norm
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, LinkState, Memory, State, check_state, identity, layerwise
from lbopt.optim.masks import Mask, check_mask
from lbopt.optim.norm import norm, scaled_by
from lbopt.optim.scale import number_for
from lbopt.optim.variants.ratios import or_one
from lbopt.params import Params, check_like, check_params


def decay_first(link: Link, rate: Schedule, mask: Mask | None = None) -> Link:
    r"""Shrink the weights, then step from there: :math:`w' = (1 - s_t) w`, :math:`w' + L(u; w')`.

    Decoupled decay as torch's AdamW writes it. It is outside every ratio, but ``link`` sees the
    norms of the shrunken weights, and that is all that tells it from decay added at the end.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> params, grads = {"W": np.array([3.0, 4.0])}, {"W": np.array([0.0, 1.0])}
    >>> link = decay_first(optim.scale_by_trust_ratio(), lambda step: 0.5)
    >>> link.update(grads, link.init(params), params)[0]["W"]  # -w / 2 + (0, ||w / 2||)
    array([-1.5, 0.5])
    """
    if mask is not None:
        check_mask(mask)

    def init(params: Params) -> tuple[State, LinkState]:
        check_params(params)
        return link.init(params), LinkState(0, {})

    def update(
        updates: Mapping[str, Array], state: tuple[State, LinkState], params: Params
    ) -> tuple[Params, tuple[State, LinkState]]:
        check_like(updates, params, "grads")
        if type(state) is not tuple or len(state) != 2:
            raise TypeError(
                f"state is a {type(state).__name__}, not what this link's init or update returned; "
                "start with state = link.init(params)"
            )
        check_state(state[1], {})
        step, shrink = state[1].step, {}
        for name, w in params.items():
            if mask is None or mask(name, w):
                shrink[name] = array_namespace(w).asarray(w * number_for(w, rate(step)))
        shrunk = {k: w - shrink[k] if k in shrink else w for k, w in params.items()}
        shrunk = {k: array_namespace(params[k]).asarray(w) for k, w in shrunk.items()}
        u, inside = link.update(updates, state[0], shrunk)
        out = {
            k: array_namespace(a).asarray(a - shrink[k]) if k in shrink else a for k, a in u.items()
        }
        return out, (inside, LinkState(step + 1, {}))

    return Link(init, update)


def clip_if(max_norm: float | None) -> Link:
    """Clip by the joint norm of all gradients; None is off."""
    return identity() if max_norm is None else clip_by_global_norm(max_norm)


def scale_by_joint(factor: Callable[[Array], Array]) -> Link:
    r"""Multiply all gradients by a function of their joint norm."""

    def init(params: Params) -> LinkState:
        check_params(params)
        return LinkState(0, {})

    def update(
        updates: Mapping[str, Array], state: LinkState, params: Params
    ) -> tuple[Params, LinkState]:
        check_like(updates, params, "grads")
        check_state(state, {})
        if not updates:
            return {}, state
        f = factor(global_norm(updates))
        out = {k: array_namespace(u).asarray(scaled_by(u, f)) for k, u in updates.items()}
        return out, LinkState(state.step + 1, {})

    return Link(init, update)


def clip_by_global_norm_plus(max_norm: float, eps: float) -> Link:
    r"""Clip with an eps in the norm: :math:`g \min(1, c / (\|g_{all}\| + \epsilon))`."""

    def factor(total: Array) -> Array:
        xp, total = array_namespace(total), total + eps
        return xp.where(total > max_norm, max_norm / or_one(total), xp.ones_like(total))

    return scale_by_joint(factor)


def clip_each_norm(
    max_norm: float | None, size: Callable[[Array], Array] = lambda length: length
) -> Link:
    r"""Clip the norm of every layer's gradient apart: :math:`g\, c / \max(\|g\|, c)`; None is off.

    ``size`` may round the norm and c.
    """
    if max_norm is None:
        return identity()

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        length = norm(g)
        xp = array_namespace(length)
        bottom = xp.maximum(size(length), size(xp.full_like(length, max_norm)))
        return scaled_by(g, max_norm / bottom), memory

    return layerwise(rule)


def add_scheduled_decay(weight_decay: float | Schedule) -> Link:
    r"""Add :math:`\lambda_t w` to the update; a function is asked for the step 0, 1, 2, ..."""
    if not callable(weight_decay):
        return add_decayed_weights(weight_decay)
    decay = weight_decay
    return layerwise(lambda u, memory, w, step: (u + number_for(w, decay(step)) * w, memory))


def clip_each_value(limit: float | None) -> Link:
    """Clip every entry to [-limit, limit] (Keras: clipvalue, MXNet: clip_gradient); None: off."""
    if limit is None:
        return identity()

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        high = xp.full_like(g, limit)
        return xp.minimum(xp.maximum(g, -high), high), memory

    return layerwise(rule)
