"""Decoupled weight decay: Frank-Wolfe in balls, KKT points, and where the iterates stay."""

import numpy as np
import pytest
import sympy as sp

from tests.theory.extension_steps import ends_with_its_terms, refuses_wrong_terms
from theory import noise, problems
from theory.check import check_bound
from theory.constants import make_constants
from theory.kernel import ProofError
from theory.lemmas import vectors
from theory.theorems import lars, weight_decay
from theory.theorems import weight_decay_proof as proofs

CONSTANTS = make_constants(1.7, (4.0, 1.0, 0.3), sigma=(0.7, 1.2, 0.4))
RUN = {"steps": 37, "batch_size": 5, "phi": (1.5, 1.5), "decay": 0.6}
COUPLED = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)


def run(step, gradient, x, steps):
    for _ in range(steps):
        x = step(x, gradient(x))
    return x


# ---------------------------------------------------------------- the proof


def test_the_bound_is_derived_without_a_lemma_in_words():
    proof = weight_decay.derivation()
    ends_with_its_terms(proof)
    assert proof.unproved() == ()
    assert proof.assumptions() == ("A1", "A2 mean", "A2 variance", "inside")


def test_wrong_constants_are_refused():
    refuses_wrong_terms(proofs.gap_bound(), last="descent over the run", by=proofs.gamma)


def test_a_step_that_would_leave_the_ball_is_refused():
    proof = weight_decay.inside_derivation()
    assert proof.unproved() == ()
    using = dict.fromkeys(("triangle", "kept", "moved"), proofs.ONE)
    using |= {"inside before": 1 - proofs.gamma, "length of the pull": proofs.gamma}
    after = proof.step("inside after")
    with pytest.raises(ProofError, match="not known to be >= 0"):  # without gamma <= 1
        proof.combine("x", after.lower, proofs.R, using, "")
    small = proofs.R * sp.Rational(19, 20)
    with pytest.raises(ProofError, match="leaves over"):
        proof.combine("x", after.lower, small, using, "", given=("share",))


@pytest.mark.parametrize("lemma", [vectors.SCALED_DIRECTION, vectors.SCALED_LENGTH])
def test_a_lemma_with_a_smaller_right_side_is_refused(lemma):
    lemma.check()
    with pytest.raises(ProofError):
        lemma._replace(upper=lemma.upper * sp.Rational(19, 20)).check()


# ---------------------------------------------------------------- the step size


def test_the_best_step_size_is_best_and_never_leaves_the_ball():
    best = weight_decay.optimal_step(CONSTANTS, **RUN)
    reach = 1.5 / 0.6
    assert best * 0.6 == pytest.approx((1.7 / (2 * reach**2 * 5.3 * 37)) ** 0.5)
    least = weight_decay.bound(CONSTANTS, step_size=best, **RUN)
    for factor in (0.97, 1.03):
        other = weight_decay.bound(CONSTANTS, step_size=best * factor, **RUN)
        assert other > least * (1 + 1e-5)
    far = make_constants(1e6, (1.0,))
    assert weight_decay.optimal_step(far, steps=4, decay=0.5) == 2.0
    assert weight_decay.best_share().second_derivative.is_positive


# ---------------------------------------------------------------- the algorithm


def test_iterates_stay_in_the_balls_whatever_the_gradients_are():
    rng = np.random.default_rng(0)
    decay, alpha = 0.5, 1.5
    for share in (0.01, 0.4, 1.0):
        step = weight_decay.algorithm(share / decay, decay=decay, alpha=alpha)
        x = tuple(rng.normal(size=d) for d in (1, 3))
        x = tuple(v / np.linalg.norm(v) * alpha / decay for v in x)  # on the spheres
        for _ in range(300):
            g = tuple(rng.standard_cauchy(size=v.shape) for v in x)
            if rng.random() < 0.1:
                g = (np.zeros(1), g[1])
            x = step(x, g)
            assert max(np.linalg.norm(v) for v in x) <= alpha / decay * (1 + 1e-12)
        leaves = weight_decay.algorithm(2.2 / decay, decay=decay, alpha=alpha)
        far = tuple(v / np.linalg.norm(v) * alpha / decay for v in x)
        assert np.linalg.norm(leaves(far, far)[0]) > alpha / decay


def test_the_step_is_a_convex_combination_with_the_best_point_of_the_ball():
    rng = np.random.default_rng(1)
    eta, decay, alpha = 0.3, 0.7, 1.4
    x, g = (tuple(rng.normal(size=d) for d in (1, 3)) for _ in range(2))
    moved = weight_decay.algorithm(eta, decay=decay, alpha=alpha)(x, g)
    for a, b, v in zip(moved, x, g, strict=True):
        corner = -alpha / decay * v / np.linalg.norm(v)
        np.testing.assert_allclose(a, (1 - eta * decay) * b + eta * decay * corner, rtol=1e-12)


