r"""A mutant: a theorem with one mistake in it, and the witnesses that notice.

A mistake in a bound leaves what is measured as it is, so it is judged on every witness; a mistake
in an algorithm, a metric or the best step size is run again, on the witnesses of at most
`QUICK` steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from theory.constants import Constants
from theory.witnesses import CLAIMS, WITNESSES, Claim, Ratios, Witness, faults
from theory.witnesses.runs import OffLatticeError
from theory.witnesses.witness import step_of

# (terms of the sharp bound, constants, arguments) -> the wrong bound
Formula = Callable[[Mapping[str, float], Constants, Mapping[str, Any]], float]
QUICK = 512


class Mutant(NamedTuple):
    """A theorem with one mistake.

    Attributes
    ----------
    name : str
    theorem : str
        Key of `theory.witnesses.CLAIMS`.
    story : str
        Who would write it, or what it would mean.
    kind : str
        "wrong": a bound that is false, and some witness exceeds it; "loose": a bound that is true
        but larger than need be, noticed because a known ratio moves; "open": a bound that no
        witness exceeds and nobody has proved; "algorithm", "metric" or "step size".
    sharp, published : Formula, optional
        In the place of `bound` and `published`.
    algorithm, metric, optimal_step : function, optional
        In the place of the claim's.
    """

    name: str
    theorem: str
    story: str
    kind: str
    sharp: Formula | None = None
    published: Formula | None = None
    algorithm: Callable[..., Any] | None = None
    metric: Callable[..., Any] | None = None
    optimal_step: Callable[..., float] | None = None


class Kill(NamedTuple):
    """A witness, and how it notices: the faults of `theory.witnesses.faults`, or "off lattice"."""

    witness: str
    how: tuple[str, ...]


def kills(mutant: Mutant) -> tuple[Kill, ...]:
    """Judge a mutant on the witnesses of its theorem.

    Examples
    --------
    >>> from theory.mutants import MUTANTS
    >>> mutant = next(m for m in MUTANTS if m.name == "LARS: noise constant 0.95")
    >>> [(kill.witness, kill.how[0]) for kill in kills(mutant)][-2:]
    [('lars together', 'moved'), ('lars together, best step', 'moved')]
    """
    return tuple(judged(mutant))


def judged(mutant: Mutant) -> Iterator[Kill]:
    """The same, one after the other: who needs only one need not wait for all."""
    for witness in WITNESSES:
        if witness.theorem == mutant.theorem:
            how = _judge(mutant, witness)
            if how:
                yield Kill(witness.name, how)


def killed_by(mutant: Mutant) -> list[str]:
    """Names of the witnesses that notice the mutant; none: it survives."""
    return [kill.witness for kill in kills(mutant)]


def _judge(mutant: Mutant, witness: Witness) -> tuple[str, ...]:
    own = CLAIMS[mutant.theorem]
    claim = own._replace(
        algorithm=mutant.algorithm or own.algorithm,
        metric=mutant.metric or own.metric,
        optimal_step=mutant.optimal_step or own.optimal_step,
    )
    step_size = step_of(witness, claim)
    if claim == own or (claim[:-1] == own[:-1] and step_size == step_of(witness, own)):
        measured = _measured(witness.name)
    elif int(witness.arguments["steps"]) > QUICK:
        return ()
    else:
        try:
            with np.errstate(all="ignore"):
                measured = witness.measure(claim, step_size, int(witness.arguments["steps"]))
        except OffLatticeError:
            return ("off lattice",)
    parts, published = _bounds(witness.name, step_size)
    arguments = {**witness.arguments, "step_size": step_size}
    sharp = sum(parts.values())
    if mutant.sharp is not None:
        sharp = mutant.sharp(parts, witness.constants, arguments)
    if mutant.published is not None:
        published = mutant.published(parts, witness.constants, arguments)
    return faults(witness, Ratios(measured, measured / sharp, measured / published, 1.0))


@cache
def _witness(name: str) -> tuple[Witness, Claim]:
    witness = next(w for w in WITNESSES if w.name == name)
    return witness, CLAIMS[witness.theorem]


@cache
def _measured(name: str) -> float:
    """What the theorem's own algorithm measures."""
    witness, claim = _witness(name)
    return witness.measure(claim, step_of(witness, claim), int(witness.arguments["steps"]))


@cache
def _bounds(name: str, step_size: float) -> tuple[Mapping[str, float], float]:
    """The terms of the right sharp bound, and the right published bound (nan: none)."""
    witness, claim = _witness(name)
    arguments = {**witness.arguments, "step_size": step_size}
    parts = claim.terms(witness.constants, **arguments)
    if claim.published is None:
        return parts, float("nan")
    return parts, claim.published(witness.constants, **arguments)
