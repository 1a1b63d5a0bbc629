"""Laws of the layerwise ratio: lengths of steps, scales, and what a layer is."""

from __future__ import annotations

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import copies
from lbopt.conformance.lab import UNIT, Lab, Measurement, excess, size
from lbopt.conformance.law import GRADS, LAYERWISE, NORMALISED, RATE, Law, W, full, lengths, usual


def step_length_is_lr_times_weights(lab: Lab) -> Measurement:
    r"""||update|| = lr ||w|| in every layer and step: u / ||u|| has length 1."""
    return lengths(lab, lab.run(usual(lab), W, GRADS, RATE), [RATE] * len(GRADS))


def ratio_has_no_bounds(lab: Lab) -> Measurement:
    r"""phi(z) = z: weights of norm 1e-6 to 1e6 move by lr ||w||, and LARS by as large a part.

    Without decay u does not see w, so the ratio is as small or large as the weights are. LARS:
    its step is linear in w then.
    """
    h, tried, found = usual(lab), [], []
    for power in (-20, -10, 10, 20):
        w = problem.times(2.0**power, W)
        if lab.claim.name == "lars":
            m = lab.follows_formula(h, w, GRADS[:1], RATE)
        else:
            path = lab.run(h, w, GRADS[:1], RATE)
            m = lengths(lab, path, [RATE])
            found += [(size(path[0][k]), size(path[1][k] - path[0][k]) / RATE) for k in w]
        tried.append(m)
    worst = max(tried, key=excess)
    return worst._replace(detail=plateau(found)) if worst.broken else worst


def plateau(found: list[tuple[float, float]]) -> str:
    """Say where ||update|| / lr stops following ||w||."""
    high = [moved for w, moved in found if moved < 0.99 * w]
    low = [moved for w, moved in found if moved > 1.01 * w]
    if len(high) > 3 and max(high) < 1.01 * min(high):
        return f"the weight norm is cut at {high[0]:.4g} from above"
    if len(low) > 3 and max(low) < 1.01 * min(low):
        return f"the weight norm is cut at {low[0]:.4g} from below"
    if high and not low:
        return "large weights move less than they should: something bounds the ratio from above"
    if low and not high:
        return "small weights move more than they should: something bounds the ratio from below"
    return ""


def tiny_updates_are_lengthened(lab: Lab) -> Measurement:
    r"""LAMB: ||u|| = 1e-10 has the ratio ||w|| / 1e-10, so the step is lr ||w|| all the same.

    Gradients far below eps give r = mhat / (sqrt(vhat) + eps) as small as one likes. An eps in the
    ratio, (||u|| + eps), or a bound of the ratio shows here and hardly anywhere else.
    """
    h = usual(lab, eps=0.4)
    grads = [problem.times(2.0**-40, g) for g in GRADS]
    return lengths(lab, lab.run(h, W, grads, RATE), [RATE] * len(grads))


def gradient_scale_is_forgotten(lab: Lab) -> Measurement:
    r"""Without decay, eps negligible: gradients times c, for any c > 0, move the weights the same.

    Adam: m and sqrt(v) are both proportional to c. LARS: g / ||g||. Powers of two as c, so that not
    even a rounding changes. A clip of the gradients breaks this.
    """
    h = usual(lab)
    lab.relies("eps")
    a = lab.run(h, W, [problem.times(2.0**-10, g) for g in GRADS], RATE)
    b = lab.run(h, W, [problem.times(2.0**10, g) for g in GRADS], RATE)
    return lab.same(a, b, operations=256)


def weight_scale_is_kept(lab: Lab) -> Measurement:
    r"""Weights c w move c times as far: decay is negligible, so the direction does not see w."""
    c, h = 2.0**10, usual(lab)
    a = lab.run(h, W, GRADS, RATE)
    b = lab.run(h, problem.times(c, W), GRADS, RATE)
    return lab.same(a, b, scale=c, operations=256)


def both_scales_are_kept(lab: Lab) -> Measurement:
    r"""LARS and its decay, eps = 0: (c w, c g) moves c times as far, for c = 2^-40 and 2^20.

    lambda = eta ||w|| / (||g|| + beta ||w||) is the same. A hidden eps or a clip of the gradients
    breaks this.
    """
    h, cases = full(lab), []
    lab.relies("eps")
    a = lab.run(h, W, GRADS, RATE)
    for c in (2.0**-40, 2.0**20):
        b = lab.run(h, problem.times(c, W), [problem.times(c, g) for g in GRADS], RATE)
        cases.append(lab.same(a, b, scale=c, operations=256))
    return max(cases, key=excess)


