"""Without its assumption every bound fails, with it the same bound holds; and by how much."""

from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from theory import counterexamples, noise, problems
from theory.chain import expected_metric
from theory.counterexamples import (
    COUNTEREXAMPLES,
    heavy_tails,
    last_iterate,
    ratchet,
    staircase,
)
from theory.lattice import batch_mean, on_line, sign_chances, walk


@cache
def contrast_of(name):
    return COUNTEREXAMPLES[name]()


@pytest.mark.parametrize("name", COUNTEREXAMPLES)
def test_the_bound_fails_without_the_assumption_and_holds_with_it(name):
    contrast = contrast_of(name)
    assert contrast.without
    assert contrast.kept
    for case in contrast.without:
        assert case.measured > case.bound * 1.05, case  # not by a rounding
    for case in contrast.kept:
        assert case.holds, case


def test_every_file_of_the_folder_is_in_the_catalogue():
    folder = Path(counterexamples.__file__).parent
    files = {p.stem for p in folder.glob("*.py")} - {"__init__", "catalogue", "contrast"}
    assert files == set(COUNTEREXAMPLES)


# (case by case: the measured numbers that have a closed form)
CLOSED_FORM = {
    "literal_smoothness": ([1, 1, 0.08], [1, 0.08]),  # M, M d^2, h^2 M eta / 2
    "no_smoothness": ([1, 1, 1], [1, 1, 1]),
    "unbounded_below": ([1], []),
    "long_step": ([1, (1.1**200 - 1) / 21], [0.01, 0.5 / 190 / 0.05]),  # Df/(eta T)/(1 - eta/2)
    "last_iterate": ([2, 8, 32], [n * (n + 1) / 2 / (2 * n * n) for n in (2, 8, 32)]),
    "heavy_tails": ([(1 + 63 * 16) / 64, (1 + 63 * 64) / 64], [(1 + 63 * 8) / 64]),
    "sign_of_zero": ([0.1], []),  # sup |f'| / sqrt(d): it leaves
    "moves_away": ([40 * 0.25 - 1 / 32, 25 * 0.25 - 1 / 32], []),  # E x goes 20 -> 40, 20 -> 25
}


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_measured_numbers_equal_their_closed_forms(name):
    without, kept = CLOSED_FORM[name]
    for cases, expected in ((contrast_of(name).without, without), (contrast_of(name).kept, kept)):
        for case, value in zip(cases, expected, strict=False):
            assert case.measured == pytest.approx(value, rel=1e-3), case


def test_the_last_iterate_stays_at_the_root_of_l_delta_for_every_horizon():
    for n in (1, 5, 20):
        cliff = last_iterate.fall(n)
        assert cliff.last == pytest.approx(n, rel=1e-9)  # sqrt(L Delta) = n
        assert cliff.bound == pytest.approx(1.0, rel=1e-9)  # sqrt(2 L Delta / T)


def test_the_joint_constants_of_the_sum_of_layers_are_attained():
    case = contrast_of("literal_smoothness").kept[-1]
    assert case.measured / case.bound > 0.999


def test_the_published_factor_two_is_what_a_bias_costs():
    case = contrast_of("biased_noise").without[-1]
    assert case.measured / case.bound > 1.25  # sqrt 2, less the start and curvature terms


def test_unbounded_variance_grows_without_end_while_the_first_moment_does_not():
    for top in (4, 20):
        law = heavy_tails.dyadic(top)
        assert law.weights.sum() == pytest.approx(1)
        assert law.weights @ law.values**2 == pytest.approx(top)
        assert law.weights @ np.abs(law.values) < 1 / (sqrt(2) - 1)


def test_the_rare_event_has_mean_zero_and_unit_pth_moment():
    law, slope = heavy_tails._rare(1, 1.5)
    assert law.weights @ law.values == pytest.approx(0, abs=1e-12)
    assert law.weights @ np.abs(law.values) ** 1.5 == pytest.approx(1)
    for b in (16, 256):
        law, slope = heavy_tails._rare(b, 1.5)
        assert law.weights[law.values < -slope].sum() == pytest.approx(0.5, abs=0.02)


def assert_a1(value, gradient, smoothness, points, rng):
    """f(y) <= f(x) + <grad f(x), y - x> + sum_i L_i |y_i - x_i|^2 / 2, near points."""
    for _ in range(300):
        x, y = points(rng), points(rng)
        g = gradient(x)
        inner = sum(float(gi[0] * (yi[0] - xi[0])) for gi, xi, yi in zip(g, x, y, strict=True))
        square = sum(
            L * float(yi[0] - xi[0]) ** 2 / 2 for L, xi, yi in zip(smoothness, x, y, strict=True)
        )
        right = float(value(x)[0]) + inner + square
        assert float(value(y)[0]) <= right + 1e-12 * square


def test_the_staircase_has_the_smoothness_it_claims_and_no_smaller():
    stairs = staircase.build(8, steps=256, width=30)
    tread, riser = stairs.step_size, stairs.step_size / 8
    y0 = float(stairs.start[1][0])

    def points(rng):  # within some stairs, on both sides of the edge of psi
        return (np.array([1 + 3 * tread * rng.random()]), np.array([y0 + riser * rng.normal()]))

    claimed = stairs.constants.smoothness
    assert_a1(stairs.value, stairs.gradient, claimed, points, np.random.default_rng(0))
    # from a flat point half a stair up: psi' c''/2 is all of L_1 but psi's own share
    x, y = stairs.start, (stairs.start[0] + tread / 2, stairs.start[1])
    rise = float((stairs.value(y) - stairs.value(x))[0])
    slope = float(stairs.gradient(x)[0][0]) * tread / 2
    assert rise - slope == pytest.approx((tread / 2) ** 2 / 2, rel=1e-4)


def test_the_staircase_takes_half_of_the_curvature_term_for_every_ratio():
    for ratio in (4, 8, 16):
        stairs = staircase.build(ratio, steps=4096, width=1000)
        low, high = stairs.phi
        term = stairs.step_size * high**2 / (2 * low)
        assert staircase.average(stairs) / term == pytest.approx(0.5, rel=1e-4)


def test_the_ratchet_is_fair_and_takes_three_tenths_of_the_noise_term():
    for ratio in (4, 8, 16):
        found = ratchet.measure(ratio)
        slope = sqrt(3 / 13)
        assert found.average == pytest.approx(slope * (1 + 5 / 8 * ratio), rel=0.005)
        assert slope * 5 / 8 == pytest.approx(0.30, abs=0.001)


def test_the_general_walk_agrees_with_the_chain():
    problem = problems.huber([1.0], slope=0.9, start=1.3)
    for b in (1, 7):
        _, slope = on_line(problem)
        law = batch_mean(b, -1.25, 3.75, 0.75)
        one = walk(
            lambda x, slope=slope: np.abs(slope(x)),
            sign_chances(slope, law),
            (-1, 1),
            start=1.3,
            unit=0.1,
            steps=60,
        )
        skew = noise.two_point(sqrt(75) / 4, probability=0.75)
        two = expected_metric(problem, skew, step_size=0.1, steps=60, batch_size=b)
        assert one.average == pytest.approx(two.average, rel=1e-12)
