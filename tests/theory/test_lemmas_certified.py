"""Every lemma passes its own check, and no lemma passes with a smaller constant."""

import re

import pytest
import sympy as sp

from theory.kernel import Certificate, Derivation, Lemma, ProofError, Quantity, i, inner, j, norm
from theory.kernel.letters import COMMON, EPS, UNIT, eps, g, grad, noise, unit
from theory.lemmas import direction, matched, sign, variance
from theory.lemmas import eps as with_eps

MODULES = (direction, with_eps, sign, matched, variance)
LEMMAS = sorted(
    {v.name: v for m in MODULES for v in vars(m).values() if isinstance(v, Lemma)}.items()
)
ALL = [lemma for _, lemma in LEMMAS]
CERTIFIED = [lemma for lemma in ALL if lemma.known == "certified"]
u = sp.IndexedBase("u", real=True)
ROLES = {
    with_eps.a: grad,
    with_eps.b: g,
    with_eps.u: u,
    with_eps.delta: noise,
    with_eps.unit: unit,
    with_eps.eps: eps,
}


def name_of(lemma):
    return lemma.name


def test_the_lemmas_are_all_here_and_those_in_words_are_known():
    assert {lemma.name for lemma in ALL if lemma.known == "lemma"} == {
        "sign direction with zeros or eps",
        "Chebyshev's sum inequality",
        "Cauchy-Schwarz inequality with weights",
        "2-norm below 1-norm",
        "wrong coordinates are no longer than the noise",
        "Cauchy-Schwarz inequality with a direction",
    }
    assert len(CERTIFIED) == 15


@pytest.mark.parametrize("lemma", ALL, ids=name_of)
def test_a_lemma_passes_its_check_and_says_why(lemma):
    lemma.check()
    assert lemma.proof


@pytest.mark.parametrize("lemma", CERTIFIED, ids=name_of)
@pytest.mark.parametrize("factor", [sp.Rational(1, 2), sp.Rational(95, 100), sp.Rational(105, 100)])
def test_a_certificate_does_not_fit_another_constant(lemma, factor):
    """In either direction: a looser statement needs its own certificate."""
    with pytest.raises(ProofError, match=re.escape(lemma.name)):
        lemma._replace(upper=factor * lemma.upper).check()


@pytest.mark.parametrize("case", [0, 1, 2])
def test_a_certificate_with_a_term_left_out_is_refused(case):
    lemma = with_eps.DIRECTION_EPS
    cases = list(lemma.cases)
    cases[case] = cases[case]._replace(terms=cases[case].terms[1:])
    with pytest.raises(ProofError, match="the terms add up to"):
        lemma._replace(cases=tuple(cases)).check()


def test_a_premise_is_needed():
    case = direction.DIRECTION.cases[0]._replace(premises=())
    with pytest.raises(ProofError, match="not known to be nonnegative"):
        direction.DIRECTION._replace(cases=(case,)).check()


def test_a_root_needs_a_nonnegative_left_side():
    x = sp.Symbol("x", real=True)
    wrong = Lemma("wrong", sp.Integer(0), x, {}, (Certificate("", {}, (x**2,), (), (x, 0)),), "no")
    with pytest.raises(ProofError, match="x is not known to be nonnegative"):
        wrong.check()


def test_a_root_is_about_the_residual():
    x = sp.Symbol("x", nonnegative=True)
    case = Certificate("", {}, (3 * x**2,), (), (2 * x, x))  # x >= 0 indeed, but the claim is 3 x
    with pytest.raises(ProofError, match="the residual -3\\*x is not"):
        Lemma("wrong", 3 * x, sp.Integer(0), {}, (case,), "no").check()


def test_what_a_lemma_rests_on_is_checked_and_listed_to_the_end():
    words = Lemma("words", sp.Integer(0), sp.Integer(1), {}, (), "said")
    middle = Lemma("middle", sp.Integer(0), sp.Integer(1), {}, (Certificate("", {}, (1,)),), "", "")
    middle = middle._replace(rests_on=(words,))
    proof = derivation(())
    proof.lemma("step", middle._replace(name="top", rests_on=(middle,)), {})
    assert proof.unproved() == ("words",)
    assert tuple(proof.lemmas) == ("top", "middle", "words")
    false = middle._replace(upper=sp.Integer(-1))
    with pytest.raises(ProofError, match="middle: the terms add up to"):
        proof.lemma("no", middle._replace(rests_on=(false,)), {})


