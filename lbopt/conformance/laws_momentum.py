"""Laws of momentum and learning rate: SGD, both LARS, and what a schedule does to each."""

from __future__ import annotations

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.formulas import decayed, local_rate, normalised
from lbopt.conformance.lab import Lab, Measurement, excess
from lbopt.conformance.law import EVERY, GRADS, RATE, Law, W, full, unless, usual
from lbopt.conformance.problem import falling
from lbopt.conformance.rounding import Approx, lift, rounded


def first_step_sees_no_memory(lab: Lab) -> Measurement:
    r"""v_0 = 0: SGD -lr (g + beta w), LARS -lr lambda (g + beta w), LARS 2020 normalised.

    For any momentum: the first step does not depend on it.
    """
    found = []
    lab.relies()
    name = "b1" if lab.claim.name == "lars_2020" else "momentum"
    for momentum in (0.8, 0.5):
        h = usual(lab, **{name: momentum})
        path = lab.run(h, W, GRADS[:1], RATE)
        want = {}
        for k, w in W.items():
            d = decayed(lift(GRADS[0][k]), w, h)
            if lab.claim.name == "lars":
                d = local_rate(w, GRADS[0][k], h) * d
            elif lab.claim.name == "lars_2020":
                d = normalised(Approx(d.value, d.error + 8 * np.abs(d.value)), w)
            want[k] = -rounded(RATE) * d
        found.append(lab.compare(path, [want]))
    return max(found, key=excess)


def two_steps_build_up_momentum(lab: Lab) -> Measurement:
    r"""SGD: m d1 + d2; LARS: m lr1 lambda1 d1 + lr2 lambda2 d2; LARS 2020: b1 d1 + d2, normalised.

    d = g + decay w. At a constant rate, so that it does not matter where the rate stands.
    """
    return lab.follows_formula(usual(lab), W, GRADS[:2], RATE)


def constant_gradient_builds_up(lab: Lab) -> Measurement:
    r"""No decay, g_t = g: v_t = (1 + m + ... + m^(t-1)) g = (1 - m^t) / (1 - m) g."""
    h = usual(lab, weight_decay=0.0)
    lab.relies("momentum")
    path, m = lab.run(h, W, [GRADS[0]] * 4, RATE), h["momentum"]
    want = []
    for t in range(1, 5):
        factor = sum(m**i for i in range(t))
        want.append({k: -rounded(RATE) * Approx(factor * g, 3 * t * factor * np.abs(g))
                     for k, g in GRADS[0].items()})  # fmt: skip
    return lab.compare(path, want)


def update_is_linear_in_the_gradient(lab: Lab) -> Measurement:
    r"""No decay: c g moves c times as far, and weights play no part (c = 2^10)."""
    h = usual(lab, weight_decay=0.0)
    a = lab.run(h, W, GRADS, RATE)
    b = lab.run(h, problem.times(2.0**10, W), [problem.times(2.0**10, g) for g in GRADS], RATE)
    return lab.same(a, b, scale=2.0**10, operations=256)


def learning_rate_is_a_factor(lab: Lab) -> Measurement:
    r"""The first step at lr / 4 is a quarter of that at lr: both by the formula."""
    h = usual(lab)
    one, four = (lab.run(h, W, GRADS[:1], rate) for rate in (RATE / 4, RATE))
    return lab.same(one, four, scale=4.0)


def schedule_is_asked_for_each_step(lab: Lab) -> Measurement:
    r"""Step t = 0, 1, 2 uses lr(t): the formula with lr(t) = 1/2, 1/4, 1/6.

    A rate kept from the start, one step late, or counted twice shows; so does, for LARS and SGD,
    the wrong side of the momentum. If the formula is broken at a constant rate too, nothing can be
    told.
    """
    h = usual(lab)
    return unless(
        lab.follows_formula(h, W, GRADS[:3], falling),
        lambda: lab.follows_formula(h, W, GRADS[:3], RATE),
        "at a constant rate",
    )


def stop(t: int) -> float:
    """One step, then learning rate 0."""
    return 0.5 if t == 0 else 0.0


def nothing_moves_at_rate_zero(lab: Lab) -> Measurement:
    r"""The rate multiplies from outside: after a step at lr = 0.5, lr = 0 stands still at once."""
    path = lab.run(full(lab), W, GRADS[:3], stop)
    still = {k: Approx(0 * w, np.abs(w)) for k, w in W.items()}
    return lab.compare(path[1:], [still] * 2)


def momentum_moves_on_at_rate_zero(lab: Lab) -> Measurement:
    r"""LARS: lr = 0.5, then 0. The rate is inside the buffer, so updates go on as m v, m^2 v."""
    h = full(lab)
    lab.relies("momentum")
    path = lab.run(h, W, GRADS[:3], stop)
    first = {k: path[1][k] - w for k, w in path[0].items()}
    want = [
        {
            k: Approx(h["momentum"] ** t * u, 8 * (np.abs(u) + np.abs(W[k])))
            for k, u in first.items()
        }
        for t in (1, 2)
    ]
    return lab.compare(path[1:], want)


LAWS = (
    Law(first_step_sees_no_memory, ("sgd", "lars", "lars_2020"),
        "the first step is not that of the bare formula: dampened, with another ratio or "
        "denominator, decay elsewhere, or depending on the momentum"),
    Law(two_steps_build_up_momentum, ("sgd", "lars", "lars_2020"),
        "the second step does not join old and new as the claim says: the ratio on the wrong side "
        "of the momentum, an average for a sum, decay outside of it"),
    Law(constant_gradient_builds_up, ("sgd",),
        "under a constant gradient the velocity is "
        "not (1 - m^t) / (1 - m) g: dampened, or averaged"),
    Law(update_is_linear_in_the_gradient, ("sgd",),
        "a larger gradient does not move as much further: it is clipped or normalised"),
    Law(learning_rate_is_a_factor, EVERY,
        "the learning rate does not scale the step: it is divided out again, ignored, or a bound"),
    Law(schedule_is_asked_for_each_step, EVERY,
        "under a schedule the steps are not those of lr(0), lr(1), lr(2): the rate is kept or "
        "counted otherwise, or stands on the wrong side of the momentum"),
    Law(nothing_moves_at_rate_zero, ("lamb", "lars_2020", "adamw", "sgd"),
        "weights move although the learning rate is 0: the rate is inside the momentum, or "
        "something (decay) is not multiplied by it"),
    Law(momentum_moves_on_at_rate_zero, ("lars",),
        "at learning rate 0 the momentum does not go on: the rate stands outside the buffer, as in "
        "torch's SGD; with a schedule this is another algorithm"),
)  # fmt: skip
