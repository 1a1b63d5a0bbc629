r"""The factor :math:`\alpha_u/\alpha_l` of the noise term is real, up to about 3.

Two scalar layers whose steps are :math:`\eta\alpha_u` and :math:`\eta\alpha_l` (as for the
staircase), :math:`f = \psi(c x_1 + x_2)`, :math:`\psi` a Huber function of slope p. Layer 1 has
gradient :math:`cp = s` and noise: -s (a hair more) with chance P = 13/16, else positive, of mean
zero and variance :math:`\sigma^2 = s^2 P/(1-P)`. Layer 1 goes the wrong way 13 times in 16, and
layer 2, without noise, goes the right way with a shorter step. With
:math:`c\,\alpha_u(2P - 1) = \alpha_l` the two cancel: a fair walk, on which

.. math:: \sum_i|\nabla_i f| = s + p, \qquad p = s\,(2P - 1)\,\alpha_u/\alpha_l
   \approx 0.30\,\sigma\,\alpha_u/\alpha_l .

A noise term :math:`\sigma\alpha_l/\alpha_l` is refuted by it once the ratio is large. Exact:
:math:`y = c x_1 + x_2` moves by 3, -13 (or 13, -3 where y < 0) fifths of :math:`\eta\alpha_l`.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from theory.constants import Constants, make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.lattice import walk
from theory.layers import Array
from theory.theorems import lars

WRONG_WAY = 13 / 16  # P; 2P - 1 = 5/8


class Ratchet(NamedTuple):
    """Average of sum_i |grad_i f|, and what its bound is a function of."""

    average: float
    constants: Constants
    phi: tuple[float, float]
    step_size: float
    steps: int


def measure(ratio: int = 8, steps: int = 1024, width: int = 1000, start: int = 1300) -> Ratchet:
    r"""Propagate the law of y; :math:`\sigma = 1`, ``width`` and ``start`` in units of y."""
    low, high, step_size = 1.0 / ratio, 1.0, 1.0 / steps
    slope_1 = sqrt(1 / WRONG_WAY - 1)  # s for sigma = 1
    slope_2 = slope_1 * (2 * WRONG_WAY - 1) * high / low  # p
    lever = slope_1 / slope_2  # c
    unit = step_size * low / 5
    edge = width * unit

    def chances(y: Array) -> Array:
        up = np.where(y > 0, 1.0, 0.0)
        wrong = WRONG_WAY
        return np.stack([up * wrong, up * (1 - wrong), (1 - up) * wrong, (1 - up) * (1 - wrong)])

    def slope(y: Array) -> Array:
        return (slope_1 + slope_2) * np.minimum(np.abs(y) / edge, 1.0)

    position = (start + 0.5) * unit  # never 0
    found = walk(slope, chances, (3, -13, 13, -3), start=position, unit=unit, steps=steps)
    gap = slope_2 * (position - edge / 2)
    bend = slope_2 / edge  # psi'', Hess = psi'' (c, 1)(c, 1)^T
    constants = make_constants(
        gap, (bend * lever * (lever + 1), bend * (lever + 1)), sigma=(1.0, 0.0)
    )
    return Ratchet(found.average, constants, (low, high), step_size, steps)


def run(ratio: int = 8) -> Contrast:
    """Hold the bound with alpha_l in the noise term against the one with alpha_u.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: alpha_u in the noise term
      violated  measured   2.8773    bound   1.9289   alpha_l in its place
    with it
      holds     measured   2.8773    bound   8.9289   alpha_u
    """
    found = measure(ratio)
    low, high = found.phi
    terms = lars.terms(
        found.constants,
        step_size=found.step_size,
        steps=found.steps,
        batch_size=1,
        phi=found.phi,
    )
    right = sum(terms.values())
    wrong = right - terms["noise"] * (1 - low / high)
    return Contrast(
        "alpha_u in the noise term",
        (Case("alpha_l in its place", found.average, wrong),),
        (Case("alpha_u", found.average, right),),
    )
