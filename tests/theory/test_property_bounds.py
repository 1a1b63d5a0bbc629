"""The bounds on drawn problems and noise: exact chains, and Monte Carlo for the rest.

THEORY_PROFILE=deep draws thousands of examples.
"""

import numpy as np
import pytest
from hypothesis import example, given, target
from hypothesis import strategies as st

from theory import noise, problems, strategies
from theory.chain import expected_metric
from theory.measure import constants_of, measure
from theory.theorems import lamb, lamb_sign, lars, sgd

PROFILE = strategies.profile()
ROUNDING = 1 + 1e-9
SEED = 5


def fair_coin(steps):
    """The witness of the noise term: slope just below the noise, a fair walk."""
    eta = 0.01
    problem = problems.huber([1.0], 1 - 1e-9, start=3 * eta * np.sqrt(steps))
    return strategies.Walk(problem, noise.rademacher(), eta, steps, 1)


def chain_ratios(walk):
    """Return measured / bound of the exact chain: LARS with sign(0) = 0, LAMB with +1."""
    constants = constants_of(walk.problem, walk.noise)
    run = {"step_size": walk.step_size, "steps": walk.steps, "batch_size": walk.batch_size}
    found = []
    for theorem, zero in ((lars, 0), (lamb_sign, 1), (lamb_sign, -1)):
        exact = expected_metric(walk.problem, walk.noise, sign_of_zero=zero, **run).average
        sharp, published = theorem.bound(constants, **run), theorem.published(constants, **run)
        assert sharp <= published * ROUNDING
        found.append(exact / sharp)
    return found


@PROFILE
@given(strategies.walks())
@example(fair_coin(256))
def test_exact_chains_never_exceed_the_sharp_bounds(walk):
    ratios = chain_ratios(walk)
    target(max(ratios))
    assert max(ratios) <= ROUNDING


@PROFILE
@given(
    strategies.problems(kinds=("quadratic", "cosine", "bounded_well", "huber")),
    st.data(),
    st.sampled_from([1, 4, 16, 64]),
    st.sampled_from([1, 4, 64]),
    strategies.powers(0.1, 10.0),
)
def test_exact_chains_of_several_layers_never_exceed_the_sharp_bound(
    problem, data, steps, batch, stretch
):
    law = data.draw(strategies.noises(problem))
    constants = constants_of(problem, law)
    eta = stretch * lamb_sign.optimal_step(constants, steps=steps)
    run = {"step_size": eta, "steps": steps, "batch_size": batch}
    exact = expected_metric(problem, law, **run).average
    ratio = exact / lamb_sign.bound(constants, **run)
    target(ratio)
    assert ratio <= ROUNDING


def test_one_example_refutes_a_noise_constant_of_95_percent():
    """The property above would fail at once if the noise constant were 0.95 instead of 1."""
    walk = fair_coin(4096)
    run = {"step_size": walk.step_size, "steps": walk.steps, "batch_size": 1}
    terms = lars.terms(constants_of(walk.problem, walk.noise), **run)
    exact = expected_metric(walk.problem, walk.noise, **run).average
    assert exact > sum(terms.values()) - 0.05 * terms["noise"]
    assert exact <= sum(terms.values())


def assert_obeys(theorem, step, problem, law, run, **settings_):
    """Measure with theorem's own algorithm; five standard errors and more are allowed for."""
    constants = constants_of(problem, law)
    bound = theorem.bound(constants, **run, **settings_)
    assert bound <= theorem.published(constants, **run, **settings_) * ROUNDING
    assert_below(bound, theorem.metric, step, problem, law, run)


def assert_below(bound, metric, step, problem, law, run):
    found = measure(
        step,
        problem,
        law,
        steps=run["steps"],
        batch_size=run["batch_size"],
        metric=metric,
        replicates=12,
        rng=np.random.default_rng(SEED),
        together=True,
    )
    target(found.mean / bound)
    assert found.mean - 2 * found.half_width <= bound * ROUNDING


def draw_pair(data, laws=strategies.LAWS, bounded=False):
    """Draw a problem and a noise: additive, or a finite sum's own."""
    if data.draw(st.booleans()):
        return data.draw(strategies.finite_sums())
    kinds = [k for k in strategies.FAMILIES if not (bounded and "quadratic" in k)]
    problem = data.draw(strategies.problems(kinds=kinds))
    return problem, data.draw(strategies.noises(problem, laws=laws))


