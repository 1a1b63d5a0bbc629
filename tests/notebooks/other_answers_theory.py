"""Answers to notebooks 05 to 08 of another form than the solutions, as in `other_answers.py`."""

import numpy as np
import sympy as sp

from lbopt import optim
from theory import make_constants
from theory.theorems import lars

norm = np.linalg.norm
LAMB, LEMMA = "05_lamb", "06_descent_lemma_layer_by_layer"
RATES, MUSEUM = "07_rates_slack_and_broken_hypotheses", "08_museum_of_wrong_lambs"


def _first_step_by_the_recipe(w, g, rate):
    link = optim.lamb(rate, eps=0.0)
    return w + link.update({"w": g}, link.init({"w": w}), {"w": w})[0]["w"]


def _first_step_nan(w, g, rate):
    u = g / abs(g)
    return w - rate * norm(w) / norm(u) * u


def _correction_by_sums(t, b1, b2):
    first, second = ((1 - b) * np.sum(b ** np.arange(t)) for b in (b1, b2))
    return np.sqrt(second) / first


def _ratio_by_where(w, r, decay, phi):
    a, b = norm(w), norm(r + decay * w)
    real = (a > 0) & (b > 0)
    return np.where(real, phi(a) / np.where(real, b, 1.0), 1.0)


def _ratio_phi_of_weights(w, r, decay, phi):
    a, b = norm(w), norm(r + decay * w)
    return norm(phi(w)) / b if a > 0 and b > 0 else 1


def _nested_chains(rate, b1, b2, eps, decay):
    inner = optim.chain(optim.scale_by_adam(b1, b2, eps), optim.add_decayed_weights(decay))
    return optim.chain(inner, optim.scale_by_trust_ratio(), optim.scale(-rate))


def _which_by_splitting(opt):
    w, g = np.array([1.0, 2, 3, 4]), np.array([0.1, 1, -2, 0.3])
    whole, halves = {"w": w}, {"a": w[:2], "b": w[2:]}
    u, _ = opt.update({"w": g}, opt.init(whole), whole)
    v, _ = opt.update({"a": g[:2], "b": g[2:]}, opt.init(halves), halves)
    same = np.allclose(u["w"], np.concatenate([v["a"], v["b"]]), rtol=1e-6, atol=1e-12)
    return "adamw" if same else "lamb"


def _lars_bound_of_the_package(gap, L, sigma, eta, T, b):
    return lars.bound(make_constants(gap, L, sigma=sigma), step_size=eta, steps=T, batch_size=b)


def _joint_by_bisection(H, dims):
    cuts = np.split(np.arange(len(H)), np.cumsum(dims)[:-1])
    own = np.array([np.linalg.eigvalsh(H[np.ix_(k, k)])[-1] for k in cuts])
    low, high = 0.0, float(len(dims))
    for _ in range(60):
        middle = (low + high) / 2
        fits = np.linalg.eigvalsh(H - np.diag(np.repeat(middle * own, dims)))[-1] <= 0
        low, high = (low, middle) if fits else (middle, high)
    return high * own


def _certificate_with_angles(A, B, c):
    half = sp.sin(sp.acos(c) / 2)
    return (A - B) ** 2 * sp.sin(sp.acos(c)) ** 2, 4 * A * B * half**2


def _slope_by_covariance(T, values):
    x, y = np.log2(T), np.log2(values)
    return np.cov(x, y)[0, 1] / np.var(x, ddof=1)


def _attain_on_both_sides(L, T):
    k = round(T**0.5)
    return np.array([3 * (k + 1e-7) * (-1) ** i for i in range(len(L))]), 3.0


def _adapter_by_nonlocal(lr, **hyperparameters):
    link, state = optim.lamb(lr, **hyperparameters), None

    def init(params):
        nonlocal state
        state = link.init(params)

    def step(params, grads):
        nonlocal state
        u, state = link.update(grads, state, params)
        return {k: w + u[k] for k, w in params.items()}

    return init, step


def _continuous_by_two(make, sizes=(2.0, 1.0)):
    w = {"M": sizes[0] * np.ones((3, 3)), "v": sizes[1] * np.arange(1.0, 5)}
    ends = []
    for decay in (0.0, 1e-10):
        init, step = make(0.1, weight_decay=decay)  # as the notebook says: two functions
        init(w)
        ends.append(step(w, {k: 0 * a + 0.1 for k, a in w.items()}))
    return all(np.allclose(ends[0][k], ends[1][k], rtol=1e-6) for k in w)


def _continuous_at_ratio_one(make):
    w = np.ones(4)  # r is all ones, too: LAMB's ratio is 1, with and without room H's rule
    ends = []
    for decay in (0.0, 1e-10):
        init, step = make(0.1, weight_decay=decay)
        init({"w": w})
        ends.append(step({"w": w}, {"w": w})["w"])
    return np.allclose(*ends, rtol=1e-6)


