"""LARS, two of them: the paper of 2017, and the one inside the LAMB paper of 2020.

They share a name and the idea of one learning rate per layer, but not the algorithm. In 2017 the
*gradient* is normalised, then accumulated with the learning rate already in it; in 2020 the
*momentum* is normalised. Here both are the same few links in another order.
"""

from __future__ import annotations

from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked, matched
from lbopt.optim.momentum import check_nesterov, ema, nesterov_trace, trace
from lbopt.optim.phi import Phi
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.trust import scale_by_lars_ratio, scale_by_trust_ratio


def lars(
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
    r"""LARS as published in 2017: the local rate and the learning rate are inside the momentum.

    For each layer :math:`l` and step :math:`t`, with gradient :math:`g` (without decay in it),

    .. math::

        \lambda^l &= \eta\,\frac{\|w\|}{\|g\| + \beta\|w\| + \epsilon} \\
        v &\leftarrow m v + \gamma_t \lambda^l (g + \beta w) \\
        w &\leftarrow w - v

    Zero rule: a layer whose weight norm is zero, or whose denominator is zero, gets
    :math:`\lambda^l = 1`; otherwise the formula is taken literally. So a layer with zero gradient
    and :math:`\beta > 0` shrinks by the factor :math:`1 - \gamma_t\eta` (before momentum), and a
    layer of zeros moves by the bare :math:`\gamma_t g`.

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t`; the paper's decays as :math:`(1 - t/T)^2`, see
        `lbopt.optim.schedules.polynomial`.
    momentum : float
        :math:`m \in [0, 1)`.
    weight_decay : float
        :math:`\beta`, for the layers of ``decay_mask`` (None: every layer, as in the paper);
        for the others it is 0 in both lines.
    trust_coefficient : float
        :math:`\eta`.
    eps : float
        :math:`\epsilon`, 0 in the paper; some implementations have 1e-8.
    decay_mask : function (name, array) -> bool, optional
        Layers that are decayed (None: every layer, as in the paper).
    nesterov : bool
        Step by :math:`\gamma_t\lambda^l(g + \beta w) + m v` instead of :math:`v` (not in the
        paper; needs ``momentum > 0``).
    adapt_mask : function (name, array) -> bool, optional
        Layers that get a local rate (None: every layer, as in the paper); the others have
        :math:`\lambda^l = 1` and see the bare :math:`\gamma_t`.

    References
    ----------
    You, Gitman, Ginsburg 2017, "Large Batch Training of Convolutional Networks"
    (arXiv 1708.03888), Algorithm 1. No convergence theorem is known for this form.

    Examples
    --------
    The step is at most :math:`\gamma\eta\|w\|`, however large the gradient:

    >>> import numpy as np
    >>> from lbopt.optim import apply_updates
    >>> opt = lars(1.0, momentum=0.0, weight_decay=0.0, trust_coefficient=0.1)
    >>> params = {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for size in (1.0, 1e6, 1e-6):
    ...     updates, state = opt.update({"W": np.array([0.0, size])}, state, params)
    ...     params = apply_updates(params, updates)
    ...     print(params["W"].round(4))
    [3.  3.5]
    [3.    3.039]
    [3.    2.612]
    """
    check_nesterov(nesterov, momentum)
    decayed = masked(
        scale_by_lars_ratio(trust_coefficient, weight_decay, eps),
        adapt_mask,
        otherwise=add_decayed_weights(weight_decay),
    )
    undecayed = masked(scale_by_lars_ratio(trust_coefficient, 0.0, eps), adapt_mask)
    rule = chain(
        masked(decayed, decay_mask, otherwise=undecayed),  # lambda (g + beta w)
        scale_by_learning_rate(learning_rate),  # -gamma_t lambda (g + beta w)
        nesterov_trace(momentum) if nesterov else trace(momentum),  # -v
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)


def lars_2020(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    weight_decay: float = 0.0,
    phi: Phi | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LARS as the LAMB paper has it: the momentum is normalised, so each step has a known length.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1)(g + \lambda w) \\
        w &\leftarrow w - \gamma_t\,\frac{\phi(\|w\|)}{\|m\|}\,m

    Every adapted layer moves by exactly :math:`\gamma_t\phi(\|w\|)`. Zero rule: a layer whose
    weight norm or momentum norm is zero gets ratio 1; otherwise the formula is taken literally.

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t`.
    b1 : float
        :math:`\beta_1 \in [0, 1)`; 0 normalises the bare gradient, the form of Theorem 2.
    weight_decay : float
        :math:`\lambda`, for the layers of ``decay_mask`` (None: every layer).
    phi : function of a 0-d array, optional
        Applied to the weight norm; default the identity. The paper's theorems need it bounded,
        `lbopt.optim.phi.clip`.
    decay_mask : function (name, array) -> bool, optional
        Layers that are decayed (None: every layer).
    adapt_mask : function (name, array) -> bool, optional
        Layers that are normalised (None: every layer); the others step by :math:`\gamma_t m`.

    References
    ----------
    You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes"
    (arXiv 1904.00962), Algorithm 1 and Theorem 2.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = lars_2020(0.1), {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for g in ([1.0, 0.0], [0.0, 1.0], [0.0, 50.0]):
    ...     updates, state = opt.update({"W": np.array(g)}, state, params)
    ...     print(-updates["W"].round(3), np.linalg.norm(updates["W"]).round(3))
    [0.5 0. ] 0.5
    [0.334 0.372] 0.5
    [0.008 0.5  ] 0.5
    """
    rule = chain(
        masked(add_decayed_weights(weight_decay), decay_mask),  # g + lambda w
        ema(b1),  # m
        masked(scale_by_trust_ratio(phi), adapt_mask),  # phi(||w||) m / ||m||
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)
