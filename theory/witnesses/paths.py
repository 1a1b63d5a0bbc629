"""More ways to run a witness exactly: all paths of the noise, and walks that are fair coins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from theory.lattice import Law, walk
from theory.layers import Array, Layers
from theory.runner import as_runner
from theory.witnesses.runs import OffLatticeError
from theory.witnesses.witness import Claim, Measure

Metric = Callable[[Claim, Layers, Layers], Any]  # (claim, gradient, x) -> array of numbers
QUIET = Law(np.array([0.0]), np.array([1.0]))
COIN = Law(np.array([-1.0, 1.0]), np.array([0.5, 0.5]))


def plain_metric(claim: Claim, gradient: Layers, x: Layers) -> Any:
    """Return the claim's metric of the gradient."""
    return claim.metric(gradient)


def on_paths(
    gradient: Callable[[Layers], Layers],
    start: Layers,
    options: Mapping[str, Any],
    *,
    noise: Layers = (),
    law: Law = QUIET,
    metric: Metric = plain_metric,
) -> Measure:
    r"""Return a run over every path of the noise at once, each with its probability.

    A batch gradient is the gradient plus v times ``noise``, v from ``law``; there are
    :math:`|law|^T` paths, so T is small. Algorithms with a memory are welcome.

    Parameters
    ----------
    gradient : x -> tuple of arrays, which may have an axis in front
    start : tuple of arrays
    options : mapping
        Keyword arguments of the algorithm besides the step size.
    noise : tuple of arrays (d_i,)
        Empty: none.
    law : Law
    metric : (claim, gradient, x) -> array
    """

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        runner = as_runner(claim.algorithm(step_size, **options))
        count = len(law.values) ** steps
        digits = np.arange(count)[:, None] // len(law.values) ** np.arange(steps)
        digits %= len(law.values)
        chances = np.prod(law.weights[digits], axis=1)
        x: Layers = tuple(np.repeat(a[None], count, axis=0) for a in start)
        directions = noise or tuple(np.zeros_like(a) for a in start)
        state, total = runner.init(x), 0.0
        for t in range(steps):
            exact = gradient(x)
            total += float(chances @ metric(claim, exact, x))
            value = law.values[digits[:, t], None]
            g = tuple(a + value * v for a, v in zip(exact, directions, strict=True))
            x, state = runner.step(x, g, state)
        return total / steps

    return measure


class Coin(NamedTuple):
    r"""A layer on a line :math:`p\,u` whose every step is a fair coin, however the noise is drawn.

    Attributes
    ----------
    direction : array (d,)
        Unit vector u; a batch gradient is (slope + or - noise) u.
    slope, edge, noise, start : float
        The gradient at p is ``slope * clip(p / edge, -1, 1)``.
    length : float
        Of a step, in units of the step size.
    centre : float
        x is ``(p + centre) u``.
    """

    direction: Array
    slope: float
    edge: float
    noise: float
    start: float
    length: float = 1.0
    centre: float = 0.0

    def gradient(self, p: Array) -> Array:
        """Return the gradient at positions p (n,), as (n, d)."""
        return (self.slope * np.clip(p / self.edge, -1, 1))[:, None] * self.direction


def on_coins(
    coins: Sequence[Coin],
    options: Mapping[str, Any],
    *,
    metric: Callable[[Claim, int, Array], Any] | None = None,
    paths: int = 4,
) -> Measure:
    """Return the exact expectation over fair coins, b = 1.

    First the claim's own algorithm is run along some random paths: every step must go against the
    noise of its batch, with the length that the coin says (else `OffLatticeError`). Then the law
    of the walk is known.

    Parameters
    ----------
    coins : one per layer
    options : mapping
        Keyword arguments of the algorithm besides the step size.
    metric : (claim, layer, gradient) -> array, optional
        A layer's share of the metric; default the claim's metric of that layer alone.
    paths : int
        Tossed to look at the algorithm.
    """

    def share(claim: Claim, layer: int, gradient: Array) -> Any:
        return claim.metric((gradient,)) if metric is None else metric(claim, layer, gradient)

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        _toss(coins, claim, step_size, min(steps, 200), paths, options)
        total = 0.0
        for layer, coin in enumerate(coins):
            total += walk(
                lambda p, layer=layer, coin=coin: share(claim, layer, coin.gradient(p)),  # type: ignore[misc]
                lambda p: np.full((2, p.size), 0.5),
                (-1, 1),
                start=coin.start,
                unit=step_size * coin.length,
                steps=steps,
            ).average
        return total

    return measure


def _toss(
    coins: Sequence[Coin],
    claim: Claim,
    step_size: float,
    steps: int,
    paths: int,
    options: Mapping[str, Any],
) -> None:
    rng = np.random.default_rng(0)
    runner = as_runner(claim.algorithm(step_size, **options))
    x: Layers = tuple(np.full((paths, 1), c.start + c.centre) * c.direction for c in coins)
    state = runner.init(x)
    for _ in range(steps):
        sides = [rng.choice([-1.0, 1.0], size=(paths, 1)) for _ in coins]
        g = tuple(
            c.gradient(a @ c.direction - c.centre) + side * c.noise * c.direction
            for c, a, side in zip(coins, x, sides, strict=True)
        )
        after, state = runner.step(x, g, state)
        for c, a, moved, side in zip(coins, x, after, sides, strict=True):
            wanted = -step_size * c.length * side * c.direction
            if not np.allclose(moved - a, wanted, rtol=0, atol=1e-6 * step_size):
                raise OffLatticeError("a step is not the coin's")
        x = after
