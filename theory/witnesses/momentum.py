r"""Witnesses of the momentum bound. It is not tight, and they say by how much.

*Start*: on a linear stretch the momentum is the gradient, and the ratio is near 1. *Drift*: in a
valley as wide as a step the momentum points the wrong way again and again, but drift is charged
twice, and at its worst in every step. *Noise*: where :math:`|f'| < (1 - 2\beta)\sigma` the newest
coin decides the sign of m, whatever is older, so that the walk is fair and :math:`|f'|` stays; the
bound has :math:`\sqrt{1-\beta^2}\,\sigma`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.lattice import Law, batch_mean
from theory.witnesses import valleys
from theory.witnesses.lars import DELTA, DIRECTIONS, clip
from theory.witnesses.paths import COIN, QUIET, Coin, on_coins, on_paths
from theory.witnesses.valleys import Rows
from theory.witnesses.witness import Witness


def _valley(
    name: str,
    term: str,
    start: Rows,
    arguments: dict[str, Any],
    known: tuple[float, float | None],
    *,
    smoothness: tuple[float, ...] = valleys.SMOOTHNESS,
    slope: float = np.inf,
    noise: Rows = (),
    law: Law = QUIET,
    claimed: tuple[float, ...] | None = None,
    phi: Any = None,
) -> Witness:
    """A run in a valley; ``claimed`` is a sigma larger than the noise."""
    beta, memory = arguments.get("beta", 0.9), arguments.get("start", "gradient")
    sigma = [float(np.linalg.norm(row)) for row in noise] or None
    options = {"beta": beta, "start": memory} | ({} if phi is None else {"phi": phi})
    return Witness(
        name,
        "momentum_lars",
        term,
        make_constants(
            valleys.gap(smoothness, start, slope),
            smoothness,
            sigma=claimed or sigma,
            dims=[len(row) for row in start],
        ),
        {"batch_size": 1} | arguments,
        on_paths(
            valleys.gradient(smoothness, slope),
            valleys.layers(start),
            options,
            noise=valleys.layers(noise),
            law=law,
        ),
        *known,
    )


def _coins(
    name: str, beta: float, *, steps: int, memory: str, known: tuple[float, float | None]
) -> Witness:
    """Two layers of noise 1 and 3 and slope just below (1 - 2 beta) times that, b = 1."""
    step_size, sigma = 0.01, (1.0, 3.0)
    start = max(1.0, 3 * step_size * sqrt(steps))
    coins = [
        Coin(u, s * (1 - 2 * beta) * (1 - 1e-6), 1.0, s, start)
        for s, u in zip(sigma, DIRECTIONS[1:], strict=False)
    ]
    return Witness(
        name,
        "momentum_lars",
        "noise",
        make_constants(
            sum(c.slope * (start - 0.5) for c in coins),
            [c.slope for c in coins],
            sigma=sigma,
            dims=[c.direction.size for c in coins],
        ),
        {
            "step_size": step_size,
            "steps": steps,
            "batch_size": 1,
            "beta": beta,
            "start": memory,
        },
        on_coins(coins, {"beta": beta, "start": memory}),
        *known,
    )


PHI = (0.5, 2.0)
TOSS: Rows = ((0.5,), (0.6, -0.8))
BATCHES = batch_mean(4, -1.0, 1.0, 0.5)

MOMENTUM: tuple[Witness, ...] = (
    _valley(  # the instance on which LARS's own bound is attained
        "momentum LARS, beta = 0",
        "curvature",
        [((6 + DELTA) * 0.25 * u).tolist() for u in DIRECTIONS[:3]],
        {"step_size": 0.25, "steps": 36, "beta": 0.0},
        (1.0, 1.0),
    ),
    _valley(
        "momentum LARS start, beta = 0.9",
        "start",
        ((42.0,), (42.0,)),
        {"step_size": 0.01, "steps": 4096, "beta": 0.9},
        (0.92997322, 0.929828387),
        smoothness=(0.25, 0.125),
        slope=0.5,
    ),
    *(
        _valley(
            f"momentum LARS drift, beta = {beta}",
            "drift",
            ((0.875,), (1.4,)),
            {"step_size": 1.0, "steps": 256, "beta": beta},
            known,
            smoothness=(1.0, 2.0),
        )
        for beta, known in ((0.3, (0.385799557, 0.384442881)), (0.8, (0.0899327878, 0.0882802047)))
    ),
    _coins(
        "momentum LARS noise, beta = 0.1",
        0.1,
        steps=1024,
        memory="gradient",
        known=(0.703933163, 0.703597845),
    ),
    _coins(
        "momentum LARS noise, beta = 0.3",
        0.3,
        steps=1024,
        memory="gradient",
        known=(0.373818556, 0.373408513),
    ),
    _coins(
        "momentum LARS noise, from zero", 0.25, steps=1024, memory="zero", known=(0.458130999, None)
    ),
    _valley(  # 4096 paths of coins
        "momentum LARS, all paths",
        "noise",
        ((0.3,), (0.2, -0.1)),
        {"step_size": 0.05, "steps": 12, "beta": 0.6},
        (0.228550317, 0.190487038),
        smoothness=(2.0, 1.0),
        noise=TOSS,
        law=COIN,
    ),
    _valley(  # 5^6 paths of batches of 4 coins
        "momentum LARS, all paths, batches of 4",
        "noise",
        ((0.3,), (0.2, -0.1)),
        {"step_size": 0.05, "steps": 6, "beta": 0.8, "batch_size": 4, "start": "zero"},
        (0.354300986, None),
        smoothness=(2.0, 1.0),
        noise=TOSS,
        law=BATCHES,
    ),
    *(
        _valley(
            f"momentum LARS together, {memory}",
            "drift",
            valleys.START,
            {"step_size": 0.15, "steps": 10, "batch_size": 7, "phi": PHI, "beta": 0.7}
            | {"start": memory},
            known,
            slope=valleys.SLOPE,
            claimed=valleys.SIGMA,
            phi=clip(*PHI),
        )
        for memory, known in (
            ("gradient", (0.0760344367, 0.0572291951)),
            ("zero", (0.0862515299, None)),
        )
    ),
    _valley(
        "momentum LARS together, best step",
        "drift",
        valleys.START,
        {"steps": 10, "batch_size": 7, "phi": PHI},
        (0.0774391139, 0.0416698267),
        slope=valleys.SLOPE,
        claimed=valleys.SIGMA,
        phi=clip(*PHI),
    ),
)
