r"""What a theorem bounds, measured: :math:`\frac1T\sum_t E\,m(\nabla f(x^t))`."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt
from typing import Any, NamedTuple

import numpy as np

from theory.constants import Constants, make_constants
from theory.layers import Array, Layers, check_integer, join
from theory.noise import Noise
from theory.problems.problem import Problem, dims_of, gap_of
from theory.runner import Runner, as_runner, check_moved

Metric = Callable[..., Any]  # of the layers' gradients, and of x if asked for


class Measurement(NamedTuple):
    """A mean with its 99 % confidence interval, ``mean - half_width`` to ``mean + half_width``.

    Attributes
    ----------
    mean, half_width : float
        Over replicates of the average over the steps. The interval is Student's: its coverage is
        exact for Gaussian averages and nearly so for averages over many steps.
    replicates : int
    exact : bool
        True without noise: one run is the expectation, ``half_width`` is 0.
    """

    mean: float
    half_width: float
    replicates: int
    exact: bool


def constants_of(problem: Problem, noise: Noise) -> Constants:
    r"""Return the constants of the theorems for a problem and its noise.

    :math:`G` is the noise's own ``gradient_bound`` or, failing that, the largest
    :math:`\sup|\nabla_j f| + \sup|\xi_j|`.

    Examples
    --------
    >>> from theory import noise, problems
    >>> constants_of(problems.huber([2.0], 1.0, start=3.0), noise.rademacher(0.5))
    Constants(gap=2.75, smoothness=(2.0,), sigma=(0.5,), coordinate_sigma=((0.5,),), dims=(1,),
    gradient_bound=1.5)
    """
    dims = dims_of(problem)
    bound = noise.gradient_bound
    if bound is None:
        bound = float(np.max(join(problem.gradient_sup) + join(noise.bound(dims))))
    return make_constants(
        gap_of(problem),
        problem.smoothness,
        sigma=noise.sigma(dims),
        coordinate_sigma=[a.tolist() for a in noise.coordinate_sigma(dims)],
        dims=dims,
        gradient_bound=bound if bound > 0 else inf,
    )


def measure(
    optimizer: Any,
    problem: Problem,
    noise: Noise,
    *,
    steps: int,
    batch_size: int,
    metric: Metric,
    replicates: int,
    rng: np.random.Generator,
    together: bool = False,
    with_point: bool = False,
) -> Measurement:
    r"""Run an optimizer and average what a theorem bounds, at the exact gradient of every iterate.

    Parameters
    ----------
    optimizer
        ``step(x, g) -> x``, or any other shape that `theory.runner.as_runner` reads.
    problem, noise
        Give the gradient and its mini-batch estimate.
    steps, batch_size : int
        T and b. The metric is averaged over :math:`x^1, \dots, x^T`.
    metric : function of the layers' gradients
        For example ``theory.theorems.lars.metric``.
    replicates : int
        Independent runs, at least 2; without noise one run is made.
    rng : numpy.random.Generator
    together : bool
        Run all replicates in one array with a leading axis. Faster by far, and right only for
        optimizers that take norms over the last axis, as those of ``theory.theorems`` do.
    with_point : bool
        ``metric`` is a function of the gradients and of x, as that of weight decay is.

    Returns
    -------
    Measurement

    Examples
    --------
    >>> from theory import noise, problems
    >>> from theory.theorems import lars
    >>> p = problems.bounded_well([2.0, 1.0], (1, 2))
    >>> for b in (1, 100):
    ...     found = measure(
    ...         lars.algorithm(0.1), p, noise.gaussian(0.3), steps=100, batch_size=b,
    ...         metric=lars.metric, replicates=50, rng=np.random.default_rng(0), together=True,
    ...     )
    ...     print(round(found.mean, 3), "+-", round(found.half_width, 3))
    0.386 +- 0.008
    0.243 +- 0.0
    """
    check_integer("steps", steps, 1)
    check_integer("batch_size", batch_size, 1)
    check_integer("replicates", replicates, 1)
    runner = as_runner(optimizer)
    at_point = metric if with_point else lambda gradient, x: metric(gradient)
    exact = not any(noise.sigma(dims_of(problem)))
    if exact:
        replicates = 1
    elif replicates < 2:
        raise ValueError(f"replicates={replicates} leaves no interval under noise: give 2 or more")
    if together:
        start = tuple(np.repeat(a[None], replicates, axis=0) for a in problem.start)
        averages = _run(runner, problem, noise, start, steps, batch_size, at_point, rng)
    else:
        averages = _one_by_one(runner, problem, noise, steps, batch_size, at_point, replicates, rng)
    if averages.shape != (replicates,):
        raise ValueError(
            f"metric gave shape {averages.shape} for {replicates} replicates together: sum over "
            "the last axis only, or give together=False"
        )
    return interval(averages)


def interval(averages: Array) -> Measurement:
    """Return mean and 99 % interval of independent averages; a single one is taken as exact.

    Examples
    --------
    >>> round(interval(np.array([1.0, 2.0, 3.0])).half_width / 3**-0.5, 3)  # Student's quantile
    9.925
    """
    from scipy.special import stdtrit

    n = len(averages)
    if n == 1:
        return Measurement(float(averages[0]), 0.0, 1, True)
    half = float(stdtrit(n - 1, 0.995)) * float(averages.std(ddof=1)) / sqrt(n)
    return Measurement(float(averages.mean()), half, n, False)


def _run(
    runner: Runner,
    problem: Problem,
    noise: Noise,
    start: Layers,
    steps: int,
    batch_size: int,
    metric: Metric,
    rng: np.random.Generator,
) -> Array:
    """Return the average metric of one run, or of each replicate in front."""
    x = tuple(a.copy() for a in start)  # an optimizer may write into what it is given
    state = runner.init(x)
    total: Any = 0.0
    for t in range(1, steps + 1):
        exact = problem.gradient(x)
        total = total + metric(exact, x)
        g = noise.sample(rng, exact, batch_size, x)
        moved, state = runner.step(x, g, state)
        x = check_moved(moved, start, t)
    return np.asarray(total / steps)


def _one_by_one(
    runner: Runner,
    problem: Problem,
    noise: Noise,
    steps: int,
    batch_size: int,
    metric: Metric,
    replicates: int,
    rng: np.random.Generator,
) -> Array:
    def first_step() -> Layers:
        x = tuple(a.copy() for a in problem.start)
        return check_moved(runner.step(x, problem.gradient(x), runner.init(x))[0], x, 1)

    before = None if runner.remembers or replicates == 1 else first_step()
    averages = []
    for _ in range(replicates):
        averages.append(_run(runner, problem, noise, problem.start, steps, batch_size, metric, rng))
        if before is not None:
            after = first_step()
            if any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
                raise ValueError(
                    "step(x, g) gave another result after a run than before: it remembers (or "
                    "draws at random), so replicates are not independent; give a pair "
                    "(init, step) or an object with init and update"
                )
            before = None
    return np.array(averages)
