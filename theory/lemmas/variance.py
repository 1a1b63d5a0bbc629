r"""The direction lemma with a second moment: a Cantelli inequality for a layer.

If :math:`E b = a` and :math:`E\|b - a\|^2 \le s^2`, then with :math:`u = b/\|b\|`

.. math::

    \|a\| - E\langle a, u\rangle \;\le\; \frac{2\|a\|s^2}{\|a\|^2 + s^2} \;\le\; s .

It is smaller than s where the gradient is well above or below the noise. The loss s itself is
attained in the limit: noise of size s and random sign on a gradient just below s. It is not used by
the bounds, whose averages need something linear in s.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.kernel import axioms as ax
from theory.kernel.derivation import Derivation
from theory.kernel.lemma import Lemma
from theory.kernel.letters import GRAD, NOISE, G, g, grad, noise
from theory.kernel.signs import Certificate
from theory.kernel.words import CONSTANT, FRESH, Quantity, i, inner, mean_now, norm
from theory.lemmas.direction import A, B, a, b, u

s = sp.IndexedBase("deviation", positive=True)
K = norm(a[i]) ** 2 + s[i] ** 2
m = sp.Symbol("m", nonnegative=True)  # minus the cosine where that is negative
p = sp.Symbol("p", nonnegative=True)  # the cosine where it is not
k = A**2 + s[i] ** 2
rho = A * B / k


def _values(cosine: sp.Expr) -> dict:
    return {
        norm(a[i]): A,
        norm(b[i]): B,
        inner(a[i], u[i]): A * cosine,
        inner(a[i], b[i]): A * B * cosine,
    }


MAJORANT = Lemma(
    name="quadratic majorant of the loss of direction",
    lower=norm(a[i]) - inner(a[i], u[i]),
    upper=2
    * norm(a[i])
    * (norm(a[i]) ** 2 * norm(b[i]) ** 2 / K**2 - 2 * inner(a[i], b[i]) / K + 1),
    where={u: ("direction", b)},
    cases=(
        Certificate(
            "a and b not 0, cosine p in [0, 1]",
            _values(p),
            (2 * A * (rho - p) ** 2, A * (1 - p) * (1 + 2 * p)),
            (1 - p,),
        ),
        Certificate(
            "a and b not 0, cosine -m in [-1, 0]",
            _values(-m),
            (2 * A * rho**2, 4 * A * rho * m, A * (1 - m)),
            (1 - m,),
        ),
        Certificate(
            "b = 0, so u = 0",
            {norm(a[i]): A, norm(b[i]): 0, inner(a[i], u[i]): 0, inner(a[i], b[i]): 0},
            (A,),
        ),
        Certificate(
            "a = 0",
            {norm(a[i]): 0, inner(a[i], u[i]): 0, inner(a[i], b[i]): 0},
            (),
        ),
    ),
    proof="A parabola in b that touches the loss at b = (1 + s^2/|a|^2) a.",
    reference="after Cantelli's inequality, the case of one dimension",
)


@cache
def derivation() -> Derivation:
    """The inequality above, given the past, for any deviation s of the noise."""
    direction = Quantity(u, FRESH, r"$g_i/\|g_i\|$, or 0", ("direction", g), "u_{#}")
    deviation = Quantity(s, CONSTANT, r"$\sigma_i/\sqrt b$", (), "s_{#}")
    known = (GRAD, G, NOISE, direction, deviation)
    proof = Derivation("Direction lemma, variance form", known)
    one, size = sp.Integer(1), norm(grad[i])
    ax.unbiased(proof)
    square = mean_now(norm(noise[i]) ** 2)
    proof.assume("A2 variance", square, s[i] ** 2, "variance of the mini-batch")
    proof.lemma("majorant", MAJORANT, {a: grad, b: g, u: u})

    total, lost = size**2 + s[i] ** 2, size - inner(grad[i], u[i])
    cross, noise2 = inner(grad[i], noise[i]), norm(noise[i]) ** 2
    length = size**2 + 2 * cross + noise2
    right = 2 * size * (size**2 * length / total**2 - 2 * (size**2 + cross) / total + 1)
    proof.combine("expanded", lost, right, {"majorant": one}, "g = gradient + noise")
    proof.expect("expected loss", "expanded")
    left = size - mean_now(inner(grad[i], u[i]))
    right = 2 * size * s[i] ** 2 / total
    using = {"expected loss": one, "A2 variance": 2 * size**3 / total**2}
    proof.combine("loss of a layer", left, right, using, "insert the variance")
    terms = [s[i] * (size - s[i]) ** 2 / total]
    proof.certify("AM-GM", right, s[i], terms, "a square is nonnegative")
    using = {"loss of a layer": one, "AM-GM": one}
    proof.combine("loss below s", left, s[i], using, "one after the other")
    return proof
