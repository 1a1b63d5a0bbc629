r"""Witnesses of decoupled weight decay as Frank-Wolfe: each term of its bound is attained.

*Start*: on a linear function (L = 0) every step gains all that it can, and the gap shrinks
geometrically from one end of the ball to the other. *Curvature*: with :math:`\gamma = 1` a layer on
a quadratic jumps from one pole of its ball to the other and back, 2R far, and its gap stays
:math:`2R\|\nabla_i f\|`. *Noise*: a linear function with slope just below the noise; the pull is a
fair coin, so that x is 0 on average and the gap :math:`R\sigma`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.lattice import Law, batch_mean
from theory.layers import Layers
from theory.theorems.weight_decay import radius
from theory.witnesses import valleys
from theory.witnesses.paths import COIN, QUIET, Metric, on_paths
from theory.witnesses.valleys import Rows
from theory.witnesses.witness import Claim, Witness

DECAY = 0.5


def gap_of(reach: float) -> Metric:
    """Return the claim's metric, which wants the point and the radius."""

    def metric(claim: Claim, gradient: Layers, x: Layers) -> Any:
        return claim.metric(gradient, x, radius=reach)

    return metric


def _witness(
    name: str,
    term: str,
    gap: float,
    smoothness: tuple[float, ...],
    gradient: Callable[[Layers], Layers],
    start: Rows,
    arguments: dict[str, Any],
    known: float,
    *,
    noise: Rows = (),
    law: Law = QUIET,
    sigma: tuple[float, ...] | None = None,
) -> Witness:
    filled: dict[str, Any] = {"batch_size": 1, "decay": DECAY, "phi": (1.0, 1.0)} | arguments
    phi, decay = filled["phi"], filled["decay"]
    return Witness(
        name,
        "weight_decay",
        term,
        make_constants(
            gap,
            smoothness,
            sigma=sigma or [float(np.linalg.norm(row)) for row in noise] or None,
            dims=[len(row) for row in start],
        ),
        filled,
        on_paths(
            gradient,
            valleys.layers(start),
            {"decay": decay, "alpha": phi[1]},
            noise=valleys.layers(noise),
            law=law,
            metric=gap_of(radius(phi, decay)),
        ),
        known,
        None,
    )


def _linear(slopes: Rows) -> Callable[[Layers], Layers]:
    rows = valleys.layers(slopes)

    def gradient(x: Layers) -> Layers:
        return tuple(row + np.zeros_like(a) for row, a in zip(rows, x, strict=True))

    return gradient


JUST_BELOW = 1 - 1e-9
SLOPES: Rows = ((0.5,), (0.6, -0.8))  # norms 1/2 and 1
HALF_WAY: Rows = ((1.0,), (0.3, -0.4))

WEIGHT_DECAY: tuple[Witness, ...] = (
    _witness(  # from pole to pole: f falls by 2 R (1/2 + 1), R = 3 / DECAY
        "weight decay start",
        "start",
        2 * 6.0 * 1.5,
        (0.0, 0.0),
        _linear(SLOPES),
        ((6.0,), (3.6, -4.8)),
        {"step_size": 0.1, "steps": 200, "phi": (3.0, 3.0)},
        0.999964947,
    ),
    _witness(
        "weight decay curvature",
        "curvature",
        valleys.gap((4.0, 1.0), ((2.0,), (1.2, -1.6))),
        (4.0, 1.0),
        valleys.gradient((4.0, 1.0)),
        ((2.0,), (1.2, -1.6)),
        {"step_size": 2.0, "steps": 256},
        1 / (1 + 1 / 1024),
    ),
    _witness(
        "weight decay noise",
        "noise",
        2.0 * 1.5,
        (0.0, 0.0),
        _linear([[v * JUST_BELOW for v in row] for row in SLOPES]),
        ((0.0,), (0.0, 0.0)),
        {"step_size": 2.0, "steps": 12},
        12 / 13,
        noise=SLOPES,
        law=COIN,
    ),
    _witness(
        "weight decay noise, batches of 4",
        "noise",
        0.5 * 2 * 1.5,
        (0.0, 0.0),
        _linear([[v * JUST_BELOW / 2 for v in row] for row in SLOPES]),
        ((0.0,), (0.0, 0.0)),
        {"step_size": 2.0, "steps": 6, "batch_size": 4},
        0.589285714,
        noise=SLOPES,
        law=batch_mean(4, -1.0, 1.0, 0.5),
    ),
    *(
        _witness(
            "weight decay together" + ("" if "step_size" in arguments else ", best step"),
            "curvature",
            valleys.gap((4.0, 1.0), HALF_WAY, 1.25),
            (4.0, 1.0),
            valleys.gradient((4.0, 1.0), 1.25, (0.25, -0.5)),
            ((1.25,), (-0.2, -0.9)),
            arguments,
            known,
            sigma=(0.75, 1.2),
        )
        for arguments, known in (
            (
                {
                    "step_size": 0.3,
                    "steps": 10,
                    "batch_size": 7,
                    "decay": 0.8,
                    "phi": (1.5, 1.5),
                },
                0.240279097,
            ),
            ({"steps": 10, "batch_size": 7, "phi": (1.5, 1.5)}, 0.43095199),
        )
    ),
)