def test_what_is_added_to_a_root_must_be_nonnegative():
    x = sp.Symbol("x", real=True)
    case = Certificate("", {}, (), (), (sp.Integer(0), sp.Integer(0), x))
    with pytest.raises(ProofError, match="the term x is not known to be nonnegative"):
        Lemma("wrong", sp.Integer(0), x, {}, (case,), "no").check()


def derivation(definition):
    letter = Quantity(u, "fresh", "a direction", definition)
    return Derivation("test", (*COMMON, EPS, UNIT, letter))


def test_a_lemma_speaks_of_letters_with_its_definitions_only():
    proof = derivation(("direction", g, eps))
    proof.lemma("direction", with_eps.DIRECTION_EPS, ROLES)
    assert proof.step("direction").lower == norm(grad[i]) - inner(grad[i], u[i])
    for other in ((), ("direction", g), ("direction", noise, eps), ("sign direction", g, eps)):
        with pytest.raises(ProofError, match="wants u to be direction"):
            derivation(other).lemma("direction", with_eps.DIRECTION_EPS, ROLES)
    backwards = {**ROLES, with_eps.a: g, with_eps.b: grad, with_eps.unit: u, with_eps.u: unit}
    with pytest.raises(ProofError, match="wants noise to be difference"):
        proof.lemma("backwards", with_eps.DIRECTION_EPS, backwards)


def test_a_lemma_wants_the_signs_that_its_certificates_use():
    free = sp.Symbol("free", real=True)
    proof = derivation(("direction", g, free))
    with pytest.raises(ProofError, match="free lacks a sign"):
        proof.lemma("direction", with_eps.DIRECTION_EPS, {**ROLES, with_eps.eps: free})


def test_a_lemma_asks_for_what_it_is_about_even_if_the_statement_does_not_name_it():
    memory = sp.Symbol("memory", positive=True)
    short = with_eps.SHORT._replace(where={**with_eps.SHORT.where, memory: ("what is kept",)})
    roles = {with_eps.b: g, with_eps.u: u, with_eps.eps: eps}
    with pytest.raises(ProofError, match="memory to be what is kept"):
        derivation(("direction", g, eps)).lemma("no", short, roles)


def test_a_lemma_keeps_the_indices():
    proof = derivation(("direction", g, eps))
    with pytest.raises(ProofError, match="the indices i and j"):
        proof.lemma("direction", with_eps.DIRECTION_EPS, {**ROLES, i: j})


def test_a_lemma_with_a_hypothesis_wants_it_as_a_step():
    from theory.theorems import lamb_proof as lp

    proof = Derivation("test", lp.QUANTITIES)
    with pytest.raises(ProofError, match="has 1 hypotheses"):
        proof.lemma("matched", matched.MATCHED, lp.ROLES)
    proof.assume("half", sp.Abs(g[i, j]), matched.G / 2, "too much")
    with pytest.raises(ProofError, match="is not the hypothesis"):
        proof.lemma("matched", matched.MATCHED, lp.ROLES, given=("half",))


def test_a_lemma_that_rests_on_a_wrong_one_is_refused():
    wrong = matched.RATE._replace(upper=matched.RATE.upper / 2)
    with pytest.raises(ProofError, match="rate of a matched coordinate"):
        matched.MATCHED._replace(rests_on=(wrong,)).check()


def test_the_variance_form_is_derived_from_certified_steps_alone():
    proof = variance.derivation()
    assert proof.unproved() == ()
    assert proof.assumptions() == ("A2 mean", "A2 variance")
    size, s = norm(grad[i]), variance.s[i]
    loss = proof.step("loss of a layer").upper
    assert sp.simplify(loss - 2 * size * s**2 / (size**2 + s**2)) == 0
    assert proof.steps[-1].upper == s