def lars_step_is_bounded(lab: Lab) -> Measurement:
    r"""LARS without momentum: ||step|| <= lr eta ||w||, by the triangle inequality.

    ||g + beta w|| <= ||g|| + beta ||w||, with equality for g = c w, c > 0: tested from both sides,
    for angles between g and w from 0 to pi.
    """
    h, found = full(lab, momentum=0.0), []
    lab.relies()
    unit, bound = UNIT[lab.arithmetic], RATE * h["trust_coefficient"] * 4
    for angle in np.linspace(0, np.pi, 5):
        direction = np.array([np.cos(angle), np.sin(angle)])
        w = {"W": np.array([4.0, 0.0])}
        g = {"W": direction.astype(np.float32).astype(float)}
        path = lab.run(h, w, [g], RATE)
        share = size(path[1]["W"] - path[0]["W"]) / bound
        allowed = unit * (4 * 12 + 16 / bound)
        over = share - 1 if angle else abs(share - 1)
        m = Measurement(max(0.0, over) if share == share else np.inf, allowed)
        told = f"{share:.4g} of the bound at {np.degrees(angle):.0f} degrees"
        found.append(m._replace(detail=told if m.broken else ""))
    return max(found, key=excess)


PAIR = ("fc.weight", "fc.bias")


def merged(arrays: dict) -> dict:
    """Two layers as one."""
    return {"both": np.concatenate([np.ravel(arrays[k]) for k in PAIR])}


def cut(path: list) -> list:
    """The layers of `merged` again."""
    n, shape = W[PAIR[0]].size, W[PAIR[0]].shape
    return [{PAIR[0]: w["both"][:n].reshape(shape), PAIR[1]: w["both"][n:]} for w in path]


def merging_changes_nothing(lab: Lab) -> Measurement:
    """An elementwise rule does not know what a layer is: two joined into one move the same."""
    h = usual(lab)
    apart = lab.run(h, problem.only(PAIR, W), [problem.only(PAIR, g) for g in GRADS], RATE)
    joined = lab.run(h, merged(W), [merged(g) for g in GRADS], RATE)
    return lab.same(apart, cut(joined))


def merging_changes_the_step(lab: Lab) -> Measurement:
    r"""One ratio for two unequal layers is another algorithm: the small layer moves otherwise.

    Measured: by how much the change falls short of the formula's. None at all (1) is an elementwise
    optimizer, or one ratio for everything.
    """
    h = usual(lab)
    apart = lab.run(h, problem.only(PAIR, W), [problem.only(PAIR, g) for g in GRADS[:1]], RATE)
    w, grads = merged(W), [merged(g) for g in GRADS[:1]]
    joined = cut(lab.run(h, w, grads, RATE))
    start = copies(problem.only(PAIR, W))
    predicted = lab.predict(h, [w, w], grads, RATE)[0]["both"].value
    formula = cut([{"both": w["both"]}, {"both": w["both"] + predicted}])
    own = lab.predict(h, [start, start], [problem.only(PAIR, GRADS[0])], RATE)[0]
    small = PAIR[1]
    got = size(joined[1][small] - apart[1][small])
    want = size(formula[1][small] - start[small] - own[small].value)
    return Measurement(max(0.0, 1 - got / want) if got == got else np.inf, 0.5)


LAWS = (
    Law(step_length_is_lr_times_weights, NORMALISED,
        "a layer's step is not lr times the norm of its weights: no ratio or another one (of other "
        "norms, inverted, squared, clipped), or a layer left out of it"),
    Law(ratio_has_no_bounds, LAYERWISE,
        "the ratio or the weight norm is cut off: large or small weights do not move by their "
        "share (torch_optimizer and cybertronai clamp the norm at 10, DeepSpeed the ratio)"),
    Law(tiny_updates_are_lengthened, ("lamb",),
        "small updates are not brought to the full length: an eps is added to the norm in the "
        "ratio, or the ratio has a bound"),
    Law(gradient_scale_is_forgotten, ("lamb", "adamw", "lars", "lars_2020"),
        "the scale of the gradients matters where it must cancel: they are clipped (timm and apex "
        "clip their joint norm to 1 by default), an eps is not where it belongs, or moments of "
        "different degree are divided"),
    Law(weight_scale_is_kept, LAYERWISE,
        "a layer with larger weights does not move as much further: the weight norm is missing, "
        "clamped, or counted twice"),
    Law(both_scales_are_kept, ("lars",),
        "weights and gradients scaled together do not scale the step: a hidden eps in the "
        "denominator, a clip of the gradients, or norms that are squared"),
    Law(lars_step_is_bounded, ("lars",),
        "the step exceeds lr * trust_coefficient * ||w||, or does not reach it for a gradient "
        "along the weights: the denominator is not ||g|| + weight_decay ||w||, or the step has no "
        "decay"),
    Law(merging_changes_nothing, ("adamw", "sgd"),
        "two layers joined into one array move otherwise: something is computed layer by layer in "
        "what should be elementwise"),
    Law(merging_changes_the_step, LAYERWISE,
        "two layers joined into one array move as before: there is no ratio of their own norms"),
)  # fmt: skip
