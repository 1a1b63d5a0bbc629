"""LARS and LAMB of timm, NVIDIA apex and DeepSpeed."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule, check_learning_rate, check_number
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain, identity
from lbopt.optim.masks import Mask, masked
from lbopt.optim.scale import scale, scale_by_learning_rate
from lbopt.optim.variants.groups import adapted_if_decayed, lars_of
from lbopt.optim.variants.moments import (
    cautious,
    estimate,
    momentum_of,
    scale_by_late_correction,
)
from lbopt.optim.variants.ratios import (
    Ratio,
    add_decay_where_both,
    at_most,
    but_one_at_zero,
    lars_ratio,
    per_rate,
    plain,
    with_ratio,
)
from lbopt.optim.variants.single import is_single, single
from lbopt.optim.variants.steps import clip_by_global_norm_plus, clip_if, decay_first


def torch_adam(
    betas: tuple[float, float],
    eps: float,
    bias_correction: bool,
    grad_averaging: bool = True,
    inside: float = 0.0,
) -> Link:
    """Adam's direction in torch's words; without ``grad_averaging`` m gets g, not (1 - b1) g."""
    b1, b2 = betas
    adam = scale_by_adam(
        b1, b2, eps, first=estimate(bias_correction), second=estimate(bias_correction, inside)
    )
    return adam if grad_averaging else chain(adam, scale(1 / (1 - b1)))  # r is linear in m


def timm_lamb(
    learning_rate: float | Schedule,
    *,
    bias_correction: bool = True,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.01,
    grad_averaging: bool = True,
    max_grad_norm: float | None = 1.0,
    trust_clip: bool = False,
    always_adapt: bool = False,
    caution: bool = False,
    decoupled_decay: bool = False,
    corrected_weight_decay: bool = False,
    max_lr: float | None = None,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""timm.optim.Lamb: Algorithm 2 behind a clip that is on by default, no ratio without decay.

    Gradients of all layers are first clipped to a joint norm of ``max_grad_norm``. A group without
    decay (``weight_decay=0``, or outside ``decay_mask``) is stepped as AdamW unless
    ``always_adapt``. ``trust_clip`` is LAMBC. ``decoupled_decay`` is Keras's form, with
    :math:`\gamma_t\lambda`, or ``corrected_weight_decay``: :math:`\gamma_t^2\lambda /
    \gamma_{max}`; timm takes ``max_lr`` to be the rate the optimizer was constructed with, here it
    is a keyword, which a schedule needs.
    """
    b1, b2 = betas
    adam = torch_adam((b1, b2), eps, bias_correction, grad_averaging)
    ratio = plain() if not trust_clip else at_most(1.0, plain())
    step = chain(
        clip_if(max_grad_norm),
        cautious(adam) if caution else adam,
        identity() if decoupled_decay else masked(add_decayed_weights(weight_decay), decay_mask),
        masked(
            with_ratio(ratio),
            adapted_if_decayed(weight_decay, decay_mask, adapt_mask, always_adapt),
        ),
        scale_by_learning_rate(learning_rate),
    )
    if not decoupled_decay:
        if corrected_weight_decay:
            raise ValueError("corrected_weight_decay=True does nothing without decoupled_decay")
        return step
    rate, decay = check_learning_rate(learning_rate), float(weight_decay)
    if not corrected_weight_decay:
        if max_lr is not None:
            raise ValueError("max_lr does nothing without corrected_weight_decay=True")
        return decay_first(step, lambda t: rate(t) * decay, decay_mask)
    if max_lr is None and not callable(learning_rate):
        max_lr = learning_rate
    peak = check_number("max_lr", max_lr, 0, above=True)
    return decay_first(step, lambda t: rate(t) * rate(t) * (decay / peak), decay_mask)


