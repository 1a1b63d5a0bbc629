r"""A witness: an instance on which measured / bound is known, and nearly 1 for one term.

A bound that is never exceeded may still be wrong by any factor on the safe side, and one that is
nearly attained somewhere may be wrong elsewhere on the other. So a witness is two-sided: its ratio
must not pass 1, and must be what it is known to be, to ``tolerance``. Whatever changes a constant,
a norm or an exponent of a bound, or the algorithm or metric that is run, moves some ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from theory.constants import Constants


class Claim(NamedTuple):
    """What a theorem says, as functions: those of its module, or one of them replaced by a mutant.

    Attributes
    ----------
    terms, bound, published : (constants, step_size, steps, batch_size, phi, ...) -> number
        ``terms`` gives the named terms of ``bound``. ``published`` is None where the paper has no
        such statement.
    metric : gradient layers -> number
    algorithm : (step_size, ...) -> step
    optimal_step : (constants, steps, batch_size, phi) -> number
    """

    terms: Callable[..., dict[str, float]]
    bound: Callable[..., float]
    published: Callable[..., float] | None
    metric: Callable[..., Any]
    algorithm: Callable[..., Any]
    optimal_step: Callable[..., float]


Measure = Callable[[Claim, float, int], float]  # (claim, step_size, steps) -> average of the metric


class Witness(NamedTuple):
    r"""One instance.

    Attributes
    ----------
    name : str
    theorem : str
        Key of `theory.witnesses.CLAIMS`.
    term : str
        The term of the bound that the instance is about.
    constants : Constants
    arguments : mapping
        Keyword arguments of the bound; without "step_size" the claim's own ``optimal_step``.
    measure : (claim, step_size, steps) -> float
        Runs the claim's algorithm; an exact expectation.
    known : float
        measured / bound.
    known_published : float or None
        measured / published.
    tolerance : float
        How far, relatively, a ratio may be from the known one.
    """

    name: str
    theorem: str
    term: str
    constants: Constants
    arguments: Mapping[str, Any]
    measure: Measure
    known: float
    known_published: float | None
    tolerance: float = 1e-6


class Ratios(NamedTuple):
    """What a witness measured, over the sharp and over the published bound; ``share`` of its term.

    Attributes
    ----------
    measured, sharp, published, share : float
        ``published`` is nan where there is no such bound; ``share`` is the part of the sharp bound
        that is the witness' term.
    """

    measured: float
    sharp: float
    published: float
    share: float


def ratios(witness: Witness, claim: Claim, measured: float | None = None) -> Ratios:
    """Measure, unless ``measured`` is given, and divide by the claim's bounds.

    Examples
    --------
    >>> from theory.witnesses import CLAIMS, WITNESSES
    >>> first = WITNESSES[0]
    >>> found = ratios(first, CLAIMS[first.theorem])
    >>> first.name, round(found.sharp, 9)
    ('SGD start, 1/L', 1.0)
    """
    arguments = dict(witness.arguments)
    step_size = step_of(witness, claim)
    arguments["step_size"] = step_size
    if measured is None:
        measured = witness.measure(claim, step_size, arguments["steps"])
    bound = claim.bound(witness.constants, **arguments)
    published = float("nan")
    if claim.published is not None:
        published = measured / claim.published(witness.constants, **arguments)
    parts = claim.terms(witness.constants, **arguments)
    share = parts[witness.term] / sum(parts.values()) if witness.term in parts else 1.0
    return Ratios(measured, measured / bound, published, share)


def step_of(witness: Witness, claim: Claim) -> float:
    """Return the step size of the instance: its own, or the claim's best."""
    given = witness.arguments
    if "step_size" in given:
        return float(given["step_size"])
    return claim.optimal_step(
        witness.constants,
        steps=given["steps"],
        batch_size=given["batch_size"],
        phi=given.get("phi", (1.0, 1.0)),
    )


ROUNDING = 1e-9


def faults(witness: Witness, found: Ratios) -> tuple[str, ...]:
    """Return what is wrong with the ratios, nothing if the claim passes this witness.

    "violated": measured is above the sharp bound; "moved": the ratio is not the known one;
    "published violated" and "published moved" likewise.

    Examples
    --------
    >>> from theory.witnesses import WITNESSES
    >>> faults(WITNESSES[0], Ratios(1.0, 1.05, 1.0, 1.0))
    ('violated', 'moved')
    """
    out = []
    pairs = (
        ("", found.sharp, witness.known),
        ("published ", found.published, witness.known_published),
    )
    for prefix, ratio, known in pairs:
        if known is None:
            continue
        if ratio > 1 + ROUNDING:
            out.append(prefix + "violated")
        if not abs(ratio - known) <= witness.tolerance * known:  # also where ratio is nan
            out.append(prefix + "moved")
    return tuple(out)
