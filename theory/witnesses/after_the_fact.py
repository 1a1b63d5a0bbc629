r"""Witnesses of the per-layer bound: attained with a different :math:`\phi` in every layer.

The trick of :math:`\phi = \mathrm{clip}`: a layer whose minimum is far from 0 moves at
:math:`\alpha_u`, one near 0 at :math:`\alpha_l`. LARS's own bound pays :math:`\alpha_u/\alpha_l`
for such a mixture, this one nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.layers import Array, Layers
from theory.theorems.arguments import norm
from theory.witnesses import valleys
from theory.witnesses.lars import DELTA, DIRECTIONS, clip
from theory.witnesses.paths import Coin, on_coins, on_paths
from theory.witnesses.witness import Claim, Witness

PHI = clip(0.5, 2.0)
LOW_HIGH = (0.5, 2.0)  # layer 1 stays near 0, layer 2 far away
SMOOTHNESS = (4.0, 1.0)
FAR = 100.0


def _weighted(claim: Claim, gradient: Layers, x: Layers) -> Any:
    return claim.metric(gradient, [PHI(norm(a))[..., 0] for a in x])


def _quadratic(
    name: str, term: str, counts: Sequence[int], arguments: dict[str, Any], known: float
) -> Witness:
    r"""Start k_i + delta steps of eta phi_i from the minimum, which is 0 or far away."""
    centre = (0.0, FAR)
    rows = zip(counts, LOW_HIGH, DIRECTIONS[1:3], strict=True)
    away = [(k + DELTA) * arguments["step_size"] * phi * u for k, phi, u in rows]
    return Witness(
        name,
        "per_layer",
        term,
        make_constants(
            valleys.gap(SMOOTHNESS, [row.tolist() for row in away]), SMOOTHNESS, dims=(2, 3)
        ),
        {
            "batch_size": 1,
            "phi_mean": LOW_HIGH,
            "phi_square": tuple(v * v for v in LOW_HIGH),
        }
        | arguments,
        on_paths(
            valleys.gradient(SMOOTHNESS, centre=centre),
            tuple(row + c for row, c in zip(away, centre, strict=True)),
            {"phi": PHI},
            metric=_weighted,
        ),
        known,
        None,
    )


def far_or_near(z: Array) -> Array:
    """Return phi: 2 beyond 50, else 1/2; neither continuous nor in need of it."""
    return np.where(z > FAR / 2, *reversed(LOW_HIGH))


def _coins(known: float) -> Witness:
    """A coin per layer, one near 0 and one far away."""
    step_size, steps, sigma = 0.005, 4096, (1.0, 3.0)
    coins = []
    rows = zip(sigma, LOW_HIGH, DIRECTIONS[1:3], (0.0, FAR), strict=True)
    for s, phi, u, centre in rows:
        start = max(1.0, 3 * step_size * phi * sqrt(steps))
        coins.append(Coin(u, s * (1 - 1e-6), 1.0, s, start, phi, centre))

    def metric(claim: Claim, layer: int, gradient: Array) -> Any:
        return claim.metric((gradient,), (LOW_HIGH[layer],))

    return Witness(
        "per layer noise",
        "per_layer",
        "noise",
        make_constants(
            sum(c.slope * (c.start - 0.5) for c in coins),
            [c.slope for c in coins],
            sigma=sigma,
            dims=(2, 3),
        ),
        {
            "step_size": step_size,
            "steps": steps,
            "batch_size": 1,
            "phi_mean": LOW_HIGH,
            "phi_square": tuple(v * v for v in LOW_HIGH),
        },
        on_coins(coins, {"phi": far_or_near}, metric=metric),
        known,
        None,
    )


def _together(known: float) -> Witness:
    """Claimed noise and moments of phi that no run has: every argument moves the ratio."""
    start = valleys.START
    return Witness(
        "per layer together",
        "per_layer",
        "curvature",
        make_constants(
            valleys.gap(valleys.SMOOTHNESS, start, valleys.SLOPE),
            valleys.SMOOTHNESS,
            sigma=valleys.SIGMA,
            dims=(1, 2, 3),
        ),
        {
            "step_size": 0.15,
            "steps": 10,
            "batch_size": 7,
            "phi_mean": (1.5, 1.8, 2.0),
            "phi_square": (2.3, 3.5, 4.0),
        },
        on_paths(
            valleys.gradient(valleys.SMOOTHNESS, valleys.SLOPE),
            valleys.layers(start),
            {"phi": PHI},
            metric=_weighted,
        ),
        known,
        None,
    )


PER_LAYER: tuple[Witness, ...] = (
    _quadratic("per layer start", "start", (64, 64), {"step_size": 2.0**-8, "steps": 64}, 1.0),
    _quadratic("per layer curvature", "curvature", (0, 0), {"step_size": 0.125, "steps": 64}, 1.0),
    _quadratic("per layer, layers apart", "start", (36, 4), {"step_size": 2**-6, "steps": 36}, 1.0),
    _coins(0.952535532),
    _together(0.422339716),
)
