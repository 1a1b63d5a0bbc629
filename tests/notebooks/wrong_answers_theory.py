"""Plausible wrong answers to the exercises of notebooks 06 and 07, as in `wrong_answers.py`."""

import numpy as np

norm = np.linalg.norm


def _own_curvatures(H, dims):
    cuts = np.split(np.arange(len(H)), np.cumsum(dims)[:-1])
    return np.array([np.linalg.eigvalsh(H[np.ix_(k, k)])[-1] for k in cuts])


def _joint_global(H, dims):
    return np.full(len(dims), np.linalg.eigvalsh(H)[-1])


def _joint_times_layers(H, dims):
    cuts = np.split(np.arange(len(H)), np.cumsum(dims)[:-1])
    apart = all(not H[np.ix_(a, b)].any() for i, a in enumerate(cuts) for b in cuts[i + 1 :])
    return _own_curvatures(H, dims) * (1 if apart else len(dims))


def _verdict_vacuous_first(low, high, bound, ceiling):
    if bound >= ceiling:
        return "vacuous"
    return "violated" if low > bound else "holds" if high <= bound else "undecided"


def _verdict_no_vacuity(low, high, bound, ceiling):
    return "violated" if low > bound else "holds" if high <= bound else "undecided"


def _verdict_by_the_mean(low, high, bound, ceiling):
    if low > bound:
        return "violated"
    if bound >= ceiling:
        return "vacuous"
    return "holds" if (low + high) / 2 <= bound else "undecided"


def _verdict_strict(low, high, bound, ceiling):
    if low > bound:
        return "violated"
    if bound >= ceiling:
        return "vacuous"
    return "holds" if high < bound else "undecided"


WRONG_THEORY = {
    ("06_descent_lemma_layer_by_layer", 1): [
        (lambda a, b: norm(a) - a @ b / norm(b), "standstill law"),
        (lambda a, b: norm(a) - a @ b, "same-direction law"),
        (lambda a, b: norm(b - a) - a @ (b - a) / norm(a), "turned-round law"),
        (lambda a, b: 1 - a @ b / norm(a) / norm(b), "turned-round law"),
    ],
    ("06_descent_lemma_layer_by_layer", 2): [
        (lambda p, L, s, e, T, b: p / (e * T) + e * sum(L) + sum(s) / b**0.5, "curvature"),
        (lambda p, L, s, e, T, b: p / (e * T) + e * max(L) / 2 + sum(s) / b**0.5, "curvature"),
        (lambda p, L, s, e, T, b: p / (e * T) + e * sum(L) / 2 + 2 * sum(s) / b**0.5, "noise"),
        (lambda p, L, s, e, T, b: p / (e * T) + e * sum(L) / 2 + norm(s) / b**0.5, "noise"),
        (lambda p, L, s, e, T, b: p / (e * T) + e * sum(L) / 2 + sum(s) / b, "noise"),
        (lambda p, L, s, e, T, b: p / (e * (T + 1)) + e * sum(L) / 2 + sum(s) / b**0.5, "start"),
    ],
    ("06_descent_lemma_layer_by_layer", 3): [
        (lambda gap, L, T: (gap / (sum(L) * T)) ** 0.5, "balance law"),
        (lambda gap, L, T: (2 * gap / (max(L) * T)) ** 0.5, "balance law"),
        (lambda gap, L, T: -((2 * gap / (sum(L) * T)) ** 0.5), "descent law"),
    ],
    ("06_descent_lemma_layer_by_layer", 4): [
        (_own_curvatures, "joint-move law"),
        (_joint_global, "separate-layers law"),
        (_joint_times_layers, "no-slack law"),
    ],
    ("06_descent_lemma_layer_by_layer", 5): [
        (lambda A, B, c: (A**2 + B**2 - 2 * A * B * c - ((B - A) * c) ** 2,), "two-terms law"),
        (lambda A, B, c: ((A - B) ** 2 * (1 - c**2), 2 * A * B), "identity law"),
        (lambda A, B, c: ((A - B) ** 2, 2 * A * B * (1 - c), -(((B - A) * c) ** 2)), "sign law"),
    ],
    ("07_rates_slack_and_broken_hypotheses", 1): [
        (lambda T, v: np.polyfit(T, v, 1)[0], "power law"),
        (lambda T, v: np.log(v[-1] / v[0]) / np.log(T[-1] / T[0]), "least-squares law"),
        (lambda T, v: -np.polyfit(np.log(T), np.log(v), 1)[0], "power law"),
        (lambda T, v: np.sum(np.log(T) * np.log(v / v[0])) / np.sum(np.log(T) ** 2), "power law"),
    ],
    ("07_rates_slack_and_broken_hypotheses", 2): [
        (lambda sigma, b, low, high: high / low * sum(sigma) / b, "batch law"),
        (lambda sigma, b, low, high: high * sum(sigma) / b**0.5, "ratio law"),
        (lambda sigma, b, low, high: high / low * norm(sigma) / b**0.5, "limit law"),
        (lambda sigma, b, low, high: 2 * high / low * sum(sigma) / b**0.5, "limit law"),
        (lambda sigma, b, low, high: high / low * norm(sigma) ** 2 / b**0.5, "noise law"),
    ],
    ("07_rates_slack_and_broken_hypotheses", 3): [
        (_verdict_vacuous_first, "violation law"),
        (_verdict_no_vacuity, "vacuity law"),
        (_verdict_by_the_mean, "interval law"),
        (_verdict_strict, "attained-bound law"),
    ],
    ("07_rates_slack_and_broken_hypotheses", 4): [
        (lambda gap, L, s, N: sum(s) * (N / (gap * sum(L))) ** 0.5, "minimum law"),
        (lambda gap, L, s, N: N**0.5, "noise law"),
        (lambda gap, L, s, N: sum(s) * N ** (2 / 3) / (2 * gap * sum(L)) ** 0.5, "square-root law"),
        (lambda gap, L, s, N: norm(s) * (N / (2 * gap * sum(L))) ** 0.5, "minimum law"),
    ],
    ("07_rates_slack_and_broken_hypotheses", 5): [
        (lambda L, T: ([T**0.5] * len(L), 1.0), "attained law"),
        (lambda L, T: ([0.0] * len(L), 1.0), "law"),
        (lambda L, T: ([T + 1e-6] * len(L), 1.0), "best-step law"),
        (lambda L, T: ([T**0.5 + 0.5] * len(L), 1.0), "law"),
    ],
}
