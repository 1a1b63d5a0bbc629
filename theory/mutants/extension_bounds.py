"""Wrong bounds for momentum, weight decay, heavy tails, and the per-layer form."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from theory.constants import Constants
from theory.lemmas.memory import averages
from theory.mutants.bounds_lars import SHARED
from theory.mutants.formulas import (
    batch_power,
    euclidean,
    high_power,
    horizon,
    largest,
    low,
    low_over_high,
    mean,
    of_sigma,
    of_smoothness,
    times,
)
from theory.mutants.mutant import Formula, Mutant

Numbers = Mapping[str, Any]
Row = tuple[str, str, str, Formula]


def _memory(arguments: Numbers) -> tuple[float, Any]:
    beta = arguments.get("beta", 0.9)
    return beta, averages(arguments.get("start", "gradient"), beta, int(arguments["steps"]))


def without_old_noise(c: Constants, a: Numbers) -> float:
    """Return the factor that leaves s_t of s_t + s'_t."""
    mean = _memory(a)[1]
    return mean.spread / (mean.spread + mean.spread_old)


def old_noise_as_all(c: Constants, a: Numbers) -> float:
    """Return the factor from s_t + s'_t to 2 s_t."""
    return 2 * without_old_noise(c, a)


def weight_of_today(c: Constants, a: Numbers) -> float:
    """Return the factor from s_t + s'_t to 1 - beta."""
    beta, mean = _memory(a)
    return (1 - beta) / (mean.spread + mean.spread_old)


def limit_spread(c: Constants, a: Numbers) -> float:
    """Return the factor from the averages to their limit sqrt(1 - beta^2)."""
    beta, mean = _memory(a)
    return sqrt(1 - beta**2) / (mean.spread + mean.spread_old)


def limit_age(c: Constants, a: Numbers) -> float:
    """Return the factor from the mean age to 1 / (1 - beta)."""
    beta, mean = _memory(a)
    return 1 / (1 - beta) / mean.age if mean.age else 1.0


def one_step_old(c: Constants, a: Numbers) -> float:
    """Return the factor from the mean age to beta."""
    beta, mean = _memory(a)
    return beta / mean.age if mean.age else 1.0


ANY: tuple[Row, ...] = (
    ("start constant 0.9", "a slip of ten percent", "wrong", times("start", 0.9)),
    ("start constant 1.05", "true and loose", "loose", times("start", 1.05)),
    ("T + 1", "averaged over t = 0..T", "wrong", times("start", horizon(1))),
    ("curvature constant 1.05", "true and loose", "loose", times("curvature", 1.05)),
    ("noise constant 0.95", "a slip of five percent", "open", times("noise", 0.95)),
    ("noise constant 1.05", "true and loose", "loose", times("noise", 1.05)),
    ("batch^-3/4", "between deviation and variance", "open", times("noise", batch_power(0.75))),
    ("batch^-1", "variance for deviation", "open", times("noise", batch_power(1.0))),
    ("max L_i", "for the sum", "wrong", times("curvature", of_smoothness(largest))),
    ("Euclidean norm of the L_i", "for L1", "wrong", times("curvature", of_smoothness(euclidean))),
    ("max sigma_i", "for the sum", "open", times("noise", of_sigma(largest))),
    ("mean sigma_i", "for the sum", "wrong", times("noise", of_sigma(mean))),
)

MEMORY: tuple[Row, ...] = (
    ("curvature constant 0.475", "five percent", "wrong", times("curvature", 0.95)),
    ("no drift", "as if old gradients were new", "wrong", times("drift", 0)),
    ("drift constant 1", "drift charged once", "open", times("drift", 0.5)),
    ("drift constant 1.9", "a slip of five percent", "open", times("drift", 0.95)),
    ("drift constant 2.1", "true and loose", "loose", times("drift", 1.05)),
    ("age 1/(1 - beta)", "for beta/(1 - beta)", "loose", times("drift", limit_age)),
    ("age beta", "of the last step only", "open", times("drift", one_step_old)),
    ("max L_i in the drift", "for the sum", "open", times("drift", of_smoothness(largest))),
    ("alpha_u in the drift", "for its square", "open", times("drift", high_power(-1))),
    ("no noise", "as if b were infinite", "wrong", times("noise", 0)),
    ("no old noise", "s_t for s_t + s_t'", "open", times("noise", without_old_noise)),
    ("twice s_t", "all noise charged twice", "loose", times("noise", old_noise_as_all)),
    ("noise 1 - beta", "the weight for its root", "open", times("noise", weight_of_today)),
    ("noise without its start", "the limit for the mean", "open", times("noise", limit_spread)),
    ("1/alpha_u for 1/alpha_l", "swapped", "open", times("all", low_over_high(1))),
    ("no 1/alpha_l", "phi forgotten on the left", "loose", times("all", low)),
)

