r"""Witnesses of the bound under heavy tails: a coin at b = 1, a rare event at large b.

A coin has the same moment for every p. A rare event with :math:`(1-q)^b = 1/2` is a fair coin for
batches of b, and :math:`|f'|/\sigma_p = (\ln 2 / b)^{1-1/p}` for large b, of the bound's
:math:`2^{2/p-1} b^{-(1-1/p)}`: .70 at p = 3/2.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.lattice import Law, batch_mean
from theory.witnesses import valleys
from theory.witnesses.lars import DELTA, DIRECTIONS, clip
from theory.witnesses.paths import COIN
from theory.witnesses.runs import Line, on_huber, on_lines
from theory.witnesses.witness import Witness


def _on_line(
    name: str,
    law: Law,
    moments: tuple[float, ...],
    arguments: dict[str, Any],
    known: tuple[float, float],
) -> Witness:
    """Layers of slope just below what the law's smallest value can turn round."""
    step_size, steps = 0.01, 1024
    start = max(1.0, 3 * step_size * sqrt(steps))
    slope = -float(law.values[0]) * (1 - 1e-9)
    lines, gap = [], 0.0
    for size, u in zip(moments, DIRECTIONS[1:], strict=False):
        scale = size / moments[0]
        noises = law.values[:, None] * scale * u
        lines.append(Line(u, slope * scale * u, 1.0, noises, law.weights, start))
        gap += slope * scale * (start - 0.5)
    return Witness(
        name,
        "heavy_tails",
        "noise",
        make_constants(
            gap,
            [slope * size / moments[0] for size in moments],
            dims=[line.slope.size for line in lines],
        ),
        {"step_size": step_size, "steps": steps, "moments": moments} | arguments,
        on_lines(lines, {}),
        *known,
    )


def _rare(batch_size: int, p: float, known: tuple[float, float]) -> Witness:
    q = -np.expm1(log(0.5) / batch_size)
    size = float(((1 - q) + q * ((1 - q) / q) ** p) ** (1 / p))
    return _on_line(
        f"heavy tails noise, p = {p}, b = {batch_size}",
        batch_mean(batch_size, -1.0, (1 - q) / q, 1 - q),
        (size,),
        {"batch_size": batch_size, "p": p},
        known,
    )


def _together(arguments: dict[str, Any], known: tuple[float, float]) -> Witness:
    start = valleys.START
    return Witness(
        "heavy tails together" + ("" if "step_size" in arguments else ", best step"),
        "heavy_tails",
        "noise",
        make_constants(
            valleys.gap(valleys.SMOOTHNESS, start, valleys.SLOPE),
            valleys.SMOOTHNESS,
            dims=[len(row) for row in start],
        ),
        {"steps": 10, "phi": (0.5, 2.0), "moments": valleys.SIGMA} | arguments,
        on_huber(valleys.SMOOTHNESS, start, {"phi": clip(0.5, 2.0)}, slope=valleys.SLOPE),
        *known,
    )


def _quiet(term: str, counts: tuple[int, int], arguments: dict[str, Any]) -> Witness:
    """LARS without noise, whose bound is attained; with no moments p does not matter."""
    away = [
        (k + DELTA) * arguments["step_size"] * u
        for k, u in zip(counts, DIRECTIONS[1:3], strict=True)
    ]
    rows, smoothness = [row.tolist() for row in away], (4.0, 1.0)
    return Witness(
        f"heavy tails {term}",
        "heavy_tails",
        term,
        make_constants(valleys.gap(smoothness, rows), smoothness, dims=(2, 3)),
        {"batch_size": 1, "p": 1.5, "moments": (0.0, 0.0)} | arguments,
        on_huber(smoothness, rows, {}),
        1.0,
        1.0,
    )


HEAVY: tuple[Witness, ...] = (
    _quiet("start", (64, 64), {"step_size": 2.0**-7, "steps": 64}),
    _quiet("curvature", (0, 0), {"step_size": 0.125, "steps": 64}),
    _on_line(
        "heavy tails noise, b = 1",
        COIN,
        (1.0, 3.0),
        {"batch_size": 1, "p": 1.2},
        (0.868238512, 0.498453597),
    ),
    _rare(16, 1.5, (0.573906284, 0.453239258)),
    _rare(64, 1.25, (0.443266228, 0.385273888)),
    _rare(64, 2.0, (0.730985267, 0.523478153)),
    _together({"step_size": 0.15, "batch_size": 7, "p": 1.7}, (0.146624032, 0.125345775)),
    _together({"batch_size": 3, "p": 1.3}, (0.0810101357, 0.0673312034)),
)
