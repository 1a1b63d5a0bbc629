"""LARS and LAMB of MXNet and Paddle."""

from __future__ import annotations

from collections.abc import Sequence

from lbopt.backend import Array
from lbopt.optim.adam import scale_by_adam, uncorrected
from lbopt.optim.checks import Schedule, check_learning_rate
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import trace
from lbopt.optim.scale import scale, scale_by_learning_rate
from lbopt.optim.variants.groups import (
    adapted_if_decayed,
    both,
    four_kinds,
    lars_of,
    not_containing,
)
from lbopt.optim.variants.moments import rescaled_trace
from lbopt.optim.variants.ratios import clamped, lars_ratio, plain, with_ratio
from lbopt.optim.variants.single import (
    by_running_product,
    in_own_precision,
    in_single,
    single,
    single_beta,
)
from lbopt.optim.variants.steps import clip_each_value


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
    none. All numbers are float32, whatever the weights are. ``decay_mask`` stands for
    ``set_wd_mult``. A schedule there sees the step 1, 2, 3, ...
    """
    b1, b2 = single_beta("beta1", beta1), single_beta("beta2", beta2)
    hat = in_own_precision if bias_correction else uncorrected
    phi = clamped(single_or_none(lower_bound), single_or_none(upper_bound))
    return chain(
        scale(single(rescale_grad)),
        clip_each_value(single_or_none(clip_gradient)),
        scale_by_adam(b1, b2, single(epsilon), first=hat, second=hat),
        masked(add_decayed_weights(single(wd)), decay_mask),
        masked(with_ratio(phi), adapt_mask),
        scale_by_learning_rate(in_single(learning_rate)),
    )


def single_or_none(value: float | None) -> float | None:
    """Round a bound to float32; 0 and None are no bound."""
    return single(value) if value else None


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
    sees the step 1, 2, 3, ... It computes in float32.
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
    the opposite). Betas, epsilon and decay are float32, whatever the weights are; the powers of the
    betas are products in the dtype of the weights, and their first factor is not rounded.
    """
    b1, b2 = single_beta("beta1", beta1), single_beta("beta2", beta2)
    first, second = by_running_product(beta1), by_running_product(beta2)
    return chain(
        scale_by_adam(b1, b2, single(epsilon), first=first, second=second),
        masked(add_decayed_weights(single(lamb_weight_decay)), decay_mask),
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
    ``exclude_from_weight_decay``: parts of names. All numbers but the learning rate are float32,
    whatever the weights are.
    """
    keep = both(not_containing(exclude_from_weight_decay), decay_mask)
    return chain(
        scale(single(rescale_grad)),
        lars_of(
            lambda decay: lars_ratio(single(lars_coeff), decay, single(epsilon)),
            single(lars_weight_decay),
            keep,
            adapted_if_decayed(lars_weight_decay, keep, adapt_mask, always=False),
        ),
        scale_by_learning_rate(learning_rate),
        trace(single_beta("momentum", momentum)),
    )
