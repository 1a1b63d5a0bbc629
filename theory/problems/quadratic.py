"""Quadratics, separable or with interacting layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.layers import Array, Layers, PerLayer, check_layers, join, split, spread
from theory.problems.problem import Problem
from theory.problems.rotation import rotation


def quadratic(
    smoothness: Sequence[float], dims: Sequence[int] | None = None, *, start: PerLayer = 1.0
) -> Problem:
    r"""Separable quadratic: :math:`f(x) = \sum_i L_i \|x_i\|^2 / 2`.

    The descent inequality is an equality for every step: here the start and curvature terms of
    the bounds are attained.

    Parameters
    ----------
    smoothness : sequence of float
        :math:`L_i > 0`.
    dims : sequence of int, optional
        :math:`d_i` (None: 1 each).
    start : float or one entry per layer
        :math:`x^1`.

    Examples
    --------
    >>> p = quadratic([4.0, 1.0], dims=(1, 2), start=0.5)
    >>> float(p.value(p.start)), p.gradient(p.start)
    (0.75, (array([2.]), array([0.5, 0.5])))
    """
    L, sizes = check_layers(smoothness, dims)

    def value(x: Layers) -> Array:
        squares = (c / 2 * np.sum(a * a, axis=-1) for c, a in zip(L, x, strict=True))
        return np.sum(list(squares), axis=0)

    def gradient(x: Layers) -> Layers:
        return tuple(c * a for c, a in zip(L, x, strict=True))

    unbounded = tuple(np.full(d, np.inf) for d in sizes)
    return Problem("quadratic", value, gradient, spread("start", start, sizes), L, 0.0, unbounded)


def coupled_quadratic(
    smoothness: Sequence[float],
    dims: Sequence[int],
    *,
    rng: np.random.Generator,
    start: PerLayer = 1.0,
) -> Problem:
    r"""Quadratic whose layers interact: :math:`H = D^{1/2} Q \Lambda Q^\top D^{1/2}`.

    Here :math:`D = \mathrm{diag}(L_i I)`, Q is a random `rotation` and
    :math:`0 \preceq \Lambda \preceq I` has largest entry 1. So :math:`H \preceq D`, with equality
    along :math:`D^{-1/2} q_1`: the :math:`L_i` are exact although no block of H equals
    :math:`L_i I`. The paper's assumption, read literally, excludes every such function.

    Parameters
    ----------
    smoothness, dims, start
        As in `quadratic`.
    rng : numpy.random.Generator
        Draws Q and :math:`\Lambda`.

    Examples
    --------
    >>> p = coupled_quadratic([4.0, 1.0], (1, 1), rng=np.random.default_rng(0))
    >>> moved = (p.start[0], p.start[1] + 1.0)  # the second layer moves, the first one's slope too
    >>> float(p.gradient(p.start)[0][0].round(3)), float(p.gradient(moved)[0][0].round(3))
    (3.913, 4.0)
    """
    L, sizes = check_layers(smoothness, dims)
    d = sum(sizes)
    root = np.repeat(np.sqrt(L), sizes)
    q = rotation(d, rng)
    eigenvalues = rng.uniform(0, 1, d)
    eigenvalues[0] = 1
    H = root[:, None] * ((q * eigenvalues) @ q.T) * root  # (d, d)
    H = (H + H.T) / 2

    def value(x: Layers) -> Array:
        joined = join(x)
        return np.sum(joined * (joined @ H), axis=-1) / 2

    def gradient(x: Layers) -> Layers:
        return split(join(x) @ H, sizes)

    unbounded = tuple(np.full(s, np.inf) for s in sizes)
    return Problem(
        "coupled_quadratic", value, gradient, spread("start", start, sizes), L, 0.0, unbounded
    )
