r"""A lemma: an inequality about letters with given meanings, and how it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sympy as sp

from theory.kernel.signs import Certificate, check_certificate
from theory.kernel.words import INDICES, ProofError, letters


class Lemma(NamedTuple):
    r"""``lower <= upper`` for all letters with the definitions in ``where``.

    Attributes
    ----------
    name : str
    lower, upper : sympy.Expr
        The statement, in the lemma's own letters.
    where : dict
        What its letters mean: ``{u: ("direction", b), delta: ("difference", b, a)}``. A derivation
        may use the lemma for letters with the same definitions only.
    cases : tuple of Certificate
        One per case; together they cover everything (``proof`` says why). Empty if SymPy cannot
        check the proof: then ``known`` is ``"lemma"`` and the proof is the text.
    proof : str
        In words; for a certified lemma what the cases leave unsaid.
    reference : str
    hypotheses : tuple of (lower, upper)
        Inequalities that the statement needs; a derivation must have them as steps.
    rests_on : tuple of Lemma
        Lemmas that the proof uses; they are checked with it.
    """

    name: str
    lower: sp.Expr
    upper: sp.Expr
    where: dict
    cases: tuple[Certificate, ...]
    proof: str
    reference: str = ""
    hypotheses: tuple[tuple[sp.Expr, sp.Expr], ...] = ()
    rests_on: tuple[Lemma, ...] = ()

    @property
    def known(self) -> str:
        """``"certified"`` if SymPy checks every case, ``"lemma"`` if the proof is the text."""
        return "certified" if self.cases else "lemma"

    def family(self) -> Iterator[Lemma]:
        """Itself, what it rests on, what that rests on, and so on."""
        yield self
        for other in self.rests_on:
            yield from other.family()

    def check(self) -> None:
        """Raise `ProofError` unless every certificate holds."""
        for other in self.rests_on:
            other.check()
        for case in self.cases:
            check_certificate(self.name, self.upper - self.lower, case)
        if not self.cases and not self.proof:
            raise ProofError(f"{self.name}: neither certificates nor a proof in words")


def instance(
    name: str, lemma: Lemma, roles: Mapping[sp.Expr, sp.Expr], definitions: Mapping[sp.Expr, tuple]
) -> tuple[sp.Expr, sp.Expr]:
    """Both sides of a lemma for other letters; `ProofError` if these do not mean the same."""
    lemma.check()
    if any(index in roles for index in INDICES):
        raise ProofError(f"{name}: the indices i and j keep their meaning")
    used = letters(sp.sympify(lemma.lower)) | letters(sp.sympify(lemma.upper)) | set(lemma.where)
    for letter in sorted(used, key=str):
        own = roles.get(letter, letter)
        if not _sign_of(own) >= _sign_of(letter):
            raise ProofError(f"{name}: {own} lacks a sign that {lemma.name} wants of {letter}")
        wanted = tuple(
            roles.get(part, part) if isinstance(part, sp.Basic) else part
            for part in lemma.where.get(letter, ())
        )
        found = definitions.get(own, ())
        if wanted and found != wanted:
            raise ProofError(
                f"{name}: {lemma.name} wants {own} to be {_words(wanted)}, "
                f"it is {_words(found) or 'anything'}"
            )
    return spelled(lemma.lower, roles), spelled(lemma.upper, roles)


def spelled(expr: sp.Expr, roles: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """An expression of a lemma in a derivation's letters."""
    return sp.sympify(expr).xreplace(dict(roles))


def _sign_of(letter: sp.Expr) -> set:
    """Declared properties that a certificate may have used."""
    properties = ("real", "nonnegative", "positive", "integer")
    return {p for p in properties if getattr(letter, f"is_{p}") is True}


def _words(definition: tuple) -> str:
    return f"{definition[0]}({', '.join(map(str, definition[1:]))})" if definition else ""
