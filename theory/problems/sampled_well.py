"""A finite sum of bounded wells, one coordinate per term: sparse, rare gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.layers import Array, PerLayer, check_layers, split
from theory.noise import Noise
from theory.problems.drawing import drawn
from theory.problems.problem import Problem
from theory.problems.well import STEEPEST, bounded_well, well_slope


def sampled_well(
    smoothness: Sequence[float], dims: Sequence[int] | None = None, *, start: PerLayer = 1.0
) -> tuple[Problem, Noise]:
    r"""A `bounded_well` of which a sample sees one coordinate, d times as large.

    .. math:: f = \frac1d \sum_{k=1}^d \ell_k, \qquad
              \ell_k(x) = d\, c_k\, \frac{x_k^2}{1 + x_k^2}

    A sample gradient has one nonzero entry: rare, large and sparse. Its variance per coordinate is
    :math:`(d - 1) f_j'(x_j)^2`, largest where :math:`|f_j'|` is, so with
    :math:`G_j = \sup|f_j'|` exactly :math:`\tilde s_j^2 = (d - 1) G_j^2`,
    :math:`\sigma_i^2 = (d - 1)\sum_{j \in i} G_j^2`, and :math:`G = d \max_j G_j`.

    Parameters
    ----------
    smoothness, dims, start
        As in `theory.problems.bounded_well`.

    Returns
    -------
    Problem, Noise

    Examples
    --------
    >>> p, noise = sampled_well([2.0, 2.0], (1, 2))
    >>> for b in (1, 3, 3000):
    ...     g = noise.sample(np.random.default_rng(1), p.gradient(p.start), b, p.start)
    ...     print(*g[0].round(2), g[1].round(2))
    0.0 [1.5 0. ]
    0.5 [1. 0.]
    0.49 [0.49 0.52]
    """
    L, dims_ = check_layers(smoothness, dims)
    problem = bounded_well(L, dims_, start=start)
    half = np.repeat(L, dims_) / 2  # c_j
    d = len(half)
    steepest = half * STEEPEST

    def mean_of(counts: Array, x: Array, b: int) -> Array:
        return d * counts / b * half * well_slope(x)

    noise = drawn(
        "sampled_well",
        d,
        dims_,
        mean_of,
        variance=(d - 1) * steepest**2,
        layer_variance=[float(np.sum(v**2)) * (d - 1) for v in split(steepest, dims_)],
        deviation=(d - 1) * steepest,
        gradient_bound=d * float(steepest.max()),
    )
    return problem, noise
