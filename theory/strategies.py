r"""Hypothesis strategies: problems and noise for your own property tests of an optimizer.

Everything is drawn in dimensionless form, noise as a multiple of the gradient at the start, steps
as a multiple of the theorem's, so that all terms of a bound matter; with absolute ranges most
examples would be dominated by one term and could not fail.

Needs hypothesis (``pip install hypothesis``); nothing else in ``theory`` does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from theory import noise as noise_laws
from theory import problems as families
from theory.layers import join
from theory.noise import Noise
from theory.problems.problem import Problem, dims_of

try:
    from hypothesis import HealthCheck, settings
    from hypothesis import strategies as st
except ImportError as missing:  # pragma: no cover
    raise ImportError("theory.strategies needs hypothesis: pip install hypothesis") from missing

FAMILIES = (
    "quadratic",
    "coupled_quadratic",
    "cosine",
    "coupled_cosine",
    "bounded_well",
    "huber",
)
LAWS = ("none", "rademacher", "two_point", "gaussian")

# decorators: @PROFILES["deep"]; "ci" draws the same examples every time
PROFILES = {
    "ci": settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    ),
    "deep": settings(
        max_examples=3000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    ),
}


def profile() -> settings:
    """Return the profile named by the environment variable THEORY_PROFILE, "ci" if it is not set.

    Examples
    --------
    >>> profile() in PROFILES.values(), PROFILES["ci"].max_examples
    (True, 60)
    """
    name = os.environ.get("THEORY_PROFILE", "ci")
    if name not in PROFILES:
        raise ValueError(f"THEORY_PROFILE={name!r} is not one of {', '.join(map(repr, PROFILES))}")
    return PROFILES[name]


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a number between ``low`` and ``high``, its logarithm uniform.

    Examples
    --------
    >>> from hypothesis import find
    >>> 2 < find(powers(0.1, 10.0), lambda v: v > 2) <= 10
    True
    """
    return st.floats(np.log(low), np.log(high)).map(lambda v: min(max(exp(v), low), high))


@st.composite
def problems(
    draw: st.DrawFn,
    kinds: Sequence[str] = FAMILIES,
    max_layers: int = 3,
    max_dim: int = 3,
) -> Problem:
    """Draw a problem with exactly known constants.

    Parameters
    ----------
    kinds : sequence of str
        Among `FAMILIES`.
    max_layers, max_dim : int
        At most so many layers, of at most so many coordinates.

    Examples
    --------
    >>> from hypothesis import find
    >>> found = find(problems(), lambda p: dims_of(p) == (1, 2) and p.name == "huber")
    >>> len(found.smoothness), found.f_star
    (2, 0.0)
    """
    kind = draw(st.sampled_from(list(kinds)))
    h = draw(st.integers(1, max_layers))
    dims = tuple(draw(st.integers(1, max_dim)) for _ in range(h))
    L = [draw(powers(0.1, 10.0)) for _ in range(h)]
    # in units of 1/sqrt(L), the width of a cosine; never 0, where a layer has no direction
    reach = draw(powers(0.1, 4.0))
    signs = np.random.default_rng(draw(st.integers(0, 2**16)))
    start = [signs.uniform(0.2, 1, d) * signs.choice([-1, 1], d) * reach for d in dims]
    if kind in ("cosine", "coupled_cosine"):
        start = [s / sqrt(c) for s, c in zip(start, L, strict=True)]
        rng = signs if kind == "coupled_cosine" else None
        return families.cosine(L, dims, rng=rng, start=start)
    if kind == "coupled_quadratic":
        return families.coupled_quadratic(L, dims, rng=signs, start=start)
    if kind == "huber":
        slopes = [c * draw(powers(0.1, 2.0)) for c in L]
        return families.huber(L, slopes, dims, start=start)
    return {"quadratic": families.quadratic, "bounded_well": families.bounded_well}[kind](
        L, dims, start=start
    )


