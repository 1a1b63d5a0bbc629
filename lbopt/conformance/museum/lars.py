"""A museum of wrong LARS: each is one small step from the right one, and each happened or could.

Every exhibit takes the arguments of `lbopt.optim.lars` and differs from it in the one way its
docstring says. Several are other libraries' LARS on purpose, and right by their own documentation;
none is Algorithm 1 of arXiv 1708.03888.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.optim import Link, chain, masked
from lbopt.optim.schedules import constant

Ratio = Callable[[float, float, float], Link]


def right_lars(learning_rate: Rate, **hyper: Any) -> Link:
    """The right one, to see that no law kills it."""
    return optim.lars(learning_rate, **hyper)


DEFAULTS: dict[str, Any] = {
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "trust_coefficient": 1e-3,
    "eps": 0.0,
    "nesterov": False,
    "decay_mask": None,
    "adapt_mask": None,
}


def build(
    ratio: Ratio, learning_rate: Rate, order: str = "ratio rate momentum", **hyper: Any
) -> Link:
    """Chain lars out of another ratio link (eta, beta, eps) -> link, or in another order."""
    h = DEFAULTS | hyper
    eta, beta, eps, m = (h[k] for k in ("trust_coefficient", "weight_decay", "eps", "momentum"))
    decay = optim.add_decayed_weights(beta)
    decayed = masked(ratio(eta, beta, eps), h["adapt_mask"], otherwise=decay)
    undecayed = masked(ratio(eta, 0.0, eps), h["adapt_mask"])
    parts = {
        "ratio": masked(decayed, h["decay_mask"], otherwise=undecayed),
        "rate": optim.scale_by_learning_rate(learning_rate),
        "momentum": optim.nesterov_trace(m) if h["nesterov"] else optim.trace(m),
        "heavy_ball": optim.trace(m),
        "damped": damped_first(m),
        "by_position": remembers_by_position(m),
    }
    return chain(*[parts[p] for p in order.split()])


def rule_of(local: Callable[..., Any], decay_used: bool = True) -> Ratio:
    """Lift local(||w||, ||g||, eta, beta, eps, g, w) -> ratio; the update is ratio (g + beta w)."""

    def ratio(eta: float, beta: float, eps: float) -> Link:
        def rule(g: Any, memory: Any, w: Any, step: Any) -> Any:
            r = local(optim.norm(w), optim.norm(g), eta, beta, eps, g, w)
            return np.asarray((g + decay_used * beta * w) * r, dtype=g.dtype), memory

        return optim.layerwise(rule)

    return ratio


def or_one(top: Any, bottom: Any, w_norm: Any) -> Any:
    """Return the ratio, or 1 by the zero rule."""
    return top / bottom if w_norm > 0 and bottom > 0 else 1.0


def damped_first(momentum: float) -> Link:
    """A buffer whose first step is dampened."""

    def rule(u: Any, memory: Any, w: Any, step: Any) -> Any:
        v = momentum * memory["v"] + (1 - momentum if step == 0 else 1) * u
        return v, {"v": v}

    return optim.layerwise(rule, lambda w: {"v": np.zeros_like(w)})


def remembers_by_position(momentum: float) -> Link:
    """A buffer kept in a list."""

    def init(params: Any) -> Any:
        return [np.zeros_like(w) for w in params.values()]

    def update(u: Any, state: Any, params: Any) -> Any:
        new = [momentum * v + g for v, g in zip(state, u.values(), strict=True)]
        return dict(zip(u, new, strict=True)), new

    return optim.Link(init, update)


def ratio_outside_the_momentum(learning_rate: Rate, **hyper: Any) -> Link:
    """The ratio is applied to the accumulated velocity (ooples/AiDotNet.Tensors PR #955)."""
    beta = hyper.pop("weight_decay", 5e-4)
    after = build(
        optim.scale_by_lars_ratio, learning_rate, weight_decay=0.0, **hyper,
        order="momentum ratio rate",
    )  # fmt: skip
    return chain(masked(optim.add_decayed_weights(beta), hyper.get("decay_mask")), after)


def norm_of_the_sum(learning_rate: Rate, **hyper: Any) -> Link:
    """||g + beta w|| for ||g|| + beta ||w||: optax and SimCLR (asked about in zdaxie/PixPro#13)."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W, optim.norm(g + b * w) + e, W))
    return build(ratio, learning_rate, **hyper)


def one_global_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """All layers fused in one buffer: tinygrad fused=True, BaguaSys/bagua#335, google/objax#136."""
    return optim.lars_one_global_ratio(learning_rate, **hyper)


def decay_dropped(learning_rate: Rate, **hyper: Any) -> Link:
    """Decay is computed, and then not used (tinygrad/tinygrad PR #17709, in Muon)."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W, G + b * W + e, W), decay_used=False)
    return build(ratio, learning_rate, **hyper)


def rate_outside_the_buffer(learning_rate: Rate, **hyper: Any) -> Link:
    """Over torch's SGD: timm, torch_optimizer, apex LARC; equal at a constant rate only."""
    return build(optim.scale_by_lars_ratio, learning_rate, **hyper, order="ratio momentum rate")


def ascent(learning_rate: Rate, **hyper: Any) -> Link:
    """The sign of the update is lost; no published case is known to us."""
    return chain(optim.lars(learning_rate, **hyper), optim.scale(-1.0))


def squared_norms(learning_rate: Rate, **hyper: Any) -> Link:
    """||w||^2 / ||g||^2: the square root is forgotten on both sides; a classic slip."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W**2, G**2 + b * W**2 + e, W))
    return build(ratio, learning_rate, **hyper)


def zero_weights_frozen(learning_rate: Rate, **hyper: Any) -> Link:
    """Ratio 0 for zero weights, which then never move (Spijkervet/SimCLR#27, bitsandbytes)."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: a * W / (G + b * W + e) if G + b * W > 0 else 1.0)
    return build(ratio, learning_rate, **hyper)


def zero_gradient_untrusted(learning_rate: Rate, **hyper: Any) -> Link:
    """Zero gradient has ratio 1 and keeps its decay: timm, MXNet, MLPerf's reference."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W, G + b * W + e, W) if G > 0 else 1.0)
    return build(ratio, learning_rate, **hyper)


def zero_gradient_not_decayed(learning_rate: Rate, **hyper: Any) -> Link:
    """Zero gradient does not move at all, decay or not: torch_optimizer, apex LARC."""
    ratio = rule_of(
        lambda W, G, a, b, e, g, w: (or_one(a * W, G + b * W + e, W) if G > 0 else W == 0) * 1.0
    )
    return build(ratio, learning_rate, **hyper)


def no_zero_rule(learning_rate: Rate, **hyper: Any) -> Link:
    """0 / 0: a layer without gradient and decay is NaN (NaN is reported in kakaobrain/torchlars#3).

    A clean NaN, so that it is the law that fails and not NumPy.
    """
    ratio = rule_of(lambda W, G, a, b, e, g, w: np.divide(a * W, G + b * W + e))
    return build(ratio, learning_rate, **hyper)


def decay_not_in_the_denominator(learning_rate: Rate, **hyper: Any) -> Link:
    """Equation 6 of the paper, before decay comes in, in place of Algorithm 1."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W, G + e, W))
    return build(ratio, learning_rate, **hyper)


def first_step_dampened(learning_rate: Rate, **hyper: Any) -> Link:
    """The buffer starts at zero and dampening hits the first step too (kozistr's LARS)."""
    return build(optim.scale_by_lars_ratio, learning_rate, **hyper, order="ratio rate damped")


def masks_swapped(
    learning_rate: Rate, *, decay_mask: Any = None, adapt_mask: Any = None, **hyper: Any
) -> Link:
    """Each mask does the other's work; both are usually the same one, so nobody sees it."""
    return optim.lars(learning_rate, decay_mask=adapt_mask, adapt_mask=decay_mask, **hyper)


def one_mask_for_both(
    learning_rate: Rate, *, decay_mask: Any = None, adapt_mask: Any = None, **hyper: Any
) -> Link:
    """Layers without decay lose their ratio too (tf-models; vturrisi/solo-learn#301 wants two)."""
    return optim.lars(learning_rate, decay_mask=decay_mask, adapt_mask=decay_mask, **hyper)


def sum_of_squares_in_storage_dtype(learning_rate: Rate, **hyper: Any) -> Link:
    """float16 squares are summed in float16 (apache/mxnet#11403, and many more)."""

    def naive(W: Any, G: Any, a: Any, b: Any, e: Any, g: Any, w: Any) -> Any:
        w_norm, g_norm = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(g * g))
        return or_one(a * w_norm, g_norm + b * w_norm + e, w_norm)

    return build(rule_of(naive), learning_rate, **hyper)


def nesterov_without_look_ahead(learning_rate: Rate, **hyper: Any) -> Link:
    """nesterov=True is accepted and ignored (bitsandbytes-foundation/bitsandbytes PR #2085)."""
    return build(optim.scale_by_lars_ratio, learning_rate, **hyper, order="ratio rate heavy_ball")


def no_decay_no_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """weight_decay=0 switches the adaptation off (PaddlePaddle/Paddle PR #40892; timm, apex)."""
    ratio = rule_of(lambda W, G, a, b, e, g, w: or_one(a * W, G + b * W + e, W) if b else 1.0)
    return build(ratio, learning_rate, **hyper)


def ratio_clipped_at_one(learning_rate: Rate, **hyper: Any) -> Link:
    """LARC's clip min(lambda / gamma, 1), on where LARS was asked for (NVIDIA/apex#859)."""
    gamma = learning_rate if callable(learning_rate) else constant(learning_rate)
    ratio = rule_of(
        lambda W, G, a, b, e, g, w: min(or_one(a * W, G + b * W + e, W) / gamma(0), 1.0)
    )
    return build(ratio, learning_rate, **hyper)


def eps_of_its_own(learning_rate: Rate, **hyper: Any) -> Link:
    """eps=0 silently becomes 1e-7 (the MLPerf ResNet reference)."""
    return optim.lars(learning_rate, **hyper | {"eps": hyper.get("eps") or 1e-7})


def gradient_overwritten(learning_rate: Rate, **hyper: Any) -> Link:
    """The gradient array is reused for the update (apex FusedLAMB and LARC, kozistr's LARS)."""
    opt = optim.lars(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        for k in grads:
            np.copyto(grads[k], u[k])
        return u, state

    return optim.Link(opt.init, update)


def momentum_by_position(learning_rate: Rate, **hyper: Any) -> Link:
    """Buffers are kept in a list, and the dict comes in another order."""
    return build(optim.scale_by_lars_ratio, learning_rate, **hyper, order="ratio rate by_position")


def memory_in_the_object(learning_rate: Rate, **hyper: Any) -> Link:
    """State hides in the optimizer, as in most torch ports: a second run is not a fresh one."""
    hidden: dict[Any, Any] = {}
    opt = optim.lars(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        model = tuple(params)
        u, hidden[model] = opt.update(grads, hidden.get(model, opt.init(params)), params)
        return u, state

    return optim.Link(lambda params: (), update)


def step_counted_twice(learning_rate: Rate, **hyper: Any) -> Link:
    """Each step counts for two in the schedule (apache/mxnet master, fused path)."""
    rate = learning_rate if callable(learning_rate) else constant(learning_rate)
    return optim.lars(lambda t: rate(2 * t), **hyper)
