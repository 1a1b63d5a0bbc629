"""LAMB and the forms its paper and others made of it: N-LAMB, NN-LAMB, LAMBC."""

from __future__ import annotations

from lbopt.optim.adam import Estimate, corrected, look_ahead, scale_by_adam, uncorrected
from lbopt.optim.checks import Schedule, check_flag
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked, matched
from lbopt.optim.phi import Phi
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.trust import scale_by_trust_ratio


def lamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    phi: Phi | None = None,
    norm: str = "l2",
    bias_correction: bool = True,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LAMB (Algorithm 2 of its paper): Adam's direction, decay, then one ratio per layer.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        r &= \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} \\
        w &\leftarrow w - \gamma_t\,\frac{\phi(\|w\|)}{\|r + \lambda w\|}\,(r + \lambda w)

    Every adapted layer moves by exactly :math:`\gamma_t\phi(\|w\|)`. Zero rule: a layer whose
    weight norm is zero, or for which :math:`\|r + \lambda w\|` is zero, gets ratio 1; otherwise
    the formula is taken literally. So a layer that gets no gradient still shrinks by the factor
    :math:`1 - \gamma_t`, however small :math:`\lambda > 0` is: mask frozen layers.

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t`.
    b1, b2 : float
        :math:`\beta_1, \beta_2 \in [0, 1)`. Both 0: a sign step, scaled per layer (Theorem 3 of the
        paper has :math:`\beta_1 = 0`; none is known for both positive).
    eps : float
        :math:`\epsilon`, outside the root.
    weight_decay : float
        :math:`\lambda`, inside the norm, for the layers of ``decay_mask`` (None: every layer).
    phi : function of a 0-d array, optional
        Applied to the weight norm; default the identity. See `lbopt.optim.phi.clip`.
    norm : "l1", "l2" or "linf"
        Which norm, of weights and update.
    bias_correction : bool
        The divisions by :math:`1 - \beta^t`. With eps = 0 and no decay the ratio cancels them.
    adapt_mask : function (name, array) -> bool, optional
        Layers that are normalised (None: every layer); the others step as AdamW does.

    References
    ----------
    You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes"
    (arXiv 1904.00962), Algorithm 2. NVIDIA's variant clips the gradient first:
    ``chain(clip_by_global_norm(1.0), lamb(...))``.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = lamb(0.1), {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for g in ([1.0, -1e-3], [0.0, -1e-3], [0.0, 50.0]):
    ...     updates, state = opt.update({"W": np.array(g)}, state, params)
    ...     print(updates["W"].round(3), np.linalg.norm(updates["W"]).round(3))
    [-0.354  0.353] 0.5
    [-0.279  0.415] 0.5
    [-0.315 -0.388] 0.5
    """
    moment: Estimate = corrected if check_flag("bias_correction", bias_correction) else uncorrected
    rule = chain(
        scale_by_adam(b1, b2, eps, first=moment, second=moment),  # r
        masked(add_decayed_weights(weight_decay), decay_mask),  # r + lambda w
        masked(scale_by_trust_ratio(phi, norm), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)


def nlamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    phi: Phi | None = None,
    norm: str = "l2",
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""N-LAMB: `lamb` with Nesterov's look-ahead in the first moment, as Nadam has it.

    .. math:: \hat m = \frac{\beta_1 m_t}{1 - \beta_1^{t+1}}
                       + \frac{(1 - \beta_1) g_t}{1 - \beta_1^t}

    Everything else, and all parameters, as in `lamb`.

    References
    ----------
    You et al. 2020 (arXiv 1904.00962), appendix, "N-LAMB" (for constant :math:`\beta_1`, where its
    products of :math:`\beta_{1,i}` are powers).

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = nlamb(0.1), {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for g in ([1.0, -1.0], [1.0, 1.0]):
    ...     updates, state = opt.update({"W": np.array(g)}, state, params)
    ...     print(updates["W"].round(3))
    [-0.354  0.354]
    [-0.45  -0.218]
    """
    rule = chain(
        scale_by_adam(b1, b2, eps, first=look_ahead),
        masked(add_decayed_weights(weight_decay), decay_mask),
        masked(scale_by_trust_ratio(phi, norm), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)


def nnlamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    phi: Phi | None = None,
    norm: str = "l2",
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""NN-LAMB: `nlamb` with the look-ahead in the second moment too.

    .. math:: \hat v = \frac{\beta_2 v_t}{1 - \beta_2^{t+1}}
                       + \frac{(1 - \beta_2) g_t^2}{1 - \beta_2^t}

    Everything else, and all parameters, as in `lamb`.

    References
    ----------
    You et al. 2020 (arXiv 1904.00962), appendix, "NN-LAMB".

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = nnlamb(0.1), {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for g in ([1.0, -1.0], [3.0, 1.0]):
    ...     updates, state = opt.update({"W": np.array(g)}, state, params)
    ...     print(updates["W"].round(3))
    [-0.354  0.354]
    [-0.446 -0.225]
    """
    rule = chain(
        scale_by_adam(b1, b2, eps, first=look_ahead, second=look_ahead),
        masked(add_decayed_weights(weight_decay), decay_mask),
        masked(scale_by_trust_ratio(phi, norm), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)


def lambc(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    max_ratio: float = 1.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LAMBC: `lamb` with its trust ratio clipped, :math:`\min(\|w\| / \|r + \lambda w\|, \mu)`.

    Parameters
    ----------
    max_ratio : float
        :math:`\mu > 0`. The others as in `lamb`.

    References
    ----------
    Fong, Chen and Chen 2020, "Improving Layer-wise Adaptive Rate Methods using Trust Ratio
    Clipping" (arXiv 2011.13584).

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([30.0, 40.0])}
    >>> for opt in (lamb(0.1), lambc(0.1)):
    ...     opt.update({"W": np.array([1.0, 1.0])}, opt.init(params), params)[0]["W"].round(3)
    array([-3.536, -3.536])
    array([-0.1, -0.1])
    """
    rule = chain(
        scale_by_adam(b1, b2, eps),
        masked(add_decayed_weights(weight_decay), decay_mask),
        masked(scale_by_trust_ratio(max_ratio=max_ratio), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask, adapt_mask=adapt_mask)
