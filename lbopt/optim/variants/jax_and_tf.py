"""LARS and LAMB of optax, tf-models (TensorFlow Addons), Keras 3, MLPerf's ResNet reference."""

from __future__ import annotations

from collections.abc import Sequence

from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule, check_learning_rate
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.variants.groups import both, lars_of, not_containing, not_matching
from lbopt.optim.variants.moments import estimate
from lbopt.optim.variants.ratios import lars_ratio, plain, with_ratio
from lbopt.optim.variants.steps import clip_each_norm, clip_each_value, clip_if, decay_first


def optax_lamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    eps_root: float = 0.0,
    weight_decay: float = 0.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """optax.lamb: Algorithm 2 as it stands, and `lbopt.optim.lamb` at ``eps_root=0``.

    ``eps_root`` is a second eps, under the root. ``decay_mask`` is optax's ``mask``; a mask for the
    ratio has to be built there from ``optax.masked``.
    """
    return chain(
        scale_by_adam(b1, b2, eps, second=estimate(True, eps_root)),
        masked(add_decayed_weights(weight_decay), decay_mask),
        masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def optax_lars(
    learning_rate: float | Schedule,
    *,
    weight_decay: float = 0.0,
    trust_coefficient: float = 0.001,
    eps: float = 0.0,
    momentum: float = 0.9,
    nesterov: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""optax.lars: the norm of the sum, :math:`\eta\|w\| / (\|g + \beta w\| + \epsilon)`.

    The paper has :math:`\|g\| + \beta\|w\|`. Learning rate and ratio are inside the momentum, as in
    the paper. The masks are its ``weight_decay_mask`` and ``trust_ratio_mask``.
    """
    check_nesterov(nesterov, momentum)
    return chain(
        masked(add_decayed_weights(weight_decay), decay_mask),
        masked(with_ratio(plain(eps, trust_coefficient)), adapt_mask),
        scale_by_learning_rate(learning_rate),
        nesterov_trace(momentum) if nesterov else trace(momentum),
    )


def tfmodels_lamb(
    learning_rate: float | Schedule,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-6,
    weight_decay_rate: float = 0.0,
    exclude_from_weight_decay: Sequence[str] | None = None,
    exclude_from_layer_adaptation: Sequence[str] | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """LAMB of tf-models and TensorFlow Addons: Algorithm 2, layers excluded by regular expressions.

    What is excluded from decay is excluded from adaptation too, unless a second list is given that
    is not empty (``[]`` counts as none). The library keeps its numbers in float32 or in the
    variables' dtype after a trip through float32; here they are what you write.
    """
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    return chain(
        scale_by_adam(beta_1, beta_2, epsilon),
        masked(
            add_decayed_weights(weight_decay_rate),
            both(not_matching(exclude_from_weight_decay), decay_mask),
        ),
        masked(with_ratio(plain()), both(not_matching(skip), adapt_mask)),
        scale_by_learning_rate(learning_rate),
    )


def tfmodels_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay_rate: float = 0.0,
    eeta: float = 0.001,
    nesterov: bool = False,
    classic_momentum: bool = True,
    exclude_from_weight_decay: Sequence[str] | None = None,
    exclude_from_layer_adaptation: Sequence[str] | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LARS of tf-models (SimCLR's): the norm of the sum, :math:`\eta\|w\| / \|g + \beta w\|`.

    ``classic_momentum=False`` is another algorithm: the momentum is accumulated bare, the ratio is
    that of the momentum's step, and the learning rate is outside (with :math:`\eta` for
    :math:`1 - \beta_1` it is the LAMB paper's LARS). Exclusion as in `tfmodels_lamb`, but there
    the names it searches end in ``:0``, so that ``"bias$"`` excludes nothing.
    """
    check_nesterov(nesterov, momentum)
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    decay = masked(
        add_decayed_weights(weight_decay_rate),
        both(not_matching(exclude_from_weight_decay), decay_mask),
    )
    ratio = masked(with_ratio(plain(0.0, eeta)), both(not_matching(skip), adapt_mask))
    rate = scale_by_learning_rate(learning_rate)
    ball = nesterov_trace(momentum) if nesterov else trace(momentum)
    return chain(decay, ratio, rate, ball) if classic_momentum else chain(decay, ball, ratio, rate)


def keras_lamb(
    learning_rate: float | Schedule,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = None,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""keras.optimizers.Lamb (Keras 3): decay as AdamW's, before the step and outside the ratio.

    .. math:: w \leftarrow w' - \gamma_t \frac{\|w'\|}{\|r\|}\,r, \quad w' = (1 - \gamma_t\lambda) w

    In the paper it is in the norm. ``decay_mask`` stands for ``exclude_from_weight_decay(...)``.
    At most one of the three clips.
    """
    given = [c for c in (clipnorm, clipvalue, global_clipnorm) if c is not None]
    if len(given) > 1:
        raise ValueError("only one of clipnorm, clipvalue and global_clipnorm can be set")
    step = chain(
        clip_each_norm(clipnorm),
        clip_each_value(clipvalue),
        clip_if(global_clipnorm),
        scale_by_adam(beta_1, beta_2, epsilon),
        masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    if weight_decay is None or weight_decay == 0:
        return step
    rate, decay = check_learning_rate(learning_rate), float(weight_decay)
    return decay_first(step, lambda t: rate(t) * decay, decay_mask)


def mlperf_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 0.0001,
    eeta: float = 0.001,
    epsilon: float = 0.0,
    skip_list: Sequence[str] | None = None,
    use_nesterov: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LARSOptimizer of MLPerf's ResNet-50 reference (TensorFlow 2): 2017's, with zero rule A.

    ``epsilon=0`` silently becomes 1e-7 there, so it does here. ``skip_list``: layers whose name
    contains one of the strings have neither decay nor ratio.
    """
    check_nesterov(use_nesterov, momentum)
    skipped = not_containing(skip_list)
    return chain(
        lars_of(
            lambda decay: lars_ratio(eeta, decay, epsilon or 1e-7),
            weight_decay,
            both(skipped, decay_mask),
            both(skipped, adapt_mask),
        ),
        scale_by_learning_rate(learning_rate),
        nesterov_trace(momentum) if use_nesterov else trace(momentum),
    )
