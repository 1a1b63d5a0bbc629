"""Walks on the points start + unit * Z with any jumps: exact expectations, no Monte-Carlo error.

`theory.chain` uses this for sign steps on a `Problem`; here the jumps and their chances are given
by hand, for steps of unequal length or a metric other than the first moment of a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from theory.layers import Array
from theory.problems.problem import Problem

OnLine = Callable[[Array], Array]  # from an array of positions to an array of numbers


class Walk(NamedTuple):
    """Expectations over all paths of a walk.

    Attributes
    ----------
    average : float
        Mean over the steps t = 1..T of E metric(x_t), the last position not counted.
    per_step : array (T,)
        E metric(x_t).
    positions, weights : array
        Support and law of x_{T+1}.
    """

    average: float
    per_step: Array
    positions: Array
    weights: Array


def walk(
    metric: OnLine,
    chances: OnLine,
    jumps: Sequence[int],
    *,
    start: float,
    unit: float,
    steps: int,
) -> Walk:
    """Propagate the law of x_t, where x jumps by ``jumps[k] * unit`` with ``chances(x)[k]``.

    Parameters
    ----------
    metric : function of an array of positions
        What is averaged, for example ``|f'|``.
    chances : function of n positions, returns (len(jumps), n)
        The probability of each jump; columns sum to 1.
    jumps : sequence of int
        In units of ``unit``.
    start, unit : float
    steps : int
        T.

    Examples
    --------
    Two fair steps from 0: |x| is 0, then 1, then 0 or 2.

    >>> w = walk(np.abs, lambda x: np.full((2, x.size), 0.5), (-1, 1), start=0.0, unit=1.0, steps=2)
    >>> w.average, float(w.weights @ np.abs(w.positions))
    (0.5, 1.0)
    """
    low, high = min(0, *jumps), max(0, *jumps)
    x = start + unit * np.arange(low * steps, high * steps + 1)
    origin = -low * steps
    values, jump_chances = metric(x), chances(x)
    weights = np.zeros(x.size)
    weights[origin] = 1.0
    moving = [k for k in range(len(jumps)) if jump_chances[k].any()]
    expected = np.empty(steps)
    for t in range(steps):
        here = slice(origin + low * t, origin + high * t + 1)
        mass = weights[here].copy()
        mass[mass < 1e-300] = 0.0  # subnormal numbers are a hundred times slower
        expected[t] = mass @ values[here]
        weights[here] = 0.0
        for k in moving:
            jump = jumps[k]
            weights[here.start + jump : here.stop + jump] += mass * jump_chances[k, here]
    return Walk(float(np.mean(expected)), expected, x, weights)


class Law(NamedTuple):
    """A random number with finitely many values, smallest first."""

    values: Array
    weights: Array


def batch_mean(batch_size: int, low: float, high: float, chance_of_low: float) -> Law:
    """Law of the mean of ``batch_size`` independent numbers, each ``low`` or else ``high``.

    Examples
    --------
    >>> law = batch_mean(2, -1.0, 1.0, 0.5)
    >>> law.values.tolist(), law.weights.round(4).tolist()
    ([-1.0, 0.0, 1.0], [0.25, 0.5, 0.25])
    """
    from scipy.stats import binom

    lows = np.arange(batch_size, -1, -1)
    values = (lows * low + (batch_size - lows) * high) / batch_size
    return Law(values, binom.pmf(lows, batch_size, chance_of_low))


def sign_chances(slope: OnLine, noise: Law) -> OnLine:
    """Chances of the jumps (-1, 1) of a step -sign(g), g = slope(x) + noise, sign(0) = +1.

    Examples
    --------
    >>> sign_chances(np.sign, batch_mean(1, -2.0, 2.0, 0.25))(np.array([-3.0, 3.0]))
    array([[0.75, 0.75],
           [0.25, 0.25]])
    >>> sign_chances(np.abs, batch_mean(1, -2.0, 2.0, 0.25))(np.array([1.0, 2.0]))  # 2 - 2 is 0
    array([[0.75, 1.  ],
           [0.25, 0.  ]])
    """
    cumulated = np.concatenate([[0.0], np.cumsum(noise.weights)])

    def chances(x: Array) -> Array:
        up = cumulated[np.searchsorted(noise.values, -slope(x), side="left")]
        return np.stack([1 - up, up])

    return chances


def on_line(problem: Problem) -> tuple[OnLine, OnLine]:
    """Return f and f' of a problem with one coordinate, as functions of an array of positions.

    Examples
    --------
    >>> from theory import problems
    >>> value, slope = on_line(problems.huber([1.0], slope=2.0))
    >>> value(np.array([1.0, 3.0])), slope(np.array([1.0, 3.0]))
    (array([0.5, 4. ]), array([1., 2.]))
    """

    def value(x: Array) -> Array:
        return problem.value((np.asarray(x)[..., None],))

    def slope(x: Array) -> Array:
        return problem.gradient((np.asarray(x)[..., None],))[0][..., 0]

    return value, slope
