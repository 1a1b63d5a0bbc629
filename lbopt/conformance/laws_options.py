"""Laws of hyperparameters: all of them are alive, and optional ones do what they are called."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import NotOfferedError
from lbopt.conformance.formulas import Hyper
from lbopt.conformance.lab import UNIT, Lab, Measurement, excess
from lbopt.conformance.law import EVERY, GRADS, LAYERWISE, NORMALISED, RATE, Law, W, full, usual
from lbopt.conformance.rounding import Approx
from lbopt.optim import phi

LOW, HIGH = 0.125, 4.0


def every_hyperparameter_is_alive(lab: Lab) -> Measurement:
    r"""Halving a hyperparameter changes the fourth step, by far more than rounding.

    Accepted and then dropped, it leaves no other trace than this. Measured: hyperparameters that
    change nothing, of those the claim has and the factory takes.
    """
    base = full(lab)
    if lab.claim.name == "lars":
        base = full(lab, eps=0.25)
    want = lab.run(base, W, GRADS, RATE)
    dead = []
    for name in lab.claim.needs:
        if name not in lab.offers:
            continue
        try:
            other = lab.run(base | {name: base[name] / 2}, W, GRADS, RATE)
        except NotOfferedError:
            continue
        if lab.same(want[-2:], [want[-2], other[-1]], operations=2**10).measured < 1e-4:
            dead.append(name)
    return Measurement(float(len(dead)), 0.0, f"dead: {', '.join(dead)}" if dead else "")


def bias_correction_can_be_switched_off(lab: Lab) -> Measurement:
    r"""bias_correction=False: r = m / (sqrt(v) + eps) from the raw moments, 3 steps."""
    lab.option("bias_correction")
    return lab.follows_formula(full(lab, bias_correction=False), W, GRADS[:3], RATE)


def cut_between(z: float) -> float:
    """What phi is in the law below."""
    return min(max(z, LOW), HIGH)


def phi_acts_on_the_weight_norm(lab: Lab) -> Measurement:
    r"""With phi = clip(0.125, 4): the formula with phi(||w||) for ||w||; norms from 1 to 40."""
    lab.option("phi")
    h = usual(lab)
    path = lab.run(h | {"phi": phi.clip(LOW, HIGH)}, W, GRADS[:3], RATE)
    return lab.compare(path, lab.predict(h | {"phi": cut_between}, path, GRADS[:3], RATE))


def norm_is_of_weights_and_update(lab: Lab) -> Measurement:
    r"""With norm = "l1", "linf": ||update|| = lr ||w||, both in that norm."""
    lab.option("norm")
    sizes = {
        "l1": lambda a: float(np.sum(np.abs(a))), "linf": lambda a: float(np.max(np.abs(a))),
    }  # fmt: skip
    found = []
    for name, length in sizes.items():
        path = lab.run(usual(lab) | {"norm": name}, W, GRADS[:2], RATE)
        for before, after in pairwise(path):
            for k, w in before.items():
                due = RATE * length(w)
                gap = abs(length(after[k] - w) / due - 1)
                hidden = (2 * length(w) + 2 * length(after[k])) / due
                allowed = UNIT[lab.arithmetic] * (8 * (w.size + 10) + hidden)
                m = Measurement(gap if gap == gap else np.inf, allowed, f"norm={name!r}, {k!r}")
                found.append(m)
    worst = max(found, key=excess)
    return worst if worst.broken else worst._replace(detail="")


def nesterov_looks_ahead(lab: Lab) -> Measurement:
    r"""nesterov=True steps by d + m v, d the newest summand of v: 3 steps."""
    lab.option("nesterov")
    return lab.follows_formula(usual(lab, nesterov=True), W, GRADS[:3], RATE)


def masked_formula(lab: Lab, h: Hyper, decays: set[str], adapts: set[str]) -> dict[str, Approx]:
    """First update where masks choose the layers that decay and the layers with a ratio."""
    out = {}
    for k, w in W.items():
        own = h if k in decays else h | {"weight_decay": 0.0}
        u = lab.claim.run(own, [w], [GRADS[0][k]], [RATE])[0]
        if k not in adapts:
            if lab.claim.name == "lars":
                d = -RATE * (GRADS[0][k] + own["weight_decay"] * w)
            elif lab.claim.name == "lars_2020":
                d = -RATE * (1 - h["b1"]) * (GRADS[0][k] + own["weight_decay"] * w)
            else:
                g = GRADS[0][k]
                d = -RATE * (g / (np.abs(g) + h["eps"]) + own["weight_decay"] * w)
            u = Approx(d, 64 * np.abs(d) + 64 * np.abs(w))
        out[k] = u
    return out


def masks_choose_the_layers(lab: Lab) -> Measurement:
    r"""decay_mask and adapt_mask are independent: the first step of each layer follows its kind."""
    lab.option("decay_mask")
    decays = {"embed.weight", "fc.weight", "fc.bias"}
    adapts = {"embed.weight", "conv.weight", "LayerNorm.gamma"}
    h = full(lab)
    masks = {"decay_mask": lambda k, w: k in decays}
    if lab.claim.name in LAYERWISE and "adapt_mask" in lab.declares:
        masks["adapt_mask"] = lambda k, w: k in adapts
    else:
        adapts = set(W)
    path = lab.run(h | masks, W, GRADS[:1], RATE)
    return lab.compare(path, [masked_formula(lab, h, decays, adapts)])


def long_run_is_the_papers(lab: Lab) -> Measurement:
    r"""24 steps of the formula, other weights and gradients, a rising and falling schedule.

    Each step is held against the formula at the weights that were seen, so errors do not add up. At
    a constant rate where the factory takes no schedule.
    """
    h, w = full(lab), problem.weights(seed=7)
    grads, lr = problem.gradients(24, seed=8), rising_and_falling
    try:
        path = lab.run(h, w, grads, lr)
    except NotOfferedError:
        lr = constant
        path = lab.run(h, w, grads, constant(0))
    want = lab.predict(h, path, grads, lr)
    m = lab.compare(path, want)
    if not m.broken:
        return m
    steps = (lab.compare(path[t : t + 2], want[t : t + 1]).broken for t in range(len(want)))
    first = next(t for t, broken in enumerate(steps) if broken)
    told = f"the formula holds for {first} steps and not for the next" if first > 1 else ""
    return m._replace(detail=f"{told}; {m.detail}" if told else m.detail)


def constant(t: int) -> float:
    """For factories that take no schedule."""
    return 0.125


def rising_and_falling(t: int) -> float:
    """Warm-up over 4 steps, then 1 - s/20 squared."""
    return 0.25 * (t + 1) / 4 if t < 4 else 0.25 * (1 - (t - 4) / 20) ** 2


ALIVE = Law(every_hyperparameter_is_alive, EVERY, "a hyperparameter is accepted and ignored")
LAWS = (
    Law(bias_correction_can_be_switched_off, ("lamb",),
        "bias_correction=False does not give the raw moments"),
    Law(phi_acts_on_the_weight_norm, NORMALISED,
        "phi is accepted and ignored, or not applied to the weight norm alone"),
    Law(norm_is_of_weights_and_update, ("lamb",),
        "norm is ignored, or not the norm of weights and update both"),
    Law(nesterov_looks_ahead, ("sgd", "lars"), "nesterov=True is ignored or not Nesterov's form"),
    Law(masks_choose_the_layers, EVERY,
        "a mask is ignored, does the other's work, or does both masks' work"),
)  # fmt: skip
LONG = Law(
    long_run_is_the_papers,
    EVERY,
    "over 24 steps with a schedule the weights do not follow the paper's formula; the other "
    "broken laws say where",
)
