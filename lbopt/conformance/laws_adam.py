"""Laws of Adam's direction, in LAMB and AdamW: moments, eps, bias correction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import HiddenError
from lbopt.conformance.formulas import Hyper, decayed, normalised
from lbopt.conformance.lab import Lab, Measurement, excess
from lbopt.conformance.law import ADAM, GRADS, RATE, Law, W, unless, usual
from lbopt.conformance.rounding import Approx, lift, rounded, sqrt


def sign_like(g: np.ndarray, h: Hyper) -> Approx:
    """Adam's r where all gradients so far were g: mhat = g, vhat = g^2."""
    return lift(g) / (lift(np.abs(g)) + rounded(h["eps"]))


def updates(lab: Lab, h: Hyper, w: Mapping[str, Any], r: Mapping[str, Approx]) -> dict:
    """From Adam's direction to the update: decay, and for LAMB the ratio."""
    lab.relies()
    u = {k: decayed(r[k], w[k], h) for k in w}
    if lab.claim.name == "lamb":
        u = {k: normalised(u[k], w[k]) for k in w}
    return {k: -rounded(RATE) * u[k] for k in w}


def roomy(r: Approx, roundings: float) -> Approx:
    """Allow for the roundings of moments that cancel only in exact arithmetic."""
    return Approx(r.value, r.error + roundings * np.abs(r.value))


def first_step_is_a_sign_step(lab: Lab) -> Measurement:
    r"""At t = 1 mhat = g and vhat = g^2, so r = g / (|g| + eps) and no beta plays a part."""
    found = []
    for betas in ({}, {"b1": 0.5}, {"b2": 0.9}):
        h = usual(lab, **betas)
        path = lab.run(h, W, GRADS[:1], RATE)
        r = {k: roomy(sign_like(g, h), 4 / (1 - h["b1"]) + 4 / (1 - h["b2"]))
             for k, g in GRADS[0].items()}  # fmt: skip
        found.append(lab.compare(path, [updates(lab, h, W, r)]))
    return max(found, key=excess)


def constant_gradient_has_a_constant_direction(lab: Lab) -> Measurement:
    r"""g_t = g: both averages, corrected, are g and g^2 at every t, so r = g / (|g| + eps)."""
    h = usual(lab)
    path = lab.run(h, W, [GRADS[0]] * 4, RATE)
    r = {k: roomy(sign_like(g, h), 8 / (1 - h["b1"]) + 8 / (1 - h["b2"]) + 16)
         for k, g in GRADS[0].items()}  # fmt: skip
    return lab.compare(path, [updates(lab, h, w, r) for w in path[:-1]])


def two_steps_have_a_closed_form(lab: Lab) -> Measurement:
    r"""mhat_2 = (b1 g1 + g2) / (1 + b1), vhat_2 = (b2 g1^2 + g2^2) / (1 + b2): 1 - b cancels."""
    h = usual(lab)
    path, (g1, g2) = lab.run(h, W, GRADS[:2], RATE), GRADS[:2]
    spare = 4 / (1 - h["b1"]) + 4 / (1 - h["b2"])
    b1, b2 = rounded(h["b1"]), rounded(h["b2"])
    second = {}
    for k in W:
        m = (b1 * g1[k] + lift(g2[k])) / (1.0 + b1)
        v = (b2 * (lift(g1[k]) * g1[k]) + lift(g2[k]) * g2[k]) / (1.0 + b2)
        bottom = sqrt(v) + rounded(h["eps"])
        r = m / bottom
        hidden = spare * (h["b1"] * np.abs(g1[k]) + np.abs(g2[k])) / (1 + h["b1"]) / bottom.value
        second[k] = Approx(r.value, r.error + hidden)
    first = {k: roomy(sign_like(g1[k], h), spare) for k in W}
    return lab.compare(path, [updates(lab, h, path[0], first), updates(lab, h, path[1], second)])


def no_memory_means_a_sign_step_each_time(lab: Lab) -> Measurement:
    r"""Where b1 = b2 = 0, r = g / (|g| + eps) in every step.

    Gradients of other signs and up to four times the size in each step, and no more: m + (1 - b1)
    (g - m) is an honest way to write the average, and rounds as its old value does.
    """
    lab.need("b1", "b2")
    h = usual(lab, b1=0.0, b2=0.0)
    grads = [
        {k: c * np.sign(g[k]) * np.abs(GRADS[0][k]) for k in W}
        for c, g in zip((1.0, 2.0, 0.5, 1.0), GRADS, strict=True)
    ]
    path = lab.run(h, W, grads, RATE)
    directions = [{k: roomy(sign_like(g[k], h), 64) for k in W} for g in grads]
    return lab.compare(
        path, [updates(lab, h, w, r) for w, r in zip(path, directions, strict=False)]
    )


