"""Stochastic gradient descent (Theorem 1)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from theory.constants import Constants
from theory.theorems.arguments import (
    Array,
    Layers,
    Step,
    check_phi,
    check_run,
    needs_optimum,
    whole,
)


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> dict[str, float]:
    """Terms of the sharp bound; they add up to `bound`."""
    return _terms(constants, step_size, steps, batch_size, phi, _noise(constants))


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    """Sharp upper bound on the averaged E||grad f||^2."""
    found = terms(constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi)
    return sum(found.values())


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    """The bound with L_inf ||sigma||^2 in place of sum L_i sigma_i^2."""
    noise = max(constants.smoothness) * sum(s * s for s in constants.sigma)
    return sum(_terms(constants, step_size, steps, batch_size, phi, noise).values())


def optimal_step(
    constants: Constants, *, steps: int, batch_size: int, phi: tuple[float, float] = (1.0, 1.0)
) -> float:
    """The step size that makes `bound` least."""
    whole("steps", steps)
    whole("batch_size", batch_size)
    _no_phi(phi)
    needs_optimum(constants)
    start, noise = constants.gap / steps, _noise(constants) / (2 * batch_size)
    half = max(constants.smoothness) / 2
    return start / (half * start + sqrt((half * start) ** 2 + start * noise))


def metric(gradient_layers: Layers) -> float | Array:
    """``sum_i ||grad_i f||^2``."""
    return sum(np.sum(g * g, axis=-1) for g in gradient_layers)


def algorithm(step_size: float) -> Step:
    """``x <- x - eta g``."""

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        return tuple(xi - step_size * gi for xi, gi in zip(x, g, strict=True))

    return step


def _noise(constants: Constants) -> float:
    pairs = zip(constants.smoothness, constants.sigma, strict=True)
    return sum(smooth * sigma**2 for smooth, sigma in pairs)


def _no_phi(phi: tuple[float, float]) -> None:
    if check_phi(phi) != (1.0, 1.0):
        raise ValueError(f"phi={phi!r} must be (1, 1): SGD does not scale its step by a norm")


def _terms(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    noise: float,
) -> dict[str, float]:
    check_run(step_size, steps, batch_size)
    _no_phi(phi)
    half = step_size * max(constants.smoothness) / 2
    if half >= 1:
        raise ValueError(
            f"step_size={step_size!r} must be below 2 / max(smoothness) = "
            f"{2 / max(constants.smoothness)!r}; beyond it SGD can diverge"
        )
    start = constants.gap / (step_size * steps)
    noisy = step_size * noise / (2 * batch_size)
    return {
        "start": start,
        "curvature": (start + noisy) * half / (1 - half),
        "noise": noisy,
    }
