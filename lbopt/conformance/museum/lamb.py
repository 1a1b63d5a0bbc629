"""A museum of wrong LAMBs, in the manner of lars.py: each takes the arguments of `optim.lamb`.

Most are somebody's LAMB, on purpose or not; none is Algorithm 2 of arXiv 1904.00962.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.optim import Link, chain, masked
from lbopt.optim.schedules import constant
from lbopt.optim.trust import ratio_or_one

DEFAULTS: dict[str, Any] = {
    "b1": 0.9,
    "b2": 0.999,
    "eps": 1e-6,
    "weight_decay": 0.0,
    "phi": None,
    "norm": "l2",
    "bias_correction": True,
    "decay_mask": None,
    "adapt_mask": None,
}


def right_lamb(learning_rate: Rate, **hyper: Any) -> Link:
    """The right one, to see that no law kills it."""
    return optim.lamb(learning_rate, **hyper)


def direction(
    hyper: dict[str, Any],
    *,
    square: Callable[[Any], Any] = np.square,
    inside: bool = False,
    swapped: bool = False,
    first_t: int = 1,
    every_t: int = 1,
    correct_v_from: int | None = None,
    correct_m: bool = True,
    correct_v: bool = True,
    narrow: bool = False,
) -> Link:
    """Adam's r with one line wrong."""
    h = DEFAULTS | hyper
    b1, b2, eps = (h["b2"], h["b1"], h["eps"]) if swapped else (h["b1"], h["b2"], h["eps"])

    def rule(g: Any, memory: Any, w: Any, step: Any) -> Any:
        wide = g if narrow else g.astype(np.promote_types(g.dtype, np.float32))
        m = b1 * memory["m"] + (1 - b1) * wide
        v = b2 * memory["v"] + (1 - b2) * square(wide)
        t = every_t * step + first_t
        # a guard, so that the law fails on a number and not on 0 / 0
        c1 = (1 - b1**t if h["bias_correction"] and correct_m else 1.0) or 1.0
        t = t if correct_v_from is None else step + correct_v_from
        c2 = (1 - b2**t if h["bias_correction"] and correct_v else 1.0) or 1.0
        root = np.sqrt(v / c2 + eps) if inside else np.sqrt(v / c2) + eps
        r = np.divide(m / c1, root, out=np.zeros_like(m), where=root > 0)
        return np.asarray(r, dtype=g.dtype), {"m": m, "v": v}

    def zeros(w: Any) -> Any:
        return np.zeros(w.shape, w.dtype if narrow else np.promote_types(w.dtype, np.float32))

    return optim.layerwise(rule, lambda w: {"m": zeros(w), "v": zeros(w)})


def build(
    learning_rate: Rate,
    order: str = "adam decay ratio rate",
    adam: Link | None = None,
    ratio: Link | None = None,
    **hyper: Any,
) -> Link:
    """Chain lamb out of another direction or ratio, or in another order."""
    h = DEFAULTS | hyper
    parts = {
        "adam": direction(hyper) if adam is None else adam,
        "decay": masked(optim.add_decayed_weights(h["weight_decay"]), h["decay_mask"]),
        "ratio": masked(
            optim.scale_by_trust_ratio(h["phi"], h["norm"]) if ratio is None else ratio,
            h["adapt_mask"],
        ),
        "rate": optim.scale_by_learning_rate(learning_rate),
    }
    return chain(*[parts[p] for p in order.split()])


def ratio_of(local: Callable[..., Any]) -> Link:
    """Lift local(||w||, ||u||, u, w) -> ratio to a link."""

    def rule(u: Any, memory: Any, w: Any, step: Any) -> Any:
        r = local(optim.norm(w), optim.norm(u), u, w)
        return np.asarray(u * r, dtype=u.dtype), memory

    return optim.layerwise(rule)


def eps_inside_the_root(learning_rate: Rate, **hyper: Any) -> Link:
    """sqrt(v + eps): DeepSpeed's option eps_inside_sqrt, optax's eps_root, on by mistake."""
    return build(learning_rate, adam=direction(hyper, inside=True), **hyper)


