"""Optimizers with one idea taken out on purpose, to measure what that idea is worth."""

from __future__ import annotations

from collections.abc import Mapping

from lbopt.backend import Array
from lbopt.optim.checks import Schedule, check_number
from lbopt.optim.clip import global_norm
from lbopt.optim.link import Link, LinkState, chain
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import trace
from lbopt.optim.norm import scaled_by
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.trust import ratio_or_one, remember_ratio
from lbopt.params import Params, check_like, check_params


def scale_by_one_lars_ratio(
    trust_coefficient: float, weight_decay: float = 0.0, eps: float = 0.0
) -> Link:
    r"""As `scale_by_lars_ratio`, with the norms taken over all layers together.

    This is what a LARS becomes, by accident, when its parameters are fused into one buffer.

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
    eta = check_number("trust_coefficient", trust_coefficient, 0)
    beta = check_number("weight_decay", weight_decay, 0)
    epsilon = check_number("eps", eps, 0)

    def init(params: Params) -> LinkState:
        check_params(params)
        return LinkState(0, {name: remember_ratio(w) for name, w in params.items()})

    def update(
        grads: Mapping[str, Array], state: LinkState, params: Params
    ) -> tuple[Params, LinkState]:
        check_like(grads, params, "grads")
        if not params:
            return {}, LinkState(state.step + 1, {})
        w_norm = global_norm(params)
        rate = ratio_or_one(eta * w_norm, global_norm(grads) + beta * w_norm + epsilon, w_norm)
        updates = {name: scaled_by(grads[name] + beta * w, rate) for name, w in params.items()}
        return updates, LinkState(state.step + 1, {name: {"ratio": rate} for name in params})

    return Link(init, update)


def lars_one_global_ratio(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    trust_coefficient: float = 1e-3,
    eps: float = 0.0,
    mask: Mask | None = None,
) -> Link:
    r"""LARS without its layers: `lars` with ONE local rate for the whole network.

    .. math:: \lambda = \eta\,\frac{\|w\|}{\|g\| + \beta\|w\| + \epsilon}, \quad
              \|w\|^2 = \sum_l \|w^l\|^2,\; \|g\|^2 = \sum_l \|g^l\|^2

    Comparing it with `lars` separates normalising over time from adapting per layer.

    Parameters
    ----------
    mask : function (name, array) -> bool, optional
        Layers that are decayed and adapted (None: every layer).

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
    return chain(
        masked(scale_by_one_lars_ratio(trust_coefficient, weight_decay, eps), mask),
        scale_by_learning_rate(learning_rate),
        trace(momentum),
    )
