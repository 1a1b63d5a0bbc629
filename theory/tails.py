r"""Noise of infinite variance with an exact mini-batch law: symmetric stable, for `heavy_tails`."""

from __future__ import annotations

from collections.abc import Sequence
from math import gamma, inf, pi, sqrt

import numpy as np

from theory.layers import Array, Layers, PerLayer, check_integer, check_number, sizes, spread
from theory.noise import Noise


def stable(scale: PerLayer = 1.0, *, index: float) -> Noise:
    r"""Symmetric stable noise of index :math:`1 < a < 2`: :math:`E e^{iu\xi} = e^{-|s u|^a}`.

    Its moments of order p < a are finite, its variance is not. The mean of b of them is
    :math:`b^{-(1-1/a)}` times one of them, exactly.

    Parameters
    ----------
    scale : float or one entry per layer
        :math:`s_j`.
    index : float
        a. Gaussian noise of variance :math:`2s^2` would be a = 2.

    Examples
    --------
    >>> noise = stable(1.0, index=1.5)
    >>> for b in (1, 1000):
    ...     print(noise.sample(np.random.default_rng(0), (np.zeros(3),), b)[0].round(3))
    [ 0.085 -0.898 -4.221]
    [ 0.008 -0.09  -0.422]
    >>> noise.sigma((3,))
    (inf,)
    """
    a = check_number("index", index, 1, above=True)
    if a >= 2:
        raise ValueError(f"index={index!r} must be below 2; at 2 use theory.noise.gaussian")

    def sample(
        rng: np.random.Generator, gradient: Layers, batch_size: int, at: Layers | None = None
    ) -> Layers:
        b = check_integer("batch_size", batch_size, 1)
        parts = spread("scale", scale, sizes(gradient))
        shrink = b ** (1 / a - 1)
        return tuple(
            g + s * shrink * _draw(rng, a, g.shape) for g, s in zip(gradient, parts, strict=True)
        )

    def infinite(dims: Sequence[int]) -> Layers:
        return tuple(np.where(s > 0, inf, 0.0) for s in spread("scale", scale, dims))

    def sigma(dims: Sequence[int]) -> tuple[float, ...]:
        return tuple(float(np.max(s)) for s in infinite(dims))

    return Noise("stable", sample, infinite, sigma, infinite)


def _draw(rng: np.random.Generator, a: float, shape: tuple[int, ...]) -> Array:
    """Chambers, Mallows and Stuck 1976."""
    angle = rng.uniform(-pi / 2, pi / 2, shape)
    wait = rng.exponential(1.0, shape)
    along = np.cos((1 - a) * angle) / wait
    return np.sin(a * angle) / np.cos(angle) ** (1 / a) * along ** ((1 - a) / a)


def stable_moment(index: float, p: float, *, scale: float = 1.0, size: int = 1) -> float:
    r"""Return :math:`\sigma_p` with :math:`E\|\xi\|^p \le \sigma_p^p`, ``size`` coordinates.

    .. math::

        E|\xi_j|^p = s^p\,\frac{2^p\,\Gamma(\frac{1+p}2)\,\Gamma(1-\frac pa)}
        {\sqrt\pi\,\Gamma(1-\frac p2)}

    and, for :math:`p \le 2`, :math:`\|\xi\|^p \le \sum_j|\xi_j|^p`; an equality for one coordinate.

    Examples
    --------
    >>> [round(stable_moment(1.5, p), 3) for p in (1.05, 1.25, 1.45)]
    [1.795, 2.387, 5.748]
    """
    if not 0 < p < index:
        raise ValueError(f"p={p!r} must lie in (0, index={index!r}): the moment is infinite else")
    one = 2**p * gamma((1 + p) / 2) * gamma(1 - p / index) / (sqrt(pi) * gamma(1 - p / 2))
    return scale * (size * one) ** (1 / p)
