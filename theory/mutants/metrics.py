"""Wrong metrics and wrong best step sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np

from theory.constants import Constants
from theory.layers import Array
from theory.mutants.mutant import Mutant
from theory.theorems import lars, sgd


def _norms(g: Sequence[Array]) -> list[Array]:
    return [np.sqrt(np.sum(v * v, axis=-1)) for v in g]


def global_norm(g: Sequence[Array]) -> Any:
    """Euclidean norm of the whole gradient."""
    return np.sqrt(sum(n * n for n in _norms(g)))


def largest_norm(g: Sequence[Array]) -> Any:
    """Maximum over layers."""
    return np.max(np.stack(_norms(g)), axis=0)


def mean_norm(g: Sequence[Array]) -> Any:
    """Mean over layers."""
    return sum(_norms(g)) / len(g)


def sum_of_squares(g: Sequence[Array]) -> Any:
    """Squared norm of the whole gradient."""
    return sum(n * n for n in _norms(g))


def one_norms(g: Sequence[Array]) -> Any:
    """L1 norm of the whole gradient."""
    return sum(np.sum(np.abs(v), axis=-1) for v in g)


def sum_of_norms(g: Sequence[Array]) -> Any:
    """Sum of the layers' norms."""
    return sum(_norms(g))


def one_norms_over(power: float) -> Callable[[Sequence[Array]], Any]:
    """Sum of ||g_i||_1 / d_i^power."""
    return lambda g: sum(np.sum(np.abs(v), axis=-1) / v.shape[-1] ** power for v in g)


def one_norm_over_all(g: Sequence[Array]) -> Any:
    """L1 norm over the root of the number of all coordinates."""
    return one_norms(g) / sqrt(sum(v.shape[-1] for v in g))


def half_squares(g: Sequence[Array]) -> Any:
    """Half of the squared norm."""
    return sum_of_squares(g) / 2


def _metric(theorem: str, name: str, story: str, metric: Any) -> Mutant:
    return Mutant(f"{theorem} metric: {name}", theorem, story, "metric", metric=metric)


METRICS: tuple[Mutant, ...] = (
    _metric("lars", "global norm", "Euclidean over layers", global_norm),
    _metric("lars", "largest norm", "max over layers", largest_norm),
    _metric("lars", "mean over layers", "1/h in the metric and not in the bound", mean_norm),
    _metric("lars", "squares", "SGD's metric", sum_of_squares),
    _metric("lars", "L1", "LAMB's without 1/sqrt(d_i)", one_norms),
    _metric("lamb_sign", "no 1/sqrt(d_i)", "||grad f||_1", one_norms),
    _metric("lamb_sign", "1/d_i", "mean over coordinates", one_norms_over(1.0)),
    _metric("lamb_sign", "1/sqrt(d)", "all layers as one", one_norm_over_all),
    _metric("lamb_sign", "Euclidean", "LARS' metric", sum_of_norms),
    _metric("lamb", "not squared", "LARS' metric", sum_of_norms),
    _metric("lamb", "half", "1/2 of A1", half_squares),
    _metric("lamb", "L1", "beta2 = 0's metric", one_norms_over(0.5)),
    _metric("sgd", "not squared", "the norm", global_norm),
    _metric("sgd", "half", "1/2 of A1", half_squares),
    _metric("sgd", "sum of norms squared", "(E sum)^2 for E sum of squares",
            lambda g: sum_of_norms(g) ** 2),
)  # fmt: skip

Factor = Callable[[Constants, int, tuple[float, float]], float]


def _lars_times(factor: Factor) -> Any:
    def optimal_step(
        constants: Constants,
        *,
        steps: int,
        batch_size: int = 1,
        phi: tuple[float, float] = (1.0, 1.0),
    ) -> float:
        right = lars.optimal_step(constants, steps=steps, batch_size=batch_size, phi=phi)
        return right * factor(constants, steps, phi)

    return optimal_step


def _sgd_times(factor: float) -> Any:
    def optimal_step(
        constants: Constants,
        *,
        steps: int,
        batch_size: int,
        phi: tuple[float, float] = (1.0, 1.0),
    ) -> float:
        return factor * sgd.optimal_step(constants, steps=steps, batch_size=batch_size, phi=phi)

    return optimal_step


# LARS and both LAMBs share eta* = sqrt(2 gap / (alpha_u^2 sum(L) T))
STEPS: tuple[tuple[str, str, Factor], ...] = (
    ("1.05", "five percent", lambda c, T, phi: 1.05),
    ("0.95", "five percent", lambda c, T, phi: 0.95),
    ("without the 2", "sqrt(gap / ...)", lambda c, T, phi: sqrt(0.5)),
    ("max L_i", "for the sum", lambda c, T, phi: sqrt(sum(c.smoothness) / max(c.smoothness))),
    ("mean L_i", "for the sum", lambda c, T, phi: sqrt(len(c.dims))),
    ("T + 1", "one step more", lambda c, T, phi: sqrt(T / (T + 1))),
    ("1/T", "for 1/sqrt(T)", lambda c, T, phi: T**-0.5),
    ("no alpha_u", "phi forgotten", lambda c, T, phi: phi[1]),
    ("alpha_l for alpha_u", "the two swapped", lambda c, T, phi: phi[1] / phi[0]),
    ("alpha_u for alpha_u^2", "a root of it", lambda c, T, phi: phi[1] ** 0.5),
)


def _step(theorem: str, name: str, story: str, optimal_step: Any) -> Mutant:
    name = f"{theorem} best step: {name}"
    return Mutant(name, theorem, story, "step size", optimal_step=optimal_step)


STEP_SIZES: tuple[Mutant, ...] = (
    *(
        _step(theorem, name, story, _lars_times(f))
        for theorem in ("lars", "lamb_sign", "lamb")
        for name, story, f in STEPS
    ),
    _step("sgd", "1.05", "five percent", _sgd_times(1.05)),
    _step("sgd", "0.95", "five percent", _sgd_times(0.95)),
)  # fmt: skip
