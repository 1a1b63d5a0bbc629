"""What every theorem asks of its arguments, and the small sums that its bound is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from numbers import Real

import numpy as np

from theory.constants import Constants
from theory.layers import check_number

Array = np.ndarray
Layers = Sequence[Array]
Step = Callable[[Layers, Layers], tuple[Array, ...]]
Phi = Callable[[Array], Array]


def check_run(step_size: float, steps: int, batch_size: int) -> None:
    """Raise unless the step size is positive and steps and batch are whole numbers >= 1."""
    positive("step_size", step_size)
    whole("steps", steps)
    whole("batch_size", batch_size)


def positive(name: str, value: float) -> None:
    """Raise unless ``value`` is finite and > 0."""
    check_number(name, value, 0, above=True)


def nonnegative(name: str, value: float) -> None:
    """Raise unless ``value`` is finite and >= 0."""
    check_number(name, value, 0)


def whole(name: str, value: int) -> None:
    """Raise unless ``value`` is a whole number >= 1."""
    number = isinstance(value, Real) and isfinite(value)
    if not number or int(value) != value or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number >= 1")


def check_phi(phi: tuple[float, float]) -> tuple[float, float]:
    r"""Return :math:`(\alpha_l, \alpha_u)` if :math:`0 < \alpha_l \le \alpha_u < \infty`."""
    pair = isinstance(phi, Sequence) and len(phi) == 2 and all(isinstance(v, Real) for v in phi)
    low, high = phi if pair else (0.0, 0.0)
    if not (isfinite(high) and 0 < low <= high):
        raise ValueError(
            f"phi={phi!r} must be (alpha_l, alpha_u) with 0 < alpha_l <= alpha_u finite; "
            "phi(z) = z has no such bounds and no theorem"
        )
    return float(low), float(high)


def check_beta2(beta2: float) -> None:
    """Raise unless 0 < beta2 < 1."""
    if not 0 < beta2 < 1:
        raise ValueError(f"beta2={beta2!r} must lie in (0, 1); beta2 = 0 is theorem lamb_sign")


def run_numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
) -> dict[str, float]:
    """Checked values of the letters that every theorem has, by their names in the proofs."""
    check_run(step_size, steps, batch_size)
    low, high = check_phi(phi)
    return {
        "eta": step_size,
        "T": steps,
        "b": batch_size,
        "alpha_l": low,
        "alpha_u": high,
        "gap": constants.gap,
        "Lambda": sum(constants.smoothness),
        "h": len(constants.smoothness),
    }


def needs_optimum(constants: Constants) -> None:
    """Raise where no finite positive step size is best."""
    for name, value in (("gap", constants.gap), ("sum(smoothness)", sum(constants.smoothness))):
        if value <= 0:
            raise ValueError(f"{name}={value!r}: no finite positive step size is best; need > 0")


def coordinate_sums(constants: Constants) -> tuple[float, ...]:
    r""":math:`\|\tilde\sigma_i\|_1` of each layer."""
    return tuple(sum(row) for row in constants.coordinate_sigma)


def norm(v: Array) -> Array:
    """Euclidean norm over the last axis, kept, so that it divides ``v``."""
    return np.sqrt(np.sum(v * v, axis=-1, keepdims=True))


def normalised(v: Array, eps: float = 0.0) -> Array:
    """``v / (||v|| + eps)``, and 0 where that is 0/0."""
    length = norm(v) + eps
    return np.where(length > 0, v / np.where(length > 0, length, 1.0), 0.0)


def scaled(phi: Phi | None, x: Array) -> Array | float:
    """``phi(||x||)``, shaped to multiply ``x``; 1 if there is no phi."""
    return 1.0 if phi is None else phi(norm(x))
