"""Planting wrong constants in a finished derivation: every one of them must be refused."""

import pytest
import sympy as sp

from theory.kernel import Derivation, ProofError
from theory.kernel.normal import is_zero


def in_full(proof: Derivation, term: sp.Expr) -> sp.Expr:
    """A term with its abbreviations spelled out."""
    return term.xreplace(dict(proof.abbreviations))


def refuses_wrong_terms(proof: Derivation, *, last: str, by: sp.Expr) -> None:
    """Redo the division that gives the bound, with each term a twentieth too small or too large.

    ``last`` is the step that is divided by ``by``. Too large is refused like too small: a step
    must be the identity that it says it is.
    """
    metric = proof.metric
    total = sum((in_full(proof, term) for term in proof.terms.values()), sp.Integer(0))
    proof.divide("as it was", metric, total, last, by, "")
    for name, term in proof.terms.items():
        for factor in (sp.Rational(19, 20), sp.Rational(21, 20), 0, 2):
            wrong = total + (factor - 1) * in_full(proof, term)
            with pytest.raises(ProofError, match="leaves over"):
                proof.divide(f"{name} {factor}", metric, wrong, last, by, "")


def ends_with_its_terms(proof: Derivation) -> None:
    """The last step's right side is the sum of the terms, and in full the step before it."""
    last, before = proof.steps[-1], proof.steps[-2]
    assert last.known == "identity"
    assert sp.expand(last.upper - sum(proof.terms.values())) == 0
    assert is_zero(in_full(proof, last.upper) - before.upper)
