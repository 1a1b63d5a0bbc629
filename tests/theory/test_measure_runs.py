"""Measurements: against the exact chain, against by-hand averages, and their intervals."""

import numpy as np
import pytest

from theory import noise, problems
from theory.chain import expected_metric
from theory.measure import constants_of, interval, measure
from theory.runner import as_runner, from_factory, is_factory
from theory.theorems import lamb, lamb_sign, lars, sgd

WELL = problems.bounded_well([2.0, 1.0], (1, 2), start=[0.8, [1.0, -0.3]])


def run(optimizer, problem=WELL, law=None, *, seed=0, **changed):
    arguments = {
        "steps": 12,
        "batch_size": 2,
        "metric": lars.metric,
        "replicates": 6,
        "rng": np.random.default_rng(seed),
    }
    return measure(optimizer, problem, law or noise.none(), **(arguments | changed))


def plain(eta):
    """Normalised descent as a person would write it, without axes in front."""
    return lambda x, g: [a - eta * b / np.linalg.norm(b) for a, b in zip(x, g, strict=True)]


def test_without_noise_the_average_is_over_the_iterates_before_each_step():
    x, total = WELL.start, 0.0
    for _ in range(12):
        g = WELL.gradient(x)
        total += sum(np.linalg.norm(a) for a in g)
        x = tuple(a - 0.1 * b / np.linalg.norm(b) for a, b in zip(x, g, strict=True))
    found = run(plain(0.1))
    assert found.mean == pytest.approx(total / 12, rel=1e-14)
    assert found == found._replace(half_width=0.0, replicates=1, exact=True)


def test_together_and_one_by_one_agree_in_law():
    law = noise.rademacher(0.5)
    slow = run(plain(0.1), law=law, replicates=400)
    fast = run(lars.algorithm(0.1), law=law, replicates=4000, together=True, seed=1)
    assert abs(slow.mean - fast.mean) < slow.half_width + fast.half_width
    assert fast.half_width < slow.half_width / 2


@pytest.mark.parametrize("b", [1, 4])
@pytest.mark.parametrize(
    "law", [noise.rademacher(0.6), noise.two_point(0.6, probability=0.1), noise.gaussian(0.6)]
)
def test_the_interval_contains_the_exact_expectation(law, b):
    problem = problems.huber([1.3, 0.8], [0.9, 0.5], (1, 2), start=[0.9, [0.2, -1.0]])
    exact = expected_metric(problem, law, step_size=0.2, steps=30, batch_size=b)
    found = run(
        lamb_sign.algorithm(0.2),
        problem,
        law,
        steps=30,
        batch_size=b,
        metric=lamb_sign.metric,
        replicates=3000,
        together=True,
    )
    assert abs(found.mean - exact.average) < 1.5 * found.half_width
    assert found.half_width < 0.03 * exact.average


def test_the_interval_covers_99_percent():
    law = noise.rademacher(0.6)
    problem = problems.huber([1.3], 0.9, start=0.9)
    exact = expected_metric(problem, law, step_size=0.2, steps=30).average
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(400):
        found = run(
            lars.algorithm(0.2), problem, law, steps=30, batch_size=1, rng=rng, together=True
        )
        missed += abs(found.mean - exact) > found.half_width
    assert missed <= 14  # 4 expected; 14 or more has a chance below 1e-4


def test_the_half_width_is_students_at_99_percent():
    found = interval(np.array([1.0, 2.0, 4.0, 5.0]))
    assert found.mean == 3.0
    assert found.half_width == pytest.approx(5.840909 * np.sqrt(10 / 3) / 2, rel=1e-6)


def test_same_seed_same_measurement_and_another_seed_another():
    law = noise.gaussian(0.5)
    assert run(plain(0.1), law=law) == run(plain(0.1), law=law)
    assert run(plain(0.1), law=law).mean != run(plain(0.1), law=law, seed=1).mean


def test_a_bigger_batch_has_less_noise():
    law = noise.rademacher(1.0)
    small, large = (run(plain(0.05), law=law, steps=60, batch_size=b) for b in (1, 10_000))
    assert large.mean < small.mean - small.half_width


class Momentum:
    """A link with a memory, in lbopt's manner."""

    def init(self, params):
        return {name: np.zeros_like(a) for name, a in params.items()}

    def update(self, grads, state, params):
        state = {name: 0.9 * state[name] + g for name, g in grads.items()}
        return {name: -0.05 * v for name, v in state.items()}, state