def decay_before_adam(learning_rate: Rate, **hyper: Any) -> Link:
    """An L2 penalty in the gradient: apex's adam_w_mode=False; cybertronai/pytorch-lamb#3."""
    return build(learning_rate, "decay adam ratio rate", **hyper)


def decay_after_the_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """Decoupled, outside the ratio: Keras 3, timm's decoupled_decay, kozistr's default."""
    return build(learning_rate, "adam ratio decay rate", **hyper)


def ratio_before_decay(learning_rate: Rate, **hyper: Any) -> Link:
    """The ratio is taken from ||r|| and applied to r + lam w: decay is not in the norm."""
    h = DEFAULTS | hyper

    def ratio_then(lam: float) -> Link:
        def rule(r: Any, memory: Any, w: Any, step: Any) -> Any:
            ratio = ratio_or_one(optim.norm(w), optim.norm(r), optim.norm(w))
            return np.asarray((r + lam * w) * ratio, dtype=w.dtype), memory

        return optim.layerwise(rule)

    both = masked(ratio_then(h["weight_decay"]), h["decay_mask"], otherwise=ratio_then(0.0))
    decay = masked(optim.add_decayed_weights(h["weight_decay"]), h["decay_mask"])
    return chain(
        direction(hyper),
        masked(both, h["adapt_mask"], otherwise=decay),
        optim.scale_by_learning_rate(learning_rate),
    )


def ratio_from_the_gradient(learning_rate: Rate, **hyper: Any) -> Link:
    """||w|| / ||g||, LARS's ratio, in front of Adam: which forgets it again."""
    return build(learning_rate, "ratio adam decay rate", **hyper)


def ratio_inverted(learning_rate: Rate, **hyper: Any) -> Link:
    """||u|| / ||w||: a slip that blows up large layers' steps."""
    wrong = ratio_of(lambda W, U, u, w: U / W if W > 0 and U > 0 else 1.0)
    return build(learning_rate, ratio=wrong, **hyper)


def no_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """AdamW under another name (tinygrad's adam=True)."""
    return build(learning_rate, "adam decay rate", **hyper)


def no_bias_correction(learning_rate: Rate, **hyper: Any) -> Link:
    """Version 3 of the paper: torch_optimizer, cybertronai; NaN in stockeh/mlx-optimizers#36."""
    return optim.lamb(learning_rate, **hyper | {"bias_correction": False})


def bias_correction_ignored(learning_rate: Rate, **hyper: Any) -> Link:
    """Ignores bias_correction=False (bitsandbytes-foundation/bitsandbytes PR #2088)."""
    return optim.lamb(learning_rate, **hyper | {"bias_correction": True})


def bias_correction_outside_the_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """The step is multiplied by it: DeepSpeed; debias in jettify/pytorch-optimizer#443."""
    h = DEFAULTS | hyper
    rate = learning_rate if callable(learning_rate) else constant(learning_rate)
    raw = direction(hyper | {"bias_correction": False})
    if not h["bias_correction"]:
        return build(rate, adam=raw, **hyper)

    def larger(t: Any) -> Any:
        return rate(t) * (1 - h["b2"] ** (t + 1)) ** 0.5 / (1 - h["b1"] ** (t + 1))

    return build(larger, adam=raw, **hyper)


def second_moment_not_corrected(learning_rate: Rate, **hyper: Any) -> Link:
    """Only the first moment is corrected (kozistr, who does it outside the ratio besides)."""
    return build(learning_rate, adam=direction(hyper, correct_v=False), **hyper)


def counted_from_zero(learning_rate: Rate, **hyper: Any) -> Link:
    """The step count is raised after it is used: the first step is not corrected at all."""
    return build(learning_rate, adam=direction(hyper, first_t=0), **hyper)


def counted_from_two(learning_rate: Rate, **hyper: Any) -> Link:
    """The step count is raised twice before the first step."""
    return build(learning_rate, adam=direction(hyper, first_t=2), **hyper)