def test_it_converges_to_kkt_points_and_not_to_stationary_points():
    # layer 1 has its minimum outside its ball of radius 2, layer 2 inside
    centre = (np.array([3.0, 4.0]), np.array([0.5]))
    decay = 0.5

    def gradient(x):
        return tuple(a - c for a, c in zip(x, centre, strict=True))

    gaps, slopes = [], []
    for steps in (100, 10_000):
        constants = make_constants(12.625, (1.0, 1.0))
        eta = weight_decay.optimal_step(constants, steps=steps, decay=decay)
        step = weight_decay.algorithm(eta, decay=decay)
        x = run(step, gradient, (np.zeros(2), np.zeros(1)), steps)
        gaps.append(float(weight_decay.metric(gradient(x), x, radius=2.0)))
        slopes.append(float(lars.metric(gradient(x)[:1])))
    assert gaps[1] < 0.1 * gaps[0]
    np.testing.assert_allclose(x[0], [1.2, 1.6], atol=0.02)  # the nearest point of the ball
    np.testing.assert_allclose(x[1], 0.5, atol=0.05)
    assert slopes[1] == pytest.approx(3.0, abs=0.02)  # 5 - 2: it does not vanish
    free = run(lars.algorithm(0.02), gradient, (np.zeros(2), np.zeros(1)), 500)
    assert float(lars.metric(gradient(free))) < 0.05


def test_the_gap_is_zero_at_kkt_points_positive_elsewhere_and_bounds_the_gradient():
    rng = np.random.default_rng(2)
    for _ in range(200):
        v = rng.normal(size=3)
        g = rng.normal(size=3)
        inside = v / np.linalg.norm(v) * rng.random() * 2
        size = np.linalg.norm(g)
        gap = float(weight_decay.metric((g,), (inside,), radius=2.0))
        assert gap >= (2 - np.linalg.norm(inside)) * size - 1e-12
        kkt = -2 * g / size
        assert abs(weight_decay.metric((g,), (kkt,), radius=2.0)) < 1e-12
    corners = [-2 * u / np.linalg.norm(u) for u in rng.normal(size=(500, 3))]
    best = min(float(g @ (c - inside)) for c in [*corners, kkt])
    assert gap == pytest.approx(-best)  # what is left to gain, to first order


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize("law", [noise.rademacher(0.4), noise.two_point(0.4, probability=0.1)])
@pytest.mark.parametrize("decay", [0.2, 0.5])
def test_the_bound_holds_on_coupled_problems(law, decay):
    for steps in (1, 16, 100):
        found = check_bound(
            lambda eta: weight_decay.algorithm(eta, decay=decay),
            COUPLED,
            law,
            theorem="weight_decay",
            steps=steps,
            batch_size=steps,
            options={"decay": decay},
            together=True,
        )
        assert found.verdict == "holds"
        if steps > 1:
            assert 0.4 < found.ratio < 0.6


def test_lars_without_decay_is_caught():
    quadratic = problems.quadratic([1.0, 2.0], (2, 1), start=0.9)
    law = {"theorem": "weight_decay", "steps": 2000, "options": {"decay": 0.5}, "step_size": 0.002}
    right = check_bound(weight_decay.algorithm(0.002, decay=0.5), quadratic, **law)
    assert right.verdict == "holds"
    ascent = weight_decay.algorithm(0.002, decay=0.5)
    wrong = check_bound(lambda x, g: ascent(x, tuple(-v for v in g)), quadratic, **law)
    assert wrong.verdict == "violated"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"step_size": 1.7}, "step_size=1.7 times decay=0.6 must be at most 1"),
        ({"decay": 0.0}, "decay=0.0 must be a finite number > 0"),
        ({"phi": (1.0, 2.0)}, "must be \\(alpha, alpha\\)"),
        ({"step_size": -1.0}, "step_size=-1.0"),
    ],
)
def test_bad_input_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        weight_decay.bound(CONSTANTS, **{"step_size": 0.1, **RUN} | changed)


def test_a_start_just_outside_the_ball_is_refused_and_on_it_is_not():
    for length in (1.0, 1.05):
        arguments = {"theorem": "weight_decay", "steps": 4, "options": {"decay": 1.0}}
        problem = problems.quadratic([1.0], (2,), start=[[0.6 * length, 0.8 * length]])
        if length == 1:
            check_bound(lambda eta: weight_decay.algorithm(eta, decay=1.0), problem, **arguments)
        else:
            with pytest.raises(ValueError, match=r"start\[0\] has norm 1.05"):
                check_bound(
                    lambda eta: weight_decay.algorithm(eta, decay=1.0), problem, **arguments
                )


def test_the_bound_is_never_called_vacuous_by_the_largest_gradient():
    """The gap also has the inner product with x, and is not the gradient's norm."""
    far = problems.huber([1.0], 1.0, start=5.0)
    found = check_bound(
        weight_decay.algorithm(0.1, decay=0.1),
        far,
        theorem="weight_decay",
        steps=1,
        step_size=0.1,
        options={"decay": 0.1},
    )
    assert found.bound > 10 * 1 + 1 * 5  # R |g| + g x at the start
    assert found.verdict == "holds"


def test_a_start_outside_the_ball_is_refused():
    with pytest.raises(ValueError, match=r"start\[1\] has norm 1.55.*radius phi / decay = 1.0"):
        check_bound(
            lambda eta: weight_decay.algorithm(eta, decay=1.0),
            COUPLED,
            theorem="weight_decay",
            steps=4,
            options={"decay": 1.0},
        )