def timm_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    trust_coeff: float = 0.001,
    eps: float = 1e-8,
    trust_clip: bool = False,
    always_adapt: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""timm.optim.Lars: 2017's ratio in torch's SGD, so the learning rate is outside the momentum.

    With a schedule this is not the paper's algorithm; at a constant rate it is. Zero rule A. With
    its defaults (no decay) nothing is adapted: plain SGD. ``trust_clip`` is LARC's
    :math:`\min(\lambda / \gamma_t, 1)`.
    """
    schedule = check_learning_rate(learning_rate)

    def ratio(decay: float) -> Ratio:
        base = lars_ratio(trust_coeff, decay, eps)
        return per_rate(base, schedule) if trust_clip else base

    adapted = adapted_if_decayed(weight_decay, decay_mask, adapt_mask, always_adapt)
    return chain(
        lars_of(ratio, weight_decay, decay_mask, adapted),
        momentum_of(momentum, nesterov, dampening),
        scale_by_learning_rate(learning_rate),
    )


def apex_fused_lamb(
    learning_rate: float | Schedule,
    *,
    bias_correction: bool = True,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-6,
    weight_decay: float = 0.01,
    adam_w_mode: bool = True,
    grad_averaging: bool = True,
    max_grad_norm: float = 1.0,
    use_nvlamb: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """apex.optimizers.FusedLAMB: model of `timm_lamb`; ``adam_w_mode=False`` is an L2 penalty.

    The penalty is added to the clipped gradient and goes through both moments. ``use_nvlamb``
    adapts groups without decay too. It takes float32 and float16 alone, and float32 numbers: so do
    float32 layers here, float64 ones take them as they are. It overwrites ``p.grad`` with the
    update; ``max_grad_norm=0`` would zero every gradient, here it is refused.
    """

    def directions(number: Callable[[float], float]) -> Link:
        b1, b2 = map(number, betas)
        adam = torch_adam((b1, b2), number(eps), bias_correction, grad_averaging)
        decay = masked(add_decayed_weights(number(weight_decay)), decay_mask)
        return chain(adam, decay) if adam_w_mode else chain(decay, adam)

    return chain(
        clip_if(max_grad_norm),
        masked(directions(single), is_single, otherwise=directions(float)),
        masked(
            with_ratio(plain()),
            adapted_if_decayed(weight_decay, decay_mask, adapt_mask, use_nvlamb),
        ),
        scale_by_learning_rate(learning_rate),
    )


def apex_larc(
    learning_rate: float | Schedule,
    *,
    trust_coefficient: float = 0.02,
    clip: bool = True,
    eps: float = 1e-8,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""apex.parallel.LARC around torch.optim.SGD (whose keywords are the last four).

    With ``clip`` the rate of a layer is :math:`\min(\lambda^l, \gamma_t)` and not their product:
    the learning rate is an upper bound. Without it, 2017's ratio, the rate outside the momentum.
    Zero rule D: a layer without gradient, or of zero weights, is not decayed.
    """
    schedule = check_learning_rate(learning_rate)

    def ratio(decay: float) -> Ratio:
        base = lars_ratio(trust_coefficient, decay, eps)
        return but_one_at_zero(per_rate(base, schedule)) if clip else base

    return chain(
        lars_of(ratio, weight_decay, decay_mask, adapt_mask, add=add_decay_where_both),
        momentum_of(momentum, nesterov, dampening),
        scale_by_learning_rate(learning_rate),
    )


def deepspeed_fused_lamb(
    learning_rate: float | Schedule,
    *,
    bias_correction: bool = True,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside_sqrt: bool = False,
    weight_decay: float = 0.0,
    max_grad_norm: float = 0.0,
    max_coeff: float = 10.0,
    min_coeff: float = 0.01,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""deepspeed.ops.lamb.FusedLamb: raw moments in the ratio, bias correction on the whole step.

    The step is :math:`\gamma_t\frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}` times a ratio clipped to
    [min_coeff, max_coeff]; in the paper the correction is inside and the ratio forgets most of it.
    ``max_grad_norm=0`` is off; the norm must be handed to its ``step`` there, here it is taken of
    all gradients. Its numbers are float32: so they are for float32 layers here, for float64 ones
    they are what you write.
    """
    ratio = at_most(max_coeff, plain(), at_least=min_coeff)

    def steps(number: Callable[[float], float]) -> Link:
        b1, b2 = map(number, betas)
        outside, inside = (0.0, number(eps)) if eps_inside_sqrt else (number(eps), 0.0)
        return chain(
            torch_adam((b1, b2), outside, False, True, inside),
            masked(add_decayed_weights(number(weight_decay)), decay_mask),
            masked(with_ratio(but_one_at_zero(ratio)), adapt_mask),
            scale_by_late_correction(b1, b2) if bias_correction else identity(),
        )

    return chain(
        clip_by_global_norm_plus(max_grad_norm, 1e-6) if max_grad_norm else identity(),
        masked(steps(single), is_single, otherwise=steps(float)),
        scale_by_learning_rate(learning_rate),
    )
