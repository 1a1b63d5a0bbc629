"""LARS and LAMB of optax, Keras 3, MLPerf's ResNet reference."""

from __future__ import annotations

from collections.abc import Sequence

from lbopt.backend import Array, array_namespace
from lbopt.optim.adam import Estimate, scale_by_adam
from lbopt.optim.checks import Schedule, check_learning_rate
from lbopt.optim.link import Link, chain, identity
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.variants.groups import Tree, both, from_tree, lars_of, not_containing
from lbopt.optim.variants.ratios import lars_ratio, or_one, plain, with_ratio
from lbopt.optim.variants.single import in_own_precision, single
from lbopt.optim.variants.steps import (
    add_scheduled_decay,
    clip_each_norm,
    clip_each_value,
    decay_first,
    scale_by_joint,
)


def optax_lamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    eps_root: float = 0.0,
    weight_decay: float | Schedule = 0.0,
    mask: Tree = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """optax.lamb: Algorithm 2 as it stands, and `lbopt.optim.lamb` at ``eps_root=0``.

    ``eps_root`` is a second eps, under the root. ``weight_decay`` may be a function of the step.
    ``mask`` says who is decayed, as optax takes it (see `groups.from_tree`); a mask for the ratio
    has to be built there from ``optax.masked``. Bias correction is in the dtype of the weights.
    """
    decayed = both(from_tree("mask", mask), decay_mask)
    return chain(
        scale_by_adam(b1, b2, eps, first=in_own_precision, second=own_precision_plus(eps_root)),
        masked(add_scheduled_decay(weight_decay), decayed),
        masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def optax_lars(
    learning_rate: float | Schedule,
    *,
    weight_decay: float | Schedule = 0.0,
    weight_decay_mask: Tree = True,
    trust_coefficient: float = 0.001,
    eps: float = 0.0,
    trust_ratio_mask: Tree = True,
    momentum: float = 0.9,
    nesterov: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""optax.lars: the norm of the sum, :math:`\eta\|w\| / (\|g + \beta w\| + \epsilon)`.

    The paper has :math:`\|g\| + \beta\|w\|`. Learning rate and ratio are inside the momentum, as in
    the paper. ``weight_decay`` may be a function of the step; its own two masks are taken as optax
    takes them (see `groups.from_tree`).
    """
    check_nesterov(nesterov, momentum)
    decayed = both(from_tree("weight_decay_mask", weight_decay_mask), decay_mask)
    adapted = both(from_tree("trust_ratio_mask", trust_ratio_mask), adapt_mask)
    return chain(
        masked(add_scheduled_decay(weight_decay), decayed),
        masked(with_ratio(plain(eps, trust_coefficient)), adapted),
        scale_by_learning_rate(learning_rate),
        nesterov_trace(momentum) if nesterov else trace(momentum),
    )


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
    At most one of the three clips. Bias correction is in the dtype of the weights, and a float32
    maximum stands in two of the clips whatever that is (in Keras's torch backend).
    """
    given = [c for c in (clipnorm, clipvalue, global_clipnorm) if c is not None]
    if len(given) > 1:
        raise ValueError("only one of clipnorm, clipvalue and global_clipnorm can be set")
    step = chain(
        clip_each_norm(clipnorm, rounded),
        clip_each_value(clipvalue),
        identity() if global_clipnorm is None else keras_clip(global_clipnorm),
        scale_by_adam(beta_1, beta_2, epsilon, first=in_own_precision, second=in_own_precision),
        masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )
    if weight_decay is None or weight_decay == 0:
        return step
    rate, decay = check_learning_rate(learning_rate), float(weight_decay)
    return decay_first(step, lambda t: rate(t) * decay, decay_mask)


def rounded(x: Array) -> Array:
    """Round to float32 and keep the dtype."""
    xp = array_namespace(x)
    return xp.astype(xp.astype(x, xp.float32), x.dtype)


def keras_clip(max_norm: float) -> Link:
    r"""Multiply by :math:`c \min(1 / \|g_{all}\|, 1/c)` in float32."""

    def factor(total: Array) -> Array:
        xp = array_namespace(total)
        most = rounded(xp.full_like(total, 1.0 / max_norm))
        inverse = xp.where(total > 0, rounded(1.0 / or_one(total)), most)
        return rounded(single(max_norm) * xp.minimum(inverse, most))

    return scale_by_joint(factor)


def own_precision_plus(eps_root: float) -> Estimate:
    """Correct bias in the moment's dtype and add an eps that stands under the root."""
    return lambda moment, term, b, t: in_own_precision(moment, term, b, t) + eps_root


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