STEPS = st.sampled_from([1, 3, 9, 30])
BATCHES = st.sampled_from([1, 4, 30])
STRETCH = strategies.powers(0.1, 10.0)
PHIS = st.tuples(strategies.powers(0.1, 1.0), strategies.powers(1.0, 10.0))


@PROFILE
@given(st.data(), STEPS, BATCHES, st.floats(0.01, 1.9))
def test_sgd_obeys_theorem_1(data, steps, batch, share):
    problem, law = draw_pair(data)
    eta = share / max(problem.smoothness)
    run = {"step_size": eta, "steps": steps, "batch_size": batch}
    assert_obeys(sgd, sgd.algorithm(eta), problem, law, run)


@PROFILE
@given(st.data(), STEPS, BATCHES, STRETCH, PHIS, st.sampled_from([0.0, 1e-3, 0.3]))
def test_lars_obeys_theorem_2(data, steps, batch, stretch, phi, eps):
    problem, law = draw_pair(data)
    eta = stretch * lars.optimal_step(constants_of(problem, law), steps=steps, phi=phi)
    run = {"step_size": eta, "steps": steps, "batch_size": batch, "phi": phi}
    step = lars.algorithm(eta, phi=lambda z: np.clip(z, *phi), eps=eps)
    assert_obeys(lars, step, problem, law, run, eps=eps)


@PROFILE
@given(st.data(), STEPS, BATCHES, STRETCH, PHIS)
def test_lamb_without_second_moment_obeys_theorem_3(data, steps, batch, stretch, phi):
    problem, law = draw_pair(data)
    eta = stretch * lamb_sign.optimal_step(constants_of(problem, law), steps=steps, phi=phi)
    run = {"step_size": eta, "steps": steps, "batch_size": batch, "phi": phi}
    step = lamb_sign.algorithm(eta, phi=lambda z: np.clip(z, *phi))
    assert_obeys(lamb_sign, step, problem, law, run)


@PROFILE
@given(st.data(), STEPS, BATCHES, STRETCH, PHIS, st.sampled_from([0.0, 1e-3, 0.3, 10.0, 1e6]))
def test_lamb_with_zeros_or_any_eps_obeys_the_robust_form(data, steps, batch, stretch, phi, eps):
    problem, law = draw_pair(data)
    constants = constants_of(problem, law)
    eta = stretch * lamb_sign.optimal_step(constants, steps=steps, phi=phi)
    run = {"step_size": eta, "steps": steps, "batch_size": batch, "phi": phi}
    step = lamb_sign.algorithm(eta, phi=lambda z: np.clip(z, *phi), eps=eps, sign_of_zero=0.0)
    bound = lamb_sign.robust_bound(constants, **run)
    assert_below(bound, lamb_sign.metric, step, problem, law, run)


@PROFILE
@given(
    st.data(),
    STEPS,
    BATCHES,
    STRETCH,
    PHIS,
    st.sampled_from([0.01, 0.5, 0.9, 0.999]),
    st.sampled_from([0.0, 1e-3, 0.3]),
    st.booleans(),
)
def test_lamb_obeys_theorem_3(data, steps, batch, stretch, phi, beta2, eps, correction):
    problem, law = draw_pair(data, laws=("none", "rademacher", "two_point"), bounded=True)
    eta = stretch * lamb.optimal_step(constants_of(problem, law), steps=steps, phi=phi)
    run = {"step_size": eta, "steps": steps, "batch_size": batch, "phi": phi}
    step = lamb.algorithm(
        eta,
        beta2=beta2,
        eps=eps,
        phi=lambda z: np.clip(z, *phi),
        bias_correction=correction,
    )
    assert_obeys(lamb, step, problem, law, run, beta2=beta2, eps=eps)


@PROFILE
@given(strategies.problems())
def test_drawn_problems_start_off_their_minimum_with_a_gradient(problem):
    assert problems.gap_of(problem) > 0
    assert all(np.abs(g).max() > 0 for g in problem.gradient(problem.start))
    assert all(np.abs(x).min() > 0 for x in problem.start)


def test_an_unknown_profile_lists_the_known_ones(monkeypatch):
    monkeypatch.setenv("THEORY_PROFILE", "fast")
    with pytest.raises(ValueError, match="THEORY_PROFILE='fast' is not one of 'ci', 'deep'"):
        strategies.profile()
    monkeypatch.setenv("THEORY_PROFILE", "deep")
    assert strategies.profile().max_examples == 3000
