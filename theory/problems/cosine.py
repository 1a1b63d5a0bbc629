"""Sums of cosines: nonconvex, with bounded gradients; the layers may interact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.layers import Array, Layers, PerLayer, check_layers, join, split, spread
from theory.problems.problem import Problem
from theory.problems.rotation import rotation


def cosine(
    smoothness: Sequence[float],
    dims: Sequence[int] | None = None,
    *,
    rng: np.random.Generator | None = None,
    start: PerLayer = 1.0,
) -> Problem:
    r"""Sum of cosines: :math:`f(x) = \sum_k a_k (1 - \cos\langle w_k, x\rangle)`.

    The rows :math:`w_k` form :math:`W = Q D^{1/2}`, :math:`D = \mathrm{diag}(L_i I)`, Q a rotation,
    :math:`0 < a_k \le 1` with largest 1. The Hessian
    :math:`W^\top \mathrm{diag}(a_k \cos) W` lies between -D and D, and touches D at 0. Since W is
    invertible all sines can be made 1 at once, so
    :math:`\sup|\nabla_j f| = \sum_k a_k |W_{kj}|`, and :math:`f^* = 0`.

    Parameters
    ----------
    smoothness, dims, start
        As in `theory.problems.quadratic`.
    rng : numpy.random.Generator, optional
        Draws Q and a. None: Q = I and a = 1, a separable sum :math:`\sum_j 1 - \cos(\sqrt{L} x_j)`.

    Examples
    --------
    >>> p = cosine([4.0], start=np.pi / 4)
    >>> float(p.value(p.start).round(4)), p.gradient(p.start), p.gradient_sup
    (1.0, (array([2.]),), (array([2.]),))
    """
    L, dims = check_layers(smoothness, dims)
    a, W = cosine_terms(L, dims, rng)
    return cosine_of("cosine", L, dims, a, W, start)


def cosine_of(
    name: str,
    smoothness: tuple[float, ...],
    dims: tuple[int, ...],
    a: Array,
    W: Array,
    start: PerLayer,
) -> Problem:
    """Return the problem with amplitudes ``a`` (d,) and frequencies ``W`` (d, d).

    Examples
    --------
    >>> p = cosine_of("cosine", (4.0,), (1,), np.ones(1), np.array([[2.0]]), 0.5)
    >>> p.gradient(p.start)[0].round(4)
    array([1.6829])
    """

    def value(x: Layers) -> Array:
        return np.sum(a * 2 * np.sin(join(x) @ W.T / 2) ** 2, axis=-1)  # 1 - cos, no cancellation

    def gradient(x: Layers) -> Layers:
        return split((a * np.sin(join(x) @ W.T)) @ W, dims)

    sup = split(np.abs(a[:, None] * W).sum(0), dims)
    return Problem(name, value, gradient, spread("start", start, dims), smoothness, 0.0, sup)


def cosine_terms(
    smoothness: Sequence[float], dims: Sequence[int], rng: np.random.Generator | None
) -> tuple[Array, Array]:
    """Return the amplitudes a (d,) and frequencies W (d, d) of `cosine`.

    Examples
    --------
    >>> cosine_terms([4.0, 9.0], (1, 1), None)
    (array([1., 1.]), array([[2., 0.],
           [0., 3.]]))
    """
    d = sum(dims)
    root = np.repeat(np.sqrt(smoothness), dims)
    if rng is None:
        return np.ones(d), np.diag(root)
    q = rotation(d, rng).T
    a = rng.uniform(0.2, 1, d)
    a[0] = 1
    return a, q * root