@st.composite
def noises(draw: st.DrawFn, problem: Problem, laws: Sequence[str] = LAWS) -> Noise:
    """Draw additive noise whose size is 0.03 to 30 times the gradient at the problem's start.

    Parameters
    ----------
    problem : Problem
    laws : sequence of str
        Among `LAWS`; leave "gaussian" out where a bound on the gradient is needed.

    Examples
    --------
    >>> from hypothesis import find
    >>> p = families.quadratic([1.0])
    >>> found = find(noises(p), lambda n: n.name == "rademacher")
    >>> 0.03 <= found.sigma((1,))[0] <= 30  # the gradient is 1
    True
    """
    law = draw(st.sampled_from(list(laws)))
    if law == "none":
        return noise_laws.none()
    size = float(np.abs(join(problem.gradient(problem.start))).max()) or 1.0
    scale = [size * draw(powers(0.03, 30.0)) for _ in dims_of(problem)]
    if law == "two_point":
        return noise_laws.two_point(scale, probability=draw(powers(0.01, 0.99)))
    return {"rademacher": noise_laws.rademacher, "gaussian": noise_laws.gaussian}[law](scale)


@st.composite
def finite_sums(draw: st.DrawFn) -> tuple[Problem, Noise]:
    """Draw a finite sum with its own noise: sampled wells, sampled cosines or logistic regression.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(finite_sums(), lambda pair: pair[0].name == "logistic")[1].name
    'logistic'
    """
    kind = draw(st.sampled_from(["sampled_well", "sampled_cosine", "logistic"]))
    h = draw(st.integers(1, 3))
    dims = tuple(draw(st.integers(1, 3)) for _ in range(h))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    reach = draw(powers(0.1, 4.0))
    start = [rng.uniform(0.2, 1, d) * rng.choice([-1, 1], d) * reach for d in dims]
    if kind == "logistic":
        n = draw(st.integers(2, 8))
        rows = [rng.normal(size=(n, d)) * draw(powers(0.3, 3.0)) for d in dims]
        return families.logistic(rows, start=start)
    L = [draw(powers(0.1, 10.0)) for _ in range(h)]
    if kind == "sampled_well":
        return families.sampled_well(L, dims, start=start)
    return families.sampled_cosine(L, dims, rng=rng, start=start)


class Walk(NamedTuple):
    """One coordinate's run, for `theory.chain.expected_metric`."""

    problem: Problem
    noise: Noise
    step_size: float
    steps: int
    batch_size: int


@st.composite
def walks(draw: st.DrawFn, max_steps: int = 256) -> Walk:
    r"""Draw a run of one coordinate near the place where the noise term is attained.

    A Huber function's slope is a fraction of the largest noise that can turn its sign, and the
    start is a few times :math:`\eta\sqrt T` out, which is how far a random walk gets.

    Parameters
    ----------
    max_steps : int
        The largest T; powers of 4 up to it.

    Examples
    --------
    >>> from hypothesis import find
    >>> found = find(walks(), lambda w: w.steps == 64 and w.batch_size == 4)
    >>> found.problem.name, found.noise.name
    ('huber', 'two_point')
    """
    steps = draw(st.sampled_from([t for t in (1, 4, 16, 64, 256, 1024, 4096) if t <= max_steps]))
    b = draw(st.sampled_from([1, 2, 4, 16]))
    p = draw(st.floats(0.02, 0.98))
    noise = noise_laws.two_point(1.0, probability=p)
    slope = draw(st.floats(0.01, 1.0)) * sqrt((1 - p) / p)  # what the low value just turns
    eta = draw(powers(0.005, 0.5))
    reach = draw(st.floats(0.1, 5.0)) * eta * sqrt(steps)
    curvature = slope / (draw(st.floats(0.05, 1.0)) * reach)
    problem = families.huber([curvature], slope, start=reach)
    return Walk(problem, noise, eta, steps, b)