def first_moment_counted_from_two(learning_rate: Rate, **hyper: Any) -> Link:
    """The correction of m, and of m alone, is one step ahead. Only decay feels it."""
    return build(learning_rate, adam=direction(hyper, first_t=2, correct_v_from=1), **hyper)


def counted_twice(learning_rate: Rate, **hyper: Any) -> Link:
    """Each step counts for two (apache/mxnet master, fused path): t = 2, 4, 6."""
    return build(learning_rate, adam=direction(hyper, first_t=2, every_t=2), **hyper)


def betas_swapped(learning_rate: Rate, **hyper: Any) -> Link:
    """b1 for v and b2 for m."""
    return build(learning_rate, adam=direction(hyper, swapped=True), **hyper)


def gradient_not_squared(learning_rate: Rate, **hyper: Any) -> Link:
    """The second moment averages |g|."""
    return build(learning_rate, adam=direction(hyper, square=np.abs), **hyper)


def one_global_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """Layers fused in one buffer: deepspeedai/DeepSpeed#490 with ZeRO, tinygrad's fused=True."""
    h = DEFAULTS | hyper
    before = build(learning_rate, "adam decay", **hyper)
    rate = optim.scale_by_learning_rate(learning_rate)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, s = before.update(grads, state[0], params)
        keep = [k for k, w in params.items() if h["adapt_mask"] is None or h["adapt_mask"](k, w)]
        if keep:
            W, U = (optim.global_norm({k: a[k] for k in keep}) for a in (params, u))
            r = ratio_or_one(W, U, W)
            u = u | {k: np.asarray(u[k] * r, dtype=u[k].dtype) for k in keep}
        u, s_rate = rate.update(u, state[1], params)
        return u, (s, s_rate)

    return optim.Link(lambda params: (before.init(params), rate.init(params)), update)


def phi_ignored(learning_rate: Rate, *, phi: Any = None, **hyper: Any) -> Link:
    """Accepts phi and ignores it (max_unorm: bitsandbytes-foundation/bitsandbytes PR #1998)."""
    return optim.lamb(learning_rate, **hyper)


def norm_ignored(learning_rate: Rate, *, norm: Any = "l2", **hyper: Any) -> Link:
    """Ignores norm, which it accepts."""
    return optim.lamb(learning_rate, **hyper)


def norm_of_weights_alone(learning_rate: Rate, **hyper: Any) -> Link:
    """The norm asked for is taken of the weights, the update keeps its 2-norm."""
    size = {
        "l1": lambda a: np.sum(np.abs(a)), "l2": optim.norm, "linf": lambda a: np.max(np.abs(a)),
    }[hyper.get("norm", "l2")]  # fmt: skip
    f = hyper.get("phi") or (lambda z: z)
    half = ratio_of(lambda W, U, u, w: f(size(w)) / U if W > 0 and U > 0 else 1.0)
    return build(learning_rate, ratio=half, **hyper)


def eps_in_the_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """||w|| / (||u|| + eps): NVIDIA's Transformer-XL, kozistr."""
    eps = (DEFAULTS | hyper)["eps"]
    return build(
        learning_rate, ratio=ratio_of(lambda W, U, u, w: W / (U + eps) if W > 0 else 1.0), **hyper
    )


def clamped_at_ten(learning_rate: Rate, **hyper: Any) -> Link:
    """min(||w||, 10) whatever phi is: cybertronai, torch_optimizer, kozistr."""
    return optim.lamb(learning_rate, **hyper | {"phi": optim.phi.clip(0.0, 10.0)})


def ratio_clipped_at_one(learning_rate: Rate, **hyper: Any) -> Link:
    """LAMBC's clip, on where LAMB was asked for (timm's trust_clip)."""
    h = DEFAULTS | hyper
    clipped = optim.scale_by_trust_ratio(h["phi"], h["norm"], max_ratio=1.0)
    return build(learning_rate, ratio=clipped, **hyper)
