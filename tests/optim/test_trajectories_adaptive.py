"""Adagrad, Adam, AdamW and the LAMBs against their papers' formulas as plain NumPy loops.

As test_trajectories.py: the loops share nothing with lbopt, 25 steps, 1e-12 relative.
"""

import numpy as np
import pytest

from lbopt import optim
from lbopt.optim import phi
from lbopt.optim.masks import name_contains, weights_only
from tests.optim.backends import ALL, trajectory
from tests.optim.loops import NORMS, SCHEDULE, STEPS, gamma, is_matrix, length, run_loop, safe
from tests.optim.problems import agree, gradients, weights


def quotient(top, bottom):
    """top / bottom, and 0 where both are: only eps = 0 and a zero gradient come to that."""
    return np.divide(top, bottom, out=np.zeros(np.shape(top)), where=np.asarray(bottom > 0))


def adagrad_loop(eps=1e-10, decay=0.0, decayed=None):
    def rule(k, w, g, memory, t):
        g = g + (decay if decayed is None or decayed(k, w) else 0.0) * w
        memory["v"] = v = memory.get("v", 0) + g**2
        return w - gamma(t) * quotient(g, np.sqrt(v) + eps)

    return rule


def adam_direction(memory, g, t, b1, b2, eps, form="corrected"):
    """r of Algorithm 2; form: corrected, raw, nesterov (N-LAMB), nesterov2 (NN-LAMB)."""
    memory["m"] = m = b1 * memory.get("m", 0) + (1 - b1) * g
    memory["v"] = v = b2 * memory.get("v", 0) + (1 - b2) * g**2
    t = t + 1
    if form != "raw":
        ahead_m = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        ahead_v = b2 * v / (1 - b2 ** (t + 1)) + (1 - b2) * g**2 / (1 - b2**t)
        m = ahead_m if "nesterov" in form else m / (1 - b1**t)
        v = ahead_v if form == "nesterov2" else v / (1 - b2**t)
    return quotient(m, np.sqrt(v) + eps)


def adam_loop(b1=0.9, b2=0.999, eps=1e-8, l2=0.0, decoupled=0.0, decayed=None):
    def rule(k, w, g, memory, t):
        on = decayed is None or decayed(k, w)
        r = adam_direction(memory, g + on * l2 * w, t, b1, b2, eps)
        return w - gamma(t) * (r + on * decoupled * w)

    return rule


def lamb_loop(
    b1=0.9, b2=0.999, eps=1e-6, decay=0.0, phi=lambda z: z, norm="l2", form="corrected",
    most=np.inf, decayed=None, adapted=None,
):  # fmt: skip
    """Algorithm 2 of arXiv 1904.00962."""
    size = NORMS[norm]

    def rule(k, w, g, memory, t):
        u = adam_direction(memory, g, t, b1, b2, eps, form)
        u = u + (decay if decayed is None or decayed(k, w) else 0.0) * w
        ratio = min(safe(phi(size(w)), size(u), w), most)
        return w - gamma(t) * (ratio if adapted is None or adapted(k, w) else 1.0) * u

    return rule


def clamp(z):
    return min(max(z, 0.05), 9.0)


def is_fc(name, array):
    return name.startswith(("fc", "dead"))


