"""A budget of samples: the best batch, its constant, square-root scaling, whole numbers."""

import numpy as np
import pytest
import sympy as sp

from theory.constants import make_constants
from theory.theorems import budget, lars

CONSTANTS = make_constants(1.7, (4.0, 1.0, 0.3), sigma=(0.7, 1.2, 0.4))
PHI = (0.5, 2.0)


def test_the_bound_is_that_of_lars_at_its_best_step_size():
    for batch_size in (1, 10, 250, 1000):
        steps = 1000 // batch_size
        step_size = lars.optimal_step(CONSTANTS, steps=steps, phi=PHI)
        direct = lars.bound(
            CONSTANTS, step_size=step_size, steps=steps, batch_size=batch_size, phi=PHI
        )
        found = budget.bound(CONSTANTS, samples=1000, batch_size=batch_size, phi=PHI)
        assert found == pytest.approx(direct, rel=1e-13)
        found_step = budget.optimal_step(CONSTANTS, samples=1000, batch_size=batch_size, phi=PHI)
        assert found_step == pytest.approx(step_size, rel=1e-13)


def test_the_constant_is_two_to_the_five_quarters():
    best = budget.best_batch()
    letters = {s.name: s for s in best.value.free_symbols}
    inside = letters["gap"] * letters["Lambda"] * letters["S"] ** 2 / letters["N"]
    ratio = letters["alpha_u"] / letters["alpha_l"]
    constant = sp.simplify(best.value / ratio / inside ** sp.Rational(1, 4))
    assert constant == 2 ** sp.Rational(5, 4)
    assert float(constant) == pytest.approx(2.378, abs=5e-4)
    assert (
        sp.simplify(
            best.point**2
            - letters["S"] ** 2 * letters["N"] / (2 * letters["gap"] * letters["Lambda"])
        )
        == 0
    )


def test_the_minimum_is_one_by_the_second_derivative():
    best = budget.best_batch()
    assert best.second_derivative.is_positive
    assert sp.simplify(best.derivative.subs(best.variable, sp.sqrt(best.point))) == 0


def test_the_best_batch_is_best_in_numbers():
    samples = 10_000
    best = budget.optimal_batch(CONSTANTS, samples=samples)
    assert best == pytest.approx(2.3 * (samples / (2 * 1.7 * 5.3)) ** 0.5)
    least = budget.bound(CONSTANTS, samples=samples)
    assert least == pytest.approx(2**1.25 * (1.7 * 5.3 * 2.3**2 / samples) ** 0.25)
    for factor in (0.9, 1.1):
        other = budget.bound(CONSTANTS, samples=samples, batch_size=best * factor)
        assert other > least * (1 + 1e-4)


def test_at_fixed_samples_the_best_step_grows_like_the_root_of_the_batch():
    expr = budget.scaled_step()
    assert sp.simplify(expr.subs(budget.batch, 9 * budget.batch) / expr) == 3
    steps = [budget.optimal_step(CONSTANTS, samples=4096, batch_size=b) for b in (4, 16, 64)]
    assert steps[1] / steps[0] == pytest.approx(2)
    assert steps[2] / steps[0] == pytest.approx(4)
    fixed_steps = {lars.optimal_step(CONSTANTS, steps=64, batch_size=b) for b in (4, 16, 64)}
    assert len(fixed_steps) == 1  # at fixed T the batch has no say


def test_batch_and_steps_both_grow_like_the_root_of_the_budget():
    batches = [budget.optimal_batch(CONSTANTS, samples=n) for n in (10**3, 10**5, 10**7)]
    np.testing.assert_allclose(np.divide(batches[1:], batches[:-1]), 10)
    bounds = [budget.bound(CONSTANTS, samples=n) for n in (10**3, 10**5, 10**7)]
    np.testing.assert_allclose(np.divide(bounds[1:], bounds[:-1]), 100**-0.25)


@pytest.mark.parametrize("samples", [1, 2, 7, 60, 997])
@pytest.mark.parametrize("scale", [0.01, 1.0, 40.0])
def test_whole_numbers_are_found_as_by_trying_all_of_them(samples, scale):
    constants = make_constants(1.7, (4.0, 1.3), sigma=(scale, 0.4 * scale))
    found = budget.best_split(constants, samples=samples)
    assert found.batch_size * found.steps <= samples

    def value(steps, batch_size):
        step_size = lars.optimal_step(constants, steps=steps)
        return lars.bound(constants, step_size=step_size, steps=steps, batch_size=batch_size)

    every = min(value(steps, samples // steps) for steps in range(1, samples + 1))
    assert found.bound == pytest.approx(every, rel=1e-13)
    relaxed = budget.bound(constants, samples=samples)
    assert relaxed <= found.bound * (1 + 1e-13)
    share = samples / found.steps
    limit = budget.bound(constants, samples=samples, batch_size=share)
    assert found.bound <= limit * (share / (share - 1)) ** 0.5 if share > 1 else True


def test_a_few_large_samples_are_not_worth_many():
    noisy = make_constants(1.0, (1.0,), sigma=(1000.0,))
    assert budget.optimal_batch(noisy, samples=50) == 50
    assert budget.best_split(noisy, samples=50)[:2] == (50, 1)
    calm = make_constants(1.0, (1.0,), sigma=(1e-3,))
    assert budget.best_split(calm, samples=50)[:2] == (1, 50)


@pytest.mark.parametrize(
    ("constants", "changed", "message"),
    [
        (CONSTANTS, {"samples": 0}, "samples=0 must be a whole number"),
        (CONSTANTS, {"samples": 10, "batch_size": 11}, "batch_size=11 must lie between 1 and"),
        (CONSTANTS, {"samples": 10, "phi": (0.0, 1.0)}, "phi="),
        (make_constants(1.0, (1.0,)), {"samples": 10}, "sum\\(sigma\\)=0"),
        (make_constants(0.0, (1.0,), sigma=(1.0,)), {"samples": 10}, "gap=0.0"),
    ],
)
def test_bad_input_is_named(constants, changed, message):
    with pytest.raises(ValueError, match=message):
        budget.bound(constants, **changed)
