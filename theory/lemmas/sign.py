r"""The sign lemma: what a noisy sign loses, coordinate by coordinate.

For numbers a, b with :math:`\delta = b - a`, and :math:`r \in \{-1, 1\}` with :math:`r b \ge 0`
(so either sign will do at b = 0, but 0 will not),

.. math::

    |a| - a r \;\le\; |\delta| - \mathrm{sign}(a)\,\delta .

The left side is :math:`2|a|` where the signs differ, else 0. If :math:`E b = a` the last term
vanishes in expectation: :math:`E\,|a| 1[\text{signs differ}] \le E|b - a|/2`, half of what Markov's
inequality gives in the paper.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.signs import Certificate
from theory.kernel.words import d, i, inner, j, norm, over_coordinates

a, b, r, delta, sign_a = sp.symbols("a b r delta sign_a", cls=sp.IndexedBase, real=True)
u = sp.IndexedBase("u", real=True)
eps = sp.Symbol("eps", nonnegative=True)
A, B = sp.symbols("A B", nonnegative=True)

SIGN = Lemma(
    name="sign lemma",
    lower=sp.Abs(a[i, j]) - a[i, j] * r[i, j],
    upper=sp.Abs(delta[i, j]) - sign_a[i, j] * delta[i, j],
    where={
        r: ("sign, never 0", b),
        delta: ("difference", b, a),
        sign_a: ("sign", a),
    },
    # by symmetry a >= 0: replace (a, b, r) by (-a, -b, -r)
    cases=(
        Certificate(
            "a = A >= 0, b = A + B, r = 1",
            {a[i, j]: A, r[i, j]: 1, delta[i, j]: B, sign_a[i, j]: 1},
            (),
        ),
        Certificate(
            "a = A + B, b = A >= 0, r = 1",
            {a[i, j]: A + B, r[i, j]: 1, delta[i, j]: -B, sign_a[i, j]: 1},
            (2 * B,),
        ),
        Certificate(
            "a = A > 0, b = -B <= 0, r = -1",
            {a[i, j]: A, r[i, j]: -1, delta[i, j]: -A - B, sign_a[i, j]: 1},
            (2 * B,),
        ),
        Certificate(
            "a = 0, where sign(a) = 0",
            {a[i, j]: 0, sign_a[i, j]: 0},
            (sp.Abs(delta[i, j]),),
        ),
    ),
    proof="a >= 0 without loss of generality: both sides are even in (a, b, r).",
    reference="sharpens the sign lemma in the proof of Theorem 3 of You et al. 2020",
)

SIGN_LENGTH = Lemma(
    name="squared length of a vector of signs",
    lower=norm(r[i]) ** 2,
    upper=d[i],
    where={r: ("sign, never 0", b)},
    cases=(Certificate("every coordinate is 1 or -1", {norm(r[i]): sp.sqrt(d[i])}, ()),),
    proof="The sum of d ones.",
)

SIGN_BOUND = Lemma(
    name="a number times a sign",
    lower=-sign_a[i, j] * delta[i, j],
    upper=sp.Abs(delta[i, j]),
    where={sign_a: ("sign", a)},
    cases=(
        Certificate("delta = A >= 0, sign 1", {delta[i, j]: A, sign_a[i, j]: 1}, (2 * A,)),
        Certificate("delta = -A <= 0, sign 1", {delta[i, j]: -A, sign_a[i, j]: 1}, ()),
        Certificate("delta = A >= 0, sign -1", {delta[i, j]: A, sign_a[i, j]: -1}, ()),
        Certificate("delta = -A <= 0, sign -1", {delta[i, j]: -A, sign_a[i, j]: -1}, (2 * A,)),
        Certificate("sign 0", {sign_a[i, j]: 0}, (sp.Abs(delta[i, j]),)),
    ),
    proof="The five cases are all cases.",
)

ROBUST = Lemma(
    name="sign direction with zeros or eps",
    lower=over_coordinates(sp.Abs(a[i, j]) + sign_a[i, j] * delta[i, j]) / sp.sqrt(d[i])
    - inner(a[i], u[i]),
    upper=norm(delta[i]) + eps * sp.sqrt(d[i]),
    where={
        u: ("sign direction", b, eps),
        delta: ("difference", b, a),
        sign_a: ("sign", a),
    },
    cases=(),
    proof=(
        "u = r/||r|| with r_j = b_j/(|b_j| + eps), and 0 where b_j = 0 (u = 0 if b = 0). "
        "As |b_j| |r_j| = |b_j| - eps |r_j| and ||r||_1/sqrt(d) <= ||r|| <= sqrt(d), "
        "<b, u> = (||b||_1 - eps ||r||_1)/||r|| >= ||b||_1/sqrt(d) - eps sqrt(d). "
        "<a - b, u> >= -||delta|| by Cauchy-Schwarz, and "
        "||b||_1 >= sum_j sign(a_j) b_j = ||a||_1 + sum_j sign(a_j) delta_j. Add the three. "
        "SymPy checks none of it for general d; a test tries it on many vectors."
    ),
)

SHORT = Lemma(
    name="a sign direction is no longer than 1",
    lower=norm(u[i]),
    upper=1,
    where={u: ("sign direction", b, eps)},
    cases=(
        Certificate("b not 0", {norm(u[i]): 1}, ()),
        Certificate("b = 0, so u = 0", {norm(u[i]): 0}, (1,)),
    ),
    proof="u = r/||r||, or 0.",
)