def eps_stands_outside_the_root(lab: Lab) -> Measurement:
    r"""Where b1 = b2 = 0, r = g / (|g| + eps), probed where it matters: |g| from 1e-3 to 1e3 eps.

    And up to 1, as an eps of 1e-6 under the root acts like one of 1e-3 outside. Under the root,
    left out, or of another value: each changes entries near it by a part that no ratio can forget,
    because others are far from it.
    """
    memory = {"b1": 0.0, "b2": 0.0} if {"b1", "b2"} <= lab.offers else {}
    eps = lab.hyper(eps=2.0**-20)["eps"]
    found = []
    for low, high in ((1e-3 * eps, 1e3 * eps), (0.1 * eps, 1.0)):
        h = usual(lab, eps=eps, **memory)
        found.append(lab.follows_formula(h, W, [problem.spread(low, high, 2)], RATE))
    return max(found, key=excess)


def eps_is_added_after_the_correction(lab: Lab) -> Measurement:
    r"""With memory: eps stands beside sqrt(vhat), not beside sqrt(v) ("epsilon hat").

    Tried where only the correction and eps matter. If the formula is broken with another decay in
    place of eps (AdamW: with neither), or with eps and no memory, nothing can be told here.
    """
    lab.need("eps")
    grads = [problem.spread(0.1, 10.0, seed) for seed in (2, 3)]
    memory = {"b1": 0.9, "b2": 0.97}

    def run(**other: float) -> Measurement:
        return lab.follows_formula(usual(lab, **memory | other), W, grads, RATE)

    m = run(eps=1.0)
    if lab.claim.name == "adamw" or "weight_decay" in lab.offers:
        decay = {"weight_decay": 0.3} if lab.claim.name == "lamb" else {}
        m = unless(m, lambda: run(**decay), "where eps is negligible")
        m = unless(m, lambda: run(b1=0.0, b2=0.0, eps=1.0), "without memory")
    return m


def eps_may_be_zero(lab: Lab) -> Measurement:
    r"""An eps of 0 is 0: r = mhat / sqrt(vhat), however small the gradients are (here 1e-12)."""
    lab.need("eps")
    h = usual(lab, eps=0.0)
    return lab.follows_formula(h, W, [problem.times(2.0**-40, g) for g in GRADS], RATE)


def correction_counts_from_one(lab: Lab) -> Measurement:
    r"""With t = 1, 2, 3: mhat = m / (1 - b1^t), vhat = v / (1 - b2^t); betas near 1 show it.

    In LAMB the correction is a factor of r, which u / ||u|| forgets but for decay (u = r + lam w);
    with an eps alone it is only the second moment's that shows. So it is tried with decay; if that
    is broken without memory too, it is the decay that is wrong, and eps has to do.
    """
    memory = {"b1": 0.9, "b2": 0.97}
    if lab.claim.name == "adamw":
        return lab.follows_formula(usual(lab, **memory), W, GRADS[:3], RATE)
    ways = [w for w in ({"weight_decay": 0.3}, {"eps": 0.25}) if w.keys() <= lab.offers]
    if not ways:
        lab.need("weight_decay")
    for way in ways:
        m = lab.follows_formula(usual(lab, **memory, **way), W, GRADS[:3], RATE)
        alone = usual(lab, **dict.fromkeys(memory, 0.0), **way)
        if not m.broken or not lab.follows_formula(alone, W, GRADS[:3], RATE).broken:
            return m
    raise HiddenError("cannot be told: broken without memory too", m.measured, m.tolerance)


LAWS = (
    Law(correction_counts_from_one, ADAM,
        "the bias correction is missing, stands outside the ratio, or does not count its steps "
        "t = 1, 2, 3; or an average has a wrong factor"),
    Law(eps_is_added_after_the_correction, ADAM,
        "eps is added to the root before the second moment is corrected (epsilon hat): it acts as "
        "a larger one in the first steps"),
    Law(eps_stands_outside_the_root, ADAM,
        "eps does not stand outside the root: it is under it, missing, or of another value; or the "
        "direction or ratio are wrong"),
    Law(first_step_is_a_sign_step, ADAM,
        "the first step is not that of the gradient's signs: a moment is not corrected or starts "
        "elsewhere than at zero, or the ratio is not the claim's"),
    Law(constant_gradient_has_a_constant_direction, ADAM,
        "under a constant gradient the direction drifts: the bias correction and the averages do "
        "not belong together"),
    Law(two_steps_have_a_closed_form, ADAM,
        "the second step is not (b1 g1 + g2) / (1 + b1) over the root of (b2 g1^2 + g2^2) / "
        "(1 + b2): a wrong average, power or beta"),
    Law(no_memory_means_a_sign_step_each_time, ADAM,
        "with b1 = b2 = 0 the step is not that of the gradient's signs: the direction or the ratio "
        "is wrong, as no moment or correction is left"),
    Law(eps_may_be_zero, ADAM, "eps = 0 is not taken as 0", "range"),
)  # fmt: skip
