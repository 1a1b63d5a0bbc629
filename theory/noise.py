r"""Gradient noise whose mini-batch mean is drawn from its exact law, at a cost independent of b.

A sample gradient is :math:`g(x, s) = \nabla f(x) + \xi(s)`; the mini-batch mean of b of them is
what the theorems call :math:`g_t`. It is not built from b draws: the mean of b signs is a binomial
count, of b Gaussians a Gaussian, of b terms of a finite sum a vector of multinomial counts. So a
batch of 4096 costs what a batch of 1 does, and nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isinf, sqrt
from typing import NamedTuple

import numpy as np

from theory.layers import (
    Array,
    Layers,
    PerLayer,
    check_integer,
    check_number,
    join,
    sizes,
    split,
    spread,
)

Below = Callable[[Array, int], tuple[Array, Array]]


class Noise(NamedTuple):
    r"""A law of gradient noise, with its exact constants.

    Attributes
    ----------
    name : str
    sample : (rng, gradient, batch_size, at=None) -> tuple of arrays
        One mini-batch gradient :math:`g_t` where the exact gradient is ``gradient``, a tuple of
        arrays (..., d_i). Axes in front are independent replicates. ``at`` is x, which only a
        finite sum with terms of its own needs.
    coordinate_sigma : dims -> tuple of arrays
        :math:`\tilde s_j`, the standard deviation of one sample's j-th coordinate (its supremum
        over x where it depends on x).
    sigma : dims -> tuple of float
        :math:`\sigma_i`: :math:`\sup_x E\|g_i(x, s) - \nabla_i f(x)\|^2 = \sigma_i^2`.
    bound : dims -> tuple of arrays
        :math:`\sup|\xi_j|`, inf for Gaussian noise.
    gradient_bound : float or None
        :math:`\sup |g_j(x, s)|` over everything, where it is known to be less than the sum of the
        gradient's and the noise's suprema; None: take that sum.
    below : (u, batch_size) -> (P(mean < u), P(mean = u)), or None
        The law of the mini-batch mean of one coordinate in units of its :math:`\tilde s_j`, for
        noise that does not depend on x: what `theory.chain` needs.
    """

    name: str
    sample: Callable[..., Layers]
    coordinate_sigma: Callable[[Sequence[int]], Layers]
    sigma: Callable[[Sequence[int]], tuple[float, ...]]
    bound: Callable[[Sequence[int]], Layers]
    gradient_bound: float | None = None
    below: Below | None = None


def _layer_norms(parts: Layers) -> tuple[float, ...]:
    return tuple(float(np.sqrt(np.sum(a * a))) for a in parts)


def _additive(name: str, scale: PerLayer, unit: Callable, largest: float, below: Below) -> Noise:
    """Noise with independent coordinates: scale_j times a law of mean 0 and variance 1.

    ``unit(rng, shape, b)`` draws the mean of b of them; ``largest`` is the law's supremum.
    """

    def scales(dims: Sequence[int]) -> Layers:
        parts = spread("scale", scale, dims)
        for i, a in enumerate(parts):
            if np.any(a < 0):
                raise ValueError(f"scale[{i}]={a} must not be negative: it is a standard deviation")
        return parts

    def sample(
        rng: np.random.Generator, gradient: Layers, batch_size: int, at: Layers | None = None
    ) -> Layers:
        b = check_integer("batch_size", batch_size, 1)
        parts = scales(sizes(gradient))
        return tuple(g + s * unit(rng, g.shape, b) for g, s in zip(gradient, parts, strict=True))

    def bound(dims: Sequence[int]) -> Layers:
        if isinf(largest):
            return tuple(np.where(s > 0, inf, 0.0) for s in scales(dims))
        return tuple(s * largest for s in scales(dims))

    return Noise(name, sample, scales, lambda dims: _layer_norms(scales(dims)), bound, None, below)


def none() -> Noise:
    r"""No noise: every mini-batch gradient is the gradient.

    Examples
    --------
    >>> none().sample(np.random.default_rng(0), (np.array([3.0]),), 1)
    (array([3.]),)
    """

    def sample(
        rng: np.random.Generator, gradient: Layers, batch_size: int, at: Layers | None = None
    ) -> Layers:
        check_integer("batch_size", batch_size, 1)
        return gradient

    def zeros(dims: Sequence[int]) -> Layers:
        return tuple(np.zeros(d) for d in dims)

    def below(u: Array, batch_size: int) -> tuple[Array, Array]:
        return (u > 0).astype(float), (u == 0).astype(float)

    return Noise("none", sample, zeros, lambda dims: (0.0,) * len(dims), zeros, None, below)


def rademacher(scale: PerLayer = 1.0) -> Noise:
    r"""Coin tosses: every coordinate of every sample is off by :math:`+s_j` or :math:`-s_j`.

    The mean of b of them is :math:`s_j (2K - b) / b` with K binomial (b, 1/2).

    Parameters
    ----------
    scale : float or one entry per layer
        :math:`s_j`, which is also :math:`\tilde s_j` and the supremum.

    Examples
    --------
    >>> noise = rademacher(2.0)
    >>> for b in (1, 4, 10_000):
    ...     g = noise.sample(np.random.default_rng(0), (np.zeros(3),), b)
    ...     print(g[0].round(4))
    [ 2. -2. -2.]
    [ 0. -1. -2.]
    [0.0248 0.0016 0.0036]
    >>> noise.sigma((3,))
    (3.4641016151377544,)
    """

    def unit(rng: np.random.Generator, shape: tuple[int, ...], b: int) -> Array:
        return (2 * rng.binomial(b, 0.5, shape) - b) / b

    return _additive("rademacher", scale, unit, 1.0, _two_point_below(0.5))


def two_point(scale: PerLayer = 1.0, *, probability: float) -> Noise:
    r"""A coordinate is pushed down far with probability p, else up a little: mean 0.

    .. math:: \xi_j = -s_j\sqrt{(1-p)/p} \text{ with probability } p,
              \quad +s_j\sqrt{p/(1-p)} \text{ otherwise.}

    With :math:`p \ll 1` a rare event. The mean of b of them is
    :math:`s_j (b p - K) / (b \sqrt{p(1-p)})`, K binomial (b, p).

    Parameters
    ----------
    scale : float or one entry per layer
        :math:`s_j = \tilde s_j`, the standard deviation.
    probability : float
        p, between 0 and 1; above 1/2 the rare event pushes up.

    Examples
    --------
    >>> noise = two_point(1.0, probability=0.1)
    >>> noise.sample(np.random.default_rng(0), (np.zeros(9),), 1)[0].round(4)
    array([ 0.3333,  0.3333,  0.3333,  0.3333,  0.3333, -3.    ,  0.3333,
            0.3333,  0.3333])
    """
    p = check_number("probability", probability, 0, above=True)
    if p >= 1:
        raise ValueError(f"probability={probability!r} must be between 0 and 1, both left out")
    root = sqrt(p * (1 - p))

    def unit(rng: np.random.Generator, shape: tuple[int, ...], b: int) -> Array:
        return (b * p - rng.binomial(b, p, shape)) / (b * root)

    largest = sqrt(max(p / (1 - p), (1 - p) / p))
    return _additive("two_point", scale, unit, largest, _two_point_below(p))


def _two_point_below(p: float) -> Below:
    """Return the law of (b p - K) / (b sqrt(p(1-p))) with K binomial (b, p)."""

    def below(u: Array, batch_size: int) -> tuple[Array, Array]:
        from scipy.special import bdtrc

        b = batch_size
        count = b * p - np.asarray(u, float) * b * sqrt(p * (1 - p))  # mean < u iff K > count
        near = np.round(count)
        tie = (np.abs(count - near) <= 1e-14 * np.maximum(b, np.abs(count))) & (near >= 0)
        tie &= near <= b
        k = np.clip(np.where(tie, near, np.floor(count)), -1, b)

        def more_than(n: Array) -> Array:  # P(K > n)
            inside = bdtrc(np.clip(n, 0, b - 1), b, p)
            return np.where(n < 0, 1.0, np.where(n >= b, 0.0, inside))

        return more_than(k), np.where(tie, more_than(near - 1) - more_than(near), 0.0)

    return below


def gaussian(scale: PerLayer = 1.0) -> Noise:
    r"""Gaussian noise of standard deviation :math:`s_j`; the mean of b has :math:`s_j/\sqrt b`.

    Unbounded, so LAMB with beta2 > 0 has no bound under it.

    Examples
    --------
    >>> gaussian(0.5).sample(np.random.default_rng(0), (np.zeros(2),), 100)[0].round(4)
    array([ 0.0063, -0.0066])
    >>> gaussian(0.5).bound((2,))
    (array([inf, inf]),)
    """

    def unit(rng: np.random.Generator, shape: tuple[int, ...], b: int) -> Array:
        return rng.standard_normal(shape) / sqrt(b)

    def below(u: Array, batch_size: int) -> tuple[Array, Array]:
        from scipy.special import ndtr

        return ndtr(u * sqrt(batch_size)), np.zeros(np.shape(u))

    return _additive("gaussian", scale, unit, inf, below)


def finite_sum(offsets: Sequence[Array]) -> Noise:
    r"""Noise of the finite sum :math:`f(x) + \frac1n \sum_k \langle c_k, x\rangle`, means removed.

    A sample is a term k, drawn uniformly with replacement: :math:`g(x, k) = \nabla f(x) + c_k`.
    The mean of b has multinomial counts. Coordinates are dependent, :math:`\sigma_i` and
    :math:`\tilde s_j` are the exact standard deviations over the n terms.

    Parameters
    ----------
    offsets : sequence of arrays (n, d_i)
        :math:`c_k`, one array per layer with one row per term; their mean is subtracted.

    Examples
    --------
    >>> noise = finite_sum([np.array([[1.0], [-1.0], [3.0]])])  # minus the mean: 0, -2, 2
    >>> noise.sample(np.random.default_rng(0), (np.zeros(1),), 1)
    (array([2.]),)
    >>> noise.sigma((1,))[0] ** 2 * 3
    8.0
    """
    parts = [np.asarray(c, dtype=np.float64) for c in offsets]
    if not parts or any(c.ndim != 2 or len(c) != len(parts[0]) or not len(c) for c in parts):
        shapes = [c.shape for c in parts]
        raise ValueError(f"offsets have shapes {shapes}: give one array (n, d_i) per layer, same n")
    centred = tuple(c - c.mean(axis=0) for c in parts)
    dims_here = sizes(centred)
    rows = join(centred)  # (n, d)
    n = len(rows)

    def known(dims: Sequence[int]) -> None:
        if tuple(dims) != dims_here:
            raise ValueError(f"this finite sum has layers of sizes {dims_here}, not {tuple(dims)}")

    def sample(
        rng: np.random.Generator, gradient: Layers, batch_size: int, at: Layers | None = None
    ) -> Layers:
        b = check_integer("batch_size", batch_size, 1)
        known(sizes(gradient))
        counts = rng.multinomial(b, np.full(n, 1 / n), size=gradient[0].shape[:-1])
        mean = split(counts @ rows / b, dims_here)
        return tuple(g + m for g, m in zip(gradient, mean, strict=True))

    def coordinate_sigma(dims: Sequence[int]) -> Layers:
        known(dims)
        return tuple(np.sqrt(np.mean(c * c, axis=0)) for c in centred)

    def bound(dims: Sequence[int]) -> Layers:
        known(dims)
        return tuple(np.abs(c).max(axis=0) for c in centred)

    return Noise(
        "finite_sum",
        sample,
        coordinate_sigma,
        lambda dims: _layer_norms(coordinate_sigma(dims)),
        bound,
    )
