"""LAMBs that are wrong in clips, zero rules, dtypes, masks, order, memory; see lamb.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.conformance.museum.lamb import build, direction, ratio_of
from lbopt.optim import Link, chain


def clips_by_default(learning_rate: Rate, **hyper: Any) -> Link:
    """The gradient is clipped though nobody asked (timm, apex: max_grad_norm=1; NVIDIA/apex#855).

    Only eps feels it: Adam forgets the scale of a constant factor, not of a varying one.
    """
    return chain(optim.clip_by_global_norm(1.0), optim.lamb(learning_rate, **hyper))


def no_decay_no_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """weight_decay=0 switches the adaptation off: timm, apex FusedLAMB, Paddle."""
    order = "adam decay ratio rate" if hyper.get("weight_decay") else "adam rate"
    return build(learning_rate, order, **hyper)


def zero_weights_frozen(learning_rate: Rate, **hyper: Any) -> Link:
    """Ratio 0 for zero weights, which then never move (bitsandbytes)."""
    frozen = ratio_of(lambda W, U, u, w: W / U if U > 0 else 1.0)
    return build(learning_rate, ratio=frozen, **hyper)


def zero_gradient_frozen(learning_rate: Rate, **hyper: Any) -> Link:
    """A layer without gradient is left alone, though its decay is not zero."""
    opt = build(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        return {k: a * grads[k].any() for k, a in u.items()}, state

    return optim.Link(opt.init, update)


def no_zero_rule(learning_rate: Rate, **hyper: Any) -> Link:
    """0 / 0: a layer without update becomes NaN."""
    return build(learning_rate, ratio=ratio_of(lambda W, U, u, w: np.divide(W, U)), **hyper)


def masks_swapped(
    learning_rate: Rate, *, decay_mask: Any = None, adapt_mask: Any = None, **hyper: Any
) -> Link:
    """Each mask does the other's work; both are usually the same one, so nobody sees it."""
    return optim.lamb(learning_rate, decay_mask=adapt_mask, adapt_mask=decay_mask, **hyper)


def one_mask_for_both(
    learning_rate: Rate, *, decay_mask: Any = None, adapt_mask: Any = None, **hyper: Any
) -> Link:
    """Layers without decay lose their ratio too: tf-models, timm, apex, Paddle."""
    return optim.lamb(learning_rate, decay_mask=decay_mask, adapt_mask=decay_mask, **hyper)


def rate_before_the_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """The ratio divides the learning rate out again: no rate at all."""
    return chain(build(learning_rate, "adam decay rate ratio", **hyper))


def ascent(learning_rate: Rate, **hyper: Any) -> Link:
    """The sign of the update is lost."""
    return chain(optim.lamb(learning_rate, **hyper), optim.scale(-1.0))


def squared_norms(learning_rate: Rate, **hyper: Any) -> Link:
    """||w||^2 / ||u||^2: the roots are forgotten."""
    wrong = ratio_of(lambda W, U, u, w: (W / U) ** 2 if W > 0 and U > 0 else 1.0)
    return build(learning_rate, ratio=wrong, **hyper)


def sum_of_squares_in_storage_dtype(learning_rate: Rate, **hyper: Any) -> Link:
    """float16 squares are summed in float16: optax, timm, Keras, tf-models, kozistr give NaN."""

    def naive(W: Any, U: Any, u: Any, w: Any) -> Any:
        w_norm, u_norm = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(u * u))
        return w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0

    return build(learning_rate, ratio=ratio_of(naive), **hyper)


def moments_in_storage_dtype(learning_rate: Rate, **hyper: Any) -> Link:
    """The second moment is kept in float16 and squares of small gradients vanish (timm)."""
    return build(learning_rate, adam=direction(hyper, narrow=True), **hyper)


def gradient_overwritten(learning_rate: Rate, **hyper: Any) -> Link:
    """The gradient array is reused for the update (apex FusedLAMB: p.grad is overwritten)."""
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        for k in grads:
            np.copyto(grads[k], u[k])
        return u, state

    return optim.Link(opt.init, update)


def memory_in_the_object(learning_rate: Rate, **hyper: Any) -> Link:
    """State hides in the optimizer, as in most torch ports: a second run is not a fresh one."""
    hidden: dict[Any, Any] = {}
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        model = tuple(params)
        u, hidden[model] = opt.update(grads, hidden.get(model, opt.init(params)), params)
        return u, state

    return optim.Link(lambda params: (), update)


def rate_inside_a_momentum(learning_rate: Rate, **hyper: Any) -> Link:
    """LARS 2017's place for the rate: what was once a step goes on at rate zero."""
    return chain(build(learning_rate, **hyper), optim.trace(0.1))
