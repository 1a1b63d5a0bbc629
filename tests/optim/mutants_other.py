"""Wrong versions of the LAMB paper's LARS and of SGD, in the manner of mutants.py."""

import numpy as np

from lbopt import optim
from lbopt.optim import chain, masked


def lars_2020_parts(b1=0.9, weight_decay=0.0, phi=None, decay_mask=None, adapt_mask=None):
    """The links of lars_2020 before the learning rate, to be put together wrongly."""
    decay = masked(optim.add_decayed_weights(weight_decay), decay_mask)
    return decay, optim.ema(b1), masked(optim.scale_by_trust_ratio(phi), adapt_mask)


def right_lars_2020(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.lars_2020(learning_rate, **hyper)


def gradient_normalised(learning_rate, **hyper):
    """The order of 2017 under the name of 2020: the ratio comes before the momentum."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(decay, ratio, ema, optim.scale_by_learning_rate(learning_rate))


def decay_after_the_ratio(learning_rate, **hyper):
    """Decoupled decay: added when the length is already fixed (keras and kozistr do so in LAMB)."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(ema, ratio, decay, optim.scale_by_learning_rate(learning_rate))


def decay_after_the_momentum(learning_rate, **hyper):
    """Decay is not averaged: LAMB's place for it, not LARS's."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(ema, decay, ratio, optim.scale_by_learning_rate(learning_rate))


def phi_ignored(learning_rate, *, phi=None, **hyper):
    """phi is accepted and ignored (bitsandbytes PR #1998: the same of max_unorm)."""
    return optim.lars_2020(learning_rate, **hyper)


def no_ratio(learning_rate, **hyper):
    """SGD with averaged momentum: the ratio is missing."""
    decay, ema, _ = lars_2020_parts(**hyper)
    return chain(decay, ema, optim.scale_by_learning_rate(learning_rate))


def heavy_ball_for_average(learning_rate, **hyper):
    """m = b1 m + g: the factor cancels in the ratio, and shows where there is none."""
    decay, _, ratio = lars_2020_parts(**hyper)
    ball = optim.trace(hyper.get("b1", 0.9))
    return chain(decay, ball, ratio, optim.scale_by_learning_rate(learning_rate))


def rate_inside_the_average(learning_rate, **hyper):
    """The rate goes into the momentum and the ratio divides it out again: no rate at all."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(decay, optim.scale_by_learning_rate(learning_rate), ema, ratio)


def bounded_ratio(learning_rate, **hyper):
    """The ratio is cut at 10, whatever phi is (DeepSpeed's max_coeff, in LAMB)."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    plain = optim.scale_by_learning_rate(learning_rate)

    def update(u, state, params):
        scaled, state = ratio.update(u, state, params)
        bound = {k: 10 * optim.norm(u[k]) for k in u}
        cut = {
            k: s if optim.norm(s) <= bound[k] else s * (bound[k] / optim.norm(s))
            for k, s in scaled.items()
        }
        return cut, state

    return chain(decay, ema, optim.Link(ratio.init, update), plain)


def no_zero_rule(learning_rate, **hyper):
    """0 / 0: a layer without momentum becomes NaN."""
    decay, ema, _ = lars_2020_parts(**hyper)

    def rule(u, memory, w, step):
        return (u * np.divide(optim.norm(w), optim.norm(u))).astype(u.dtype), memory

    return chain(decay, ema, optim.layerwise(rule), optim.scale_by_learning_rate(learning_rate))


LARS_2020 = [
    gradient_normalised,
    decay_after_the_ratio,
    decay_after_the_momentum,
    phi_ignored,
    no_ratio,
    heavy_ball_for_average,
    rate_inside_the_average,
    bounded_ratio,
    no_zero_rule,
]


def right_sgd(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.sgd(learning_rate, **hyper)


def sgd_parts(momentum=0.0, nesterov=False, weight_decay=0.0, decay_mask=None):
    """The links of sgd before the learning rate, to be put together wrongly."""
    decay = masked(optim.add_decayed_weights(weight_decay), decay_mask)
    return decay, (optim.nesterov_trace if nesterov else optim.trace)(momentum)


def sgd_rate_inside_the_momentum(learning_rate, **hyper):
    """Right for LARS, wrong here: with a schedule the buffer keeps old learning rates."""
    decay, trace = sgd_parts(**hyper)
    return chain(decay, optim.scale_by_learning_rate(learning_rate), trace)


def sgd_decay_outside_the_momentum(learning_rate, **hyper):
    """Decoupled decay (SGDW), where an L2 penalty was asked for."""
    decay, trace = sgd_parts(**hyper)
    return chain(trace, decay, optim.scale_by_learning_rate(learning_rate))


def sgd_dampened(learning_rate, **hyper):
    """The momentum is an average: steps are 1 - m times too short."""
    decay, _ = sgd_parts(**hyper)
    ema = optim.ema(hyper.get("momentum", 0.0))
    return chain(decay, ema, optim.scale_by_learning_rate(learning_rate))


def sgd_nesterov_ignored(learning_rate, *, nesterov=False, **hyper):
    """nesterov=True is accepted and ignored (bitsandbytes PR #2085)."""
    return optim.sgd(learning_rate, **hyper)


def sgd_decay_mask_ignored(learning_rate, *, decay_mask=None, **hyper):
    """Norms and biases are decayed after all (huggingface/transformers#4360)."""
    return optim.sgd(learning_rate, **hyper)


def sgd_ascent(learning_rate, **hyper):
    """The sign of the update is lost."""
    return chain(optim.sgd(learning_rate, **hyper), optim.scale(-1.0))


def sgd_clips_by_default(learning_rate, **hyper):
    """Gradients are clipped though nobody asked (timm's Lamb: max_grad_norm=1.0 by default)."""
    return chain(optim.clip_by_global_norm(1.0), optim.sgd(learning_rate, **hyper))


def sgd_clips_each_layer(learning_rate, **hyper):
    """And layer by layer, so that cutting a layer in two changes the result."""

    def rule(u, memory, w, step):
        return u / max(1.0, optim.norm(u)), memory

    return chain(optim.layerwise(rule), optim.sgd(learning_rate, **hyper))


SGD = [
    sgd_rate_inside_the_momentum,
    sgd_decay_outside_the_momentum,
    sgd_dampened,
    sgd_nesterov_ignored,
    sgd_decay_mask_ignored,
    sgd_ascent,
    sgd_clips_by_default,
    sgd_clips_each_layer,
]
