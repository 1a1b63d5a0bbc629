"""Every recipe and link against the papers' formulas, written once more as plain NumPy loops.

The loops below share nothing with lbopt. Weights, gradients and layer kinds: see problems.py;
25 steps with warm-up and polynomial decay. Tolerance: float64 sums of at most 24 terms, 25 steps,
1e-12 relative (observed 1e-15 to 1e-14).
"""

import numpy as np
import pytest

from lbopt import optim
from lbopt.optim import phi
from lbopt.optim.masks import weights_only
from tests.optim.backends import ALL, trajectory
from tests.optim.loops import SCHEDULE, STEPS, gamma, is_matrix, length, run_loop, safe
from tests.optim.problems import agree, gradients, weights


def sgd_loop(m=0.0, nesterov=False, beta=0.0, decayed=None):
    def rule(k, w, g, memory, t):
        d = g + (beta if decayed is None or decayed(k, w) else 0.0) * w
        memory["v"] = v = m * memory.get("v", 0) + d
        return w - gamma(t) * (d + m * v if nesterov else v)

    return rule


def lars_loop(m=0.9, beta=5e-4, eta=1e-3, eps=0.0, nesterov=False, decayed=None, adapted=None):
    """Algorithm 1 of arXiv 1708.03888: learning rate and local rate inside the momentum."""

    def rule(k, w, g, memory, t):
        b = beta if decayed is None or decayed(k, w) else 0.0
        local = safe(eta * length(w), length(g) + b * length(w) + eps, w)
        if adapted is not None and not adapted(k, w):
            local = 1.0
        d = gamma(t) * local * (g + b * w)
        memory["v"] = v = m * memory.get("v", 0) + d
        return w - (d + m * v if nesterov else v)

    return rule


def lars_2020_loop(b1=0.9, decay=0.0, phi=lambda z: z, decayed=None, adapted=None):
    """Algorithm 1 of arXiv 1904.00962: the momentum is normalised."""

    def rule(k, w, g, memory, t):
        d = g + (decay if decayed is None or decayed(k, w) else 0.0) * w
        memory["m"] = m = b1 * memory.get("m", 0) + (1 - b1) * d
        ratio = safe(phi(length(w)), length(m), w)
        if adapted is not None and not adapted(k, w):
            ratio = 1.0
        return w - gamma(t) * ratio * m

    return rule


CASES = {
    "sgd": (optim.sgd(SCHEDULE), sgd_loop()),
    "sgd_decay": (optim.sgd(SCHEDULE, weight_decay=0.1), sgd_loop(beta=0.1)),
    "heavy_ball": (
        optim.sgd(SCHEDULE, momentum=0.9, weight_decay=0.1, decay_mask=weights_only),
        sgd_loop(0.9, beta=0.1, decayed=is_matrix),
    ),
    "nesterov": (
        optim.sgd(SCHEDULE, momentum=0.9, nesterov=True, weight_decay=0.1),
        sgd_loop(0.9, True, 0.1),
    ),
    "lars_defaults": (optim.lars(SCHEDULE), lars_loop()),
    "lars": (
        optim.lars(SCHEDULE, momentum=0.8, weight_decay=0.1, trust_coefficient=0.02),
        lars_loop(0.8, 0.1, 0.02),
    ),
    "lars_no_decay": (
        optim.lars(SCHEDULE, weight_decay=0.0, trust_coefficient=0.02),
        lars_loop(beta=0.0, eta=0.02),
    ),
    "lars_nesterov_eps": (
        optim.lars(SCHEDULE, weight_decay=0.1, trust_coefficient=0.02, eps=0.5, nesterov=True),
        lars_loop(beta=0.1, eta=0.02, eps=0.5, nesterov=True),
    ),
    "lars_decay_mask": (
        optim.lars(SCHEDULE, weight_decay=0.1, trust_coefficient=0.02, decay_mask=weights_only),
        lars_loop(beta=0.1, eta=0.02, decayed=is_matrix),
    ),
    "lars_adapt_mask": (
        optim.lars(SCHEDULE, weight_decay=0.1, trust_coefficient=0.02, adapt_mask=weights_only),
        lars_loop(beta=0.1, eta=0.02, adapted=is_matrix),
    ),
    "lars_two_masks": (
        optim.lars(
            SCHEDULE,
            weight_decay=0.1,
            trust_coefficient=0.02,
            eps=0.5,
            decay_mask=optim.masks.name_contains("fc", "dead"),
            adapt_mask=weights_only,
        ),
        lars_loop(
            beta=0.1,
            eta=0.02,
            eps=0.5,
            decayed=lambda k, w: k.startswith(("fc", "dead")),
            adapted=is_matrix,
        ),
    ),
    "lars_2020": (optim.lars_2020(SCHEDULE), lars_2020_loop()),
    "lars_2020_no_momentum": (
        optim.lars_2020(SCHEDULE, b1=0.0, weight_decay=0.1),
        lars_2020_loop(0.0, 0.1),
    ),
    "lars_2020_phi_clip": (
        optim.lars_2020(SCHEDULE, b1=0.7, weight_decay=0.1, phi=phi.clip(0.05, 9.0)),
        lars_2020_loop(0.7, 0.1, lambda z: min(max(z, 0.05), 9.0)),
    ),
    "lars_2020_masks": (
        optim.lars_2020(
            SCHEDULE, weight_decay=0.1, decay_mask=optim.masks.negate(weights_only),
            adapt_mask=weights_only,
        ),
        lars_2020_loop(decay=0.1, decayed=lambda k, w: w.ndim < 2, adapted=is_matrix),
    ),
}  # fmt: skip


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("case", CASES)
def test_recipe_follows_the_papers_loop(case, module):
    opt, loop = CASES[case]
    got = trajectory(opt, weights(), gradients(STEPS), module)
    want = run_loop(weights(), gradients(STEPS), loop)
    for a, b in zip(got, want, strict=True):
        agree(a, b)


