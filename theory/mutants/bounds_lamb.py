"""Wrong bounds for LAMB with beta2 > 0."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from theory.constants import Constants
from theory.mutants.bounds_lars import SHARED
from theory.mutants.formulas import Factor, times
from theory.mutants.mutant import Mutant


def _half_or_sigma(constants: Constants, half: float, whole: float) -> float:
    rows = zip(constants.coordinate_sigma, constants.sigma, strict=True)
    return sum(min(half * sum(row), whole * sigma) for row, sigma in rows)


def noise_parts(half: float, whole: float) -> Factor:
    r"""Return the factor to :math:`\sum_i\min(half \|\tilde s_i\|_1, whole\,\sigma_i)`."""
    return lambda c, a: _half_or_sigma(c, half, whole) / (_half_or_sigma(c, 0.5, 1.0) or 1.0)


def price(dims: float = 0.5, memory: float = 0.5, bound: float = 1.0) -> Factor:
    r"""Return the factor to :math:`G^{bound} d^{dims} / (1 - \beta_2)^{memory}`."""

    def factor(constants: Constants, arguments: Mapping[str, Any]) -> float:
        G = constants.gradient_bound + arguments.get("eps", 0.0)
        rest = 1 - arguments.get("beta2", 0.999)
        return G ** (bound - 1) * max(constants.dims) ** (dims - 0.5) * rest ** (0.5 - memory)

    return factor


def mean_dims(constants: Constants, arguments: Mapping[str, Any]) -> float:
    """Return the factor from d_max to d / h."""
    return sqrt(sum(constants.dims) / len(constants.dims) / max(constants.dims))


def no_eps(constants: Constants, arguments: Mapping[str, Any]) -> float:
    """Return the factor from G + eps to G."""
    G = constants.gradient_bound
    return G / (G + arguments.get("eps", 0.0))


def _published(constant: float) -> Any:
    def formula(
        parts: Mapping[str, float], constants: Constants, arguments: Mapping[str, Any]
    ) -> float:
        own = _half_or_sigma(constants, 0.5, 1.0)
        noise = (
            parts["noise"] * constant * sum(map(sum, constants.coordinate_sigma)) / own
            if own
            else 0.0
        )
        return parts["start"] + parts["curvature"] + noise

    return formula


# shared mistakes that no witness of this bound exceeds, and why
NOT_REFUTED = {
    "noise constant 0.95": "false, but the noise ratio is .917 at T = 4096 and .96 at 16384",
    "batch^-3/4": "no witness with b > 1 is near: G contains the rare sample",
    "batch^-1": "no witness with b > 1 is near: G contains the rare sample",
}

MEMORY: tuple[Mutant, ...] = (
    *(
        Mutant(
            f"LAMB: {name}",
            "lamb",
            NOT_REFUTED.get(name) or story,
            "open" if NOT_REFUTED.get(name) else kind,
            f,
        )
        for name, story, kind, f in SHARED
    ),
    Mutant(
        "LAMB: no sqrt(d)",
        "lamb",
        "||r_i|| <= 1 / sqrt(1 - beta2)",
        "wrong",
        times("all", price(dims=0.0)),
    ),
    Mutant("LAMB: d^1/4", "lamb", "a root too many", "wrong", times("all", price(dims=0.25))),
    Mutant(
        "LAMB: no 1/sqrt(1 - beta2)",
        "lamb",
        "as if v were a mean of g^2",
        "wrong",
        times("all", price(memory=0.0)),
    ),
    Mutant(
        "LAMB: (1 - beta2)^-1/4",
        "lamb",
        "a root too many",
        "wrong",
        times("all", price(memory=0.25)),
    ),
    Mutant(
        "LAMB: 1/(1 - beta2)",
        "lamb",
        "the root forgotten: loose",
        "loose",
        times("all", price(memory=1.0)),
    ),
    Mutant(
        "LAMB: no G",
        "lamb",
        "as if gradients were at most 1",
        "wrong",
        times("all", price(bound=0.0)),
    ),
    Mutant(
        "LAMB: mean of the d_i",
        "lamb",
        "the paper's layers are equal",
        "wrong",
        times("all", mean_dims),
    ),
    Mutant(
        "LAMB: no eps",
        "lamb",
        "no proof: v may be anything up to G^2, and no witness with eps is near",
        "open",
        times("all", no_eps),
    ),
    Mutant(
        "LAMB: noise sigma_i / 2",
        "lamb",
        "no proof: the pointwise sign lemma has no 1/2, and no witness with d > 4 is near",
        "open",
        times("noise", noise_parts(0.5, 0.5)),
    ),
    Mutant(
        "LAMB: noise ||s~||_1 / 2",
        "lamb",
        "without the form in sigma_i: true, loose",
        "loose",
        times("noise", noise_parts(0.5, 1e9)),
    ),
    Mutant(
        "LAMB: noise sigma_i",
        "lamb",
        "without the form in ||s~||_1: true, loose",
        "loose",
        times("noise", noise_parts(1e9, 1.0)),
    ),
    Mutant(
        "LAMB published: constant 0.95",
        "lamb",
        "a slip of five percent",
        "loose",
        published=_published(0.95),
    ),
    Mutant(
        "LAMB published: constant 1.05",
        "lamb",
        "a slip of five percent",
        "loose",
        published=_published(1.05),
    ),
)
