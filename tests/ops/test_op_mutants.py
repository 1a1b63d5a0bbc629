"""Every wrong op of wrong_ops.py is caught by the check that its story names, by a wide margin."""

import numpy as np
import pytest

from tests.adjoint import adjoint_gaps
from tests.ops.wrong_ops import MUTANTS


def forward_error(mutant):
    y, _ = mutant.op(*mutant.arrays)
    truth = mutant.truth(*mutant.arrays)
    return np.abs(y - truth).max() / np.abs(truth).max()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: getattr(m.op, "__name__", ""))
def test_mutant_is_caught_by_the_check_its_story_names(mutant):
    gaps = adjoint_gaps(mutant.op, *mutant.arrays)
    print(*gaps, f"forward error {forward_error(mutant):.1e}", sep="\n")
    if mutant.caught_by == "adjoint":
        # the value is right: only the adjoint check can know
        assert forward_error(mutant) < 1e-12
        worst = max(gaps, key=lambda gap: gap.error / gap.tolerance)
        assert worst.error > 1000 * worst.tolerance
    else:
        assert forward_error(mutant) > 1e-3


def test_a_wrong_bias_gradient_is_seen_on_its_own_even_where_the_sum_would_hide_it():
    rng = np.random.default_rng(0)
    x, b = 1e3 * rng.standard_normal((50, 40)), rng.standard_normal(40)

    def f(x, b):
        return x + b, lambda dy: (dy, 2 * dy.sum(0))

    gaps = {gap.argument: gap for gap in adjoint_gaps(f, x, b, names=("x", "b"))}
    assert gaps["x"].ok
    assert not gaps["b"].ok
    assert gaps["all"].error < 1e-2 * gaps["b"].error


def test_a_check_across_a_kink_is_called_blind_and_not_passed():
    x = np.array([-3.0, 1e-6, 2.0])  # a step is 6e-6 of the size of x
    (gap,) = adjoint_gaps(lambda x: (np.abs(x), lambda dy: np.sign(x) * dy), x)
    assert "BLIND" in str(gap)
    assert not gap.ok


def test_a_missing_cotangent_or_a_wrong_shape_is_refused():
    with pytest.raises(AssertionError, match="returned 1 cotangents for 2"):
        adjoint_gaps(lambda x, b: (x + b, lambda dy: dy), np.ones(3), np.ones(3))
    with pytest.raises(AssertionError, match=r"argument 1: \(2, 3\) for \(3,\)"):
        adjoint_gaps(lambda x, b: (x + b, lambda dy: (dy, dy)), np.ones((2, 3)), np.ones(3))


def test_the_tolerance_covers_a_right_but_strongly_curved_function():
    x = np.random.default_rng(0).standard_normal(20)
    (gap,) = adjoint_gaps(lambda x: (np.exp(8 * x), lambda dy: 8 * np.exp(8 * x) * dy), x)
    print(gap)
    assert gap.ok
    assert gap.error > 1e-11  # truncation is really there, and the estimate covers it
