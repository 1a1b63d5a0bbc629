"""LARS with momentum: derived, equal to LARS at beta = 0, obeyed by algorithms and by lbopt."""

from math import sqrt

import numpy as np
import pytest
import sympy as sp

from lbopt import optim
from tests.theory.extension_steps import ends_with_its_terms, refuses_wrong_terms
from theory import noise, problems
from theory.check import check_bound
from theory.constants import make_constants
from theory.kernel import ProofError
from theory.kernel.letters import alpha_l, eps, eta
from theory.lemmas import memory
from theory.measure import constants_of
from theory.theorems import lars, momentum_lars
from theory.theorems import momentum_lars_proof as proofs

CONSTANTS = make_constants(1.7, (4.0, 1.0, 0.3), sigma=(0.7, 1.2, 0.4))
RUN = {"steps": 37, "batch_size": 5, "phi": (0.5, 2.0)}
COUPLED = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)


# ---------------------------------------------------------------- the proof


def test_the_derivation_ends_with_the_expression_that_is_evaluated():
    proof = momentum_lars.derivation()
    ends_with_its_terms(proof)
    assert set(proof.terms) == {"start", "curvature", "drift", "noise"}
    ends_with_its_terms(momentum_lars.simple_derivation())


def test_what_is_assumed_and_what_is_proved_in_words():
    proof = momentum_lars.derivation()
    assert proof.assumptions() == (
        *("A1", "A1 from below", "A2 mean", "A2 variance", "A4 lower", "A4 upper"),
    )
    assert set(proof.unproved()) == {
        "drift of an average of gradients",
        "drift of the gradient",
        "noise of an average of batches",
        "noise of an average of the earlier batches",
    }


def test_wrong_constants_are_refused():
    refuses_wrong_terms(proofs.exact(), last="descent over the run", by=eta * alpha_l)


def test_wrong_steps_on_the_way_are_refused():
    proof = proofs.exact()
    step = proof.step("error")
    drift = proofs.norm(memory.drift[proofs.i])
    names = ("direction", "size of the error", "pull of the drift", "pull of the old noise")
    once = dict.fromkeys(names, proofs.ONE)
    with pytest.raises(ProofError, match="leaves over"):
        proof.combine("drift once", step.lower, step.upper - drift, once, "")
    with pytest.raises(ProofError, match="not known to be >= 0"):
        proof.combine("x", step.lower, step.upper, once | {"direction": -proofs.ONE}, "")


@pytest.mark.parametrize("beta", [0.0, 0.2, 0.9, 0.999])
@pytest.mark.parametrize("steps", [1, 2, 30, 5000])
def test_the_simple_form_is_above_the_exact_one(beta, steps):
    run = {"step_size": 0.1, "batch_size": 3, "beta": beta}
    exact = momentum_lars.bound(CONSTANTS, steps=steps, **run)
    simple = momentum_lars.simple_bound(CONSTANTS, steps=steps, **run)
    assert exact <= simple * (1 + 1e-12)
    if beta == 0 or steps * (1 - beta) > 100:
        assert simple < exact * 1.01


# ---------------------------------------------------------------- beta = 0, step size, momentum


def test_without_momentum_it_is_the_bound_of_lars_letter_by_letter():
    plain = lars.derivation().bound.subs(eps, 0)
    none = {proofs.Age: 0, proofs.Spread: 1}
    assert sp.expand(momentum_lars.derivation().bound.subs(none) - plain) == 0
    assert sp.expand(momentum_lars.simple_derivation().bound.subs(memory.beta, 0) - plain) == 0
    best = momentum_lars.best_step().point.subs(none)
    assert sp.simplify(best - lars.best_step().point) == 0


