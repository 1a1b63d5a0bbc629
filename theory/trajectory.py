"""One run of an algorithm without noise: every number of it is exact but for rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from theory.layers import Array, Layers


def average_metric(
    step: Callable[[Layers, Layers], Layers],
    metric: Callable[[Sequence[Array]], Array | float],
    gradient: Callable[[Layers], Layers],
    start: Layers,
    steps: int,
) -> float:
    r"""Return :math:`\frac1T\sum_{t=1}^T` metric(:math:`\nabla f(x^t)`) along a run.

    Parameters
    ----------
    step : (x, g) -> x
        Algorithm; x and g are tuples of arrays, one per layer.
    metric : tuple of arrays -> number
        What the theorem averages, from the gradient.
    gradient : x -> tuple of arrays
    start : tuple of arrays
        :math:`x^1`.
    steps : int
        T.

    Examples
    --------
    >>> import numpy as np
    >>> from theory.theorems import lars
    >>> def identity(x):
    ...     return x
    >>> average_metric(lars.algorithm(0.25), lars.metric, identity, (np.array([1.0]),), 4)
    0.625
    """
    x, total = start, 0.0
    for _ in range(steps):
        g = gradient(x)
        total += float(metric(g))
        x = step(x, g)
    return total / steps
