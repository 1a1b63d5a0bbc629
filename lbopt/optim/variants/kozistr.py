"""LARS and LAMB of pytorch_optimizer (kozistr)."""

from __future__ import annotations

from lbopt.optim.checks import Schedule, check_learning_rate
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain, identity
from lbopt.optim.masks import Mask, masked, weights_only
from lbopt.optim.momentum import nesterov_trace, trace
from lbopt.optim.scale import scale, scale_by_learning_rate
from lbopt.optim.variants.groups import both, lars_of
from lbopt.optim.variants.kozistr_moments import Moments, rectified_lamb, scale_by_raw_moments
from lbopt.optim.variants.moments import (
    damped_trace,
    nesterov_damped_trace,
    scale_by_late_correction,
)
from lbopt.optim.variants.ratios import clamped, literal_lars_ratio, with_ratio
from lbopt.optim.variants.steps import clip_by_global_norm_plus, decay_first


def kozistr_lamb(
    learning_rate: float | Schedule,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    weight_decay: float = 0.0,
    weight_decouple: bool = True,
    fixed_decay: bool = False,
    rectify: bool = False,
    degenerated_to_sgd: bool = False,
    n_sma_threshold: int = 5,
    grad_averaging: bool = True,
    max_grad_norm: float = 1.0,
    adam: bool = False,
    pre_norm: bool = False,
    eps: float = 1e-6,
    maximize: bool = False,
    adam_debias: bool = False,
    adanorm: bool = False,
    adanorm_r: float = 0.95,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""pytorch_optimizer.Lamb: the first steps are ten times as long as anybody else's.

    .. math:: w \leftarrow w' - \frac{\gamma_t}{1 - \beta_1^t}
              \frac{\min(\|w'\|, 10)}{\|r\| + \epsilon}\,r, \quad w' = (1 - \gamma_t\lambda) w

    with r from raw moments: the second moment is never corrected, the first one outside the ratio
    (``adam_debias=True`` drops that factor). Decay is outside the ratio unless
    ``weight_decouple=False``; ``fixed_decay``: :math:`w' = (1 - \lambda) w`. ``pre_norm`` clips to
    ``max_grad_norm`` (0: not), which does nothing without it; that norm is kept in float32 there.
    ``rectify`` is RAdam's, with another ratio (see `kozistr_moments.rectified_lamb`), ``adanorm``
    lengthens short gradients in m alone.
    """
    check_options(weight_decay, weight_decouple, rectify, degenerated_to_sgd, n_sma_threshold)
    if adanorm_r != 0.95 and not adanorm:
        raise ValueError(f"adanorm_r={adanorm_r!r} does nothing without adanorm=True")
    if fixed_decay and not weight_decouple:
        raise ValueError("fixed_decay=True does nothing with weight_decouple=False")
    if max_grad_norm != 1.0 and not pre_norm:
        raise ValueError(f"max_grad_norm={max_grad_norm!r} does nothing without pre_norm=True")
    rate, decay = check_learning_rate(learning_rate), float(weight_decay)
    moments = Moments(
        (betas[0], betas[1]), eps, grad_averaging, float(adanorm_r) if adanorm else None
    )

    def rectified(adapt: bool) -> Link:
        return rectified_lamb(
            moments, rate, n_sma_threshold, degenerated_to_sgd, not adam_debias, adapt and not adam
        )

    body = (
        scale_by_raw_moments(moments),
        identity() if weight_decouple else masked(add_decayed_weights(decay), decay_mask),
        identity() if adam else masked(with_ratio(clamped(None, 10.0, eps)), adapt_mask),
        identity() if adam_debias else scale_by_late_correction(betas[0], None),
        scale_by_learning_rate(learning_rate),
    )
    step = chain(
        scale(-1.0) if maximize else identity(),
        clip_by_global_norm_plus(max_grad_norm, eps) if pre_norm and max_grad_norm else identity(),
        *((masked(rectified(True), adapt_mask, rectified(False)),) if rectify else body),
    )
    if not weight_decouple or weight_decay == 0:
        return step
    return decay_first(step, lambda t: decay if fixed_decay else rate(t) * decay, decay_mask)


def check_options(
    weight_decay: float, weight_decouple: bool, rectify: bool, to_sgd: bool, threshold: int
) -> None:
    """Refuse what the library would ignore."""
    if not rectify:
        if to_sgd or threshold != 5:
            raise ValueError(
                f"degenerated_to_sgd={to_sgd!r} and n_sma_threshold={threshold!r} do nothing "
                "without rectify=True"
            )
    elif weight_decay != 0 and not weight_decouple:
        raise ValueError("weight_decay does nothing with rectify=True and weight_decouple=False")


def kozistr_lars(
    learning_rate: float | Schedule,
    *,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
    dampening: float = 0.0,
    trust_coefficient: float = 1e-3,
    nesterov: bool = False,
    maximize: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""pytorch_optimizer.LARS: 2017's ratio for matrices, the rate outside the momentum.

    Arrays of fewer than two axes are stepped by plain SGD, without ratio and decay, whatever the
    masks. Zero rule Z, ours. The buffer starts at zero, so that dampening hits the first step too;
    with ``nesterov`` it is allowed. It overwrites ``p.grad``.
    """
    if momentum == 0 and (nesterov or dampening != 0):
        raise ValueError("nesterov and dampening need momentum > 0; they do nothing without")
    if momentum == 0:
        ball = identity()
    elif dampening == 0:
        ball = nesterov_trace(momentum) if nesterov else trace(momentum)
    elif nesterov:
        ball = nesterov_damped_trace(momentum, dampening)
    else:
        ball = damped_trace(momentum, dampening, spared=0)
    return chain(
        scale(-1.0) if maximize else identity(),
        lars_of(
            lambda decay: literal_lars_ratio(trust_coefficient, decay),
            weight_decay,
            both(weights_only, decay_mask),
            both(weights_only, adapt_mask),
        ),
        ball,
        scale_by_learning_rate(learning_rate),
    )