@pytest.mark.parametrize("start", memory.MEMORIES)
def test_without_momentum_it_is_lars_in_numbers(start):
    own = {"beta": 0.0, "start": start}
    step_size = lars.optimal_step(CONSTANTS, **RUN)
    assert momentum_lars.optimal_step(CONSTANTS, **RUN, **own) == pytest.approx(step_size)
    ours = momentum_lars.terms(CONSTANTS, step_size=step_size, **RUN, **own)
    theirs = lars.terms(CONSTANTS, step_size=step_size, **RUN)
    assert ours.pop("drift") == 0
    assert ours == pytest.approx({k: theirs[k] for k in ours}, rel=1e-14)
    rng = np.random.default_rng(0)
    x, g = (tuple(rng.normal(size=d) for d in (2, 3)) for _ in range(2))
    init, step = momentum_lars.algorithm(0.1, **own)
    moved, state = step(x, g, init(x))
    moved, _ = step(moved, x, state)
    plain = lars.algorithm(0.1)
    for a, b in zip(moved, plain(plain(x, g), x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("start", memory.MEMORIES)
@pytest.mark.parametrize("beta", [0.0, 0.6, 0.97])
def test_the_best_step_size_is_best(beta, start):
    own = {"beta": beta, "start": start}
    best = momentum_lars.optimal_step(CONSTANTS, **RUN, **own)
    least = momentum_lars.bound(CONSTANTS, step_size=best, **RUN, **own)
    for factor in (0.97, 1.03):
        other = momentum_lars.bound(CONSTANTS, step_size=best * factor, **RUN, **own)
        assert other > least * (1 + 1e-5)


def test_the_constant_four_of_the_best_momentum():
    best = momentum_lars.best_memory()
    letters = {s.name: s for s in best.value.free_symbols}
    inside = letters["gap"] * letters["Lambda"] * letters["S"] ** 2 / letters["b"] / letters["T"]
    assert sp.simplify(best.value / inside ** sp.Rational(1, 4)) == 4
    assert best.second_derivative.is_positive


@pytest.mark.parametrize(("steps", "batch_size"), [(10**3, 1), (10**5, 1), (10**5, 64), (10**6, 8)])
def test_the_rate_with_its_constants(steps, batch_size):
    gap, total, noisy = 1.7, 5.3, 2.3
    beta = momentum_lars.optimal_beta(CONSTANTS, steps=steps, batch_size=batch_size)
    assert 1 - beta == pytest.approx(2 * sqrt(gap * total * batch_size / steps) / noisy)
    run = {"steps": steps, "batch_size": batch_size, "beta": beta}
    step_size = momentum_lars.optimal_step(CONSTANTS, **run)
    found = momentum_lars.bound(CONSTANTS, step_size=step_size, **run)
    leading = 4 * (gap * total * noisy**2 / (batch_size * steps)) ** 0.25
    assert found <= leading + noisy**2 / (batch_size * sqrt(gap * total * steps))
    assert found > 0.75 * leading
    assert found < lars.bound(
        CONSTANTS, step_size=lars.optimal_step(CONSTANTS, steps=steps), **RUN | run_of(run)
    )


def run_of(run):
    """The part of a run that LARS knows, phi = 1."""
    return {"steps": run["steps"], "batch_size": run["batch_size"], "phi": (1.0, 1.0)}


# ---------------------------------------------------------------- algorithms


@pytest.mark.parametrize("start", memory.MEMORIES)
@pytest.mark.parametrize("law", [noise.rademacher(0.4), noise.two_point(0.4, probability=0.1)])
def test_the_bound_holds_on_coupled_problems(law, start):
    for beta, steps in ((0.5, 40), (0.9, 200)):
        found = check_bound(
            lambda eta, beta=beta: momentum_lars.algorithm(eta, beta=beta, start=start),
            COUPLED,
            law,
            theorem="momentum_lars",
            steps=steps,
            options={"beta": beta, "start": start},
            together=True,
        )
        assert found.verdict in ("holds", "vacuous")
        assert found.interval[1] <= found.bound


@pytest.mark.parametrize("steps", [64, 1024])
def test_a_third_of_the_bound_is_measured_at_the_best_momentum(steps):
    law = noise.rademacher(0.4)
    beta = momentum_lars.optimal_beta(constants_of(COUPLED, law), steps=steps, batch_size=1)
    found = check_bound(
        lambda eta: momentum_lars.algorithm(eta, beta=beta),
        COUPLED,
        law,
        theorem="momentum_lars",
        steps=steps,
        options={"beta": beta},
        together=True,
    )
    assert 0.31 < found.ratio < 0.36


def test_lbopts_own_recipe_is_the_algorithm_that_starts_from_zero():
    def recipe(eta):
        return optim.lars_2020(eta, b1=0.8, phi=optim.phi.clip(0.5, 2.0))

    def ours(eta):
        return momentum_lars.algorithm(
            eta, phi=lambda z: np.clip(z, 0.5, 2.0), beta=0.8, start="zero"
        )

    arguments = {
        "theorem": "momentum_lars",
        "steps": 30,
        "phi": (0.5, 2.0),
        "options": {"beta": 0.8, "start": "zero"},
        "replicates": 2,
    }
    law = noise.rademacher(0.2)
    theirs, own = (check_bound(f, COUPLED, law, **arguments) for f in (recipe, ours))
    assert theirs.measured == pytest.approx(own.measured, rel=1e-9)
    assert theirs.interval[1] < theirs.bound


def test_small_batches_converge_with_momentum_and_not_without():
    # slope below the noise: LARS walks at random for ever, momentum averages the coins
    law, slope = noise.rademacher(1.0), 0.5
    problem = problems.huber([slope], slope=slope, start=4.0)
    constants = make_constants(slope * 3.5, (slope,), sigma=(1.0,))
    averages = []
    for steps in (256, 1024, 4096):
        beta = momentum_lars.optimal_beta(constants, steps=steps, batch_size=1)
        arguments = {"steps": steps, "replicates": 24, "together": True}
        found = check_bound(
            lambda eta, beta=beta: momentum_lars.algorithm(eta, beta=beta),
            problem,
            law,
            theorem="momentum_lars",
            options={"beta": beta},
            **arguments,
        )
        assert found.interval[1] < found.bound
        averages.append(found.measured)
    stuck = check_bound(lars.algorithm, problem, law, theorem="lars", **arguments)
    assert stuck.measured > 2 * averages[-1]
    slope = np.log(averages[-1] / averages[0]) / np.log(16)
    assert -0.3 < slope < -0.15  # the bound's is -1/4


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"beta": 1.0}, r"beta=1.0 must lie in \[0, 1\)"),
        ({"beta": -0.1}, "beta=-0.1"),
        ({"start": "ones"}, "start='ones' must be 'gradient'"),
        ({"step_size": 0.0}, "step_size=0.0"),
        ({"phi": (0.0, 1.0)}, "phi="),
    ],
)
def test_bad_input_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        momentum_lars.bound(CONSTANTS, **{"step_size": 0.1, **RUN} | changed)


@pytest.mark.parametrize(
    ("theorem", "options", "message"),
    [
        ("momentum_lars", {"beta2": 0.9}, "options\\['beta2'\\]: theorem 'momentum_lars' has only"),
        ("lars", {"beta": 0.9}, "theorem 'lars' has no options"),
        ("weight_decay", {}, "needs options={'decay'"),
        ("heavy_tails", {"p": 1.5}, "needs options={'moments'"),
    ],
)
def test_options_of_check_bound_are_checked(theorem, options, message):
    with pytest.raises(ValueError, match=message):
        check_bound(lars.algorithm, COUPLED, theorem=theorem, steps=4, options=options)


def test_what_is_ours_has_no_published_form():
    with pytest.raises(ValueError, match="theorem 'momentum_lars' is ours"):
        check_bound(
            momentum_lars.algorithm, COUPLED, theorem="momentum_lars", steps=4, form="published"
        )
    with pytest.raises(ValueError, match="theorem 'momentum_lars' has no eps"):
        check_bound(momentum_lars.algorithm, COUPLED, theorem="momentum_lars", steps=4, eps=0.1)
