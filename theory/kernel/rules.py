"""What the rules that take a target check: multipliers, divisors, and that nothing is left over."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.kernel.normal import Definitions, is_zero
from theory.kernel.signs import is_nonnegative, is_positive
from theory.kernel.step import Step
from theory.kernel.words import ProofError, T


def check_combination(
    name: str,
    target: sp.Expr,
    parts: list[tuple[Step, sp.Expr]],
    premises: list[sp.Expr],
    definitions: Definitions,
) -> None:
    """``target`` is the sum of the steps' residuals times nonnegative multipliers."""
    total = sp.Integer(0)
    for step, multiplier in parts:
        if step.relation != "=" and not is_nonnegative(multiplier, premises):
            raise ProofError(
                f"{name}: the multiplier {multiplier} of {step.name!r} is not known to be >= 0"
            )
        total += multiplier * step.residual
    missing = target - total
    if not is_zero(missing, definitions):
        raise ProofError(f"{name}: the combination leaves over {sp.expand(missing)}")


def check_division(
    name: str,
    target: sp.Expr,
    step: Step,
    by: sp.Expr,
    given: list[Step],
    definitions: Definitions,
) -> None:
    """``target`` is the step's residual over ``by > 0``."""
    for used in given:
        if used.relation != "<":
            raise ProofError(f"{name}: {used.name!r} is not strict, one cannot divide by it")
    if not is_positive(by, [used.residual for used in given]):
        raise ProofError(f"{name}: the divisor {by} is not known to be > 0")
    missing = target - step.residual / by
    if not is_zero(missing, definitions):
        raise ProofError(f"{name}: the division leaves over {sp.expand(missing)}")


def check_telescope(
    name: str,
    meanings: Mapping[sp.Expr, tuple],
    definitions: Definitions,
    first: int,
    last: sp.Expr,
) -> None:
    """The letters mean what a telescoping sum needs, and it runs over the steps of the average."""
    for letter, wanted in meanings.items():
        if definitions.get(letter) != wanted:
            raise ProofError(f"{name}: {letter} is not declared as {wanted[0]} of {wanted[1]}")
    f, t = sp.Function("F"), sp.Symbol("t", integer=True)
    total = sp.Sum(f(t) - f(t + 1), (t, first, last)).doit()
    if total - (f(1) - f(T + 1)) != 0:
        raise ProofError(f"{name}: the average runs over 1..T, not over {first}..{last}")
