r"""How fast, measured: log-log slopes over T with b = T, and how far below the bound.

With b = T and the best step size the bounds fall like :math:`T^{-1}` (SGD, squared norm),
:math:`T^{-1/2}` (LARS and LAMB with beta2 = 0, norms) and :math:`T^{-1/2}` (LAMB with beta2 > 0,
squared norm, which is half as fast as LARS). With b fixed none of them falls for ever.

A ratio measured / bound that stays put while T grows by a thousand says that the exponent is right;
its size says what the constants are worth. Where the bound is above the largest metric that the
problem has at all, it is vacuous, and called so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from theory import noise as noises
from theory import problems
from theory.chain import expected_metric
from theory.check import THEOREMS, Verdict, check_bound
from theory.measure import constants_of
from theory.noise import Noise
from theory.problems.problem import Problem
from theory.theorems import lars

HORIZONS = (4, 16, 64, 256, 1024, 4096)
EXPECTED = {"sgd": -1.0, "lars": -0.5, "lamb_sign": -0.5, "lamb": -0.5}


class Rate(NamedTuple):
    """A theorem's own algorithm on one problem, at several horizons with b = T.

    Attributes
    ----------
    theorem, problem : str
    horizons : tuple of int
    verdicts : tuple of Verdict
        One per horizon.
    measured_slope, bound_slope : float
        Of log(measured) and log(bound) against log T, over all horizons.
    """

    theorem: str
    problem: str
    horizons: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    measured_slope: float
    bound_slope: float


def slope(horizons: Sequence[float], values: Sequence[float]) -> float:
    """Least-squares slope of log(values) against log(horizons).

    Examples
    --------
    >>> round(slope([4, 16, 64], [1.0, 0.5, 0.25]), 3)
    -0.5
    """
    return float(np.polyfit(np.log(horizons), np.log(values), 1)[0])


def families() -> tuple[tuple[str, Problem, Noise], ...]:
    """Problems with bounded gradients and known constants, with noise of known law.

    Examples
    --------
    >>> [name for name, _, _ in families()]
    ['cosine, coins', 'cosine, rare events', 'well, coins', 'quadratic, coins']
    """
    smoothness, dims = (4.0, 1.0, 0.25, 2.0), (1, 4, 16, 3)
    rng = np.random.default_rng(1)
    scales = (1.0, 0.5, 0.2, 0.8)
    start = [rng.normal(size=d) * 1.5 for d in dims]
    coupled = problems.cosine(smoothness, dims, rng=rng, start=start)
    well = problems.bounded_well(smoothness, dims, start=start)
    quadratic = problems.coupled_quadratic(smoothness, dims, rng=rng, start=start)
    coins, rare = noises.rademacher(scales), noises.two_point(scales, probability=0.05)
    return (
        ("cosine, coins", coupled, coins),
        ("cosine, rare events", coupled, rare),
        ("well, coins", well, coins),
        ("quadratic, coins", quadratic, coins),
    )


def rate(
    theorem: str,
    name: str,
    problem: Problem,
    noise: Noise,
    *,
    horizons: Sequence[int] = HORIZONS,
    replicates: int = 32,
    beta2: float = 0.9,
) -> Rate:
    """Run the theorem's algorithm with b = T at its best step size, for every horizon.

    Parameters
    ----------
    theorem : str
        "sgd", "lars", "lamb_sign" or "lamb".
    name, problem, noise
        A row of `families`, or your own.
    horizons : sequence of int
        T, which is b too.
    replicates : int
        Independent runs; the verdicts' intervals say what they leave open.
    beta2 : float
        Of "lamb".

    Examples
    --------
    >>> found = rate("lars", *families()[0], horizons=(16, 64, 256), replicates=8)
    >>> round(found.measured_slope, 2), round(found.bound_slope, 2)
    (-0.47, -0.5)
    """
    module = THEOREMS[theorem]
    extra = {"beta2": beta2} if theorem == "lamb" else {}

    def build(step_size: float) -> object:
        return module.algorithm(step_size, **extra)

    verdicts = tuple(
        check_bound(
            build,
            problem,
            noise,
            theorem=theorem,
            steps=T,
            batch_size=T,
            beta2=beta2 if theorem == "lamb" else None,
            replicates=replicates,
            seed=T,
            together=True,
        )
        for T in horizons
    )
    return Rate(
        theorem,
        name,
        tuple(horizons),
        verdicts,
        slope(horizons, [v.measured for v in verdicts]),
        slope(horizons, [v.bound for v in verdicts]),
    )


def rates(*, horizons: Sequence[int] = HORIZONS, replicates: int = 32) -> tuple[Rate, ...]:
    """Rates of all theorems on all `families`; LAMB with beta2 > 0 where gradients are bounded."""
    found = []
    for theorem in THEOREMS:
        for name, problem, noise in families():
            bounded = all(np.isfinite(a).all() for a in problem.gradient_sup)
            if theorem != "lamb" or bounded:
                found.append(
                    rate(theorem, name, problem, noise, horizons=horizons, replicates=replicates)
                )
    return tuple(found)


def table(found: Sequence[Rate]) -> str:
    """Write slopes, expected slope, least and largest ratio, and where the bound is vacuous.

    Examples
    --------
    >>> row = rate("sgd", *families()[2], horizons=(4, 16, 64), replicates=8)
    >>> print(table([row]))
    theorem    problem              measured  bound  expected  measured/bound  vacuous at
    sgd        well, coins             -0.54  -1.00     -1.00       0.16-0.56  T <= 4
    """
    lines = [
        f"{'theorem':<10} {'problem':<20} {'measured':>8} {'bound':>6} {'expected':>9}"
        f" {'measured/bound':>15}  vacuous at"
    ]
    for r in found:
        ratios = [v.ratio for v in r.verdicts]
        vacuous = [T for T, v in zip(r.horizons, r.verdicts, strict=True) if v.verdict == "vacuous"]
        where = "none" if not vacuous else f"T <= {vacuous[-1]}"
        if vacuous == list(r.horizons):
            where = "every T"
        low_high = f"{min(ratios):.2g}-{max(ratios):.2g}"
        lines.append(
            f"{r.theorem:<10} {r.problem:<20} {r.measured_slope:>8.2f} {r.bound_slope:>6.2f}"
            f" {EXPECTED[r.theorem]:>9.2f} {low_high:>15}  {where}"
        )
    return "\n".join(lines)


def floor(batch_size: int | None, horizons: Sequence[int] = HORIZONS) -> list[float]:
    r"""Average |f'| of LARS on a Huber slope of 0.9 under noise 1, exactly; None: b = T.

    With one coordinate per layer a normalised step is a sign step, so the chain is exact.

    Examples
    --------
    >>> [round(v, 3) for v in floor(1, (16, 256))], [round(v, 3) for v in floor(None, (16, 256))]
    ([0.89, 0.89], [0.563, 0.174])
    """
    problem = problems.huber([1.0], slope=0.9, start=5.0)
    noise = noises.rademacher()
    constants = constants_of(problem, noise)
    return [
        expected_metric(
            problem,
            noise,
            step_size=lars.optimal_step(constants, steps=T),
            steps=T,
            batch_size=T if batch_size is None else batch_size,
        ).average
        for T in horizons
    ]
