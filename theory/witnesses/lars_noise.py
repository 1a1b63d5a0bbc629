r"""Witnesses of the noise term of Theorem 2: where a sign is a coin toss.

A Huber slope just below the noise: with samples :math:`g = f' \pm \sigma` and b = 1 the direction
of a layer is a fair coin, so nothing is gained per step and :math:`\|\nabla_i f\| \approx \sigma_i`
stays: lemma L1 is attained. The walk is on a lattice, so the expectation is exact; the ratio is
:math:`1 - O(T^{-1/2})`, for the walk must start :math:`\sqrt T` steps away from the minimum.

A batch of b > 1 of the same samples is far from a coin. Rare events are not: with
:math:`q = \lambda/b` the chance that a sample is the large one, a batch has none with chance
:math:`(1 - q)^b \approx e^{-\lambda}` for every b. With :math:`\lambda = \log 2` the walk is a fair
coin again, and :math:`\sqrt b\,|f'|/\sigma \to \sqrt{\log 2} = .83` (the supremum over
:math:`\lambda`, with a drift, is :math:`\sqrt2 e^{-1/2} = .86`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from theory.constants import make_constants
from theory.counterexamples import ratchet
from theory.lattice import batch_mean
from theory.layers import Array
from theory.witnesses.lars import DIRECTIONS, clip, constant
from theory.witnesses.runs import Line, on_lines
from theory.witnesses.witness import Claim, Witness

COIN = np.array([[-1.0], [1.0]]), np.array([0.5, 0.5])  # values and chances


def coins(
    name: str,
    sigma: Sequence[float],
    *,
    step_size: float,
    steps: int,
    phi: tuple[float, float] = (1.0, 1.0),
    known: tuple[float, float],
) -> Witness:
    """One fair coin per layer of noise ``sigma``, phi constant at alpha_u, b = 1."""
    low, high = phi
    reach = 3 * step_size * high * sqrt(steps)
    lines, smoothness, gap = [], [], 0.0
    for s, u in zip(sigma, DIRECTIONS, strict=False):
        edge = 1.0
        start = max(reach, edge)
        slope = s * (1 - 1e-9)
        lines.append(Line(u, slope * u, edge, s * u * COIN[0], COIN[1], start))
        smoothness.append(slope / edge)
        gap += slope * (start - edge / 2)
    function = constant(high) if low == high else clip(low, high)
    return Witness(
        name,
        "lars",
        "noise",
        make_constants(gap, smoothness, sigma=sigma, dims=[line.slope.size for line in lines]),
        {"step_size": step_size, "steps": steps, "batch_size": 1, "phi": phi},
        on_lines(lines, {"phi": function}, phi=high),
        *known,
    )


def rare(
    theorem: str,
    name: str,
    batch_size: int,
    sigma: Sequence[float],
    direction: Array,
    *,
    known: tuple[float, float],
) -> Witness:
    """One layer; half of the batches miss the large sample: -1 or (1 - q)/q times ``sigma``."""
    q = -np.expm1(log(0.5) / batch_size)  # (1 - q)^b = 1/2
    law = batch_mean(batch_size, -1.0, (1 - q) / q, 1 - q)
    # only the batch without a large sample, of mean -1, is smaller than minus the slope
    unit, steps, step_size = np.array(sigma), 1024, 0.02
    slope = unit * (1 - 1e-9)
    start = 3 * step_size * sqrt(steps)  # beyond the edge, 1
    line = Line(direction, slope, 1.0, law.values[:, None] * unit, law.weights, start)
    return Witness(
        name,
        theorem,
        "noise",
        make_constants(
            float(slope @ direction) * (start - 0.5),
            (float(np.max(slope / direction)),),
            coordinate_sigma=((unit * sqrt((1 - q) / q)).tolist(),),
        ),
        {"step_size": step_size, "steps": steps, "batch_size": batch_size},
        on_lines([line], {}),
        *known,
    )


def _ratchet(ratio: int, known: tuple[float, float]) -> Witness:
    """Layer 2 at alpha_l undoes what the noise makes layer 1 do at alpha_u: an exact walk."""
    found = ratchet.measure(ratio)

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        return found.average  # of LARS itself; only bounds are judged by this one

    return Witness(
        f"LARS ratchet, alpha_u/alpha_l = {ratio}",
        "lars",
        "noise",
        found.constants,
        {
            "step_size": found.step_size,
            "steps": found.steps,
            "batch_size": 1,
            "phi": found.phi,
        },
        measure,
        *known,
    )


LARS_NOISE: tuple[Witness, ...] = (
    coins(
        "LARS noise, T = 4096", (1.0,), step_size=0.01, steps=4096, known=(0.955965725, 0.487278792)
    ),
    coins(
        "LARS noise, layers unequal",
        (1.0, 4.0, 0.5),
        step_size=0.02,
        steps=1024,
        known=(0.920846282, 0.477990337),
    ),
    coins(
        "LARS noise, phi = 2",
        (1.0, 2.0),
        step_size=0.01,
        steps=1024,
        phi=(2.0, 2.0),
        known=(0.920846282, 0.477990337),
    ),
    rare(
        "lars",
        "LARS noise, b = 16",
        16,
        (0.6, 0.8),
        np.array([0.6, 0.8]),
        known=(0.78415851, 0.404746561),
    ),
    rare(
        "lars",
        "LARS noise, b = 64",
        64,
        (0.6, 0.8),
        np.array([0.6, 0.8]),
        known=(0.778181767, 0.401562762),
    ),
    _ratchet(8, (0.322241365, 0.169961822)),
)