def joint(arrays, names):
    return sum(length(arrays[k]) ** 2 for k in names) ** 0.5


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("masks", [False, True])
def test_one_global_ratio_follows_its_formula(module, masks):
    eta, beta, eps, m = 0.02, 0.1, 0.5, 0.9
    mask = {"decay_mask": optim.masks.name_contains("conv", "fc"), "adapt_mask": weights_only}
    opt = optim.lars_one_global_ratio(
        SCHEDULE, momentum=m, weight_decay=beta, trust_coefficient=eta, eps=eps, nesterov=masks,
        **(mask if masks else {}),
    )  # fmt: skip
    grads = gradients(STEPS)
    w, v, want = weights(), dict.fromkeys(weights(), 0.0), []
    adapted = [k for k in w if not masks or w[k].ndim > 1]
    decayed = [k for k in w if not masks or k.startswith(("conv", "fc"))]
    for t, g in enumerate(grads):
        bottom = joint(g, adapted) + beta * joint(w, set(adapted) & set(decayed)) + eps
        local = eta * joint(w, adapted) / bottom
        d = {
            k: gamma(t) * (local if k in adapted else 1) * (g[k] + beta * (k in decayed) * w[k])
            for k in w
        }
        v = {k: m * v[k] + d[k] for k in w}
        w = {k: np.asarray(w[k] - (d[k] + m * v[k] if masks else v[k])) for k in w}
        want.append(w)
    for a, b in zip(trajectory(opt, weights(), grads, module), want, strict=True):
        agree(a, b)


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("limit", [1.0, 25.0, 1e9])
def test_clipping_shrinks_all_layers_by_one_factor(module, limit):
    opt = optim.chain(
        optim.clip_by_global_norm(limit), optim.sgd(SCHEDULE, momentum=0.9, weight_decay=0.1)
    )
    w, v, want, factors = weights(), dict.fromkeys(weights(), 0.0), [], []
    for t, g in enumerate(gradients(STEPS)):
        factors.append(min(1.0, limit / joint(g, g)))
        v = {k: 0.9 * v[k] + factors[-1] * g[k] + 0.1 * w[k] for k in w}
        w = {k: np.asarray(w[k] - gamma(t) * v[k]) for k in w}
        want.append(w)
    hit = sum(f < 1 for f in factors)
    assert {1.0: hit == STEPS, 25.0: 0 < hit < STEPS, 1e9: hit == 0}[limit], factors
    for a, b in zip(trajectory(opt, weights(), gradients(STEPS), module), want, strict=True):
        agree(a, b)
