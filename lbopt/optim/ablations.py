"""Optimizers with one idea taken out on purpose, to measure what that idea is worth."""

from __future__ import annotations

from collections.abc import Mapping

from lbopt.backend import Array
from lbopt.optim.checks import Schedule, check_number
from lbopt.optim.clip import global_norm
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, LinkState, chain, check_state
from lbopt.optim.masks import Mask, check_mask, masked, matched
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.norm import scaled_by
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.trust import ratio_or_one, remember_ratio
from lbopt.params import Params, check_like, check_params


def scale_by_one_lars_ratio(
    trust_coefficient: float,
    weight_decay: float = 0.0,
    eps: float = 0.0,
    decay_mask: Mask | None = None,
) -> Link:
    r"""As `scale_by_lars_ratio`, with the norms taken over all layers together.

    This is what a LARS becomes, by accident, when its parameters are fused into one buffer.
    Only the layers of ``decay_mask`` (None: every layer) are decayed, and only their weights
    stand in the denominator's :math:`\beta\|w\|`.

    Examples
    --------
    >>> import numpy as np
    >>> link = scale_by_one_lars_ratio(0.1)
    >>> params = {"a": np.array([3.0]), "b": np.array([4.0])}
    >>> grads = {"a": np.array([1.0]), "b": np.array([0.0])}
    >>> updates, state = link.update(grads, link.init(params), params)
    >>> updates["a"]  # 0.1 * 5 / 1, layerwise it would be 0.1 * 3 / 1
    array([0.5])
    """
    eta = check_number("trust_coefficient", trust_coefficient, 0, above=True)
    beta = check_number("weight_decay", weight_decay, 0)
    epsilon = check_number("eps", eps, 0)
    if decay_mask is not None:
        check_mask(decay_mask)

    def init(params: Params) -> LinkState:
        check_params(params)
        return LinkState(0, {name: remember_ratio(w) for name, w in params.items()})

    def update(
        grads: Mapping[str, Array], state: LinkState, params: Params
    ) -> tuple[Params, LinkState]:
        check_like(grads, params, "grads")
        check_state(state, params)
        if not params:
            return {}, LinkState(state.step + 1, {})
        decayed = {k: w for k, w in params.items() if decay_mask is None or decay_mask(k, w)}
        w_norm = global_norm(params)
        denominator = global_norm(grads) + epsilon
        if decayed:
            denominator = denominator + beta * global_norm(decayed)
        rate = ratio_or_one(eta * w_norm, denominator, w_norm)
        updates = {
            k: scaled_by(g + beta * params[k] if k in decayed else g, rate)
            for k, g in grads.items()
        }
        return updates, LinkState(state.step + 1, {name: {"ratio": rate} for name in params})

    return Link(init, update)


def lars_one_global_ratio(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    trust_coefficient: float = 1e-3,
    eps: float = 0.0,
    nesterov: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LARS without its layers: `lars` with ONE local rate for the whole network.

    .. math:: \lambda = \eta\,\frac{\|w\|}{\|g\| + \beta\|w\| + \epsilon}, \quad
              \|w\|^2 = \sum_l \|w^l\|^2,\; \|g\|^2 = \sum_l \|g^l\|^2

    The sums run over the adapted layers (in :math:`\beta\|w\|`: those of them that are decayed).
    Comparing it with `lars` separates normalising over time from adapting per layer. The
    parameters, the momentum and the zero rule are those of `lars`.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> params = {"small": np.array([0.01]), "large": np.array([1.0])}
    >>> grads = {"small": np.array([1.0]), "large": np.array([1.0])}
    >>> for make in (optim.lars, lars_one_global_ratio):
    ...     opt = make(1.0, weight_decay=0.0, trust_coefficient=0.1)
    ...     u, _ = opt.update(grads, opt.init(params), params)
    ...     print({k: round(float(v[0]), 4) for k, v in u.items()})
    {'small': -0.001, 'large': -0.1}
    {'small': -0.0707, 'large': -0.0707}
    """
    check_nesterov(nesterov, momentum)
    rule = chain(
        masked(
            scale_by_one_lars_ratio(trust_coefficient, weight_decay, eps, decay_mask),
            adapt_mask,
            otherwise=masked(add_decayed_weights(weight_decay), decay_mask),
        ),
        scale_by_learning_rate(learning_rate),
        nesterov_trace(momentum) if nesterov else trace(momentum),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)
