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

w, rho = sp.symbols("w rho", cls=sp.IndexedBase, nonnegative=True)

CHEBYSHEV = Lemma(
    name="Chebyshev's sum inequality",
    lower=over_coordinates(w[i, j]) * over_coordinates(rho[i, j] ** 2),
    upper=d[i] * over_coordinates(w[i, j] * rho[i, j] ** 2),
    where={w: ("nondecreasing function", rho)},
    cases=(),
    proof=(
        "The difference is half the sum over all j and k of (w_j - w_k) (rho_j^2 - rho_k^2), whose "
        "factors have the same sign."
    ),
    reference="Hardy, Littlewood and Polya 1934, section 2.17",
)

WEIGHTED = Lemma(
    name="Cauchy-Schwarz inequality with weights",
    lower=over_coordinates(w[i, j] * rho[i, j]) ** 2,
    upper=over_coordinates(w[i, j]) * over_coordinates(w[i, j] * rho[i, j] ** 2),
    where={},
    cases=(),
    proof="(sum_j x_j y_j)^2 <= sum_j x_j^2 sum_j y_j^2 with x_j = sqrt(w_j), y_j = x_j rho_j.",
)

# W_k sums w_j rho_j^k over the coordinates of a layer, R^2 sums rho_j^2
W0, W1, W2 = sp.symbols("W_0 W_1 W_2", nonnegative=True)
R = sp.Symbol("R", positive=True)
SOFT_SIGN = Lemma(
    name="a sign direction gains the 1-norm over sqrt(d)",
    lower=over_coordinates(sp.Abs(b[i, j])) / sp.sqrt(d[i]),
    upper=inner(b[i], u[i]),
    where={u: ("sign direction", b, eps)},
    cases=(
        Certificate(
            "b not 0",
            {over_coordinates(sp.Abs(b[i, j])): W1, inner(b[i], u[i]): W2 / R},
            (
                W2 * (d[i] * W2 - W0 * R**2) / (R**2 * d[i]),
                (W0 * W2 - W1**2) / d[i],
            ),
            (d[i] * W2 - W0 * R**2, W0 * W2 - W1**2),
            (W2 / R, W1 / sp.sqrt(d[i])),
        ),
        Certificate(
            "b = 0, so u = 0",
            {over_coordinates(sp.Abs(b[i, j])): 0, inner(b[i], u[i]): 0},
            (),
        ),
    ),
    proof=(
        "u = r/||r|| with r_j = b_j/(|b_j| + eps), and 0 where b_j = 0. Let w_j = |b_j| + eps and "
        "rho_j = |r_j|, so that |b_j| = w_j rho_j, <b, r> = sum_j w_j rho_j^2 and ||r|| = R. "
        "w_j grows with rho_j, since both grow with |b_j|; for eps = 0, rho_j is 0 or 1 and "
        "w_j = 0 where it is 0. The premises are the next two lemmas."
    ),
    rests_on=(CHEBYSHEV, WEIGHTED),
)

ROBUST = Lemma(
    name="sign direction with zeros or eps",
    lower=over_coordinates(sp.Abs(a[i, j]) + sign_a[i, j] * delta[i, j]) / sp.sqrt(d[i])
    - inner(a[i], u[i]),
    upper=norm(delta[i]),
    where={
        u: ("sign direction", b, eps),
        delta: ("difference", b, a),
        sign_a: ("sign", a),
    },
    cases=(),
    proof=(
        "<b, u> >= ||b||_1/sqrt(d) by the next lemma, whatever eps; "
        "<a - b, u> >= -||delta|| by Cauchy-Schwarz, as ||u|| <= 1; and "
        "||b||_1 >= sum_j sign(a_j) b_j = ||a||_1 + sum_j sign(a_j) delta_j. Add the three."
    ),
    rests_on=(SOFT_SIGN,),
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
