"""Which law kills which exhibit: computed, and printed."""

from __future__ import annotations

from typing import NamedTuple

from lbopt.conformance.check import judge, prepare
from lbopt.conformance.laws import laws_of
from lbopt.conformance.museum.exhibits import EXHIBITS, Exhibit


class Matrix(NamedTuple):
    """Exhibits of one claim by the laws that kill them.

    Attributes
    ----------
    claim : the algorithm
    laws : names of its laws
    killed : name of an exhibit -> names of the laws it breaks
    """

    claim: str
    laws: tuple[str, ...]
    killed: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        width = max(map(len, self.killed))
        lines = [f"{self.claim}: exhibit x law (x = killed)"]
        lines += [f"{'':{width}} {'| ' * i}{law}" for i, law in enumerate(self.laws)]
        lines += [
            f"{name:{width}} " + " ".join("x" if law in by else "." for law in self.laws)
            for name, by in self.killed.items()
        ]
        return "\n".join(lines)


def killed_by(exhibit: Exhibit, law: str) -> bool:
    """Whether a law, held strictly, kills an exhibit."""
    lab = prepare(exhibit.factory, exhibit.claim)
    found = next(one for one in laws_of(exhibit.claim) if one.name == law)
    return judge(found, lab, strict=True).verdict == "broken"


def kill_matrix(claim: str) -> Matrix:
    """Try every law of a claim on every exhibit of it, strictly (half a minute for LAMB).

    Examples
    --------
    >>> matrix = kill_matrix("sgd")
    >>> matrix.killed["sgd_nesterov_ignored"]
    ('nesterov_looks_ahead',)
    """
    laws, killed = laws_of(claim), {}
    for exhibit in EXHIBITS:
        if exhibit.claim == claim:
            lab = prepare(exhibit.factory, claim)
            rows = [judge(laws[0], lab, strict=True)]
            if rows[0].verdict != "broken":  # without the contract nothing else can be tried
                rows += [judge(law, lab, strict=True) for law in laws[1:]]
            killed[exhibit.name] = tuple(row.law for row in rows if row.verdict == "broken")
    return Matrix(claim, tuple(law.name for law in laws), killed)
