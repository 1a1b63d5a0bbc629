"""Huber's function: a quadratic that goes on as a straight line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.layers import Array, Layers, PerLayer, check_layers, check_number, spread
from theory.problems.problem import Problem


def huber(
    smoothness: Sequence[float],
    slope: float | Sequence[float],
    dims: Sequence[int] | None = None,
    *,
    start: PerLayer = 1.0,
) -> Problem:
    r"""Sum of Huber functions of every coordinate, of curvature :math:`L_i` and slope :math:`s_i`.

    .. math::

        h(x) = \begin{cases} L x^2 / 2 & |x| \le s/L \\ s|x| - s^2/(2L) & \text{otherwise}
               \end{cases}

    Convex, :math:`f^* = 0`, :math:`\sup|f'| = s`. Far out the slope is constant: with noise just
    larger than the slope every sign is a coin toss, which is where the noise term of the bounds is
    nearly attained.

    Parameters
    ----------
    smoothness : sequence of float
        :math:`L_i > 0`.
    slope : float or sequence of float
        :math:`s_i > 0`, the largest slope of each coordinate.
    dims, start
        As in `theory.problems.quadratic`.

    Examples
    --------
    >>> p = huber([2.0], slope=1.0, start=3.0)
    >>> float(p.value(p.start)), p.gradient(p.start)
    (2.75, (array([1.]),))
    """
    L, sizes = check_layers(smoothness, dims)
    slopes = [slope] * len(L) if isinstance(slope, int | float) else list(slope)
    if len(slopes) != len(L):
        raise ValueError(f"slope has {len(slopes)} entries for {len(L)} layers: give one per layer")
    s = [check_number(f"slope[{i}]", v, 0, above=True) for i, v in enumerate(slopes)]

    def value(x: Layers) -> Array:
        parts = []
        for c, k, a in zip(L, s, x, strict=True):
            inner = np.minimum(np.abs(a), k / c)  # c inner^2 / 2 inside, then the line
            parts.append(np.sum(c * inner**2 / 2 + k * (np.abs(a) - inner), axis=-1))
        return np.sum(parts, axis=0)

    def gradient(x: Layers) -> Layers:
        return tuple(np.clip(c * a, -k, k) for c, k, a in zip(L, s, x, strict=True))

    sup = tuple(np.full(d, k) for k, d in zip(s, sizes, strict=True))
    return Problem("huber", value, gradient, spread("start", start, sizes), L, 0.0, sup)
