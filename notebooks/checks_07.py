"""Checks of the exercises in 07_rates_slack_and_broken_hypotheses.ipynb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from checks import demand, judge

from theory import constants_of, make_constants, noise, problems
from theory.theorems import budget, lars
from theory.trajectory import average_metric


def check_1(slope: Callable) -> bool:
    """``slope(T, values)``: least squares of log(values) against log(T)."""

    def examine(slope: Callable) -> None:
        T = np.array([4.0, 16.0, 64.0, 256.0])
        for power in (-1.0, -0.5, 0.25):
            got = slope(T, 7 * T**power)
            demand(np.ndim(got) == 0, "the shape law", f"a slope is one number, not {got}")
            demand(
                np.isclose(got, power), "the power law", f"7 T^{power} has slope {got:.3f} with you"
            )
        rough = T**-0.5 * np.array([1.0, 1.2, 0.9, 1.1])
        demand(
            np.isclose(slope(T, rough), slope(T, 100 * rough)),
            "the unit law",
            "values in other units have another slope",
        )
        want = np.polyfit(np.log(T), np.log(rough), 1)[0]
        demand(
            np.isclose(slope(T, rough), want),
            "the least-squares law",
            f"through all points it is {want:.4f}, you say {slope(T, rough):.4f}",
        )

    return judge(1, slope, (np.array([1.0, 2.0]), np.array([2.0, 1.0])), examine)


def check_2(floor: Callable) -> bool:
    """``floor(sigma, b, low, high)``: where LARS's bound stops as T grows."""

    def examine(floor: Callable) -> None:
        sigma = [1.0, 2.0, 0.5]
        limit = lars.bound(
            make_constants(1.0, [1.0] * 3, sigma=sigma),
            step_size=1e-6,
            steps=10**15,
            batch_size=9,
            phi=(0.5, 2.0),
        )
        four = floor(sigma, 4, 0.5, 2.0)
        demand(
            np.isclose(floor(sigma, 16, 0.5, 2.0), four / 2),
            "the batch law",
            "a batch four times as large does not halve it",
        )
        demand(
            np.isclose(floor([3 * s for s in sigma], 4, 0.5, 2.0), 3 * four),
            "the noise law",
            "three times the noise is not three times the floor",
        )
        demand(
            np.isclose(floor(sigma, 4, 1.0, 4.0), four),
            "the ratio law",
            "phi enters through alpha_u / alpha_l alone",
        )
        got = floor(sigma, 9, 0.5, 2.0)
        demand(
            np.isclose(got, limit, rtol=1e-4),
            "the limit law",
            f"at T = 1e15 the bound is {limit:.4f}, you say {got:.4f}",
        )

    return judge(2, floor, ([1.0], 1, 1.0, 1.0), examine)


def check_3(verdict: Callable) -> bool:
    """``verdict(low, high, bound, ceiling)``: one word about an interval and a bound."""

    def examine(verdict: Callable) -> None:
        cases = (
            ("the violation law", (0.6, 0.7, 0.5, 1.0), "violated"),
            ("the violation law", (2.0, 2.1, 1.5, 1.0), "violated"),
            ("the vacuity law", (0.1, 0.2, 1.5, 1.0), "vacuous"),
            ("the vacuity law", (0.9, 1.6, 1.5, 1.0), "vacuous"),
            ("the interval law", (0.4, 0.6, 0.5, 1.0), "undecided"),
            ("the interval law", (0.4, 0.45, 0.5, 1.0), "holds"),
            ("the attained-bound law", (0.5, 0.5, 0.5, 1.0), "holds"),
        )
        for law, arguments, want in cases:
            got = verdict(*arguments)
            demand(got == want, law, f"verdict{arguments} is {want!r}, you say {got!r}")

    return judge(3, verdict, (0.1, 0.2, 0.3, 1.0), examine)


def check_4(best_batch: Callable) -> bool:
    """``best_batch(gap, L, sigma, N)``: the batch, a real number, that makes LARS's bound least."""

    def examine(best_batch: Callable) -> None:
        L, sigma = [4.0, 1.0], [1.0, 2.0]
        small, large = (best_batch(0.5, L, sigma, n) for n in (10**4, 10**6))
        demand(
            np.isclose(large, 10 * small),
            "the square-root law",
            f"with 100 times the samples it grows {large / small:.2f}-fold, not 10-fold",
        )
        noisier = best_batch(0.5, L, [2 * s for s in sigma], 10**4)
        demand(
            np.isclose(noisier, 2 * small),
            "the noise law",
            f"twice the noise wants {noisier / small:.2f} times the batch, not 2",
        )
        constants = make_constants(0.5, L, sigma=sigma)
        at, less, more = (
            budget.bound(constants, samples=10**4, batch_size=f * small) for f in (1.0, 0.99, 1.01)
        )
        demand(
            at <= min(less, more),
            "the minimum law",
            f"at your {small:.1f} the bound is {at:.6f}; one percent aside it is "
            f"{min(less, more):.6f}",
        )

    return judge(4, best_batch, (1.0, [1.0], [1.0], 100), examine)


def check_5(attain: Callable) -> bool:
    """``attain(L, T)``: (start, step size) on which LARS attains 99 % of its bound, T = k^2."""

    def examine(attain: Callable) -> None:
        for L, T in (([1.0], 16), ([4.0, 1.0, 0.25], 64), ([0.1, 3.0], 144)):
            start, eta = attain(L, T)
            demand(
                np.shape(start) == (len(L),),
                "the shape law",
                f"one start for each of {len(L)} layers, yours is {start}",
            )
            problem = problems.quadratic(L, start=[float(v) for v in start])
            constants = constants_of(problem, noise.none())
            found = average_metric(
                lars.algorithm(eta), lars.metric, problem.gradient, problem.start, T
            )
            bound = lars.bound(constants, step_size=eta, steps=T, batch_size=1)
            demand(found > 0, "the moving law", "a start at the minimum has no gradient at all")
            demand(
                found <= bound * (1 + 1e-9),
                "Theorem 2",
                "you have refuted it: write a paper, or look for a mistake in the check",
            )
            best = lars.optimal_step(constants, steps=T)
            demand(
                np.isclose(eta, best, rtol=0.02),
                "the best-step law",
                f"from your start the best step is {best:.4f}, not {eta:.4f}",
            )
            demand(
                found >= 0.99 * bound,
                "the attained law",
                f"L = {L}, T = {T}: measured is {found / bound:.3f} of the bound",
            )

    return judge(5, attain, ([1.0], 4), examine)
