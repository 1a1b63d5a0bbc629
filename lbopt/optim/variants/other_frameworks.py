"""LARS and LAMB of tinygrad, MXNet, Paddle and Chainer."""

from __future__ import annotations

from collections.abc import Sequence

from lbopt.backend import Array
from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule, check_learning_rate
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain, identity, layerwise
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import number_for, scale, scale_by_learning_rate
from lbopt.optim.variants.groups import (
    adapted_if_decayed,
    both,
    four_kinds,
    lars_of,
    not_containing,
)
from lbopt.optim.variants.moments import estimate, rescaled_trace
from lbopt.optim.variants.ratios import (
    clamped,
    lars_ratio,
    plain,
    thresholded_lars_ratio,
    with_ratio,
)
from lbopt.optim.variants.steps import clip_each_value


def tinygrad_lamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    adam: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """tinygrad.nn.optim.LAMB: Algorithm 2; ``adam``: ratio 1, AdamW.

    Learning rate and powers of beta are float32 there. With ``fused=True`` all layers become one
    buffer with one ratio, which is another algorithm and not offered here.
    """
    return chain(
        scale_by_adam(b1, b2, eps),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if adam else masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def tinygrad_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    nesterov: bool = False,
    classic: bool = True,
    pre_wd: bool = True,
    tcoef: float = 0.001,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""tinygrad.nn.optim.LARS: 2017's Algorithm 1, with zero rule A.

    ``classic=False``: momentum of the bare gradient, then the ratio (still that of the newest
    gradient) and the learning rate. ``pre_wd=False``: decay :math:`\gamma_t\beta w` at the end
    (Muon's), though the ratio's denominator keeps it. ``tcoef=0``: no ratio, SGD.
    """
    check_nesterov(nesterov, momentum)
    schedule = check_learning_rate(learning_rate)
    ball = nesterov_trace(momentum) if nesterov else trace(momentum)
    rate = scale_by_learning_rate(learning_rate)

    def kind(decay: float, adapted: bool) -> Link:
        start = add_decayed_weights(decay) if pre_wd else identity()
        body = start if classic else chain(start, ball)
        if adapted and tcoef != 0:
            body = with_ratio(lars_ratio(tcoef, decay), body)
        step = chain(body, rate, ball) if classic else chain(body, rate)
        if pre_wd or decay == 0:
            return step
        late = layerwise(
            lambda u, memory, w, t: (u - w * (number_for(u, schedule(t)) * decay), memory)
        )
        return chain(step, late)

    return four_kinds(kind, weight_decay, decay_mask, adapt_mask)


def mxnet_lamb(
    learning_rate: float | Schedule,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
    bias_correction: bool = True,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""mxnet.optimizer.LAMB (1.9.1): Algorithm 2 with :math:`\phi` a clamp to the two bounds.

    A ``lower_bound`` holds for zero weights as well, which then have no ratio of 1; 0 counts as
    none. Moments are float32 there. ``decay_mask`` stands for ``set_wd_mult``. A schedule there
    sees the step 1, 2, 3, ...
    """
    return chain(
        scale(rescale_grad),
        clip_each_value(clip_gradient),
        scale_by_adam(
            beta1,
            beta2,
            epsilon,
            first=estimate(bias_correction),
            second=estimate(bias_correction),
        ),
        masked(add_decayed_weights(wd), decay_mask),
        masked(with_ratio(clamped(lower_bound or None, upper_bound or None)), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def no_gamma_beta_bias(name: str, array: Array) -> bool:
    """Keep the layers whose name does not end in gamma, beta or bias."""
    return not name.endswith(("gamma", "beta", "bias"))


def mxnet_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    eta: float = 0.001,
    eps: float = 0.0,
    momentum_correction: bool = True,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""mxnet.optimizer.LARS (1.9.1): 2017's, with zero rule A and momentum correction.

    The correction multiplies the momentum by :math:`\gamma_t / \gamma_{t-1}`, which takes the
    learning rate out of the buffer again; without it, Algorithm 1. (Its updater hands layers over
    in fours, and from the fifth on the correction is lost; here all layers have it.) Names that
    end in gamma, beta or bias have no ratio, whatever ``adapt_mask``. ``clip_gradient`` clips
    entries after the ratio is taken. ``decay_mask`` stands for ``set_wd_mult``. A schedule there
    sees the step 1, 2, 3, ...
    """
    clip = clip_each_value(clip_gradient)

    def kind(decay: float, adapted: bool) -> Link:
        body = chain(clip, add_decayed_weights(decay))
        return with_ratio(lars_ratio(eta, decay, eps), body) if adapted else body

    if momentum == 0 or not momentum_correction:
        ball = trace(momentum)
    else:
        ball = rescaled_trace(momentum, check_learning_rate(learning_rate))
    return chain(
        scale(rescale_grad),
        four_kinds(kind, wd, decay_mask, both(no_gamma_beta_bias, adapt_mask)),
        scale_by_learning_rate(learning_rate),
        ball,
    )


def paddle_lamb(
    learning_rate: float | Schedule,
    *,
    lamb_weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    always_adapt: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """paddle.optimizer.Lamb: Algorithm 2, but a layer without decay is not adapted.

    Unless ``always_adapt``. ``decay_mask`` stands for ``exclude_from_weight_decay_fn`` (and says
    the opposite). Numbers are float32 there, also for float64 parameters.
    """
    return chain(
        scale_by_adam(beta1, beta2, epsilon),
        masked(add_decayed_weights(lamb_weight_decay), decay_mask),
        masked(
            with_ratio(plain()),
            adapted_if_decayed(lamb_weight_decay, decay_mask, adapt_mask, always_adapt),
        ),
        scale_by_learning_rate(learning_rate),
    )


def paddle_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float,
    lars_coeff: float = 0.001,
    lars_weight_decay: float = 0.0005,
    exclude_from_weight_decay: Sequence[str] | None = None,
    epsilon: float = 0.0,
    rescale_grad: float = 1.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """paddle.incubate.optimizer.LarsMomentumOptimizer: 2017's, adapted where there is decay.

    Zero rule A. Its documentation adds epsilon to the gradient, its kernel to the denominator.
    ``exclude_from_weight_decay``: parts of names. Numbers are float32 there.
    """
    keep = both(not_containing(exclude_from_weight_decay), decay_mask)
    return chain(
        scale(rescale_grad),
        lars_of(
            lambda decay: lars_ratio(lars_coeff, decay, epsilon),
            lars_weight_decay,
            keep,
            adapted_if_decayed(lars_weight_decay, keep, adapt_mask, always=False),
        ),
        scale_by_learning_rate(learning_rate),
        trace(momentum),
    )


def chainer_lars(
    learning_rate: float | Schedule,
    *,
    threshold: float = 1e-2,
    weight_decay: float = 0.0,
    eps: float = 1e-9,
    momentum: float = 0.9,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""chainer.optimizer_hooks.GradientLARS in MomentumSGD (whose keyword is ``momentum``).

    There is no trust coefficient: the learning rate stands for :math:`\gamma_t\eta`, so layers that
    are not adapted see that small rate too. Zero rule P: ratio 1 for weight norms up to
    ``threshold``, whatever the gradient. The rate is inside the momentum, as in the paper.
    """
    return chain(
        lars_of(
            lambda decay: thresholded_lars_ratio(threshold, decay, eps),
            weight_decay,
            decay_mask,
            adapt_mask,
        ),
        scale_by_learning_rate(learning_rate),
        trace(momentum),
    )
