r"""Conditional expectation and the average over the run: linear, and nothing more than that.

:math:`E_t` takes out what is known before the sample of step t, and kills what is linear in a
noise of conditional mean zero with a known coefficient: :math:`E_t\langle x, \Delta\rangle = 0`
for a known :math:`x`. It does *not* split a product of two things that depend on the sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from theory.kernel.normal import normal, outer_sum
from theory.kernel.words import (
    CONSTANT,
    FRESH,
    PAST,
    RANGES,
    ProofError,
    average,
    inner,
    letters,
    mean_now,
)

Kinds = Mapping[sp.Expr, str]
RANK = {CONSTANT: 0, PAST: 1, FRESH: 2}


def kind_of(expr: sp.Expr, kinds: Kinds) -> str:
    """``constant``, ``past`` or ``fresh``: the least known of the letters in ``expr``.

    An expectation given the past is past, an average over the run is a constant.
    """
    if expr.func == average:
        return CONSTANT
    if expr.func == mean_now:
        return min(PAST, kind_of(expr.args[0], kinds), key=RANK.__getitem__)
    if isinstance(expr, sp.Symbol | sp.Indexed | sp.IndexedBase):
        found = CONSTANT
        for letter in letters(expr):
            if letter not in kinds:
                raise ProofError(f"{letter} is not declared; add a Quantity for it")
            found = max(found, kinds[letter], key=RANK.__getitem__)
        return found
    return max((kind_of(a, kinds) for a in expr.args), key=RANK.__getitem__, default=CONSTANT)


def take_mean_now(expr: sp.Expr, kinds: Kinds, noises: frozenset) -> sp.Expr:
    r""":math:`E_t` of an expression; ``noises`` are the letters whose conditional mean is 0."""

    def of_product(fresh: list[sp.Expr]) -> sp.Expr:
        if len(fresh) == 1:
            factor = fresh[0]
            if isinstance(factor, sp.Sum):
                return _through_sum(factor, kinds, lambda e: take_mean_now(e, kinds, noises))
            if _linear_in_noise(factor, kinds, noises):
                return sp.Integer(0)
        if any(f.has(sp.Sum) for f in fresh):
            raise ProofError(f"expectation of the product {sp.Mul(*fresh)}: it does not split")
        return mean_now(sp.Mul(*fresh))

    total = sp.Integer(0)
    for term in sp.Add.make_args(normal(expr)):
        known, fresh = _parts(term, lambda f: kind_of(f, kinds) == FRESH)
        total += sp.Mul(*known) * (of_product(fresh) if fresh else 1)
    return normal(total)


def take_average(expr: sp.Expr, kinds: Kinds) -> sp.Expr:
    r""":math:`\frac1T\sum_t E`; inside it :math:`E[x\,E_t y] = E[x y]` for a known x."""
    total = sp.Integer(0)
    for term in sp.Add.make_args(normal(expr)):
        fixed, moving = _parts(term, lambda f: kind_of(f, kinds) != CONSTANT)
        total += sp.Mul(*fixed) * (_average_of(moving, kinds) if moving else 1)
    return normal(total)


def _average_of(factors: list[sp.Expr], kinds: Kinds) -> sp.Expr:
    if len(factors) == 1 and isinstance(factors[0], sp.Sum):
        return _through_sum(factors[0], kinds, lambda e: take_average(e, kinds))
    if any(f.has(sp.Sum) for f in factors):
        raise ProofError(f"average of the product {sp.Mul(*factors)}: it does not split")
    means, rest = _parts(sp.Mul(*factors), lambda f: f.func != mean_now)
    if len(means) == 1 and all(kind_of(f, kinds) != FRESH for f in rest):
        factors = [means[0].args[0], *rest]  # the tower rule
    return average(sp.Mul(*factors))


def _through_sum(total: sp.Sum, kinds: Kinds, take: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    inside, limits = outer_sum(total)
    if limits != (limits[0], *RANGES.get(limits[0], ())):
        raise ProofError(f"{total} does not run over all layers or coordinates")
    return sp.Sum(take(inside), limits)


def _parts(term: sp.Expr, wanted: Callable[[sp.Expr], bool]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Factors of a term: those that are not wanted, those that are."""
    no: list[sp.Expr] = []
    yes: list[sp.Expr] = []
    for factor in sp.Mul.make_args(term):
        (yes if wanted(factor) else no).append(factor)
    return no, yes


def _linear_in_noise(factor: sp.Expr, kinds: Kinds, noises: frozenset) -> bool:
    if isinstance(factor, sp.Indexed):
        return factor.base in noises
    if factor.func == inner:
        first, second = factor.args
        for vector, noise in ((first, second), (second, first)):
            if isinstance(noise, sp.Indexed) and noise.base in noises:
                return kind_of(vector, kinds) != FRESH
    return False
