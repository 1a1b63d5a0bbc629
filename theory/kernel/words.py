r"""The vocabulary of the proofs: indices, norms and inner products, expectations, quantities.

A layer's vector is written ``grad[i]``, its coordinate ``grad[i, j]``; :math:`i = 1, \dots, h` and
:math:`j = 1, \dots, d_i`. `norm`, `inner`, `mean_now` and `average` are inert: they compute
nothing, the rules of the kernel say what may be done with them.

======================  =====================================================================
``norm(x[i])``          :math:`\|x_i\|`, Euclidean
``inner(x[i], y[i])``   :math:`\langle x_i, y_i\rangle`
``mean_now(z)``         :math:`E_t[z] = E[z \mid F_t]`, given the past (all samples before step t)
``average(z)``          :math:`\frac1T\sum_{t=1}^T E[z_t]`, over the run
======================  =====================================================================
"""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp

i = sp.Symbol("i", integer=True, positive=True)
j = sp.Symbol("j", integer=True, positive=True)
h = sp.Symbol("h", integer=True, positive=True)
d = sp.IndexedBase("d", integer=True, positive=True)
T = sp.Symbol("T", integer=True, positive=True)

norm = sp.Function("norm", nonnegative=True)
inner = sp.Function("inner", real=True)
mean_now = sp.Function("mean_now", real=True)
average = sp.Function("average", real=True)

INDICES = (i, j)
RANGES = {i: (1, h), j: (1, d[i])}
CONSTANT, PAST, FRESH = "constant", "past", "fresh"


class Quantity(NamedTuple):
    """A letter of a derivation and what the rules may know about it.

    Attributes
    ----------
    letter : sympy.Symbol or sympy.IndexedBase
        Its declared sign (``positive=True`` ...) is trusted: it belongs to the assumptions.
    known : str
        ``"constant"``: the same number all along; ``"past"``: known before the sample of step t
        is drawn, may differ from step to step; ``"fresh"``: depends on the sample of step t.
    meaning : str
        In words, with LaTeX between dollar signs.
    definition : tuple
        ``("sum", x, y)``, ``("direction", x)``, ... : what the letter abbreviates; lemmas ask
        for it, and ``("sum", x, y)`` is used in identities. Empty: none.
    latex : str
        How it is printed; the letter's own name if empty.
    """

    letter: sp.Expr
    known: str
    meaning: str
    definition: tuple = ()
    latex: str = ""


class ProofError(ValueError):
    """A step that does not follow; the message names it."""


def over_layers(term: sp.Expr) -> sp.Expr:
    r""":math:`\sum_{i=1}^h`."""
    return sp.Sum(term, (i, *RANGES[i]))


def over_coordinates(term: sp.Expr) -> sp.Expr:
    r""":math:`\sum_{j=1}^{d_i}`."""
    return sp.Sum(term, (j, *RANGES[j]))


def letters(expr: sp.Expr) -> set:
    """Symbols and bases in an expression; the summation indices are not among them."""
    if isinstance(expr, sp.Indexed):
        return {expr.base}.union(*(letters(sp.sympify(k)) for k in expr.indices))
    if isinstance(expr, sp.IndexedBase):
        return {expr}
    if isinstance(expr, sp.Symbol):
        return set() if expr in INDICES else {expr}
    return set().union(*(letters(arg) for arg in expr.args))
