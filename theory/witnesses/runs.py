"""How the witnesses are run: exactly, through the claim's own algorithm and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from theory.lattice import walk
from theory.layers import Array, Layers
from theory.trajectory import average_metric
from theory.witnesses.witness import Claim, Measure


def on_huber(
    smoothness: Sequence[float],
    start: Sequence[Sequence[float]],
    options: Mapping[str, Any],
    *,
    slope: float = np.inf,
    centre: Sequence[float] | None = None,
) -> Measure:
    r"""Return a run without noise on :math:`\sum_{ij} h(x_{ij} - c_i)`, h Huber or quadratic.

    Parameters
    ----------
    smoothness : L_i per layer
    start : per layer the coordinates of :math:`x_i^1 - c_i`
    options : mapping
        Keyword arguments of the algorithm besides the step size.
    slope : float
        Largest |h'|; inf: quadratic.
    centre : c_i per layer, optional
        Every coordinate of the minimum: far from 0 it decides what :math:`\phi(\|x_i\|)` is.
    """
    centres = [0.0] * len(smoothness) if centre is None else list(centre)
    first = tuple(np.asarray(s, float) + c for s, c in zip(start, centres, strict=True))

    def gradient(x: Layers) -> Layers:
        parts = zip(smoothness, x, centres, strict=True)
        return tuple(np.clip(L * (a - c), -slope, slope) for L, a, c in parts)

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        step = claim.algorithm(step_size, **options)
        return average_metric(step, claim.metric, gradient, first, steps)

    return measure


class Line(NamedTuple):
    r"""A layer that moves on a line :math:`x = p\,u` under noise, in direction of one vector.

    Attributes
    ----------
    direction : array (d,)
        Unit vector u.
    slope : array (d,)
        The gradient at p is ``slope * clip(p / edge, -1, 1)``.
    edge : float
        Where the slope becomes constant.
    noise : array (k, d)
        A batch mean is the gradient plus one of these k vectors,
    chances : array (k,)
        with these chances.
    start : float
        :math:`p^1`.
    """

    direction: Array
    slope: Array
    edge: float
    noise: Array
    chances: Array
    start: float


def on_lines(
    lines: Sequence[Line], options: Mapping[str, Any], *, phi: float = 1.0, parts: int = 1
) -> Measure:
    r"""Return a run of layers under noise, each an exact walk on its lattice.

    The jump from every point under every value of the noise is asked of the algorithm itself; it
    must be a whole number of units :math:`\eta\phi` / ``parts``. An algorithm with a memory is
    asked afresh: its jumps must not depend on what it remembers.
    """

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        unit = step_size * phi / parts
        return sum(_average(line, claim, step_size, unit, steps, options) for line in lines)

    return measure


class OffLatticeError(ValueError):
    """The algorithm does not move by whole steps: its expectation is not computed."""


def _average(
    line: Line,
    claim: Claim,
    step_size: float,
    unit: float,
    steps: int,
    options: Mapping[str, Any],
) -> float:

    def gradient(p: Array) -> Array:
        return np.clip(p / line.edge, -1.0, 1.0)[:, None] * line.slope

    def moves(p: Array) -> Array:  # (values of the noise, points) in units
        exact, x = gradient(p), p[:, None] * line.direction
        found = []
        for noise in line.noise:
            (after,) = claim.algorithm(step_size, **options)((x,), (exact + noise,))
            found.append((after - x) @ line.direction / unit)
        return np.stack(found)

    near = line.start + unit * np.arange(-steps, steps + 1)
    jumps = np.unique(np.round(moves(near)).astype(int))

    def chances(p: Array) -> Array:
        step = moves(p)
        whole = np.round(step)
        if not (np.abs(step - whole) < 1e-6).all() or not np.isin(whole, jumps).all():
            raise OffLatticeError("a step is not a whole number of units")
        return np.stack([line.chances @ (whole == j) for j in jumps])

    def metric(p: Array) -> Array:
        return np.asarray(claim.metric((gradient(p),)))

    return walk(
        metric, chances, [int(j) for j in jumps], start=line.start, unit=unit, steps=steps
    ).average


def on_moments(
    smoothness: Sequence[float],
    start: Sequence[Sequence[float]],
    coordinate_sigma: Sequence[Sequence[float]],
    batch_size: int,
) -> Measure:
    r"""Return a run of a linear algorithm on :math:`\sum_i L_i\|x_i\|^2/2` by second moments.

    For :math:`x \leftarrow ax - cg` and noise of variance :math:`\tilde\sigma^2/b`,
    :math:`E x^2 \leftarrow (a - cL)^2 E x^2 + c^2\tilde\sigma^2/b`. The numbers a and c are asked
    of the algorithm, and the gradient that the metric is given has the right second moments.
    """

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        step = claim.algorithm(step_size)

        def respond(x: float, g: float) -> Layers:
            return step(*(tuple(np.full(len(s), v) for s in start) for v in (x, g)))

        a, c = respond(1.0, 0.0), tuple(-v for v in respond(0.0, 1.0))
        square = tuple(np.square(np.asarray(s, float)) for s in start)
        total = 0.0
        for _ in range(steps):
            total += float(
                claim.metric(tuple(L * np.sqrt(v) for L, v in zip(smoothness, square, strict=True)))
            )
            square = tuple(
                (ai - ci * L) ** 2 * v + ci**2 * np.square(s) / batch_size
                for L, ai, ci, v, s in zip(smoothness, a, c, square, coordinate_sigma, strict=True)
            )
        return total / steps

    return measure