BALL: tuple[Row, ...] = (
    ("start constant 0.95", "a slip of five percent", "wrong", times("start", 0.95)),
    ("start constant 1.05", "true and loose", "loose", times("start", 1.05)),
    ("curvature constant 1.9", "a slip of five percent", "wrong", times("curvature", 0.95)),
    ("curvature constant 2.1", "true and loose", "loose", times("curvature", 1.05)),
    (
        "curvature constant 1/2",
        "a step of R, as in LARS, for one of 2R",
        "wrong",
        times("curvature", 0.25),
    ),
    ("curvature constant 4", "the 1/2 of A1 forgotten", "loose", times("curvature", 2)),
    ("noise constant 0.9", "a slip of ten percent", "wrong", times("noise", 0.9)),
    ("noise constant 1.05", "true and loose", "loose", times("noise", 1.05)),
    ("noise constant 2", "the published lemma", "loose", times("noise", 2)),
    (
        "eta for gamma in the start",
        "decay forgotten",
        "wrong",
        times("start", lambda c, a: a["decay"]),
    ),
    (
        "R for R^2",
        "a root of it",
        "wrong",
        times("curvature", lambda c, a: a["decay"] / a["phi"][1]),
    ),
    ("no R in the noise", "LARS' noise", "wrong",
     times("noise", lambda c, a: a["decay"] / a["phi"][1])),
    ("batch^-1", "variance for deviation", "wrong", times("noise", batch_power(1.0))),
    ("max L_i", "for the sum", "wrong", times("curvature", of_smoothness(largest))),
    ("max sigma_i", "for the sum", "wrong", times("noise", of_sigma(largest))),
)  # fmt: skip


def _factor(c: Constants, a: Numbers) -> float:
    b, p = a["batch_size"], a["p"]
    return (1 + (b - 1) * 2 ** (2 - p)) ** (1 / p) / b


def other_factor(formula: Any) -> Any:
    """Return the factor from the lemma's factor of the noise to ``formula(b, p)``."""
    return lambda c, a: formula(a["batch_size"], a["p"]) / _factor(c, a)


TAILS: tuple[Row, ...] = (
    ("b^-1/2", "the exponent of the variance", "wrong",
     times("noise", other_factor(lambda b, p: b**-0.5))),
    ("b^(-1/p)", "the conjugate exponent", "wrong",
     times("noise", other_factor(lambda b, p: b ** (-1 / p)))),
    ("b^-(1-1/p), constant 1", "nobody knows whether it is true", "open",
     times("noise", other_factor(lambda b, p: b ** (1 / p - 1)))),
    ("2^(2/p-1), b = 1 too", "true and loose", "loose",
     times("noise", other_factor(lambda b, p: 2 ** (2 / p - 1) * b ** (1 / p - 1)))),
    ("2^(1/p)", "von Bahr and Esseen's constant", "loose",
     times("noise", other_factor(lambda b, p: (2 / b) ** (1 / p) * b ** (2 / p - 1)))),
)  # fmt: skip


def _phi(share: Any) -> Any:
    """Return a factor made of phi's means, squares, and the constants."""
    return lambda c, a: share(c, a["phi_mean"], a["phi_square"])


def _dot(u: Any, v: Any) -> float:
    return sum(x * y for x, y in zip(u, v, strict=True))


SEEN: tuple[Row, ...] = (
    (
        "square of the mean",
        "for the mean of the squares",
        "open",
        times(
            "curvature",
            _phi(lambda c, m, s: _dot(c.smoothness, [v * v for v in m]) / _dot(c.smoothness, s)),
        ),
    ),
    (
        "mean for square",
        "phi enters A1 squared",
        "wrong",
        times("curvature", _phi(lambda c, m, s: _dot(c.smoothness, m) / _dot(c.smoothness, s))),
    ),
    (
        "no phi in the noise",
        "LARS' noise",
        "wrong",
        times(
            "noise",
            _phi(lambda c, m, s: sum(c.sigma) / _dot(c.sigma, m) if any(c.sigma) else 1.0),
        ),
    ),
    (
        "start over the mean phi",
        "LARS' division by phi",
        "wrong",
        times("start", _phi(lambda c, m, s: len(m) / sum(m))),
    ),
)


def _named(theorem: str, title: str, rows: tuple[Row, ...]) -> tuple[Mutant, ...]:
    seen = dict.fromkeys(name for name, *_ in rows)
    assert len(seen) == len(rows), title
    return tuple(
        Mutant(f"{title}: {name}", theorem, story, kind, f) for name, story, kind, f in rows
    )


NO_PHI = (
    "alpha_u for alpha_u^2",
    "no alpha_u in the curvature",
    "alpha_l^2 for alpha_u^2",
    "1/alpha_u for 1/alpha_l",
    "no 1/alpha_l",
)

OPEN = ("batch^-3/4", "batch^-1")  # no per-layer witness with large batches comes near the bound


def _again(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """LARS' wrong bounds, as far as the per-layer form has them."""
    return tuple(
        (name, story, "open" if name in OPEN else kind, f)
        for name, story, kind, f in rows
        if name not in NO_PHI
    )


EXTENSION_BOUNDS: tuple[Mutant, ...] = (
    *_named("momentum_lars", "momentum LARS", (*ANY, *MEMORY)),
    *_named("weight_decay", "weight decay", BALL),
    *_named("heavy_tails", "heavy tails", (*TAILS,)),
    *_named("per_layer", "per layer", (*_again(SHARED), *SEEN)),
)
