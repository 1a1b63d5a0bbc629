"""Laws of weight decay, of zero weights and of zero gradients."""

from __future__ import annotations

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.lab import UNIT, Lab, Measurement, size
from lbopt.conformance.law import ADAM, EVERY, FULL, GRADS, LAYERWISE, RATE, Law, W, full, usual
from lbopt.conformance.rounding import Approx

ZERO = [problem.times(0.0, W)] * 3


def decay_reaches_every_layer(lab: Lab) -> Measurement:
    r"""Decay switched on changes what three steps do to every layer, with one axis or four.

    Measured: layers where it changes less than a millionth of the way. Where layers are normalised
    one of a single number cannot tell: u / ||u|| is a sign.
    """
    lab.need("weight_decay")
    on, off = (
        lab.run(usual(lab, weight_decay=d), W, GRADS[:3], RATE)
        for d in (FULL[lab.claim.name]["weight_decay"], 2.0**-80)
    )
    tell = [k for k in W if W[k].size > 1 or lab.claim.name not in LAYERWISE]
    lazy = [k for k in tell if not size(on[-1][k] - off[-1][k]) > 1e-6 * size(off[-1][k] - W[k])]
    kinds = {W[k].ndim for k in lazy}
    all_of = [d for d in kinds if all(k in lazy for k in tell if W[k].ndim == d)]
    if not lazy:
        detail = ""
    elif lazy == tell:
        detail = "in no layer: weight_decay is accepted and ignored"
    else:
        detail = "not in " + ", ".join(f"{k!r} ({W[k].ndim}-D)" for k in lazy)
        detail += f" (all {'- and '.join(map(str, sorted(all_of)))}-D layers)" if all_of else ""
    return Measurement(float(len(lazy)), 0.0, detail)


def large_decay_leaves_the_length(lab: Lab) -> Measurement:
    r"""LAMB with lam -> infinity: u = r + lam w is parallel to w, so the update is -lr w.

    lam = 2^40: what r adds is below 2^-35. Decay added after the ratio would move the layer by
    lr lam w, decay in the gradient by the signs of w.
    """
    lab.need("weight_decay")
    h = usual(lab, weight_decay=2.0**40)
    path = lab.run(h, W, GRADS[:2], RATE)
    want = []
    for t in range(2):
        layer = {}
        for k, w in path[t].items():
            leak = 2.0**-36 * size(np.ones(w.shape)) * np.max(np.abs(w)) / UNIT[lab.arithmetic]
            error = (w.size + 16) * np.abs(w) + leak
            layer[k] = Approx(-RATE * w, RATE * error)
        want.append(layer)
    return lab.compare(path, want)


def decay_has_its_size(lab: Lab) -> Measurement:
    r"""LAMB: u = r + lam w with lam = 0.3, r a sign step: the first step shows the very lam.

    (Large decay and zero gradients forget it: u / ||u|| is the same for every multiple of w.)
    """
    lab.need("weight_decay")
    memory = {"b1": 0.0, "b2": 0.0} if {"b1", "b2"} <= lab.offers else {}
    return lab.follows_formula(usual(lab, weight_decay=0.3, **memory), W, GRADS[:1], RATE)


def decay_is_decoupled(lab: Lab) -> Measurement:
    r"""AdamW: at the same weights, the step with decay is the one without, less lr lam w."""
    lab.need("weight_decay")
    on, off = usual(lab, weight_decay=0.3), usual(lab, weight_decay=0.0)
    a, b = lab.run(off, W, GRADS[:1], RATE), lab.run(on, W, GRADS[:1], RATE)
    want = {}
    for k, w in W.items():
        plain = a[1][k] - a[0][k]
        less = RATE * on["weight_decay"] * w
        want[k] = Approx(plain - less, 32 * (np.abs(plain) + np.abs(less)) + 2 * np.abs(w))
    return lab.compare(b, [want])


def decay_goes_through_the_momentum(lab: Lab) -> Measurement:
    r"""SGD without gradient: v1 = beta w0, v2 = m beta w0 + beta w1: decay has momentum too.

    LARS 2020: m = b1 m + (1 - b1)(g + lam w), three steps.
    """
    lab.need("weight_decay", "momentum" if lab.claim.name == "sgd" else "b1")
    grads = ZERO if lab.claim.name == "sgd" else GRADS[:3]
    return lab.follows_formula(full(lab), W, grads, RATE)


def decay_has_a_norm_of_its_own(lab: Lab) -> Measurement:
    r"""LARS: lambda = eta ||w|| / (||g|| + beta ||w||) multiplies g + beta w in the first step."""
    lab.need("weight_decay")
    return lab.follows_formula(full(lab), W, GRADS[:1], RATE)


def decay_to_zero_is_continuous(lab: Lab) -> Measurement:
    r"""Decay lam = 0 and lam = 1e-25 are the same step wherever there is a gradient."""
    lab.need("weight_decay")
    a, b = (lab.run(usual(lab, weight_decay=d), W, GRADS, RATE) for d in (0.0, 2.0**-83))
    return lab.same(a, b, operations=256)


