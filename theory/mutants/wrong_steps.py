"""The theorems' algorithms with something to go wrong: another norm, root, sign or factor."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from theory.layers import Array, Layers

Step = Callable[[Layers, Layers], Layers]
Length = Callable[[Array, Layers], Array]  # (one layer's update, all of them) -> its "norm"


def _safe(v: Array, length: Array | float) -> Array:
    return np.where(length > 0, v / np.where(length > 0, length, 1.0), 0.0)


def euclidean(u: Array, all_layers: Layers) -> Array:
    """The right one."""
    return np.sqrt(np.sum(u * u, axis=-1, keepdims=True))


def one_norm(u: Array, all_layers: Layers) -> Array:
    """L1."""
    return np.sum(np.abs(u), axis=-1, keepdims=True)


def largest(u: Array, all_layers: Layers) -> Array:
    """Maximum."""
    return np.max(np.abs(u), axis=-1, keepdims=True)


def root_mean_square(u: Array, all_layers: Layers) -> Array:
    """Euclidean over sqrt(d_i)."""
    return euclidean(u, all_layers) / sqrt(u.shape[-1])


def square(u: Array, all_layers: Layers) -> Array:
    """Euclidean, squared."""
    return euclidean(u, all_layers) ** 2


def of_all_layers(u: Array, all_layers: Layers) -> Array:
    """Euclidean over all layers together."""
    return np.sqrt(sum(np.sum(v * v, axis=-1, keepdims=True) for v in all_layers))


def nothing(u: Array, all_layers: Layers) -> Array:
    """No norm."""
    return np.ones_like(u[..., :1])


def _sign(g: Array) -> Array:
    return np.where(g >= 0, 1.0, -1.0)


def _move(
    x: Layers, updates: Layers, step_size: float, phi: Any, length: Length, factor: float
) -> Layers:
    moved = []
    for xi, ui in zip(x, updates, strict=True):
        scale = 1.0 if phi is None else phi(euclidean(xi, x))
        moved.append(xi - factor * step_size * scale * _safe(ui, length(ui, updates)))
    return tuple(moved)


def lars_with(length: Length = euclidean, factor: float = 1.0, *, ratio: str = "weights") -> Any:
    """LARS with another norm, a factor on the step, or phi of the wrong norm."""

    def algorithm(step_size: float, *, phi: Any = None, eps: float = 0.0) -> Step:
        def step(x: Layers, g: Layers) -> Layers:
            if ratio == "gradient" and phi is not None:
                scale = [phi(euclidean(gi, g)) for gi in g]
                g = tuple(
                    _safe(gi, euclidean(gi, g) + eps) * s for gi, s in zip(g, scale, strict=True)
                )
                return _move(x, g, step_size, None, nothing, factor)
            used = None if ratio == "none" else phi

            def longer(u: Array, all_layers: Layers) -> Array:
                return length(u, all_layers) + eps

            return _move(x, g, step_size, used, longer, factor)

        return step

    return algorithm


def lars_eps_inside(step_size: float, *, phi: Any = None, eps: float = 0.0) -> Step:
    """``sqrt(||g||^2 + eps^2)`` in the place of ``||g|| + eps``."""

    def length(u: Array, all_layers: Layers) -> Array:
        return np.sqrt(np.sum(u * u, axis=-1, keepdims=True) + eps**2)

    def step(x: Layers, g: Layers) -> Layers:
        return _move(x, g, step_size, phi, length, 1.0)

    return step


def sign_with(
    length: Length = euclidean, factor: float = 1.0, *, rule: Callable[[Array], Array] = _sign
) -> Any:
    """LAMB at beta2 = 0 with another norm, a factor on the step, or another sign."""

    def algorithm(
        step_size: float, *, phi: Any = None, eps: float = 0.0, sign_of_zero: float = 1.0
    ) -> Step:
        def step(x: Layers, g: Layers) -> Layers:
            return _move(x, tuple(rule(gi) for gi in g), step_size, phi, length, factor)

        return step

    return algorithm


def lamb_with(
    length: Length = euclidean,
    factor: float = 1.0,
    *,
    power: float = 0.5,
    weight: Callable[[float], tuple[float, float]] = lambda beta2: (beta2, 1 - beta2),
    late: bool = False,
) -> Any:
    """LAMB with another norm, root, or second moment; ``late``: v of the step before."""

    def algorithm(
        step_size: float, *, beta2: float = 0.999, eps: float = 0.0, phi: Any = None
    ) -> Step:
        second: list[Array] = []

        def step(x: Layers, g: Layers) -> Layers:
            if not second:
                second.extend(gi * gi if late else np.zeros_like(gi) for gi in g)
            keep, add = weight(beta2)
            updates = []
            for i, gi in enumerate(g):
                before = second[i]
                second[i] = keep * second[i] + add * gi * gi
                updates.append(_safe(gi, (before if late else second[i]) ** power + eps))
            return _move(x, tuple(updates), step_size, phi, length, factor)

        return step

    return algorithm


def sgd_with(factor: float = 1.0, *, length: Length = nothing, momentum: float = 0.0) -> Any:
    """SGD with a factor on the step, a norm, or a momentum."""

    def algorithm(step_size: float) -> Step:
        buffer: list[Array] = []

        def step(x: Layers, g: Layers) -> Layers:
            if not buffer:
                buffer.extend(np.zeros_like(gi) for gi in g)
            for i, gi in enumerate(g):
                buffer[i] = momentum * buffer[i] + gi
            return _move(x, tuple(buffer), step_size, None, length, factor)

        return step

    return algorithm
