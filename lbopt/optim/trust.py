"""The trust ratios: one number per layer that ties its step to the norm of its weights.

Zero rule, the same everywhere in lbopt: a layer whose weight norm is zero, or whose denominator
is zero, gets ratio 1; otherwise the formula is taken literally. (Public implementations have four
different rules.) Each link keeps the last ratio of every layer in its state; `trust_ratios` reads
them out of the state of any chain.
"""

from __future__ import annotations

from typing import Any

from lbopt.backend import Array, array_namespace, device
from lbopt.optim import phi as phis
from lbopt.optim.checks import check_number
from lbopt.optim.link import Link, LinkState, Memory, State, layerwise
from lbopt.optim.norm import NORMS, norm, norm_dtype, scaled_by


def ratio_or_one(numerator: Array | float, denominator: Array, weight_norm: Array) -> Array:
    """Return numerator / denominator, or 1 where the zero rule applies; no Python ``if``."""
    xp = array_namespace(denominator)
    one = xp.ones_like(denominator)
    usable = (weight_norm != 0) & (denominator != 0)  # true for NaN: it must not become a 1
    return xp.where(usable, numerator / xp.where(usable, denominator, one), one)


def remember_ratio(w: Array) -> Memory:
    """Start a layer's record of its trust ratio at 1."""
    xp = array_namespace(w)
    return {"ratio": xp.ones((), dtype=norm_dtype(xp, w), device=device(w))}


def scale_by_lars_ratio(
    trust_coefficient: float = 1e-3, weight_decay: float = 0.0, eps: float = 0.0
) -> Link:
    r"""Local learning rate of LARS (2017): :math:`u = \lambda (g + \beta w)` for each layer, with

    .. math:: \lambda = \eta \frac{\|w\|}{\|g\| + \beta \|w\| + \epsilon}

    The weight decay stands in the same link because the denominator needs both norms apart:
    it is a sum of norms, not the norm of the sum.

    Parameters
    ----------
    trust_coefficient : float
        :math:`\eta > 0`.
    weight_decay : float
        :math:`\beta \ge 0`.
    eps : float
        :math:`\epsilon \ge 0`; 0 in the paper.

    References
    ----------
    You, Gitman, Ginsburg 2017 (arXiv 1708.03888), Algorithm 1, lines "local LR" and "update".

    Examples
    --------
    >>> import numpy as np
    >>> link = scale_by_lars_ratio(trust_coefficient=0.1, weight_decay=0.2)
    >>> params = {"W": np.array([3.0, 4.0]), "new": np.array([0.0, 0.0])}
    >>> grads = {"W": np.array([0.0, 4.0]), "new": np.array([0.0, 4.0])}
    >>> updates, state = link.update(grads, link.init(params), params)
    >>> updates["W"]  # 0.1 * 5 / (4 + 0.2 * 5) = 0.1 times (g + 0.2 w)
    array([0.06, 0.48])
    >>> updates["new"]  # zero weights: ratio 1
    array([0., 4.])
    """
    eta = check_number("trust_coefficient", trust_coefficient, 0, above=True)
    beta = check_number("weight_decay", weight_decay, 0)
    epsilon = check_number("eps", eps, 0)

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        w_norm = norm(w)
        local_rate = ratio_or_one(eta * w_norm, norm(g) + beta * w_norm + epsilon, w_norm)
        return scaled_by(g + beta * w, local_rate), {"ratio": local_rate}

    return layerwise(rule, remember_ratio)


def scale_by_trust_ratio(
    phi: phis.Phi | None = None, norm: str = "l2", max_ratio: float | None = None
) -> Link:
    r"""The general strategy of the LAMB paper: :math:`u \leftarrow \phi(\|w\|)\, u / \|u\|`.

    Whatever came before in the chain, the layer now moves by exactly
    :math:`\gamma_t \phi(\|w\|)`. After momentum this gives the LAMB paper's LARS, after Adam and
    decay it gives LAMB.

    Parameters
    ----------
    phi : function of a 0-d array, optional
        Applied to the weight norm; default the identity. See `lbopt.optim.phi`.
    norm : "l1", "l2" or "linf"
        Of weights and update both.
    max_ratio : float, optional
        Clip the ratio :math:`\phi(\|w\|) / \|u\|` from above (LAMBC; None: never).

    References
    ----------
    You et al. 2020 (arXiv 1904.00962), section 3, "general strategy"; the norms: its appendix.
    The clip: Fong, Chen and Chen 2020 (arXiv 2011.13584).

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([3.0, 4.0])}
    >>> for link in (scale_by_trust_ratio(), scale_by_trust_ratio(max_ratio=1.0)):
    ...     for size in (1.0, 1000.0):  # the size of the gradient matters to the clip alone
    ...         link.update({"W": np.array([0.0, size])}, link.init(params), params)[0]["W"]
    array([0., 5.])
    array([0., 5.])
    array([0., 1.])
    array([0., 5.])
    """
    phi = phis.identity if phi is None else phi
    if not callable(phi):
        raise TypeError(f"phi must be a function of the weight norm, got {type(phi).__name__}")
    if norm not in NORMS:
        raise ValueError(f"norm={norm!r} must be one of {', '.join(map(repr, NORMS))}")
    length = NORMS[norm]
    limit = None if max_ratio is None else check_number("max_ratio", max_ratio, 0, above=True)

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        w_norm = length(w)
        ratio = ratio_or_one(phi(w_norm), length(u), w_norm)
        if limit is not None:
            xp = array_namespace(ratio)
            ratio = xp.minimum(ratio, xp.full_like(ratio, limit))
        return scaled_by(u, ratio), {"ratio": ratio}

    return layerwise(rule, remember_ratio)


def trust_ratios(state: State) -> dict[str, Array]:
    """Read the last trust ratio of every adapted layer out of the state of any chain.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> opt = optim.lars(0.1, trust_coefficient=0.1, weight_decay=0.0)
    >>> params = {"W": np.array([3.0, 4.0])}
    >>> _, state = opt.update({"W": np.array([0.0, 2.0])}, opt.init(params), params)
    >>> trust_ratios(state)
    {'W': array(0.25)}
    """
    if isinstance(state, LinkState):
        return {k: memory["ratio"] for k, memory in state.layers.items() if "ratio" in memory}
    found: dict[str, Array] = {}
    if isinstance(state, tuple):
        for part in state:
            found |= trust_ratios(part)
    return found
