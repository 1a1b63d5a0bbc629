r"""The best step size, by calculus in SymPy: derivative, root, second-order condition."""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp

from theory.kernel.words import ProofError


class Minimum(NamedTuple):
    """Where a function of one positive variable is least.

    Attributes
    ----------
    point, value : sympy.Expr
    derivative, second_derivative : sympy.Expr
        In the variable that was differentiated; the second is positive everywhere.
    variable : sympy.Symbol
    """

    point: sp.Expr
    value: sp.Expr
    derivative: sp.Expr
    second_derivative: sp.Expr
    variable: sp.Symbol


def minimise(
    name: str,
    expr: sp.Expr,
    variable: sp.Symbol,
    *,
    substitution: tuple[sp.Symbol, sp.Expr] | None = None,
) -> Minimum:
    r"""The only minimum over ``variable > 0``; `ProofError` if SymPy cannot show that it is one.

    The second derivative must be positive for all positive letters (strict convexity), so the one
    root of the derivative is the global minimum.

    Parameters
    ----------
    name : str
        For the error.
    expr : sympy.Expr
        All its letters must be declared positive.
    variable : sympy.Symbol
    substitution : (sympy.Symbol, sympy.Expr), optional
        ``(y, g(y))`` with g increasing in y > 0: minimise over ``variable = g(y)`` instead, where
        the function is convex in y and not in the variable.

    Examples
    --------
    >>> x, a, b = sp.symbols("x a b", positive=True)
    >>> minimise("AM-GM", a / x + b * x, x).value
    2*sqrt(a)*sqrt(b)
    """
    y, place = substitution or (variable, variable)
    if substitution and sp.factor(sp.diff(place, y)).is_positive is not True:
        raise ProofError(f"{name}: {place} is not known to increase with {y}")
    function = sp.expand(sp.cancel(sp.together(expr.subs(variable, place))))
    first, second = sp.diff(function, y), sp.expand(sp.diff(function, y, 2))
    if second.is_positive is not True:
        raise ProofError(f"{name}: the second derivative {second} is not known to be positive")
    roots = [r for r in sp.solve(first, y) if r.is_positive]
    if len(roots) != 1 or sp.simplify(first.subs(y, roots[0])) != 0:
        raise ProofError(f"{name}: {first} = 0 has not exactly one positive root in {y}: {roots}")
    point = sp.simplify(place.subs(y, roots[0]))
    value = sp.simplify(function.subs(y, roots[0]))
    return Minimum(point, value, first, second, y)
