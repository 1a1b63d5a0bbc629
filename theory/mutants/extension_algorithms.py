"""Wrong algorithms and metrics for momentum, weight decay and the per-layer form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.layers import Array, Layers
from theory.mutants.mutant import Mutant
from theory.theorems import momentum_lars
from theory.theorems.arguments import normalised, scaled


def momentum_with(rule: str) -> Any:
    """LARS with momentum and one mistake."""

    def algorithm(
        step_size: float, *, phi: Any = None, beta: float = 0.9, start: str = "gradient"
    ) -> Any:
        def step(x: Layers, g: Layers, m: Any) -> Any:
            if rule == "inside":  # the 2017 order: normalise, then average
                g = tuple(normalised(gi) for gi in g)
            if m is None:
                m = tuple((1.0 if start == "gradient" else 1 - beta) * gi for gi in g)
            elif rule == "swapped":
                m = tuple((1 - beta) * mi + beta * gi for mi, gi in zip(m, g, strict=True))
            elif rule == "heavy ball":
                m = tuple(beta * mi + gi for mi, gi in zip(m, g, strict=True))
            else:
                m = tuple(beta * mi + (1 - beta) * gi for mi, gi in zip(m, g, strict=True))
            if rule == "inside":
                update = m
            elif rule == "look ahead":
                ahead = (beta * mi + (1 - beta) * gi for mi, gi in zip(m, g, strict=True))
                update = tuple(normalised(v) for v in ahead)
            elif rule == "global":
                length = np.sqrt(sum(np.sum(v * v, axis=-1, keepdims=True) for v in m))
                update = tuple(v / np.where(length > 0, length, 1.0) for v in m)
            else:
                update = tuple(normalised(v) for v in m)
            moved = zip(x, update, strict=True)
            return tuple(xi - step_size * scaled(phi, xi) * ui for xi, ui in moved), m

        return lambda x: None, step

    return algorithm


def forgets(
    step_size: float, *, phi: Any = None, beta: float = 0.9, start: str = "gradient"
) -> Any:
    """No momentum at all."""
    return momentum_lars.algorithm(step_size, phi=phi, beta=0.0, start=start)


def other_start(
    step_size: float, *, phi: Any = None, beta: float = 0.9, start: str = "gradient"
) -> Any:
    """From zero where it is to start from the first gradient, and the other way round."""
    other = "zero" if start == "gradient" else "gradient"
    return momentum_lars.algorithm(step_size, phi=phi, beta=beta, start=other)


def decay_with(rule: str) -> Any:
    """LARS with decoupled weight decay and one mistake."""

    def algorithm(step_size: float, *, decay: float, alpha: float = 1.0) -> Any:
        def one(xi: Array, gi: Array) -> Array:
            if rule == "coupled":  # L2 in the gradient, which is then normalised
                return xi - step_size * alpha * normalised(gi + decay * xi)
            if rule == "inside":  # LAMB's: added before the trust ratio
                return xi - step_size * alpha * normalised(normalised(gi) + decay * xi)
            if rule == "after":
                return (1 - step_size * decay) * (xi - step_size * alpha * normalised(gi))
            shrunk = {"none": 1.0, "growth": 1 + step_size * decay, "no step size": 1 - decay}
            return shrunk[rule] * xi - step_size * alpha * normalised(gi)

        return lambda x, g: tuple(one(xi, gi) for xi, gi in zip(x, g, strict=True))

    return algorithm


def norms_alone(g: Sequence[Array], x: Sequence[Array], *, radius: float) -> Any:
    """R times the norms: LARS' metric."""
    return sum(radius * np.sqrt(np.sum(v * v, axis=-1)) for v in g)


def other_sign(g: Sequence[Array], x: Sequence[Array], *, radius: float) -> Any:
    """R times the norms, minus the inner products."""
    return 2 * norms_alone(g, x, radius=radius) - sum(
        radius * np.sqrt(np.sum(v * v, axis=-1)) + np.sum(v * a, axis=-1)
        for v, a in zip(g, x, strict=True)
    )


def unweighted(g: Sequence[Array], phi: Sequence[Any]) -> Any:
    """LARS' metric."""
    return sum(np.sqrt(np.sum(v * v, axis=-1)) for v in g)


def squared_phi(g: Sequence[Array], phi: Sequence[Any]) -> Any:
    """Return the sum of phi^2 times the norms."""
    return sum(w**2 * np.sqrt(np.sum(v * v, axis=-1)) for v, w in zip(g, phi, strict=True))


def _algorithm(theorem: str, title: str, name: str, story: str, algorithm: Any) -> Mutant:
    name = f"{title} algorithm: {name}"
    return Mutant(name, theorem, story, "algorithm", algorithm=algorithm)


def _metric(theorem: str, name: str, story: str, metric: Any) -> Mutant:
    return Mutant(f"{theorem} metric: {name}", theorem, story, "metric", metric=metric)


MOMENTUM = ("momentum_lars", "momentum LARS")
BALL = ("weight_decay", "weight decay")

EXTENSION_ALGORITHMS: tuple[Mutant, ...] = (
    _algorithm(*MOMENTUM, "normalised before it is averaged", "the order of 2017",
               momentum_with("inside")),
    _algorithm(*MOMENTUM, "beta and 1 - beta swapped", "two conventions", momentum_with("swapped")),
    _algorithm(*MOMENTUM, "heavy ball", "no 1 - beta after m_1 = g_1", momentum_with("heavy ball")),
    _algorithm(*MOMENTUM, "look ahead", "Nesterov's", momentum_with("look ahead")),
    _algorithm(*MOMENTUM, "one norm for all layers", "global clipping", momentum_with("global")),
    _algorithm(*MOMENTUM, "no momentum", "beta lost on the way", forgets),
    _algorithm(*MOMENTUM, "the other start", "from zero and from g_1 confused", other_start),
    _algorithm(*BALL, "coupled", "L2 in the gradient", decay_with("coupled")),
    _algorithm(*BALL, "inside", "LAMB's place", decay_with("inside")),
    _algorithm(*BALL, "after the step", "the new x is decayed", decay_with("after")),
    _algorithm(*BALL, "none", "forgotten", decay_with("none")),
    _algorithm(*BALL, "growth", "the sign of the decay", decay_with("growth")),
    _algorithm(*BALL, "without the step size", "1 - lambda", decay_with("no step size")),
    _metric("weight_decay", "norms alone", "the metric of LARS", norms_alone),
    _metric("weight_decay", "other sign", "R ||g|| - <g, x>", other_sign),
    _metric("per_layer", "unweighted", "the metric of LARS", unweighted),
    _metric("per_layer", "phi squared", "phi once from the step, once more", squared_phi),
)  # fmt: skip
