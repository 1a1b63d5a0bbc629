"""Sums of Huber functions of all coordinates, for witnesses of the extensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from theory.layers import Layers

Rows = Sequence[Sequence[float]]

# three layers of 1, 2 and 3 coordinates, in which no constant is 1 and no two are equal
SMOOTHNESS = (4.0, 1.0, 0.25)
START: Rows = ((1.5,), (0.5, -2.0), (3.0, 0.25, -1.0))
SIGMA = (0.75, 1.2, 2.5)
SLOPE = 1.25


def layers(rows: Rows) -> Layers:
    """Return one array per layer."""
    return tuple(np.array(row, float) for row in rows)


def gradient(
    smoothness: Sequence[float], slope: float = np.inf, centre: Sequence[float] | None = None
) -> Callable[[Layers], Layers]:
    """Return the gradient, coordinate by coordinate ``clip(L_i (x - c_i), -slope, slope)``.

    >>> [a.tolist() for a in gradient((2.0, 1.0), slope=3.0)(layers(((1.0, 2.0), (-5.0,))))]
    [[2.0, 3.0], [-3.0]]
    """
    centres = [0.0] * len(smoothness) if centre is None else list(centre)

    def of(x: Layers) -> Layers:
        parts = zip(smoothness, x, centres, strict=True)
        return tuple(np.clip(L * (a - c), -slope, slope) for L, a, c in parts)

    return of


def gap(smoothness: Sequence[float], start: Rows, slope: float = np.inf) -> float:
    """Return f at the start, which is measured from the centre; the minimum is 0.

    >>> gap((2.0,), ((1.0, 2.0),), slope=3.0)  # 1, and 9/4 up to the edge and 3/2 beyond
    4.75
    """
    total = 0.0
    for L, row in zip(smoothness, start, strict=True):
        edge = slope / L
        for x in map(abs, row):
            total += L * x * x / 2 if x < edge else slope * (x - edge / 2)
    return total