FC = name_contains("fc", "dead")
TWO = {"decay_mask": FC, "adapt_mask": weights_only}
TWO_LOOP = {"decayed": is_fc, "adapted": is_matrix}
CASES = {
    "adagrad": (optim.adagrad(SCHEDULE), adagrad_loop()),
    "adagrad_eps_0": (optim.adagrad(SCHEDULE, eps=0.0), adagrad_loop(eps=0.0)),
    "adagrad_decay": (
        optim.adagrad(SCHEDULE, eps=0.3, weight_decay=0.1, decay_mask=FC),
        adagrad_loop(0.3, 0.1, is_fc),
    ),
    "adam": (optim.adam(SCHEDULE), adam_loop()),
    "adam_eps_0": (optim.adam(SCHEDULE, eps=0.0), adam_loop(eps=0.0)),
    "adam_l2": (
        optim.adam(SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1, decay_mask=FC),
        adam_loop(0.7, 0.8, 0.2, l2=0.1, decayed=is_fc),
    ),
    "adam_no_memory": (optim.adam(SCHEDULE, b1=0.0, b2=0.0), adam_loop(0.0, 0.0)),
    "adamw_defaults": (optim.adamw(SCHEDULE), adam_loop(decoupled=0.01)),
    "adamw": (
        optim.adamw(SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1, decay_mask=FC),
        adam_loop(0.7, 0.8, 0.2, decoupled=0.1, decayed=is_fc),
    ),
    "lamb_defaults": (optim.lamb(SCHEDULE), lamb_loop()),
    "lamb": (
        optim.lamb(SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1),
        lamb_loop(0.7, 0.8, 0.2, 0.1),
    ),
    "lamb_eps_0": (
        optim.lamb(SCHEDULE, eps=0.0, weight_decay=0.1),
        lamb_loop(eps=0.0, decay=0.1),
    ),
    "lamb_sign": (
        optim.lamb(SCHEDULE, b1=0.0, b2=0.0, weight_decay=0.1),
        lamb_loop(0.0, 0.0, decay=0.1),
    ),
    "lamb_l1": (optim.lamb(SCHEDULE, weight_decay=0.1, norm="l1"), lamb_loop(decay=0.1, norm="l1")),
    "lamb_linf": (
        optim.lamb(SCHEDULE, weight_decay=0.1, norm="linf"),
        lamb_loop(decay=0.1, norm="linf"),
    ),
    "lamb_phi_clip": (
        optim.lamb(SCHEDULE, weight_decay=0.1, phi=phi.clip(0.05, 9.0)),
        lamb_loop(decay=0.1, phi=clamp),
    ),
    "lamb_phi_clip_l1": (
        optim.lamb(SCHEDULE, phi=phi.clip(0.05, 9.0), norm="l1"),
        lamb_loop(phi=clamp, norm="l1"),
    ),
    "lamb_phi_any": (
        optim.lamb(SCHEDULE, phi=lambda z: 0.5 * z + 0.1),
        lamb_loop(phi=lambda z: 0.5 * z + 0.1),
    ),
    "lamb_no_bias_correction": (
        optim.lamb(SCHEDULE, weight_decay=0.1, bias_correction=False),
        lamb_loop(decay=0.1, form="raw"),
    ),
    "lamb_masks": (
        optim.lamb(SCHEDULE, weight_decay=0.1, **TWO),
        lamb_loop(decay=0.1, **TWO_LOOP),
    ),
    "nlamb": (optim.nlamb(SCHEDULE, weight_decay=0.1), lamb_loop(decay=0.1, form="nesterov")),
    "nlamb_all": (
        optim.nlamb(
            SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1, phi=phi.clip(0.05, 9.0),
            norm="l1", **TWO,
        ),
        lamb_loop(0.7, 0.8, 0.2, 0.1, clamp, "l1", "nesterov", **TWO_LOOP),
    ),
    "nnlamb": (optim.nnlamb(SCHEDULE, weight_decay=0.1), lamb_loop(decay=0.1, form="nesterov2")),
    "nnlamb_all": (
        optim.nnlamb(
            SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1, phi=phi.clip(0.05, 9.0),
            norm="linf", **TWO,
        ),
        lamb_loop(0.7, 0.8, 0.2, 0.1, clamp, "linf", "nesterov2", **TWO_LOOP),
    ),
    "nlamb_no_memory": (optim.nlamb(SCHEDULE, b1=0.0), lamb_loop(0.0, form="nesterov")),
    "lambc": (optim.lambc(SCHEDULE, weight_decay=0.1), lamb_loop(decay=0.1, most=1.0)),
    "lambc_all": (
        optim.lambc(
            SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1, max_ratio=2.5, **TWO
        ),
        lamb_loop(0.7, 0.8, 0.2, 0.1, most=2.5, **TWO_LOOP),
    ),
}  # fmt: skip


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("case", CASES)
def test_adaptive_recipe_follows_the_papers_loop(case, module):
    opt, loop = CASES[case]
    got = trajectory(opt, weights(), gradients(STEPS), module)
    want = run_loop(weights(), gradients(STEPS), loop)
    for a, b in zip(got, want, strict=True):
        agree(a, b)


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("limit", [1.0, 25.0])
def test_nvlamb_is_a_chain_of_clipping_and_lamb(module, limit):
    opt = optim.chain(optim.clip_by_global_norm(limit), optim.lamb(SCHEDULE, weight_decay=0.1))
    grads, clipped = gradients(STEPS), []
    for g in grads:
        joint = sum(length(a) ** 2 for a in g.values()) ** 0.5
        clipped.append({k: a * min(1.0, limit / joint) for k, a in g.items()})
    got = trajectory(opt, weights(), grads, module)
    want = run_loop(weights(), clipped, lamb_loop(decay=0.1))
    for a, b in zip(got, want, strict=True):
        agree(a, b)


def test_ratios_of_the_loops_meet_both_ends_of_every_clamp():
    # else the cases with phi.clip and max_ratio would prove nothing
    sizes = {k: length(w) for k, w in weights().items() if length(w) > 0}
    assert sizes["fc.W"] > 9.0
    assert sizes["tiny.W"] < 0.05
    opt = optim.lamb(SCHEDULE, b1=0.7, b2=0.8, eps=0.2, weight_decay=0.1)
    w = weights()
    _, state = opt.update(gradients(1)[0], opt.init(w), w)
    ratios = [float(r) for r in optim.trust_ratios(state).values()]
    assert min(ratios) < 1.0 < 2.5 < max(ratios)
