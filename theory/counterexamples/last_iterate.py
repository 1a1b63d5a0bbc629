r"""The theorems speak of an average (or a random) iterate; the last one has no guarantee.

A cliff: the slope is almost 0 for x > 0, then (moving left) it grows with curvature L up to
:math:`s = n L\eta` and falls back to 0, where the minimum is. Take :math:`T = 2n^2` steps of the
theorem's own size :math:`\eta^* = \sqrt{2\Delta/(LT)}`, with :math:`\Delta = s^2/L`, and start so
far out on the plateau that step T stands on the steepest point:

.. math:: |f'(x^T)| = nL\eta = \sqrt{L\Delta}

for every T, while the average over t falls like :math:`T^{-1/2}`. (A1 allows no more than
:math:`\sqrt{2L\Delta}` anywhere.) With :math:`L = \eta = 1` the positions are whole numbers.

The claim held against the numbers is the theorem's bound with the last iterate in the place of
the average: it is wrong by the factor :math:`n = \sqrt{T/2}`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Array, Layers
from theory.theorems import lars
from theory.trajectory import average_metric

PLATEAU = 1e-12  # the slope of the flat part: anything > 0 moves a normalised step


class Cliff(NamedTuple):
    """|f'| at the last iterate, its average over t = 1..T, and the bound on the average."""

    last: float
    average: float
    bound: float


def fall(n: int) -> Cliff:
    """Run LARS with the theorem's step size over a cliff of height ``n**2``, T = 2 n^2.

    Examples
    --------
    >>> [float(round(v, 3)) for v in fall(8)], [float(round(v, 3)) for v in fall(32)]
    ([8.0, 0.281, 1.0], [32.0, 0.258, 1.0])
    """
    steps = 2 * n * n

    def slope_at(x: Array) -> Array:
        rising, falling = PLATEAU - x, PLATEAU + 2 * n + x
        return np.where(x >= 0, PLATEAU, np.where(x >= -n, rising, np.maximum(falling, 0.0)))

    flat = steps - 1 - n  # steps on the plateau
    gap = n**2 + PLATEAU * (flat + 2 * n)
    constants = make_constants(gap, (1.0,))
    step_size = lars.optimal_step(constants, steps=steps)
    seen: list[float] = []

    def gradient(x: Layers) -> Layers:
        seen.append(float(slope_at(x[0])[0]))
        return (slope_at(x[0]),)

    step, start = lars.algorithm(step_size), (np.array([float(flat)]),)
    average = average_metric(step, lars.metric, gradient, start, steps)
    bound = lars.bound(constants, step_size=step_size, steps=steps, batch_size=1)
    return Cliff(seen[-1], average, bound)


def run(sizes: tuple[int, ...] = (2, 8, 32)) -> Contrast:
    """Hold the last and the average gradient against the bound on the average.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: the average over t = 1..T
      violated  measured        2    bound        1   last iterate, T = 8, sqrt(L Delta) = 2
      violated  measured        8    bound        1   last iterate, T = 128, sqrt(L Delta) = 8
      violated  measured       32    bound        1   last iterate, T = 2048, sqrt(L Delta) = 32
    with it
      holds     measured    0.375    bound        1   average, T = 8
      holds     measured  0.28125    bound        1   average, T = 128
      holds     measured  0.25781    bound        1   average, T = 2048
    """
    falls = {n: fall(n) for n in sizes}
    return Contrast(
        "the average over t = 1..T",
        tuple(
            Case(f"last iterate, T = {2 * n * n}, sqrt(L Delta) = {n}", c.last, c.bound)
            for n, c in falls.items()
        ),
        tuple(Case(f"average, T = {2 * n * n}", c.average, c.bound) for n, c in falls.items()),
    )
