"""LAMB with beta1 = beta2 = 0: every layer takes a normalised sign step (Theorem 3, first half)."""

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
    coordinate_sums,
    needs_optimum,
    nonnegative,
    normalised,
    scaled,
    scaled_coordinate_sum,
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
    noise = scaled_coordinate_sum(constants)
    return _terms(constants, step_size, steps, batch_size, phi, noise)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    """Sharp upper bound on the averaged E sum_i ||grad_i f||_1 / sqrt(d_i)."""
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
    """The bound with the paper's noise 2 ||s~||_1 (no 1/sqrt(d_i))."""
    noise = 2 * sum(coordinate_sums(constants))
    return sum(_terms(constants, step_size, steps, batch_size, phi, noise).values())


def robust_terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> dict[str, float]:
    """Terms of the bound for sign(0) = 0 and r = g / (|g| + eps)."""
    nonnegative("eps", eps)
    noise = sum(constants.sigma)
    found = _terms(constants, step_size, steps, batch_size, phi, noise)
    low, high = check_phi(phi)
    return found | {"eps": high * eps * sum(sqrt(d) for d in constants.dims) / low}


def robust_bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> float:
    """The bound for sign(0) = 0 and r = g / (|g| + eps): the sum of `robust_terms`."""
    found = robust_terms(
        constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi, eps=eps
    )
    return sum(found.values())


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
    """``sum_i ||grad_i f||_1 / sqrt(d_i)``."""
    return sum(np.sum(np.abs(g), axis=-1) / sqrt(g.shape[-1]) for g in gradient_layers)


def algorithm(
    step_size: float, *, phi: Phi | None = None, eps: float = 0.0, sign_of_zero: float = 1.0
) -> Step:
    """``x_i <- x_i - eta phi(||x_i||) r_i / ||r_i||`` with ``r = sign(g)``, ``sign(0) = +1``.

    ``eps`` > 0 takes ``r = g / (|g| + eps)`` instead; ``sign_of_zero=0`` the usual sign: both
    belong to `robust_bound`.
    """

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        moved = []
        for xi, gi in zip(x, g, strict=True):
            size = np.abs(gi)
            zero = 0.0 if eps > 0 else sign_of_zero
            r = np.where(size > 0, gi / np.where(size > 0, size + eps, 1.0), zero)
            moved.append(xi - step_size * scaled(phi, xi) * normalised(r))
        return tuple(moved)

    return step


def _terms(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    noise: float,
) -> dict[str, float]:
    check_run(step_size, steps, batch_size)
    low, high = check_phi(phi)
    return {
        "start": constants.gap / (step_size * steps) / low,
        "curvature": step_size * high**2 * sum(constants.smoothness) / 2 / low,
        "noise": high * noise / sqrt(batch_size) / low,
    }
