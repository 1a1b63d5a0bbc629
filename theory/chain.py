r"""Exact expectations of sign steps: the law of every coordinate is carried along, not sampled.

A step of length :math:`\eta\phi_i/\sqrt{d_i}` by sign keeps each coordinate on the lattice
:math:`x_j^1 + \eta\phi_i d_i^{-1/2}\,\mathbb{Z}`. If f is a sum over coordinates, a coordinate's
place alone decides the probabilities of its next move, so it is a Markov chain on 2T + 1 points,
and T products of a probability vector give :math:`E|\nabla_j f(x^t)|` with no Monte-Carlo error.
Coordinates need not be independent of each other: expectations add.

That is LAMB with beta1 = beta2 = 0, and LARS too where every layer has one coordinate.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from theory.lattice import OnLine, Walk, walk
from theory.layers import Array, Layers, PerLayer, check_integer, check_number, join, split, spread
from theory.noise import Noise
from theory.problems.problem import Problem, dims_of


class Chain(NamedTuple):
    r"""Exact expectations over all sample paths.

    Attributes
    ----------
    average : float
        :math:`\frac1T\sum_{t=1}^T E\sum_i \|\nabla_i f(x^t)\|_1/\sqrt{d_i}`.
    per_step : array (T,)
        The summands.
    final_value : float
        :math:`E f(x^{T+1})`, after the last step.
    """

    average: float
    per_step: Array
    final_value: float


def expected_metric(
    problem: Problem,
    noise: Noise,
    *,
    step_size: float,
    steps: int,
    batch_size: int = 1,
    phi: float | tuple[float, ...] = 1.0,
    sign_of_zero: int = 1,
) -> Chain:
    r"""Expectations under :math:`x_i \leftarrow x_i - \eta\phi_i\,\mathrm{sign}(g_i)/\sqrt{d_i}`.

    Parameters
    ----------
    problem : Problem
        A sum over coordinates; a coupled one is refused.
    noise : Noise
        With a law per coordinate: none, rademacher, two_point, gaussian.
    step_size : float
        :math:`\eta`.
    steps : int
        T.
    batch_size : int
        b.
    phi : float or tuple of float
        :math:`\phi_i`, constant, one for all layers or one each (a :math:`\phi` that depends on
        x leaves the lattice).
    sign_of_zero : 1, 0 or -1
        +1 or -1 is what the sharp bound of LAMB needs; 0 is LARS.

    Returns
    -------
    Chain

    Examples
    --------
    Slope 0.99, noise 1: nearly a fair coin, and the average slope hardly falls below the noise.

    >>> from theory import noise, problems
    >>> p = problems.huber([1.0], slope=0.99, start=5.0)
    >>> for b in (1, 16):
    ...     found = expected_metric(p, noise.rademacher(), step_size=0.1, steps=400, batch_size=b)
    ...     print(round(found.average, 4), round(found.final_value, 4))
    0.9877 4.4708
    0.2096 0.0102
    """
    check_number("step_size", step_size, 0, above=True)
    check_integer("steps", steps, 1)
    check_integer("batch_size", batch_size, 1)
    if sign_of_zero not in (-1, 0, 1):
        raise ValueError(f"sign_of_zero={sign_of_zero!r} must be -1, 0 or 1")
    if noise.below is None:
        raise ValueError(
            f"noise {noise.name!r} has no law per coordinate: use none, rademacher, two_point or "
            "gaussian, or theory.measure"
        )
    check_separable(problem)
    dims = dims_of(problem)
    scales = noise.coordinate_sigma(dims)
    lengths = _lengths(phi, len(dims))
    per_step = np.zeros(steps)
    final = base = float(problem.value(problem.start))
    for i, d in enumerate(dims):
        stride = step_size * lengths[i] / sqrt(d)
        for j in range(d):
            law = _law(noise, float(scales[i][j]), batch_size, sign_of_zero)
            found = _walk(problem, i, j, law, stride=stride, steps=steps)
            per_step += found.per_step / sqrt(d)
            values = problem.value(_line(problem, i, j, found.positions))
            final += float(found.weights @ values) - base
    return Chain(float(per_step.mean()), per_step, final)


def check_separable(problem: Problem) -> None:
    """Refuse a problem in which a coordinate's derivative depends on another coordinate.

    Examples
    --------
    >>> from theory import problems
    >>> coupled = problems.coupled_quadratic([1.0], (2,), rng=np.random.default_rng(0))
    >>> check_separable(coupled)
    Traceback (most recent call last):
    ...
    ValueError: problem 'coupled_quadratic' is not a sum over coordinates; use theory.measure
    """
    dims = dims_of(problem)
    for place in (join(problem.start), np.full(sum(dims), 0.1)):
        elsewhere = place + 0.37 + 0.11 * np.arange(place.size)
        here = join(problem.gradient(split(place, dims)))
        for j in range(place.size):
            moved = np.where(np.arange(place.size) == j, place, elsewhere)
            there = join(problem.gradient(split(moved, dims)))[j]
            if abs(there - here[j]) > 1e-12 * max(1.0, abs(here[j])):
                raise ValueError(
                    f"problem {problem.name!r} is not a sum over coordinates; use theory.measure"
                )


def _lengths(phi: PerLayer, layers: int) -> tuple[float, ...]:
    values = tuple(float(v[0]) for v in spread("phi", phi, (1,) * layers))
    return tuple(check_number(f"phi[{i}]", v, 0, above=True) for i, v in enumerate(values))


def _line(problem: Problem, layer: int, coordinate: int, positions: Array) -> Layers:
    """Points with one coordinate at the given positions, the other coordinates at the start."""
    points = [np.repeat(a[None], len(positions), axis=0) for a in problem.start]
    points[layer][:, coordinate] = positions
    return tuple(points)


def _walk(
    problem: Problem, layer: int, coordinate: int, law: OnLine, *, stride: float, steps: int
) -> Walk:
    """The walk of one coordinate; ``law`` gives the chances of its moves where the slope is s."""

    def slope(x: Array) -> Array:
        return problem.gradient(_line(problem, layer, coordinate, x))[layer][:, coordinate]

    return walk(
        lambda x: np.abs(slope(x)),
        lambda x: law(slope(x)),
        (-1, 0, 1),
        start=float(problem.start[layer][coordinate]),
        unit=stride,
        steps=steps,
    )


def _law(noise: Noise, scale: float, batch_size: int, sign_of_zero: int) -> OnLine:
    """Return the chances of a step down, none and up as a function of an array of slopes."""

    def law(slope: Array) -> Array:
        if noise.below is None or scale == 0:
            negative, zero = (slope < 0).astype(float), (slope == 0).astype(float)
        else:  # g = slope + scale u: negative iff u < -slope / scale
            negative, zero = noise.below(-slope / scale, batch_size)
        stay = zero if sign_of_zero == 0 else np.zeros_like(zero)
        up = negative + zero if sign_of_zero == -1 else negative
        return np.stack([np.maximum(1 - up - stay, 0.0), stay, up])

    return law