def momentum_pair():
    def step(x, g, v):
        v = tuple(0.9 * a + b for a, b in zip(v, g, strict=True))
        return tuple(a - 0.05 * b for a, b in zip(x, v, strict=True)), v

    return (lambda x: tuple(np.zeros_like(a) for a in x)), step


def momentum_closure():
    memory = []

    def step(x, g):
        memory[:] = [0.9 * a + b for a, b in zip(memory, g, strict=True)] if memory else list(g)
        return tuple(a - 0.05 * b for a, b in zip(x, memory, strict=True))

    return step


def test_all_shapes_of_an_optimizer_give_the_same_run():
    law = noise.gaussian(0.5)
    link, pair = run(Momentum(), law=law), run(momentum_pair(), law=law)
    fresh = run(from_factory(lambda eta: momentum_closure(), 0.05), law=law)
    assert link == pair == fresh
    assert link.replicates == 6


def test_a_function_that_remembers_is_refused_where_runs_would_share_its_memory():
    with pytest.raises(ValueError, match="it remembers"):
        run(momentum_closure(), law=noise.gaussian(0.5))
    run(momentum_closure())  # one exact run is fine


def test_an_optimizer_that_writes_into_its_arguments_leaves_the_problem_alone():
    def in_place(x, g):
        for a, b in zip(x, g, strict=True):
            b *= 0.1
            a -= b
        return x

    before = [a.copy() for a in WELL.start]
    found = run(in_place)
    assert found.mean == pytest.approx(run(sgd.algorithm(0.1)).mean, rel=1e-14)
    assert all(np.array_equal(a, b) for a, b in zip(before, WELL.start, strict=True))


def test_factories_are_told_from_steps():
    class Rule:
        def __init__(self, step_size):
            self.step_size = step_size

    assert all(map(is_factory, (lars.algorithm, lamb.algorithm, sgd.algorithm, plain, Rule)))
    assert not any(map(is_factory, (plain(0.1), Momentum(), momentum_pair(), "sgd")))


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (lambda x, g: None, TypeError, "step 1 gave a NoneType"),
        (lambda x, g: x[:1], ValueError, "step 1 gave 1 arrays for 2 layers"),
        (lambda x, g: (x[0], x[1][:1]), ValueError, r"layer 1 the shape \(1,\), its parameters"),
        (lambda x, g: (x[0] * np.nan, x[1]), ValueError, "step 1 gave layer 0 a NaN"),
        (lambda x, g: (x[0], x[1] * np.inf), ValueError, "step 1 gave layer 1 a NaN or an inf"),
        ("sgd", TypeError, "optimizer='sgd' is none of"),
        ((1, 2), TypeError, "is none of"),
    ],
)
def test_a_bad_optimizer_is_told_what_is_wrong(step, error, message):
    with pytest.raises(error, match=message):
        run(step)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"steps": 2.5}, "steps=2.5 must be an integer"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"replicates": 1}, "replicates=1 leaves no interval"),
        ({"metric": lambda g: 1.0, "together": True}, "metric gave shape"),
    ],
)
def test_a_bad_argument_of_measure_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        run(lars.algorithm(0.1), law=noise.rademacher(), **changed)


def test_constants_come_from_problem_and_noise():
    problem = problems.huber([2.0, 1.0], [1.0, 3.0], (1, 2), start=1.0)
    found = constants_of(problem, noise.rademacher([[0.5], [0.1, 0.2]]))
    assert found.gap == pytest.approx(problems.gap_of(problem))
    assert found.smoothness == (2.0, 1.0)
    assert found.sigma == pytest.approx((0.5, np.hypot(0.1, 0.2)))
    assert found.coordinate_sigma == ((0.5,), (0.1, 0.2))
    assert found.dims == (1, 2)
    assert found.gradient_bound == pytest.approx(3.2)
    assert constants_of(problem, noise.gaussian()).gradient_bound == np.inf
    quadratic = problems.quadratic([1.0])
    assert constants_of(quadratic, noise.rademacher()).gradient_bound == np.inf
    sampled, law = problems.sampled_well([2.0, 1.0])
    assert constants_of(sampled, law).gradient_bound == law.gradient_bound
    regression, law = problems.logistic([np.array([[1.0], [-2.0]])])  # less than the sum of both
    assert constants_of(regression, law).gradient_bound == law.gradient_bound
    assert law.gradient_bound < regression.gradient_sup[0][0] + law.bound((1,))[0][0]


def test_a_runner_is_read_once():
    runner = as_runner(plain(0.1))
    assert as_runner(runner) is runner
