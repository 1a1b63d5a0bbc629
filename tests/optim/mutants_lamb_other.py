"""LAMBs that are wrong in clips, zero rules, dtypes, masks, order, memory; see mutants_lamb.py."""

import numpy as np

from lbopt import optim
from lbopt.optim import chain
from tests.optim.mutants_lamb import build, direction, ratio_of


def clips_by_default(learning_rate, **hyper):
    """The gradient is clipped though nobody asked (timm, apex: max_grad_norm=1; NVIDIA/apex#855).

    Only eps feels it: Adam forgets the scale of a constant factor, not of a varying one.
    """
    return chain(optim.clip_by_global_norm(1.0), optim.lamb(learning_rate, **hyper))


def no_decay_no_ratio(learning_rate, **hyper):
    """weight_decay=0 switches the adaptation off: timm, apex FusedLAMB, Paddle."""
    order = "adam decay ratio rate" if hyper.get("weight_decay") else "adam rate"
    return build(learning_rate, order, **hyper)


def zero_weights_frozen(learning_rate, **hyper):
    """Ratio 0 for zero weights, which then never move (bitsandbytes)."""
    frozen = ratio_of(lambda W, U, u, w: W / U if U > 0 else 1.0)
    return build(learning_rate, ratio=frozen, **hyper)


def zero_gradient_frozen(learning_rate, **hyper):
    """A layer without gradient is left alone, though its decay is not zero."""
    opt = build(learning_rate, **hyper)

    def update(grads, state, params):
        u, state = opt.update(grads, state, params)
        return {k: a * grads[k].any() for k, a in u.items()}, state

    return optim.Link(opt.init, update)


def no_zero_rule(learning_rate, **hyper):
    """0 / 0: a layer without update becomes NaN."""
    return build(learning_rate, ratio=ratio_of(lambda W, U, u, w: np.divide(W, U)), **hyper)


def masks_swapped(learning_rate, *, decay_mask=None, adapt_mask=None, **hyper):
    """Each mask does the other's work; both are usually the same one, so nobody sees it."""
    return optim.lamb(learning_rate, decay_mask=adapt_mask, adapt_mask=decay_mask, **hyper)


def one_mask_for_both(learning_rate, *, decay_mask=None, adapt_mask=None, **hyper):
    """Layers without decay lose their ratio too: tf-models, timm, apex, Paddle."""
    return optim.lamb(learning_rate, decay_mask=decay_mask, adapt_mask=decay_mask, **hyper)


def rate_before_the_ratio(learning_rate, **hyper):
    """The ratio divides the learning rate out again: no rate at all."""
    return chain(build(learning_rate, "adam decay rate ratio", **hyper))


def ascent(learning_rate, **hyper):
    """The sign of the update is lost."""
    return chain(optim.lamb(learning_rate, **hyper), optim.scale(-1.0))


def squared_norms(learning_rate, **hyper):
    """||w||^2 / ||u||^2: the roots are forgotten."""
    wrong = ratio_of(lambda W, U, u, w: (W / U) ** 2 if W > 0 and U > 0 else 1.0)
    return build(learning_rate, ratio=wrong, **hyper)


def sum_of_squares_in_storage_dtype(learning_rate, **hyper):
    """float16 squares are summed in float16: optax, timm, Keras, tf-models, kozistr give NaN."""

    def naive(W, U, u, w):
        w_norm, u_norm = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(u * u))
        return w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0

    return build(learning_rate, ratio=ratio_of(naive), **hyper)


def moments_in_storage_dtype(learning_rate, **hyper):
    """v is kept in float16 and squares of small gradients vanish (timm)."""
    return build(learning_rate, adam=direction(hyper, narrow=True), **hyper)


def gradient_overwritten(learning_rate, **hyper):
    """The gradient array is reused for the update (apex FusedLAMB: p.grad is overwritten)."""
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads, state, params):
        u, state = opt.update(grads, state, params)
        for k in grads:
            np.copyto(grads[k], u[k])
        return u, state

    return optim.Link(opt.init, update)


def memory_in_the_object(learning_rate, **hyper):
    """State hides in the optimizer, as in most torch ports: a second run is not a fresh one."""
    opt, hidden = optim.lamb(learning_rate, **hyper), {}

    def update(grads, state, params):
        model = tuple(params)
        u, hidden[model] = opt.update(grads, hidden.get(model, opt.init(params)), params)
        return u, state

    return optim.Link(lambda params: (), update)


def rate_inside_a_momentum(learning_rate, **hyper):
    """LARS 2017's place for the rate: what was once a step goes on at rate zero."""
    return chain(build(learning_rate, **hyper), optim.trace(0.1))


LAMB_OTHER = [
    clips_by_default,
    no_decay_no_ratio,
    zero_weights_frozen,
    zero_gradient_frozen,
    no_zero_rule,
    rate_inside_a_momentum,
    masks_swapped,
    one_mask_for_both,
    rate_before_the_ratio,
    ascent,
    squared_norms,
    sum_of_squares_in_storage_dtype,
    moments_in_storage_dtype,
    gradient_overwritten,
    memory_in_the_object,
]
