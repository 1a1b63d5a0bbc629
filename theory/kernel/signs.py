r"""Which expressions are certainly nonnegative, and certificates: sums of such expressions.

A certificate proves :math:`u - l \ge 0` by writing it as a sum of terms, each of them a product
of factors that are nonnegative for a visible reason: SymPy derives it from the declared signs
(squares, positive letters), or the factor is one of the premises. A wrong constant breaks the
identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sympy as sp

from theory.kernel.normal import Definitions, is_zero
from theory.kernel.words import ProofError


def is_nonnegative(expr: sp.Expr, premises: Iterable[sp.Expr] = ()) -> bool:
    """True if every factor is nonnegative by SymPy's assumptions or is one of the premises.

    What may be infinite is not nonnegative to SymPy: 1/n only if n is positive.

    Examples
    --------
    >>> x, p = sp.Symbol("x", real=True), sp.Symbol("p", positive=True)
    >>> is_nonnegative(p * x**2), is_nonnegative(p * (1 - x)), is_nonnegative(p * (1 - x), [1 - x])
    (True, False, True)
    """
    known = list(premises)
    return all(_factor(f, known) for f in sp.Mul.make_args(sp.sympify(expr)))


def is_positive(expr: sp.Expr, premises: Iterable[sp.Expr] = ()) -> bool:
    """True if every factor is positive by SymPy's assumptions or is one of the strict premises."""
    known = list(premises)
    factors = sp.Mul.make_args(sp.sympify(expr))
    return all(f.is_positive is True or _among(f, known) for f in factors)


def _factor(factor: sp.Expr, premises: list[sp.Expr]) -> bool:
    return factor.is_nonnegative is True or _among(factor, premises)


def _among(factor: sp.Expr, premises: list[sp.Expr]) -> bool:
    return any(is_zero(factor - p) for p in premises)


class Certificate(NamedTuple):
    r"""One case of a pointwise inequality: values for its inner products, and why it holds there.

    Attributes
    ----------
    case : str
        When it applies, in words.
    values : dict
        What the letters, norms and inner products of the statement are in this case.
    terms : tuple of sympy.Expr
        Nonnegative terms that add up to the residual ``upper - lower``.
    premises : tuple of sympy.Expr
        Expressions that are nonnegative in this case; each term may have them as factors.
    root : tuple (X, Y, *rest), optional
        If given, the residual is X - Y + sum(rest) with X >= 0 and nonnegative rest, and the terms
        add up to :math:`X^2 - Y^2` instead (:math:`X \ge |Y| \ge Y`).
    """

    case: str
    values: dict
    terms: tuple
    premises: tuple = ()
    root: tuple = ()
    squares: dict = {}  # noqa: RUF012 (a default that nothing writes into)


def check_certificate(
    name: str,
    residual: sp.Expr,
    certificate: Certificate,
    definitions: Definitions | None = None,
) -> None:
    """Raise `ProofError` unless the certificate proves ``residual >= 0`` in its case."""
    where = f"{name}, {certificate.case}" if certificate.case else name
    value = sp.sympify(residual).subs(certificate.values, simultaneous=True)
    if certificate.root:
        x, y, *rest = (sp.sympify(part) for part in certificate.root)
        if not is_zero(value - (x - y) - sum(rest), definitions):
            raise ProofError(f"{where}: the residual {value} is not ({x}) - ({y}) + {rest}")
        _check_terms(where, rest, certificate.premises)
        if x.is_nonnegative is not True:
            raise ProofError(f"{where}: {x} is not known to be nonnegative")
        squares = {letter**2: square for letter, square in certificate.squares.items()}
        value = sp.expand(x**2 - y**2).subs(squares)
    total = sum(certificate.terms, sp.Integer(0))
    if not is_zero(value - total, definitions):
        raise ProofError(f"{where}: the terms add up to {total}, not to {sp.expand(value)}")
    _check_terms(where, certificate.terms, certificate.premises)


def _check_terms(where: str, terms: Iterable[sp.Expr], premises: tuple) -> None:
    for term in terms:
        if not is_nonnegative(term, premises):
            raise ProofError(f"{where}: the term {term} is not known to be nonnegative")
