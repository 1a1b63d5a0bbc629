"""Every wrong bound, algorithm, metric and step size, and which witnesses notice it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from theory.mutants import MUTANTS, SURVIVORS, Mutant, kills


class Fate(NamedTuple):
    """What became of a mutant.

    Attributes
    ----------
    mutant : Mutant
    exceeded : int
        Witnesses that measure more than the wrong bound allows.
    moved : int
        Witnesses that notice in any way: also those whose known ratio is another now.
    first : str
        A witness that notices, one that exceeds the bound if there is one; "" if it survives.
    """

    mutant: Mutant
    exceeded: int
    moved: int
    first: str


def fates(
    mutants: Sequence[Mutant] = MUTANTS, progress: Callable[[int], None] = lambda count: None
) -> list[Fate]:
    """Judge mutants; ``progress`` is told how many are done.

    Examples
    --------
    >>> fate = fates([m for m in MUTANTS if m.name == "LARS: noise constant 0.95"])[0]
    >>> fate.first, fate.exceeded > 0
    ('LARS noise, T = 4096', True)
    """
    found = []
    for count, mutant in enumerate(mutants, 1):
        noticed = kills(mutant)
        over = [k.witness for k in noticed if any("violated" in how for how in k.how)]
        first = (over or [k.witness for k in noticed] or [""])[0]
        found.append(Fate(mutant, len(over), len(noticed), first))
        progress(count)
    return found


def text_rows(found: Sequence[Fate]) -> list[tuple[str, ...]]:
    """The fates as text, under a header."""
    out: list[tuple[str, ...]] = [("mutant", "kind", "exceeded", "moved", "killed by")]
    for f in found:
        killer = f.first or "SURVIVES"
        out.append((f.mutant.name, f.mutant.kind, str(f.exceeded), str(f.moved), killer))
    return out


def survivor_rows() -> list[tuple[str, ...]]:
    """Changes that no witness can notice, each with the reason why that is right."""
    return [("not a mistake", "why"), *((m.name, why) for m, why in SURVIVORS)]


def summary(found: Sequence[Fate]) -> str:
    """One line: how many there are, how many die, how.

    Examples
    --------
    >>> m = Mutant("m", "sgd", "", "wrong")
    >>> summary([Fate(m, 2, 3, "a"), Fate(m, 0, 1, "b"), Fate(m, 0, 0, "")])
    '2 of 3 mutants are killed: 1 exceeded by a witness, 1 by a known ratio that moved; 1 survives'
    """
    dead = [f for f in found if f.moved]
    over = sum(bool(f.exceeded) for f in dead)
    alive = len(found) - len(dead)
    line = (
        f"{len(dead)} of {len(found)} mutants are killed: {over} exceeded by a witness, "
        f"{len(dead) - over} by a known ratio that moved"
    )
    return line + (f"; {alive} survive{'s' if alive == 1 else ''}" if alive else "")
