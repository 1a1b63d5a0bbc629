"""LARS and LAMB of tf-models, which are SimCLR's and TensorFlow Addons'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.variants.groups import both, not_matching
from lbopt.optim.variants.ratios import plain, with_ratio
from lbopt.optim.variants.single import in_own_precision, in_single, single, single_beta
from lbopt.optim.variants.steps import clip_each_norm, clip_each_value, clip_if


def tfmodels_lamb(
    learning_rate: float | Schedule,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-6,
    weight_decay_rate: float = 0.0,
    exclude_from_weight_decay: Sequence[str] | None = None,
    exclude_from_layer_adaptation: Sequence[str] | None = None,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    decay: float = 0.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LAMB of tf-models and TensorFlow Addons: Algorithm 2, with regular expressions of names.

    What is excluded from decay is excluded from adaptation too, unless a second list is given that
    is not empty (``[]`` counts as none). Learning rate, betas and weight decay are float32,
    whatever the weights are. ``decay`` is that of the learning rate: :math:`\gamma_t / (1 + d t)`,
    t = 0, 1, ...; the clips come first, that of the value before that of a norm.
    """
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    b1, b2 = single_beta("beta_1", beta_1), single_beta("beta_2", beta_2)
    return chain(
        *clips(clipnorm, clipvalue, global_clipnorm),
        scale_by_adam(b1, b2, epsilon, first=in_own_precision, second=in_own_precision),
        masked(
            add_decayed_weights(single(weight_decay_rate)),
            both(not_matching(exclude_from_weight_decay), decay_mask),
        ),
        masked(with_ratio(plain()), both(not_matching(skip), adapt_mask)),
        scale_by_learning_rate(inverse_time(learning_rate, decay)),
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
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    decay: float = 0.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""LARS of tf-models (SimCLR's): the norm of the sum, :math:`\eta\|w\| / \|g + \beta w\|`.

    ``classic_momentum=False`` is another algorithm: the momentum is accumulated bare, the ratio is
    that of the momentum's step, and the learning rate is outside (with :math:`\eta` for
    :math:`1 - \beta_1` it is the LAMB paper's LARS). Exclusion, clips and ``decay`` as in
    `tfmodels_lamb`, but the names searched end in ``:0`` as TensorFlow's do, so that ``"bias$"``
    excludes nothing. The learning rate is float32.
    """
    check_nesterov(nesterov, momentum)
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    add = masked(
        add_decayed_weights(weight_decay_rate),
        both(not_matching(exclude_from_weight_decay, ":0"), decay_mask),
    )
    ratio = masked(with_ratio(plain(0.0, eeta)), both(not_matching(skip, ":0"), adapt_mask))
    rate = scale_by_learning_rate(inverse_time(learning_rate, decay))
    ball = nesterov_trace(momentum) if nesterov else trace(momentum)
    body = (ratio, rate, ball) if classic_momentum else (ball, ratio, rate)
    return chain(*clips(clipnorm, clipvalue, global_clipnorm), add, *body)


def clips(each: float | None, value: float | None, joint: float | None) -> tuple[Link, ...]:
    """Clip as tf_keras's legacy optimizers do: the values first, then a norm."""
    if each is not None and joint is not None:
        raise ValueError("only one of clipnorm and global_clipnorm can be set")
    return clip_each_value(value), clip_each_norm(each), clip_if(joint)


def inverse_time(learning_rate: float | Schedule, decay: float) -> Schedule:
    """Divide a float32 learning rate by 1 + d t, t = 0, 1, 2, ...; d is float32 too."""
    rate, d = in_single(learning_rate), single(decay)
    if d == 0:
        return rate

    def decayed(step: Any) -> Any:
        return rate(step) / (1.0 + d * step)

    return decayed
