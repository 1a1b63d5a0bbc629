r"""The factor :math:`\alpha_u^2/\alpha_l` of the curvature term is real, up to 2.

Two scalar layers, :math:`\phi(z) = \min(\max(z, \alpha_l), \alpha_u)`, the first layer far from 0
(step :math:`D = \eta\alpha_u`), the second near 0 (step :math:`H = \eta\alpha_l`):

.. math:: f(x) = \psi(x_2 + c(x_1))

where :math:`c` is a staircase of treads D and risers H, smooth, flat at the multiples of D but for
a tiny tilt downwards, and :math:`\psi` a Huber function of slope p. Layer 1 stands on flat points
and the tilt takes it up one whole stair; layer 2 walks down by as much. :math:`x_2 + c(x_1)` never
changes, and :math:`\sum_i|\nabla_i f| = p` for ever. The stairs allow
:math:`p = \eta\alpha_u^2 L_1/(4\alpha_l)`: half of the bound's curvature term, and more than a
bound with :math:`\alpha_u\alpha_l` or :math:`\alpha_l^2` in it, once
:math:`\alpha_u > 2\alpha_l`. The exact clip is used, not a made-up :math:`\phi`, and all numbers
are dyadic, so no rounding helps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from theory.constants import Constants, make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Array, Layers
from theory.theorems import lars
from theory.trajectory import average_metric

TILT = 2.0**-24  # of a stair


class Staircase(NamedTuple):
    """The problem, and how LARS is run on it."""

    constants: Constants
    start: Layers
    value: Callable[[Layers], Array]
    gradient: Callable[[Layers], Layers]
    phi: tuple[float, float]
    step_size: float
    steps: int


def build(ratio: int = 8, steps: int = 4096, width: int = 600) -> Staircase:
    r"""Build the staircase for :math:`\alpha_u/\alpha_l` = ``ratio`` (a power of 2), L_1 = 1.

    ``width`` is the half-width of the quadratic part of psi, in risers: it is where the second
    layer's own curvature comes from.
    """
    low, high, step_size = 1.0 / ratio, 1.0, 1.0 / steps
    tread, riser = step_size * high, step_size * low
    slope = tread**2 / (4 * riser)  # slope * max|c''| = slope * 4 riser / tread^2 = 1
    edge = width * riser
    steepest = 2 * riser / tread  # max |c'|
    bend = slope / edge  # psi''
    # Hess = psi'' (c', 1)(c', 1)^T + psi' c'' e_1 e_1^T, and 2 c' u v <= c' (u^2 + v^2)
    smoothness = (1.0 + bend * steepest * (steepest + 1), bend * (steepest + 1))
    start = (np.array([high]), np.array([low / 2]))
    level = low / 2 - edge * (1 + 2**-10)  # x_2 + c(x_1) - level is just outside of |y| <= edge

    def stair(x: Array) -> tuple[Array, Array]:
        """Height c(x) and slope c'(x)."""
        stairs = (x - high) / tread
        part = stairs - np.floor(stairs)
        rise = np.where(part < 0.5, 2 * part**2, 1 - 2 * (1 - part) ** 2)
        height = riser * (np.floor(stairs) + rise - TILT * stairs)
        return height, riser / tread * (4 * np.minimum(part, 1 - part) - TILT)

    def value(x: Layers) -> Array:
        y = np.abs(x[1] + stair(x[0])[0] - level)
        return np.where(y < edge, bend * y**2 / 2, slope * (y - edge / 2))

    def gradient(x: Layers) -> Layers:
        height, rate = stair(x[0])
        p = slope * np.clip((x[1] + height - level) / edge, -1.0, 1.0)
        return p * rate, p

    gap = slope * edge * (0.5 + 2**-10)
    return Staircase(
        make_constants(gap, smoothness), start, value, gradient, (low, high), step_size, steps
    )


def average(stairs: Staircase) -> float:
    """Average of sum_i |grad_i f| along LARS with phi = clip."""
    low, high = stairs.phi
    step = lars.algorithm(stairs.step_size, phi=lambda z: np.clip(z, low, high))
    return average_metric(step, lars.metric, stairs.gradient, stairs.start, stairs.steps)


def run(ratio: int = 8) -> Contrast:
    """Hold the bound with alpha_u alpha_l in the curvature term against the one with alpha_u^2.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: alpha_u^2 in the curvature term
      violated  measured   2.9958    bound        1   alpha_u alpha_l in its place
    with it
      holds     measured  0.46367    bound        1   alpha_u^2
    """
    stairs = build(ratio)
    measured = average(stairs)
    low, high = stairs.phi
    found = lars.terms(
        stairs.constants,
        step_size=stairs.step_size,
        steps=stairs.steps,
        batch_size=1,
        phi=stairs.phi,
    )
    right = sum(found.values())
    wrong = right - found["curvature"] * (1 - low / high)
    return Contrast(
        "alpha_u^2 in the curvature term",
        (Case("alpha_u alpha_l in its place", measured / wrong, 1.0),),
        (Case("alpha_u^2", measured / right, 1.0),),
    )
