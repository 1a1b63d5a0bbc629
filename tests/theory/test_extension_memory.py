"""What a momentum remembers: closed forms of its weights, and how far gradients drift."""

import numpy as np
import pytest
import sympy as sp

from theory import problems
from theory.kernel import ProofError
from theory.lemmas import memory, smoothness, vectors
from theory.theorems import momentum_lars

COUPLED = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)


@pytest.mark.parametrize("start", memory.MEMORIES)
def test_a_wrong_closed_form_of_the_memory_is_refused(start):
    right = memory.MEMORIES[start]
    right.check()
    for changes in (
        {"squares": right.squares * sp.Rational(19, 20)},
        {"squares": right.squares + memory.q - memory.q**2},
        {"age": right.age * sp.Rational(21, 20)},
        {"age": right.age + 1 - memory.q},
        {"keep": right.keep**2},
    ):
        with pytest.raises(ProofError, match=r"recursion|t = 1"):
            right._replace(**changes).check()


def test_the_drift_of_a_gradient_is_attained_and_five_percent_less_is_false():
    rng, L, dims = np.random.default_rng(3), (4.0, 1.0, 0.25), (1, 2, 3)
    problem = problems.quadratic(L, dims)
    wrong = sp.Rational(95, 100) * smoothness.DRIFT.upper
    for radius in (0.1, 2.0):
        x = tuple(rng.normal(size=d) for d in dims)
        moves = [rng.normal(size=d) for d in dims]
        y = tuple(a + radius * m / np.sqrt(m @ m) for a, m in zip(x, moves, strict=True))
        pairs = zip(problem.gradient(x), problem.gradient(y), strict=True)
        drift = sum(float(np.sqrt((a - b) @ (a - b))) for a, b in pairs)

        def bound(expr, radius=radius):
            numbers = {smoothness.L[k]: v for k, v in enumerate(L, 1)}
            at = {smoothness.radius: radius, sp.Symbol("h", integer=True, positive=True): len(L)}
            return float(expr.subs(at).doit().subs(numbers))

        assert drift == pytest.approx(bound(smoothness.DRIFT.upper))
        assert drift > bound(wrong)


@pytest.mark.parametrize("lemma", [vectors.TRIANGLE, vectors.UNIT, vectors.DIRECTION_OF_SUM])
def test_a_lemma_with_a_smaller_right_side_is_refused(lemma):
    lemma.check()
    with pytest.raises(ProofError):
        lemma._replace(upper=lemma.upper * sp.Rational(19, 20)).check()


# ---------------------------------------------------------------- the lemmas in numbers


@pytest.mark.parametrize("start", memory.MEMORIES)
@pytest.mark.parametrize("beta", [0.0, 0.3, 0.95])
def test_closed_forms_are_the_sums_over_the_weights(start, beta):
    steps = 25
    init, step = momentum_lars.algorithm(1.0, beta=beta, start=start)
    rows, state, x = [], init(()), (np.zeros(steps),)
    for t in range(steps):  # the momentum of unit vectors is the row of weights
        _, state = step(x, (np.eye(steps)[t],), state)
        rows.append(state[0] / state[0].sum())
    weights = np.array(rows)
    old = np.tril(weights, -1)
    age = np.arange(steps)[:, None] - np.arange(steps)
    found = memory.averages(start, beta, steps)
    assert found.spread == pytest.approx(np.mean(np.sqrt((weights**2).sum(1))), rel=1e-12)
    assert found.spread_old == pytest.approx(np.mean(np.sqrt((old**2).sum(1))), rel=1e-7)
    assert found.age == pytest.approx(np.mean((weights * age).sum(1)), rel=1e-10, abs=1e-12)


def test_a_gradient_drifts_no_faster_than_the_sum_of_the_smoothness():
    rng = np.random.default_rng(0)
    for problem in (
        COUPLED,
        problems.coupled_quadratic([4.0, 1.0, 0.3], (2, 1, 3), rng=rng),
        problems.bounded_well([2.0, 1.0], (1, 2)),
    ):
        worst = 0.0
        for scale in (0.01, 0.3, 2.0) * 60:
            x = tuple(rng.normal(size=a.shape) for a in problem.start)
            move = [rng.normal(size=a.shape) for a in problem.start]
            y = tuple(a + scale * m / np.linalg.norm(m) for a, m in zip(x, move, strict=True))
            change = zip(problem.gradient(x), problem.gradient(y), strict=True)
            total = sum(float(np.linalg.norm(a - b)) for a, b in change)
            worst = max(worst, total / (scale * sum(problem.smoothness)))
        assert 0.3 < worst <= 1 + 1e-12
