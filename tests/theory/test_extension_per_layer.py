"""The bound after the fact: no ratio of alphas, and phi(z) = z allowed."""

import numpy as np
import pytest
import sympy as sp

from tests.theory.extension_steps import ends_with_its_terms
from theory import noise, problems
from theory.constants import make_constants
from theory.kernel import ProofError
from theory.kernel.letters import eta
from theory.measure import constants_of
from theory.theorems import lars, per_layer

CONSTANTS = make_constants(1.7, (4.0, 1.0, 0.3), sigma=(0.7, 1.2, 0.4))
RUN = {"step_size": 0.07, "steps": 37, "batch_size": 5}
COUPLED = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)


def test_the_bound_is_derived_without_a_lemma_in_words_and_without_a4():
    proof = per_layer.derivation()
    ends_with_its_terms(proof)
    assert proof.unproved() == ()
    assert proof.assumptions() == ("A1", "A2 mean", "A2 variance")


def test_wrong_constants_are_refused():
    proof = per_layer.derivation()
    bound = proof.step("bound")
    for name, term in proof.terms.items():
        wrong = bound.upper - term.xreplace(dict(proof.abbreviations)) / 20
        with pytest.raises(ProofError, match="leaves over"):
            proof.divide(name, bound.lower, wrong, "descent over the run", eta, "")


def test_with_constant_phi_it_is_lars():
    for phi in (1.0, 0.3, 5.0):
        whole = (phi,) * 3, (phi**2,) * 3
        found = per_layer.bound(CONSTANTS, **RUN, phi_mean=whole[0], phi_square=whole[1])
        assert found / phi == pytest.approx(lars.bound(CONSTANTS, **RUN, phi=(phi, phi)))
        best = per_layer.optimal_step(CONSTANTS, steps=37, phi_mean=whole[0], phi_square=whole[1])
        assert best == pytest.approx(lars.optimal_step(CONSTANTS, steps=37, phi=(phi, phi)))
    assert per_layer.best_step().second_derivative.is_positive


def test_the_terms_in_plain_arithmetic():
    means, squares = (0.5, 1.0, 2.0), (0.3, 1.5, 4.5)
    found = per_layer.terms(CONSTANTS, **RUN, phi_mean=means, phi_square=squares)
    assert found == pytest.approx(
        {
            "start": 1.7 / (0.07 * 37),
            "curvature": 0.07 / 2 * (4.0 * 0.3 + 1.5 + 0.3 * 4.5),
            "noise": (0.7 * 0.5 + 1.2 + 0.4 * 2) / 5**0.5,
        }
    )


PHIS = {
    "clip": lambda z: np.clip(z, 0.1, 10.0),
    "the norm itself": lambda z: z,
    "jumps": lambda z: np.where(np.sin(20 * z) > 0, 3.0, 0.2),
}


@pytest.mark.parametrize("name", PHIS)
def test_the_bound_holds_with_the_phi_that_was_seen(name):
    phi, law = PHIS[name], noise.rademacher(0.3)
    rng, copies, steps, eta_value = np.random.default_rng(3), 64, 60, 0.03
    x = tuple(np.repeat(a[None], copies, axis=0) for a in COUPLED.start)
    step = per_layer.algorithm(eta_value, phi=phi)
    total, seen = 0.0, []
    for _ in range(steps):
        exact = COUPLED.gradient(x)
        phis = [phi(np.linalg.norm(a, axis=-1)) for a in x]
        seen.append(phis)
        total = total + per_layer.metric(exact, phis)
        x = step(x, law.sample(rng, exact, 9))
    recorded = np.array(seen)  # (steps, layers, copies)
    assert recorded.std() > 0
    bound = per_layer.bound(
        constants_of(COUPLED, law),
        step_size=eta_value,
        steps=steps,
        batch_size=9,
        phi_mean=recorded.mean(axis=(0, 2)),
        phi_square=(recorded**2).mean(axis=(0, 2)),
    )
    averages = total / steps
    error = averages.std() / copies**0.5
    assert averages.mean() + 3 * error < bound
    assert averages.mean() > 0.15 * bound


def test_the_ratio_of_alphas_does_not_appear():
    # two layers at the ends of phi: LARS's bound grows with the ratio, this one does not
    for high in (10.0, 100.0):
        means = (1.0, high)
        squares = tuple(v * v for v in means)
        constants = make_constants(1.0, (1.0, 1.0 / high**2), sigma=(1.0, 1.0 / high))
        found = per_layer.bound(constants, **RUN, phi_mean=means, phi_square=squares)
        assert found == pytest.approx(1 / (0.07 * 37) + 0.07 + 2 / 5**0.5)
        assert lars.bound(constants, **RUN, phi=(1.0, high)) > 0.5 * high


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"phi_mean": (1.0,)}, "phi_mean has 1 entries for 3 layers"),
        ({"phi_mean": (1.0, -1.0, 1.0)}, r"phi_mean\[1\]=-1.0"),
        ({"phi_square": (1.0, 0.95, 1.0)}, r"phi_square\[1\]=0.95 is below"),
        ({"step_size": 0.0}, "step_size=0.0"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = RUN | {"phi_mean": (1.0,) * 3, "phi_square": (1.0,) * 3} | changed
    with pytest.raises(ValueError, match=message):
        per_layer.bound(CONSTANTS, **arguments)


def test_no_step_is_best_where_nothing_moves():
    with pytest.raises(ValueError, match="phi_square"):
        per_layer.optimal_step(CONSTANTS, steps=4, phi_mean=(0.0,) * 3, phi_square=(0.0,) * 3)
    assert sp.simplify(per_layer.best_step().derivative) != 0
