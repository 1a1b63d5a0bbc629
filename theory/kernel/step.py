"""One step of a derivation."""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp

from theory.kernel.words import CONSTANT, FRESH, PAST, ProofError, Quantity, T, d, h

RELATIONS = ("<=", "<", "=")
EVERYWHERE = (
    Quantity(h, CONSTANT, "number of layers"),
    Quantity(d, CONSTANT, "size of layer $i$"),
    Quantity(T, CONSTANT, "number of steps"),
)


class Step(NamedTuple):
    """``lower relation upper``, true for every layer, coordinate and time step, almost surely.

    Attributes
    ----------
    name : str
    lower, upper : sympy.Expr
    relation : str
        ``"<="``, ``"<"`` or ``"="``.
    known : str
        ``"assumption"``, ``"identity"``, ``"certified"``, ``"lemma"`` or ``"rule"``.
    why : str
        The reason in words.
    uses : tuple of str
        Names of the earlier steps that it rests on.
    """

    name: str
    lower: sp.Expr
    upper: sp.Expr
    relation: str
    known: str
    why: str
    uses: tuple[str, ...] = ()

    @property
    def residual(self) -> sp.Expr:
        """``upper - lower``: what is nonnegative."""
        return self.upper - self.lower


def check_quantities(title: str, quantities: tuple[Quantity, ...]) -> None:
    """Every letter once, and none known earlier than what it is made of."""
    rank = {CONSTANT: 0, PAST: 1, FRESH: 2}
    known: dict[sp.Expr, str] = {}
    for q in quantities:
        if q.known not in rank:
            raise ProofError(f"{title}: {q.letter} is {q.known!r}, not constant, past or fresh")
        if q.letter in known:
            raise ProofError(f"{title}: {q.letter} is declared twice")
        known[q.letter] = q.known
    for q in quantities:
        if q.definition and q.definition[0] not in ("next", "gap"):
            for part in q.definition[1:]:
                if rank[known.get(part, CONSTANT)] > rank[q.known]:
                    raise ProofError(
                        f"{title}: {q.letter} is declared {q.known}, but {part} is {known[part]}"
                    )
