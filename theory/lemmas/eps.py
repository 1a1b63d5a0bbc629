r"""The direction lemma with :math:`\epsilon` in the denominator: it costs :math:`\epsilon`.

With :math:`u = b/(\|b\| + \epsilon)`,

.. math::

    \|a\| - \langle a, u\rangle
    \;\le\; \|b - a\| - \Big\langle \frac{a}{\|a\|}, b - a\Big\rangle + \epsilon ,
    \qquad \|u\| \le 1 .

:math:`\epsilon = 0` is the direction lemma itself.
"""

from __future__ import annotations

from theory.kernel.lemma import Lemma
from theory.kernel.signs import Certificate
from theory.kernel.words import i, inner, norm
from theory.lemmas.direction import COSINE, LAW, LEFT, A, B, D, a, b, c, delta, eps, u, unit

SHARE = B / (B + eps)  # of a unit vector that is left

DIRECTION_EPS = Lemma(
    name="direction lemma with eps",
    lower=LEFT,
    upper=norm(delta[i]) - inner(unit[i], delta[i]) + eps,
    where={
        u: ("direction", b, eps),
        delta: ("difference", b, a),
        unit: ("direction", a),
    },
    cases=(
        Certificate(
            "a and b not 0, cosine c in [-1, 1]",
            {
                norm(a[i]): A,
                inner(a[i], u[i]): A * c * SHARE,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): B * c - A,
            },
            (
                (A - B) ** 2 * (1 - c) * (1 + c),
                2 * A * B * (1 - c),
                (A - B) ** 2 * c**2 * (eps**2 + 2 * B * eps) / (B + eps) ** 2,
            ),
            COSINE,
            (
                D,
                SHARE * (B - A) * c,
                eps * B * (1 - c) / (B + eps),
                eps**2 / (B + eps),
            ),
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
            (A, eps),
        ),
        Certificate(
            "a = 0, b any",
            {
                norm(a[i]): 0,
                inner(a[i], u[i]): 0,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): 0,
            },
            (D, eps),
        ),
    ),
    proof="As for eps = 0, with the share ||b|| / (||b|| + eps) of the unit vector.",
)

SHORT = Lemma(
    name="a direction is no longer than 1",
    lower=norm(u[i]),
    upper=1,
    where={u: ("direction", b, eps)},
    cases=(
        Certificate("b not 0", {norm(u[i]): SHARE}, (eps / (B + eps),)),
        Certificate("b = 0, so u = 0", {norm(u[i]): 0}, (1,)),
    ),
    proof="||u|| = ||b|| / (||b|| + eps).",
)