def zero_weights_wake_up(lab: Lab) -> Measurement:
    r"""A layer of zeros (a new bias) moves against its gradient in the first step.

    Taken literally, ||w|| = 0 is the ratio 0 and the layer never moves; the papers do not say what
    to do, and every use needs them to move. Measured: layers of which some entry does not.
    """
    zero = problem.times(0.0, W)
    path = lab.run(usual(lab), zero, GRADS[:1], RATE)
    frozen = [k for k in W if not np.all(path[1][k] * GRADS[0][k] < 0)]
    return Measurement(float(len(frozen)), 0.0, f"not: {', '.join(frozen)}" if frozen else "")


def zero_weights_have_ratio_one(lab: Lab) -> Measurement:
    r"""Zero rule: ||w|| = 0 has ratio 1, so the step is that of the rule without ratio.

    LAMB -lr r, LARS -lr g, LARS 2020 -lr (1 - b1) g. The papers are silent; nearly all
    implementations do this.
    """
    return lab.follows_formula(usual(lab), problem.times(0.0, W), GRADS[:1], RATE)


def zero_gradient_leaves_the_decay(lab: Lab) -> Measurement:
    r"""Where g = 0, what is left is decay. AdamW and SGD shrink by lr lam (SGD with momentum).

    LAMB, LARS 2020: u is parallel to w, so w <- (1 - lr) w, however small lam is.
    """
    lab.need("weight_decay")
    return lab.follows_formula(full(lab), W, ZERO, RATE)


def zero_gradient_has_the_literal_ratio(lab: Lab) -> Measurement:
    r"""LARS, g = 0: lambda beta = eta, so w <- (1 - lr eta) w (before momentum) whatever beta is.

    The formula is defined here, but implementations have three other rules: ratio 1 and decay kept
    (timm, MXNet), ratio 1 and decay dropped (torch_optimizer, apex LARC), the norm of the sum.
    """
    lab.need("weight_decay")
    return lab.follows_formula(full(lab), W, ZERO, RATE)


def nothing_moves_nothing(lab: Lab) -> Measurement:
    r"""Where g = 0 without decay, or with w = 0: the update is 0, and not 0 / 0."""
    worst = 0.0
    for w, lam in ((W, 0.0), (problem.times(0.0, W), FULL[lab.claim.name]["weight_decay"])):
        path = lab.run(full(lab, weight_decay=lam), w, ZERO[:2], RATE)
        gaps = [np.max(np.abs(after[k] - w[k])) for after in path[1:] for k in w]
        worst = max(worst, *(float(np.nan_to_num(g, nan=np.inf)) for g in gaps))
    return Measurement(worst, 0.0, "NaN" if worst == np.inf else "")


def nothing_moves_nothing_without_eps(lab: Lab) -> Measurement:
    r"""Where g = 0 and eps = 0, r = 0 / 0 is 0, for a layer that has had no gradient yet."""
    lab.need("eps")
    path = lab.run(usual(lab, eps=0.0, weight_decay=0.0), W, ZERO[:2], RATE)
    gaps = [np.max(np.abs(after[k] - W[k])) for after in path[1:] for k in W]
    worst = max(float(np.nan_to_num(g, nan=np.inf)) for g in gaps)
    return Measurement(worst, 0.0, "NaN" if worst == np.inf else "")


LAWS = (
    Law(decay_reaches_every_layer, EVERY, "weight decay does not act on every layer"),
    Law(large_decay_leaves_the_length, ("lamb",),
        "decay is not a part of the vector that is normalised: decoupled (outside the ratio), in "
        "the gradient, added after the norm was taken, or missing"),
    Law(decay_has_its_size, ("lamb",),
        "the step is not that of r + weight_decay * w: decay has another size or another place"),
    Law(decay_is_decoupled, ("adamw",),
        "decay is not lr * weight_decay * w beside Adam's step: it goes through the moments (an L2 "
        "penalty), is not multiplied by the rate, or is ignored"),
    Law(decay_has_a_norm_of_its_own, ("lars",),
        "with decay the first step is not that of trust_coefficient ||w|| / (||g|| + weight_decay "
        "||w||) times g + weight_decay w: the norm of the sum (optax, SimCLR), no decay in the "
        "denominator, or none in the step"),
    Law(decay_goes_through_the_momentum, ("sgd", "lars_2020"),
        "decay is not part of the gradient that the momentum sees: decoupled or ignored"),
    Law(decay_to_zero_is_continuous, EVERY,
        "weight_decay = 0 switches off something else too (the ratio: timm, apex, Paddle)"),
    Law(zero_weights_wake_up, EVERY,
        "weights that are zero do not move against their gradient: a new bias stays frozen, or is "
        "NaN, for ever"),
    Law(zero_weights_have_ratio_one, EVERY,
        "the first step of zero weights is not that of ratio 1", "choice"),
    Law(zero_gradient_leaves_the_decay, ("lamb", "lars_2020", "adamw", "sgd"),
        "a layer without gradient does not decay by the formula: it is skipped, its decay is in "
        "the wrong place or multiplied otherwise, or it is NaN"),
    Law(zero_gradient_has_the_literal_ratio, ("lars",),
        "a layer without gradient follows another zero rule than the literal formula", "choice"),
    Law(nothing_moves_nothing, EVERY, "a layer with nothing to do moves or becomes NaN (0 / 0)"),
    Law(nothing_moves_nothing_without_eps, ADAM,
        "with eps = 0 a layer without gradient becomes NaN (0 / 0)", "range"),
)  # fmt: skip
