"""LARS and LAMB of smaller torch libraries: cybertronai's and bolts' and their descendants."""

from __future__ import annotations

from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain, identity
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import trace
from lbopt.optim.scale import scale_by_learning_rate
from lbopt.optim.variants.groups import adapted_if_decayed, lars_of
from lbopt.optim.variants.moments import (
    momentum_of,
    scale_by_amsgrad,
    scale_by_late_correction,
)
from lbopt.optim.variants.ratios import (
    add_decay_where_both,
    at_most_norm,
    clamped,
    lars_ratio,
    of_raw_moments,
    plain,
    with_ratio,
)
from lbopt.optim.variants.torch_libraries import torch_adam


def torch_optimizer_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    clamp_value: float = 10.0,
    adam: bool = False,
    debias: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""torch_optimizer.Lamb (jettify): no bias correction, weight norm clamped to 10.

    The paper's version 3 had none. ``debias`` corrects the whole step, outside the ratio, as
    DeepSpeed does. ``adam``: ratio 1, that is AdamW (without its correction).
    """
    b1, b2 = betas
    return chain(
        torch_adam(betas, eps, bias_correction=False),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if adam else masked(with_ratio(clamped(None, clamp_value)), adapt_mask),
        scale_by_late_correction(b1, b2) if debias else identity(),
        scale_by_learning_rate(learning_rate),
    )


def cybertronai_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    adam: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """cybertronai/pytorch-lamb: no bias correction, weight norm clamped to 10; copied by many.

    This is its last commit. Release 1.0.0 has no zero rule: there zero weights never move.
    """
    return chain(
        torch_adam(betas, eps, bias_correction=False),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if adam else masked(with_ratio(clamped(None, 10.0)), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def nvidia_dle_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    adam: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """Lamb of NVIDIA's DeepLearningExamples, Transformer-XL: cybertronai's, eps in the ratio."""
    return chain(
        torch_adam(betas, eps, bias_correction=False),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if adam else masked(with_ratio(clamped(None, 10.0, eps)), adapt_mask),
        scale_by_learning_rate(learning_rate),
    )


def flash_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    exclude_from_layer_adaptation: bool = False,
    amsgrad: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """flash.core.optimizers.LAMB: Algorithm 2; AMSGrad's maximum as an option.

    ``exclude_from_layer_adaptation`` is there a flag of a parameter group: ``adapt_mask`` says it
    layer by layer. It is independent of the decay.
    """
    b1, b2 = betas
    ratio = masked(with_ratio(plain()), adapt_mask)
    return chain(
        scale_by_amsgrad(b1, b2, eps) if amsgrad else scale_by_adam(b1, b2, eps),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if exclude_from_layer_adaptation else ratio,
        scale_by_learning_rate(learning_rate),
    )


def bolts_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    trust_coefficient: float = 0.001,
    eps: float = 1e-8,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """pl_bolts.optimizers.LARS: 2017's ratio in torch's SGD, so the rate is outside the momentum.

    Zero rule D: a layer without gradient (or of zero weights) is not decayed. A group without decay
    is not adapted, and nothing switches that on: with the defaults it is plain SGD.
    """
    return chain(
        lars_of(
            lambda decay: lars_ratio(trust_coefficient, decay, eps),
            weight_decay,
            decay_mask,
            adapted_if_decayed(weight_decay, decay_mask, adapt_mask, always=False),
            add=add_decay_where_both,
        ),
        momentum_of(momentum, nesterov, dampening),
        scale_by_learning_rate(learning_rate),
    )


def flash_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    trust_coefficient: float = 0.001,
    eps: float = 1e-8,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """flash.core.optimizers.LARS: `bolts_lars`, word for word."""
    return bolts_lars(
        learning_rate,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
        trust_coefficient=trust_coefficient,
        eps=eps,
        decay_mask=decay_mask,
        adapt_mask=adapt_mask,
    )


def torch_optimizer_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    trust_coefficient: float = 0.01,
    eps: float = 1e-8,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """torch_optimizer.LARS (jettify): `bolts_lars` with a trust coefficient of 0.01.

    Its docstring says 0.001. It refuses a learning rate of 0, also at the start of a schedule.
    """
    return bolts_lars(
        learning_rate,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
        trust_coefficient=trust_coefficient,
        eps=eps,
        decay_mask=decay_mask,
        adapt_mask=adapt_mask,
    )


def bitsandbytes_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    max_unorm: float = 1.0,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""bitsandbytes.optim.LAMB (32 bits): not LAMB, AdamW whose step is shrunk to the weight norm.

    .. math:: w \leftarrow w - \gamma_t\big(\min(1, c\|w\| / \|\tilde r\|)\, r + \lambda w\big)

    r is Adam's direction, :math:`\tilde r` the same from uncorrected moments (the CPU kernel, which
    this is; the CUDA kernel measures r). Small steps are never enlarged, decay is outside, and a
    layer of zero weights has ratio 0: it never moves. Its ``bias_correction``, ``amsgrad`` and
    ``adam_w_mode`` are ignored there, so they are not taken here. It computes in float32 whatever
    the parameters are.
    """
    b1, b2 = betas
    ratio = with_ratio(of_raw_moments(at_most_norm(max_unorm), b1, b2))
    return chain(
        scale_by_adam(b1, b2, eps),
        masked(ratio, adapt_mask) if max_unorm else identity(),
        masked(add_decayed_weights(weight_decay), decay_mask),
        scale_by_learning_rate(learning_rate),
    )


def bitsandbytes_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float,
    weight_decay: float = 0.0,
    max_unorm: float = 0.02,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""bitsandbytes.optim.LARS (32 bits): not LARS, SGD whose step is shrunk to 0.02 times ||w||.

    No trust coefficient, nothing is enlarged, zero weights never move. The CUDA kernel leaves the
    decay of the newest step out of the norm, the CPU kernel (this) does not. ``momentum`` must be
    given and positive, as there; ``dampening`` and ``nesterov`` are ignored there, so they are not
    taken here. Computes in float32.
    """
    if momentum == 0:
        raise ValueError("momentum=0.0 is refused by bitsandbytes: LARS without momentum")
    return chain(
        masked(add_decayed_weights(weight_decay), decay_mask),
        trace(momentum),
        masked(with_ratio(at_most_norm(max_unorm)), adapt_mask) if max_unorm else identity(),
        scale_by_learning_rate(learning_rate),
    )
