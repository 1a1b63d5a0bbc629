"""Bounded wells: nonconvex functions that flatten far away."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from theory.layers import Array, Layers, PerLayer, check_layers, spread
from theory.problems.problem import Problem

STEEPEST = 9 / (8 * sqrt(3))  # max of |d/dx x^2/(1+x^2)| = 2x/(1+x^2)^2, at x = 1/sqrt 3


def bounded_well(
    smoothness: Sequence[float], dims: Sequence[int] | None = None, *, start: PerLayer = 1.0
) -> Problem:
    r"""Sum of :math:`c_i x_j^2 / (1 + x_j^2)` over the coordinates j of every layer i.

    The second derivative :math:`2 c (1 - 3x^2) / (1 + x^2)^3` lies in :math:`[-c/2, 2c]` and is 2c
    at 0, so :math:`L_i = 2 c_i`; :math:`\sup|f'| = 9c / (8\sqrt3)` at :math:`x = 1/\sqrt3`;
    :math:`f^* = 0`.

    Parameters
    ----------
    smoothness : sequence of float
        :math:`L_i = 2 c_i`.
    dims, start
        As in `theory.problems.quadratic`.

    Examples
    --------
    >>> p = bounded_well([2.0], start=1.0)
    >>> float(p.value(p.start)), p.gradient(p.start), p.gradient_sup[0].round(4)
    (0.5, (array([0.5]),), array([0.6495]))
    """
    L, sizes = check_layers(smoothness, dims)

    def value(x: Layers) -> Array:
        wells = (c / 2 * np.sum(well(a), axis=-1) for c, a in zip(L, x, strict=True))
        return np.sum(list(wells), axis=0)

    def gradient(x: Layers) -> Layers:
        return tuple(c / 2 * well_slope(a) for c, a in zip(L, x, strict=True))

    sup = tuple(np.full(d, c / 2 * STEEPEST) for c, d in zip(L, sizes, strict=True))
    return Problem("bounded_well", value, gradient, spread("start", start, sizes), L, 0.0, sup)


def well(x: Array) -> Array:
    """Return x^2 / (1 + x^2).

    Examples
    --------
    >>> float(well(np.array(2.0)))
    0.8
    """
    return x * x / (1 + x * x)


def well_slope(x: Array) -> Array:
    """Return the derivative 2x / (1 + x^2)^2 of `well`.

    Examples
    --------
    >>> float(well_slope(np.array(1.0)))
    0.5
    """
    return 2 * x / (1 + x * x) ** 2