def _smallest_by_search(killed, taken=()):
    alive = [room for room, by in killed.items() if not set(by) & set(taken)]
    if not alive:
        return list(taken)
    tries = [_smallest_by_search(killed, (*taken, law)) for law in killed[alive[0]]]
    return min(tries, key=len)


def _amsgrad(lr, b1, b2, eps, weight_decay):
    def rule(g, memory, w, step):
        m, v = b1 * memory["m"] + (1 - b1) * g, b2 * memory["v"] + (1 - b2) * g * g
        most = np.maximum(memory["most"], v / (1 - b2 ** (step + 1)))
        r = m / (1 - b1 ** (step + 1)) / (np.sqrt(most) + eps)
        return r, {"m": m, "v": v, "most": most}

    adam = optim.layerwise(rule, lambda w: {"m": 0 * w, "v": 0 * w, "most": 0 * w})
    decayed = optim.add_decayed_weights(weight_decay)
    ratio = optim.scale_by_trust_ratio()
    return optim.chain(adam, decayed, ratio, optim.scale_by_learning_rate(lr))


def _b1_squared(lr, b1, b2, eps, weight_decay):
    return optim.lamb(lr, b1=b1**2, b2=b2, eps=eps, weight_decay=weight_decay)


RIGHT_THEORY = {
    (LAMB, 1): [
        _first_step_by_the_recipe,
        lambda w, g, rate: w - rate * norm(w) * np.sign(g) / np.count_nonzero(g) ** 0.5,
    ],
    (LAMB, 2): [
        _correction_by_sums,
        lambda t, b1, b2: np.exp(0.5 * np.log1p(-(b2**t)) - np.log1p(-(b1**t))),
    ],
    (LAMB, 3): [_ratio_by_where],
    (LAMB, 4): [_nested_chains],
    (LAMB, 5): [_which_by_splitting],
    (LEMMA, 1): [lambda a, b: norm(a) - a @ b / max(norm(b), 1e-300)],
    (LEMMA, 2): [_lars_bound_of_the_package],
    (LEMMA, 3): [lambda gap, L, T: lars.optimal_step(make_constants(gap, list(L)), steps=T)],
    (LEMMA, 4): [_joint_by_bisection],
    (LEMMA, 5): [
        _certificate_with_angles,
        lambda A, B, c: [sp.expand((A - B) ** 2 * (1 - c**2)), A * B * (1 - c), A * B * (1 - c)],
    ],
    (RATES, 1): [_slope_by_covariance],
    (RATES, 2): [lambda sigma, b, low, high: np.sum(sigma) * b**-0.5 * high / low],
    (RATES, 3): [
        lambda low, high, bound, ceiling: (
            ("holds", "undecided")[high > bound]
            if low <= bound < ceiling
            else ("vacuous", "violated")[low > bound]
        )
    ],
    (RATES, 4): [lambda gap, L, s, N: np.sqrt(np.sum(s) ** 2 * N / gap / np.sum(L) / 2)],
    (RATES, 5): [_attain_on_both_sides],
    (MUSEUM, 1): [_adapter_by_nonlocal],
    (MUSEUM, 2): [lambda g, eps: (g / np.hypot(g, eps**0.5)) / (g / (abs(g) + eps))],
    (MUSEUM, 3): [_continuous_by_two],
    (MUSEUM, 4): [_smallest_by_search],
    (MUSEUM, 5): [_amsgrad, _b1_squared],
}
ALMOST_THEORY = {
    (LAMB, 1): [
        (lambda w, g, rate: _first_step_by_the_recipe(w, g, rate) - w, "return the new weights"),
        (_first_step_nan, "0 / 0"),
    ],
    (LAMB, 3): [
        (_ratio_phi_of_weights, "phi takes the norm of the layer"),
        (lambda w, r, decay, phi: phi(norm(w)) / (norm(r + decay * w) or 1), "w = 0"),
    ],
    (LAMB, 4): [(lambda rate, *others: [optim.scale(-rate)], "a link has init and update")],
    (LEMMA, 1): [(lambda a, b: norm(a) - a @ b / (norm(b) + 1e-3), "loses 0.00033, not 0")],
    (LEMMA, 2): [
        (
            lambda p, L, s, e, T, b: p / e / T + e * sum(L) / 2 + sum(s) / b,
            "sigma = [0.5, 2.0, 1.0]",
        )
    ],
    (LEMMA, 5): [(lambda A, B, c: (A - B) ** 2 + 2 * A * B * (1 - c), "a tuple of terms")],
    (RATES, 1): [(lambda T, v: np.polyfit(np.log(T), np.log(v), 1), "a slope is one number")],
    (RATES, 5): [(lambda L, T: (T**0.5 + 1e-6, 1.0), "one start for each of 1 layers")],
    (MUSEUM, 2): [
        (lambda g, eps: (g * g + eps) ** 0.5 / (abs(g) + eps), "1.00001 times the paper's"),
    ],
    (MUSEUM, 3): [(_continuous_at_ratio_one, "has your layer another one?")],
    (MUSEUM, 4): [(lambda killed: len(_smallest_by_search(killed)), "return the laws")],
}
