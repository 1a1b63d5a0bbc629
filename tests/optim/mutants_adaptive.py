"""Wrong Adam, Adagrad, N-LAMB and NN-LAMB, in the manner of lbopt.conformance.museum."""

import numpy as np

from lbopt import optim
from lbopt.conformance.museum.adamw import parts
from lbopt.conformance.museum.lamb import build
from lbopt.optim import chain, masked
from lbopt.optim.adam import look_ahead, scale_by_adam


def right_adam(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.adam(learning_rate, **hyper)


def adam_as_adamw(learning_rate, **hyper):
    """Decoupled where an L2 penalty was asked for."""
    return optim.adamw(learning_rate, **{"weight_decay": 0.0} | hyper)


def adam_no_correction(learning_rate, **hyper):
    """The moments are taken as they are."""
    adam, decay = parts(hyper | {"bias_correction": False})
    return chain(decay, adam, optim.scale_by_learning_rate(learning_rate))


def adam_betas_swapped(learning_rate, **hyper):
    """b1 for v and b2 for m."""
    adam, decay = parts(hyper, swapped=True)
    return chain(decay, adam, optim.scale_by_learning_rate(learning_rate))


def adam_not_squared(learning_rate, **hyper):
    """v averages |g|."""
    adam, decay = parts(hyper, square=np.abs)
    return chain(decay, adam, optim.scale_by_learning_rate(learning_rate))


def adam_layer_mean_of_v(learning_rate, **hyper):
    """v is averaged over the layer (Novograd's idea)."""
    adam, decay = parts(hyper, square=lambda g: np.full_like(g, np.mean(g * g)))
    return chain(decay, adam, optim.scale_by_learning_rate(learning_rate))


def adam_no_zero_rule(learning_rate, **hyper):
    """0 / 0 where eps = 0 and nothing ever came: NaN."""
    spoil = optim.layerwise(lambda u, memory, w, step: (u + 0 * np.divide(u, u), memory))
    return chain(spoil, optim.adam(learning_rate, **hyper))


def adam_decay_ignored(learning_rate, *, weight_decay=0.0, decay_mask=None, **hyper):
    """weight_decay is accepted and ignored."""
    return optim.adam(learning_rate, **hyper)


ADAM = [
    adam_as_adamw, adam_no_correction, adam_betas_swapped, adam_not_squared, adam_layer_mean_of_v,
    adam_no_zero_rule, adam_decay_ignored,
]  # fmt: skip


def right_adagrad(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.adagrad(learning_rate, **hyper)


def wrong_adagrad(learning_rate, step_of, keep=1.0, start=0.0, **hyper):
    h = {"eps": 1e-10, "weight_decay": 0.0, "decay_mask": None} | hyper

    def rule(g, memory, w, step):
        v = keep * memory["sum"] + g * g
        return step_of(g, v, h["eps"], memory["sum"]).astype(w.dtype), {"sum": v}

    return chain(
        masked(optim.add_decayed_weights(h["weight_decay"]), h["decay_mask"]),
        optim.layerwise(rule, lambda w: {"sum": np.full(w.shape, start, w.dtype)}),
        optim.scale_by_learning_rate(learning_rate),
    )


def or_zero(top, bottom):
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def adagrad_eps_inside(learning_rate, **hyper):
    """sqrt(v + eps): optax's form, with 1e-7."""
    return wrong_adagrad(learning_rate, lambda g, v, e, old: or_zero(g, np.sqrt(v + e)), **hyper)


def adagrad_starts_at_a_tenth(learning_rate, **hyper):
    """v starts at 0.1: TensorFlow's and optax's initial_accumulator_value."""
    return wrong_adagrad(
        learning_rate, lambda g, v, e, old: or_zero(g, np.sqrt(v) + e), start=0.1, **hyper
    )


def adagrad_forgets(learning_rate, **hyper):
    """v is an average: RMSProp."""
    return wrong_adagrad(
        learning_rate, lambda g, v, e, old: or_zero(g, np.sqrt(v) + e), keep=0.9, **hyper
    )


def adagrad_sees_the_past_alone(learning_rate, **hyper):
    """The newest gradient is added after its step."""
    return wrong_adagrad(learning_rate, lambda g, v, e, old: or_zero(g, np.sqrt(old) + e), **hyper)


def adagrad_decay_ignored(learning_rate, *, weight_decay=0.0, **hyper):
    """weight_decay is accepted and ignored."""
    return optim.adagrad(learning_rate, **hyper)


def adagrad_no_zero_rule(learning_rate, **hyper):
    """0 / 0 where eps = 0 and nothing ever came: NaN."""
    return wrong_adagrad(learning_rate, lambda g, v, e, old: np.divide(g, np.sqrt(v) + e), **hyper)


ADAGRAD = [
    adagrad_eps_inside, adagrad_starts_at_a_tenth, adagrad_forgets, adagrad_sees_the_past_alone,
    adagrad_decay_ignored, adagrad_no_zero_rule,
]  # fmt: skip


def nesterov_lamb(learning_rate, first, second=None, b1=0.9, b2=0.999, eps=1e-6, **hyper):
    moments = {"first": first} | ({} if second is None else {"second": second})
    adam = scale_by_adam(b1, b2, eps, **moments)
    return build(learning_rate, adam=adam, **hyper)


def right_nlamb(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.nlamb(learning_rate, **hyper)


def right_nnlamb(learning_rate, **hyper):
    """The right one, to see that no law kills it."""
    return optim.nnlamb(learning_rate, **hyper)


def nlamb_is_lamb(learning_rate, **hyper):
    """The look-ahead is missing."""
    return optim.lamb(learning_rate, **hyper)


def nlamb_one_step_late(learning_rate, **hyper):
    """Both corrections with t: the moment that is looked ahead to has seen one step more."""

    def late(m, g, b, t):
        return (b * m + (1 - b) * g) / (1 - b**t)

    return nesterov_lamb(learning_rate, late, **hyper)


def nlamb_newest_gradient_alone(learning_rate, **hyper):
    """m is dropped from the look-ahead."""
    return nesterov_lamb(learning_rate, lambda m, g, b, t: g, **hyper)


def nlamb_raw(learning_rate, **hyper):
    """Neither term is corrected, so that b1 = 0 is right and nothing else."""
    return nesterov_lamb(learning_rate, lambda m, g, b, t: b * m + (1 - b) * g, **hyper)


def nlamb_twice_the_gradient(learning_rate, **hyper):
    """The factor 1 - b1 of the newest gradient is forgotten: wrong with b1 = 0 no less."""

    def wrong(m, g, b, t):
        return b * m / (1 - b ** (t + 1)) + g / (1 - b**t) + m

    return nesterov_lamb(learning_rate, wrong, **hyper)


NLAMB = [
    nlamb_is_lamb, nlamb_one_step_late, nlamb_newest_gradient_alone, nlamb_raw,
    nlamb_twice_the_gradient, optim.nnlamb,
]  # fmt: skip


def nnlamb_raw_v(learning_rate, **hyper):
    """v looks ahead without its correction."""
    return nesterov_lamb(learning_rate, look_ahead, lambda v, s, b, t: b * v + (1 - b) * s, **hyper)


def nnlamb_v_alone(learning_rate, **hyper):
    """The look-ahead in v and not in m, LAMB's m."""
    return nesterov_lamb(learning_rate, lambda m, g, b, t: m / (1 - b**t), look_ahead, **hyper)


def nnlamb_v_not_squared(learning_rate, **hyper):
    """The newest term of v is |g|."""

    def wrong(v, s, b, t):
        return look_ahead(v, np.sqrt(s), b, t)

    return nesterov_lamb(learning_rate, look_ahead, wrong, **hyper)


NNLAMB = [nnlamb_raw_v, nnlamb_v_alone, nnlamb_v_not_squared, optim.nlamb]
