r"""The direction lemma: what a normalised noisy gradient loses, and why the constant is 1.

For :math:`a \ne 0`, pointwise,

.. math::

    \|a\| - \Big\langle a, \frac{b}{\|b\|}\Big\rangle
    \;\le\; \|b - a\| - \Big\langle \frac{a}{\|a\|}, b - a\Big\rangle .

If :math:`E b = a` the last term vanishes in expectation: the loss is at most
:math:`E\|b - a\|`, with constant 1. The paper applies Cauchy-Schwarz to that term instead and gets
:math:`2\|b - a\|`, which is the best pointwise constant (take :math:`b = -\varepsilon a`).
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.signs import Certificate
from theory.kernel.words import i, inner, norm

a, b, u, delta, unit = sp.symbols("a b u delta unit", cls=sp.IndexedBase, real=True)
eps = sp.Symbol("eps", nonnegative=True)

# lengths of a and b, cosine of their angle
A, B = sp.symbols("A B", positive=True)
c = sp.Symbol("c", real=True)
D = sp.Symbol("D", nonnegative=True)  # length of b - a, by the law of cosines
LAW = {D: A**2 + B**2 - 2 * A * B * c}
COSINE = (1 - c, 1 + c)
SQUARE = ((A - B) ** 2 * (1 - c) * (1 + c), 2 * A * B * (1 - c))

WHERE = {
    u: ("direction", b),
    delta: ("difference", b, a),
    unit: ("direction", a),
}
LEFT = norm(a[i]) - inner(a[i], u[i])

DIRECTION = Lemma(
    name="direction lemma",
    lower=LEFT,
    upper=norm(delta[i]) - inner(unit[i], delta[i]),
    where=WHERE,
    cases=(
        Certificate(
            "a and b not 0, cosine c in [-1, 1]",
            {
                norm(a[i]): A,
                inner(a[i], u[i]): A * c,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): B * c - A,
            },
            SQUARE,
            COSINE,
            (D, (B - A) * c),
            LAW,
        ),
        Certificate(
            "b = 0, so u = 0",
            {
                norm(a[i]): A,
                inner(a[i], u[i]): 0,
                norm(delta[i]): A,
                inner(unit[i], delta[i]): -A,
            },
            (A,),
        ),
        Certificate(
            "a = 0, b any",
            {
                norm(a[i]): 0,
                inner(a[i], u[i]): 0,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): 0,
            },
            (D,),
        ),
    ),
    proof="Law of cosines; |c| <= 1 is Cauchy-Schwarz. The three cases are all cases.",
    reference="sharpens the lemma in the proof of Theorem 2 of You et al. 2020",
)

CAUCHY_SCHWARZ = Lemma(
    name="Cauchy-Schwarz inequality against a unit vector",
    lower=-inner(unit[i], delta[i]),
    upper=norm(delta[i]),
    where={unit: ("direction", a)},
    cases=(
        Certificate(
            "a not 0, cosine c in [-1, 1]",
            {inner(unit[i], delta[i]): A * c, norm(delta[i]): A},
            (A * (1 + c),),
            COSINE,
        ),
        Certificate("a = 0 or delta = 0", {inner(unit[i], delta[i]): 0}, (norm(delta[i]),)),
    ),
    proof="It is the definition of the cosine that |c| <= 1.",
)
