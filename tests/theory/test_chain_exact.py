"""The exact chain against the enumeration of all sample paths."""

from itertools import product

import numpy as np
import pytest

from theory import noise, problems
from theory.chain import check_separable, expected_metric
from theory.theorems import lamb_sign, lars


def outcomes(law, b):
    """Return values (in units of the scale) and chances of a coordinate's mini-batch mean."""
    if law == "rademacher":
        return {1: ([-1, 1], [0.5, 0.5]), 2: ([-1, 0, 1], [0.25, 0.5, 0.25])}[b]
    p = 0.2
    low, high = -np.sqrt((1 - p) / p), np.sqrt(p / (1 - p))
    if b == 1:
        return [low, high], [p, 1 - p]
    return [low, (low + high) / 2, high], [p * p, 2 * p * (1 - p), (1 - p) ** 2]


def all_paths(problem, step, metric, *, scale, law, b, steps):
    """Run every sequence of noise as one replicate; return weighted metric and final value."""
    dims = problems.dims_of(problem)
    values, chances = outcomes(law, b)
    joint = list(product(range(len(values)), repeat=sum(dims)))
    off = np.array([[values[k] for k in picks] for picks in joint]) * scale
    odds = np.array([np.prod([chances[k] for k in picks]) for picks in joint])
    x = tuple(a[None] for a in problem.start)
    weight, per_step = np.ones(1), []
    for _ in range(steps):
        g = problem.gradient(x)
        per_step.append(float(weight @ metric(g)))
        branch = [np.repeat(a, len(joint), axis=0) for a in (*x, *g)]
        moved = np.split(np.tile(off, (weight.size, 1)), np.cumsum(dims)[:-1], axis=1)
        noisy = tuple(a + m for a, m in zip(branch[len(dims) :], moved, strict=True))
        x = step(tuple(branch[: len(dims)]), noisy)
        weight = np.repeat(weight, len(joint)) * np.tile(odds, weight.size)
    assert weight.sum() == pytest.approx(1)
    return np.array(per_step), float(weight @ problem.value(x))


@pytest.mark.parametrize("b", [1, 2])
@pytest.mark.parametrize("law", ["rademacher", "two_point"])
@pytest.mark.parametrize("rule", ["lars", "sign"])
@pytest.mark.parametrize("family", ["huber", "bounded_well", "cosine"])
def test_one_coordinate_matches_all_sample_paths(family, rule, law, b):
    build = {
        "huber": lambda: problems.huber([1.3], 0.9, start=0.31),
        "bounded_well": lambda: problems.bounded_well([2.0], start=-0.7),
        "cosine": lambda: problems.cosine([2.0], start=2.0),
    }
    problem = build[family]()
    theorem = lars if rule == "lars" else lamb_sign
    per_step, final = all_paths(
        problem, theorem.algorithm(0.2), theorem.metric, scale=0.7, law=law, b=b, steps=7
    )
    kind = noise.rademacher(0.7) if law == "rademacher" else noise.two_point(0.7, probability=0.2)
    found = expected_metric(
        problem,
        kind,
        step_size=0.2,
        steps=7,
        batch_size=b,
        sign_of_zero=0 if rule == "lars" else 1,
    )
    assert found.per_step == pytest.approx(per_step, abs=1e-12)
    assert found.average == pytest.approx(per_step.mean(), abs=1e-12)
    assert found.final_value == pytest.approx(final, abs=1e-12)


def test_layers_of_several_coordinates_match_all_sample_paths():
    problem = problems.huber([1.3, 0.8], [0.9, 0.5], (1, 2), start=[0.5, [0.2, -1.0]])
    per_step, final = all_paths(
        problem,
        lamb_sign.algorithm(0.25),
        lamb_sign.metric,
        scale=0.6,
        law="rademacher",
        b=1,
        steps=4,
    )
    found = expected_metric(problem, noise.rademacher(0.6), step_size=0.25, steps=4)
    assert found.per_step == pytest.approx(per_step, abs=1e-12)
    assert found.final_value == pytest.approx(final, abs=1e-12)


