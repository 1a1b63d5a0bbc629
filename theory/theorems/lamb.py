"""LAMB with beta1 = 0 and 0 < beta2 < 1 (Theorem 3, second half)."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from theory.constants import Constants
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    Step,
    check_beta2,
    check_phi,
    check_run,
    coordinate_sums,
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
    beta2: float = 0.999,
    eps: float = 0.0,
) -> dict[str, float]:
    """Terms of the sharp bound; they add up to `bound`."""
    pairs = zip(coordinate_sums(constants), constants.sigma, strict=True)
    noise = sum(min(row / 2, sigma) for row, sigma in pairs)
    return _terms(constants, step_size, steps, batch_size, phi, beta2, eps, noise)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
) -> float:
    """Sharp upper bound on the averaged E||grad f||^2."""
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        beta2=beta2,
        eps=eps,
    )
    return sum(found.values())


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
) -> float:
    """The bound with the paper's noise ||s~||_1."""
    noise = sum(coordinate_sums(constants))
    return sum(_terms(constants, step_size, steps, batch_size, phi, beta2, eps, noise).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    """The step size that makes `bound` least: that of LARS, whatever beta2, eps and batch."""
    whole("steps", steps)
    whole("batch_size", batch_size)
    needs_optimum(constants)
    _, high = check_phi(phi)
    return sqrt(2 * constants.gap / (sum(constants.smoothness) * steps)) / high


def metric(gradient_layers: Layers) -> float | Array:
    """``sum_i ||grad_i f||^2``."""
    return sum(np.sum(g * g, axis=-1) for g in gradient_layers)


def algorithm(
    step_size: float,
    *,
    beta2: float = 0.999,
    eps: float = 0.0,
    phi: Phi | None = None,
    bias_correction: bool = False,
) -> Step:
    """``v <- beta2 v + (1 - beta2) g^2``, ``r = g / (sqrt v + eps)``, normalised per layer.

    The returned step remembers ``v``: make a fresh one for every run.
    """
    check_beta2(beta2)
    second: list[Array] = []
    count = 0

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        nonlocal count
        count += 1
        if not second:
            second.extend(np.zeros_like(gi, dtype=float) for gi in g)
        correction = 1 - beta2**count if bias_correction else 1.0
        moved = []
        for i, (xi, gi) in enumerate(zip(x, g, strict=True)):
            second[i] = beta2 * second[i] + (1 - beta2) * gi * gi
            root = np.sqrt(second[i] / correction) + eps
            r = np.where(root > 0, gi / np.where(root > 0, root, 1.0), 0.0)
            moved.append(xi - step_size * scaled(phi, xi) * normalised(r))
        return tuple(moved)

    return step


def _terms(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    beta2: float,
    eps: float,
    noise: float,
) -> dict[str, float]:
    check_run(step_size, steps, batch_size)
    check_beta2(beta2)
    nonnegative("eps", eps)
    low, high = check_phi(phi)
    if not isfinite(constants.gradient_bound):
        raise ValueError(
            "gradient_bound=inf: LAMB with beta2 > 0 needs A3, a bound G on every coordinate of "
            "every stochastic gradient"
        )
    price = (constants.gradient_bound + eps) * sqrt(max(constants.dims) / (1 - beta2)) / low
    return {
        "start": price * constants.gap / (step_size * steps),
        "curvature": price * step_size * high**2 * sum(constants.smoothness) / 2,
        "noise": price * high * noise / sqrt(batch_size),
    }
