"""A derivation with a few letters of every kind, for the tests of the kernel's rules."""

import sympy as sp

from theory.kernel import (
    Derivation,
    Quantity,
    i,
    norm,
)
from theory.kernel.letters import COMMON, SIGMA, UNIT, noise, unit

x = sp.Symbol("x", real=True)
p = sp.Symbol("p", positive=True)
n = sp.Symbol("n", nonnegative=True)
z = sp.Symbol("z", real=True)
w = sp.IndexedBase("w", real=True)
ONE = sp.Integer(1)


def new_proof():
    """Return a fresh derivation."""
    known = (
        *COMMON,
        SIGMA,
        UNIT,
        Quantity(x, "past", "anything known"),
        Quantity(p, "constant", "positive"),
        Quantity(n, "constant", "nonnegative"),
        Quantity(z, "fresh", "anything fresh"),
        Quantity(w, "fresh", "a fresh vector"),
    )
    out = Derivation("test", known)
    out.assume("x <= 3", x, 3, "given")
    out.assume("1 <= x", 1, x, "given")
    out.assume("unit", norm(unit[i]), 1, "given")
    out.assume_unbiased("mean", noise, "given")
    return out