@pytest.mark.parametrize("zero", [-1, 0, 1])
def test_ties_follow_the_sign_of_zero(zero):
    # slope 1 and noise 1: g is 0 or 2, so half of the time the sign of zero decides
    problem = problems.huber([1.0], 1.0, start=50.0)
    per_step, final = all_paths(
        problem,
        lamb_sign.algorithm(0.5, sign_of_zero=zero),
        lamb_sign.metric,
        scale=1.0,
        law="rademacher",
        b=1,
        steps=6,
    )
    found = expected_metric(problem, noise.rademacher(), step_size=0.5, steps=6, sign_of_zero=zero)
    assert found.per_step == pytest.approx(per_step, abs=1e-12)
    assert found.final_value == pytest.approx(final, abs=1e-12)
    assert found.final_value == pytest.approx(49.5 - {1: 3.0, 0: 1.5, -1: 0.0}[zero])


def test_a_slope_a_billionth_below_the_noise_is_no_tie():
    problem = problems.huber([1.0], 1 - 1e-9, start=50.0)
    found = expected_metric(problem, noise.rademacher(), step_size=0.5, steps=6)
    assert found.final_value == pytest.approx(float(problem.value(problem.start)), abs=1e-9)


def test_phi_stretches_the_steps_of_its_layer():
    problem = problems.quadratic([1.0, 2.0], start=[1.0, 1.0])
    found = expected_metric(problem, noise.none(), step_size=0.25, steps=2, phi=(1.0, 2.0))
    assert found.per_step.tolist() == [1 + 2, 0.75 + 1]
    assert found.final_value == 0.5**2 / 2 + 0


def test_without_noise_the_chain_is_the_trajectory():
    problem = problems.bounded_well([2.0, 1.0], (1, 2), start=[0.8, [1.0, -0.3]])
    step, x, seen = lamb_sign.algorithm(0.1), problem.start, []
    for _ in range(20):
        g = problem.gradient(x)
        seen.append(lamb_sign.metric(g))
        x = step(x, g)
    found = expected_metric(problem, noise.none(), step_size=0.1, steps=20)
    assert found.per_step == pytest.approx(seen, abs=1e-12)
    assert found.final_value == pytest.approx(float(problem.value(x)), abs=1e-12)


def test_gaussian_noise_agrees_with_its_flip_probability():
    # two steps by hand: at 1 the slope is 1 and the noise of a batch of 4 has deviation 1
    problem = problems.huber([1.0], 1.0, start=1.0)
    down = 0.8413447460685429  # Phi(1)
    found = expected_metric(problem, noise.gaussian(2.0), step_size=0.5, steps=2, batch_size=4)
    assert found.per_step == pytest.approx([1, down * 0.5 + (1 - down) * 1.0], abs=1e-12)


def test_a_long_chain_keeps_the_known_ratio():
    steps, eta = 4096, 0.01
    problem = problems.huber([1.0], 1 - 1e-9, start=3 * eta * 64)
    found = expected_metric(problem, noise.rademacher(), step_size=eta, steps=steps)
    gap = problems.gap_of(problem)
    ratio = found.average / (gap / (eta * steps) + eta / 2 + 1.0)
    assert 0.95 < ratio <= 1  # Theorem 2's noise term, nearly attained


@pytest.mark.parametrize("name", ["coupled_quadratic", "cosine"])
def test_a_coupled_problem_is_refused(name):
    build = getattr(problems, name)
    problem = build([1.0, 2.0], (1, 2), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="not a sum over coordinates"):
        expected_metric(problem, noise.none(), step_size=0.1, steps=2)
    check_separable(problems.huber([1.0, 2.0], 1.0, (1, 2)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"step_size": 0.0}, "step_size=0.0"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"sign_of_zero": 2}, "sign_of_zero=2"),
        ({"phi": -1.0}, r"phi\[0\]=-1.0"),
        ({"noise": noise.finite_sum([np.ones((2, 1))])}, "has no law per coordinate"),
    ],
)
def test_a_bad_argument_of_the_chain_is_named(changed, message):
    arguments = {"noise": noise.none(), "step_size": 0.1, "steps": 2} | changed
    law = arguments.pop("noise")
    with pytest.raises(ValueError, match=message):
        expected_metric(problems.quadratic([1.0]), law, **arguments)
