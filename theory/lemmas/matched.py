r"""What Adam's normalised direction keeps of the gradient, per coordinate (LAMB, beta2 > 0).

Let :math:`r_j = g_j/(\sqrt{v_j} + \epsilon)` with
:math:`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`, and :math:`u = r/\|r\|` (0 if r = 0). If
:math:`|g_j| \le G` always, then with the **constant**
:math:`c = \sqrt{1 - \beta_2}/((G + \epsilon)\sqrt{d_{max}})`

.. math::

    a_j u_j \;\ge\; c\,a_j g_j - w_j|u_j| ,\qquad w_j = |a_j|\,1[a_j g_j < 0] ,

because :math:`u_j = g_j\,\omega_j` with
:math:`\omega_j = 1/((\sqrt{v_j} + \epsilon)\|r\|) \ge c`. That c is a constant is the point: v
depends on g, and no expectation of their product is needed.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.signs import Certificate
from theory.kernel.words import i, j, norm, over_coordinates

a, b, u, delta, sign_a, wrong = sp.symbols(
    "a b u delta sign_a wrong", cls=sp.IndexedBase, real=True
)
G, eps = sp.Symbol("G", positive=True), sp.Symbol("eps", nonnegative=True)
# 1 - beta2, and the largest layer
q, d_max = sp.Symbol("q", positive=True), sp.Symbol("d_max", integer=True, positive=True)
C = sp.sqrt(q) / ((G + eps) * sp.sqrt(d_max))

A, B, U = sp.symbols("A B U", nonnegative=True)
more = sp.Symbol("more", nonnegative=True)  # omega - c, nonnegative by RATE

ADAM = ("normalised Adam direction", b, q, eps)
WRONG = ("where the sign is wrong", a, b)
BOUNDED = ((sp.Abs(b[i, j]), G),)

# sqrt v = V <= G = V + s, ||r|| = R <= sqrt(d_max / q) = R + t
s, t = sp.symbols("s t", nonnegative=True)
V, R = sp.symbols("V R", positive=True)
RATE = Lemma(
    name="rate of a matched coordinate",
    lower=1 / ((V + s + eps) * (R + t)),
    upper=1 / ((V + eps) * R),
    where={},
    cases=(
        Certificate(
            "v > 0 and r not 0",
            {},
            (((V + eps) * t + s * (R + t)) / ((V + eps) * R * (V + s + eps) * (R + t)),),
        ),
    ),
    proof="sqrt v = V <= G = V + s by the next lemma, and |r_j| <= 1/sqrt(1-beta2), as "
    "v >= (1-beta2) g^2, so that ||r|| = R <= sqrt(d_max/(1-beta2)) = R + t. "
    "Where g_j = 0, u_j = 0 and there is nothing to show.",
)

# with c = 1 - beta2^t: bias correction divides v by c, and c_next = beta2 c + q
v, c, g = sp.symbols("v c g", real=True)
beta2 = sp.Symbol("beta2", positive=True)
SECOND_MOMENT = Lemma(
    name="the second moment stays below G^2",
    lower=beta2 * v + q * g**2,
    upper=(beta2 * c + q) * G**2,
    where={},
    cases=(
        Certificate(
            "v <= c G^2 before",
            {},
            (beta2 * (c * G**2 - v), q * (G**2 - g**2)),
            (c * G**2 - v, G**2 - g**2),
        ),
    ),
    proof="By induction from v = 0; c = 1 is the case without bias correction.",
)

MATCHED = Lemma(
    name="matched coordinates",
    lower=C * a[i, j] * b[i, j] - a[i, j] * u[i, j],
    upper=wrong[i, j] * sp.Abs(u[i, j]),
    where={u: ADAM, wrong: WRONG, d_max: ("largest size",)},
    # a >= 0 without loss of generality
    cases=(
        Certificate(
            "a = A, g = B of the same sign, u = g (c + m)",
            {a[i, j]: A, b[i, j]: B, u[i, j]: B * (C + more), wrong[i, j]: 0},
            (A * B * more,),
        ),
        Certificate(
            "a = A, g = -B of opposite sign, u = -U",
            {a[i, j]: A, b[i, j]: -B, u[i, j]: -U, wrong[i, j]: A},
            (C * A * B,),
        ),
    ),
    proof="The sign of u is that of g, |u| = |g| omega, and omega >= c is the next lemma.",
    reference="proof of Theorem 3 of You et al. 2020, with G + eps and unequal layers",
    hypotheses=BOUNDED,
    rests_on=(RATE, SECOND_MOMENT),
)

HALF_WRONG = Lemma(
    name="wrong signs are half the noise",
    lower=wrong[i, j],
    upper=(sp.Abs(delta[i, j]) - sign_a[i, j] * delta[i, j]) / 2,
    where={wrong: WRONG, delta: ("difference", b, a), sign_a: ("sign", a)},
    # a >= 0 without loss of generality
    cases=(
        Certificate(
            "a = A > 0, g = -B <= 0",
            {wrong[i, j]: A, delta[i, j]: -A - B, sign_a[i, j]: 1},
            (B,),
        ),
        Certificate(
            "a > 0, g >= 0, delta = A >= 0",
            {wrong[i, j]: 0, delta[i, j]: A, sign_a[i, j]: 1},
            (),
        ),
        Certificate(
            "a > 0, g >= 0, delta = -A <= 0",
            {wrong[i, j]: 0, delta[i, j]: -A, sign_a[i, j]: 1},
            (A,),
        ),
        Certificate("a = 0", {wrong[i, j]: 0, sign_a[i, j]: 0}, (sp.Abs(delta[i, j]) / 2,)),
    ),
    proof="The sign lemma, for the indicator of a wrong sign.",
)

WRONG_IS_NOISE = Lemma(
    name="wrong coordinates are no longer than the noise",
    lower=norm(wrong[i]),
    upper=norm(delta[i]),
    where={wrong: WRONG, delta: ("difference", b, a)},
    cases=(),
    proof=(
        "Where the signs differ |b_j - a_j| = |b_j| + |a_j| >= |a_j|; the norm grows with every "
        "coordinate's size."
    ),
)

WRONG_IN_ONE_NORM = Lemma(
    name="2-norm below 1-norm",
    lower=norm(wrong[i]),
    upper=over_coordinates(wrong[i, j]),
    where={wrong: WRONG},
    cases=(),
    proof="(sum_j w_j)^2 >= sum_j w_j^2 for w_j >= 0.",
)

CAUCHY_SCHWARZ = Lemma(
    name="Cauchy-Schwarz inequality with a direction",
    lower=over_coordinates(wrong[i, j] * sp.Abs(u[i, j])),
    upper=norm(wrong[i]),
    where={u: ADAM, wrong: WRONG},
    cases=(),
    proof="sum_j w_j |u_j| <= ||w|| ||u|| and ||u|| is 1 or 0.",
)

SHORT = Lemma(
    name="Adam's normalised direction is no longer than 1",
    lower=norm(u[i]),
    upper=1,
    where={u: ADAM},
    cases=(
        Certificate("r not 0", {norm(u[i]): 1}, ()),
        Certificate("r = 0, so u = 0", {norm(u[i]): 0}, (1,)),
    ),
    proof="u = r/||r||, or 0.",
)
