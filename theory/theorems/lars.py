"""LARS without momentum: every layer takes a normalised step (Theorem 2)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from theory.constants import Constants
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    Step,
    check_phi,
    check_run,
    needs_optimum,
    nonnegative,
    normalised,
    scaled,
    whole,
)


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> dict[str, float]:
    """Terms of the sharp bound; they add up to `bound`."""
    return _terms(constants, step_size, steps, batch_size, phi, eps, 1.0)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> float:
    """Sharp upper bound on the averaged E sum_i ||grad_i f||."""
    found = terms(
        constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi, eps=eps
    )
    return sum(found.values())


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> float:
    """The bound with the paper's noise constant 2."""
    return sum(_terms(constants, step_size, steps, batch_size, phi, eps, 2.0).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    """The step size that makes `bound` least: it does not depend on the batch size."""
    whole("steps", steps)
    whole("batch_size", batch_size)
    needs_optimum(constants)
    _, high = check_phi(phi)
    return sqrt(2 * constants.gap / (sum(constants.smoothness) * steps)) / high


def metric(gradient_layers: Layers) -> float | Array:
    """``sum_i ||grad_i f||``."""
    return sum(np.sqrt(np.sum(g * g, axis=-1)) for g in gradient_layers)


def algorithm(step_size: float, *, phi: Phi | None = None, eps: float = 0.0) -> Step:
    """``x_i <- x_i - eta phi(||x_i||) g_i / (||g_i|| + eps)``; a layer with 0/0 stays."""

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        return tuple(
            xi - step_size * scaled(phi, xi) * normalised(gi, eps)
            for xi, gi in zip(x, g, strict=True)
        )

    return step


def _terms(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    eps: float,
    kappa: float,
) -> dict[str, float]:
    check_run(step_size, steps, batch_size)
    nonnegative("eps", eps)
    low, high = check_phi(phi)
    return {
        "start": constants.gap / (step_size * steps) / low,
        "curvature": step_size * high**2 * sum(constants.smoothness) / 2 / low,
        "noise": kappa * high * sum(constants.sigma) / sqrt(batch_size) / low,
        "eps": high * eps * len(constants.smoothness) / low,
    }
