"""The bounds follow from the axioms, from nothing else, and not with another constant."""

import re

import pytest
import sympy as sp

from theory.kernel import Derivation, ProofError, i, norm, over_layers
from theory.kernel.letters import L, Lambda, alpha_l, alpha_u, b, eps, eta, gap, grad, phi, u
from theory.kernel.words import T, average, h
from theory.lemmas import direction, matched, sign
from theory.lemmas import eps as with_eps
from theory.theorems import lamb, lamb_proof, lamb_sign, lamb_sign_proof, lars, sgd

PROOFS = {
    "sgd": sgd.derivation,
    "sgd published": sgd.published_derivation,
    "lars": lars.derivation,
    "lars published": lars.published_derivation,
    "lamb_sign": lamb_sign.derivation,
    "lamb_sign published": lamb_sign.published_derivation,
    "lamb_sign robust": lamb_sign.robust_derivation,
    "lamb": lamb.derivation,
    "lamb published": lamb.published_derivation,
}
BASE = ("A1", "A2 mean")
PHI = ("A4 lower", "A4 upper")
BY_LAYER, BY_COORDINATE = ("A2 variance",), ("A2 variance of a coordinate",)
ASSUMED = {
    "sgd": (*BASE, *BY_LAYER, "largest smoothness", "step size"),
    "sgd published": (*BASE, *BY_LAYER, "largest smoothness", "step size"),
    "lars": (*BASE, *BY_LAYER, *PHI),
    "lars published": (*BASE, *BY_LAYER, *PHI),
    "lamb_sign": (*BASE, *BY_COORDINATE, *PHI),
    "lamb_sign published": (*BASE, *BY_COORDINATE, *PHI, "sizes"),
    "lamb_sign robust": (*BASE, *BY_LAYER, *PHI),
    "lamb": (*BASE, *BY_LAYER, *BY_COORDINATE, *PHI, "A3"),
    "lamb published": (*BASE, *BY_COORDINATE, *PHI, "A3"),
}
WORDS = {
    "lamb_sign robust": {
        "sign direction with zeros or eps",
        "Chebyshev's sum inequality",
        "Cauchy-Schwarz inequality with weights",
    },
    "lamb": {
        "Cauchy-Schwarz inequality with a direction",
        "wrong coordinates are no longer than the noise",
        "2-norm below 1-norm",
    },
    "lamb published": {
        "Cauchy-Schwarz inequality with a direction",
        "2-norm below 1-norm",
    },
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_theorem_assumes_the_axioms_and_nothing_else(name):
    assert PROOFS[name]().assumptions() == ASSUMED[name]


@pytest.mark.parametrize("name", PROOFS)
def test_what_sympy_does_not_prove_is_said(name):
    assert set(PROOFS[name]().unproved()) == WORDS.get(name, set())


@pytest.mark.parametrize("name", PROOFS)
def test_every_step_rests_on_earlier_ones_and_the_axioms_are_used(name):
    seen, used = set(), set()
    for step in PROOFS[name]().steps:
        assert set(step.uses) <= seen
        assert step.known in ("assumption", "identity", "certified", "lemma", "rule")
        assert step.uses or step.known in ("assumption", "lemma", "certified") or (
            step.name == "telescope"
        )  # fmt: skip
        seen.add(step.name)
        used |= set(step.uses)
    assert set(PROOFS[name]().assumptions()) <= used


S, N, S1, S2, L_max = sp.symbols("S N S1 S2 L_max", positive=True)
G, q = matched.G, matched.q
K = (G + eps) * sp.sqrt(matched.d_max) / sp.sqrt(q)
BEFORE = gap / (eta * T) + eta * alpha_u**2 * Lambda / 2
STATEMENTS = {
    "sgd": (gap / (eta * T) + eta * N / (2 * b)) / (1 - eta * L_max / 2),
    "sgd published": (gap / (eta * T) + eta * L_max * S2 / (2 * b)) / (1 - eta * L_max / 2),
    "lars": (BEFORE + alpha_u * S / sp.sqrt(b) + alpha_u * h * eps) / alpha_l,
    "lars published": (BEFORE + 2 * alpha_u * S / sp.sqrt(b) + alpha_u * h * eps) / alpha_l,
    "lamb_sign": (BEFORE + alpha_u * N / sp.sqrt(b)) / alpha_l,
    "lamb_sign published": (BEFORE + 2 * alpha_u * S1 / sp.sqrt(b)) / alpha_l,
    "lamb_sign robust": (BEFORE + alpha_u * S / sp.sqrt(b)) / alpha_l,
    "lamb": K / alpha_l * (BEFORE + alpha_u * N / sp.sqrt(b)),
    "lamb published": K / alpha_l * (BEFORE + alpha_u * S1 / sp.sqrt(b)),
}


@pytest.mark.parametrize("name", PROOFS)
def test_the_derived_bound_is_the_stated_one(name):
    assert sp.simplify(PROOFS[name]().bound - STATEMENTS[name]) == 0


@pytest.mark.parametrize("name", ["sgd", "lamb", "lars"])
def test_the_derived_metric_is_the_stated_one(name):
    power = 1 if name == "lars" else 2
    assert PROOFS[name]().metric == over_layers(average(norm(grad[i]) ** power))


@pytest.mark.parametrize("kappa", [sp.Rational(1, 2), sp.Rational(95, 100), sp.Rational(105, 100)])
def test_another_noise_constant_of_lars_is_refused(kappa):
    with pytest.raises(ProofError, match="descent: the combination leaves over"):
        lars._derive("wrong", kappa)


@pytest.mark.parametrize("name", ["sgd", "lars", "lamb_sign", "lamb"])
def test_a_bound_with_a_letter_off_by_five_percent_is_refused(name):
    proof = PROOFS[name]()
    copy, last = copy_of(proof), proof.step("bound")
    for letter in {gap, eta, b, alpha_l, alpha_u, T} & last.upper.free_symbols:
        for percent in (95, 105):
            wrong = last.upper.subs(letter, sp.Rational(percent, 100) * letter)
            with pytest.raises(ProofError, match="wrong: the combination leaves over"):
                copy.combine("wrong", last.lower, wrong, {"bound": sp.Integer(1)}, "")


@pytest.mark.parametrize("name", PROOFS)
def test_a_wrong_coefficient_of_any_term_is_refused_at_the_end(name):
    proof = PROOFS[name]()
    for term in proof.terms:
        for factor in (sp.Rational(98, 100), sp.Rational(102, 100)):
            copy = copy_of(proof, until="terms")
            wrong = {k: v * (factor if k == term else 1) for k, v in proof.terms.items()}
            with pytest.raises(ProofError, match="wrong: the terms leave over"):
                copy.conclude("wrong", wrong, proof.abbreviations)


def copy_of(proof, until=None):
    """The same derivation in a new object, so that a test may add to it."""
    copy = Derivation(proof.title, proof.quantities[3:])
    for step in proof.steps:
        if step.name == until:
            break
        copy.abbreviations = proof.abbreviations if step.name == "terms" else {}
        copy._add(step)
    return copy


def published_lars():
    return lars._derive("again", sp.Integer(2))


def sharp_lars():
    return lars._derive("again", sp.Integer(1))


def sharp_lamb():
    return lamb_proof.derive("again", published=False)


@pytest.mark.parametrize(
    ("module", "name", "derive"),
    [
        (with_eps, "DIRECTION_EPS", sharp_lars),
        (with_eps, "SHORT", sharp_lars),
        (direction, "CAUCHY_SCHWARZ", published_lars),
        (sign, "SIGN", lamb_sign_proof.sharp),
        (sign, "SIGN_LENGTH", lamb_sign_proof.sharp),
        (sign, "SIGN_BOUND", lamb_sign_proof.as_published),
        (matched, "MATCHED", sharp_lamb),
        (matched, "HALF_WRONG", sharp_lamb),
        (matched, "SHORT", sharp_lamb),
    ],
)
def test_a_theorem_with_a_wrong_lemma_is_refused(monkeypatch, module, name, derive):
    lemma = getattr(module, name)
    derive()
    wrong = lemma._replace(upper=sp.Rational(95, 100) * lemma.upper)
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(ProofError, match=re.escape(lemma.name)):
        derive()


@pytest.mark.parametrize("axiom", ["A1", "A2 variance", "A4 upper", "A4 lower"])
def test_a_theorem_with_a_weaker_axiom_is_refused(monkeypatch, axiom):
    """Curvature above 1/2, variance above sigma^2/b, wider phi: each must be felt."""
    assume = Derivation.assume

    def weaker(self, name, lower, upper, why, *, relation="<="):
        if name == axiom == "A4 lower":
            lower = sp.Rational(95, 100) * lower
        elif name == axiom == "A1":
            upper = upper + eta**2 / 100 * over_layers(L[i] * phi[i] ** 2 * norm(u[i]) ** 2)
        elif name == axiom:
            upper = sp.Rational(105, 100) * upper
        assume(self, name, lower, upper, why, relation=relation)

    monkeypatch.setattr(Derivation, "assume", weaker)
    with pytest.raises(ProofError, match="leaves over"):
        lars._derive("wrong", sp.Integer(1))


def test_without_unbiasedness_the_noise_does_not_vanish(monkeypatch):
    monkeypatch.setattr(lars.ax, "unbiased", lambda proof: None)
    with pytest.raises(ProofError, match=r"descent: the combination leaves over .*inner\(unit"):
        lars._derive("wrong", sp.Integer(1))
    lars._derive("published, biased", sp.Integer(2))  # Cauchy-Schwarz does not need it


@pytest.mark.parametrize("module", [sgd, lars, lamb_sign, lamb])
def test_the_best_step_is_a_minimum_by_its_second_derivative(module):
    found = module.best_step()
    assert found.second_derivative.is_positive
    bound = module.derivation().bound
    slope = sp.diff(bound, eta).subs(eta, found.point)
    numbers = {s: sp.Rational(k + 3, 7) for k, s in enumerate(sorted(slope.free_symbols, key=str))}
    assert abs(float(slope.subs(numbers))) < 1e-12


def test_at_the_best_step_the_two_terms_of_lars_are_equal():
    terms, best = lars.derivation().terms, lars.best_step().point
    assert sp.simplify(best - sp.sqrt(2 * gap / (alpha_u**2 * Lambda * T))) == 0
    both = [terms[name].subs(eta, best) for name in ("start", "curvature")]
    assert sp.simplify(both[0] - both[1]) == 0
    total = sp.simplify(sum(both) - alpha_u / alpha_l * sp.sqrt(2 * gap * Lambda / T))
    assert total == 0
