"""The noise of drawing terms of a finite sum, where a term's gradient depends on x."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from theory.layers import Array, Layers, check_integer, join, sizes, split
from theory.noise import Noise


def drawn(
    name: str,
    terms: int,
    dims: tuple[int, ...],
    mean_of: Callable[[Array, Array, int], Array],
    *,
    variance: Array,
    layer_variance: Sequence[float],
    deviation: Array,
    gradient_bound: float,
) -> Noise:
    r"""Return the noise of drawing terms uniformly with replacement: multinomial counts.

    Parameters
    ----------
    name : str
    terms : int
        How many there are.
    dims : tuple of int
        Layer sizes.
    mean_of : (counts, x, b) -> array (..., d)
        The mini-batch gradient when term k was drawn ``counts[..., k]`` times.
    variance : array (d,)
        :math:`\sup_x` of the variance of one sample's coordinate.
    layer_variance : sequence of float
        :math:`\sup_x` of their sum over each layer.
    deviation : array (d,)
        :math:`\sup|g_j - \nabla_j f|`.
    gradient_bound : float
        :math:`\sup|g_j|`.

    Examples
    --------
    Two terms of gradient x and 3x:

    >>> noise = drawn(
    ...     "two", 2, (1,), lambda n, x, b: n @ [[1.0], [3.0]] * x / b, variance=np.ones(1),
    ...     layer_variance=[1.0], deviation=np.ones(1), gradient_bound=3.0,
    ... )
    >>> at = (np.full((5, 1), 1.0),)
    >>> noise.sample(np.random.default_rng(0), at, 2, at)[0][:, 0]
    array([2., 2., 3., 3., 1.])
    """

    def known(wanted: Sequence[int]) -> None:
        if tuple(wanted) != dims:
            raise ValueError(f"{name} has layers of sizes {dims}, not {tuple(wanted)}")

    def sample(
        rng: np.random.Generator, gradient: Layers, batch_size: int, at: Layers | None = None
    ) -> Layers:
        if at is None:
            raise ValueError(f"{name}: the terms' gradients depend on x; give it as at=x")
        b = check_integer("batch_size", batch_size, 1)
        known(sizes(at))
        counts = rng.multinomial(b, np.full(terms, 1 / terms), size=at[0].shape[:-1])
        return split(mean_of(counts, join(at), b), dims)

    def per_coordinate(values: Array) -> Callable[[Sequence[int]], Layers]:
        def of(wanted: Sequence[int]) -> Layers:
            known(wanted)
            return split(values, dims)

        return of

    def sigma(wanted: Sequence[int]) -> tuple[float, ...]:
        known(wanted)
        return tuple(sqrt(v) for v in layer_variance)

    return Noise(
        name,
        sample,
        per_coordinate(np.sqrt(variance)),
        sigma,
        per_coordinate(deviation),
        gradient_bound,
    )
