r"""Three facts about vectors: the triangle inequality, unit vectors, the direction of a sum."""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.signs import Certificate
from theory.kernel.words import i, inner, norm
from theory.lemmas import direction
from theory.lemmas.direction import COSINE, A, B, a, b, c, delta, u, unit

x, y, z = sp.symbols("x y z", cls=sp.IndexedBase, real=True)
S = sp.Symbol("S", nonnegative=True)  # length of x + y, by the law of cosines

TRIANGLE = Lemma(
    name="triangle inequality",
    lower=norm(z[i]),
    upper=norm(x[i]) + norm(y[i]),
    where={z: ("sum", x, y)},
    cases=(
        Certificate(
            "x and y not 0, cosine c in [-1, 1]",
            {norm(x[i]): A, norm(y[i]): B, norm(z[i]): S},
            (2 * A * B * (1 - c),),
            COSINE,
            (A + B, S),
            {S: A**2 + B**2 + 2 * A * B * c},
        ),
        Certificate("x = 0", {norm(x[i]): 0, norm(z[i]): norm(y[i])}, ()),
        Certificate("y = 0", {norm(y[i]): 0, norm(z[i]): norm(x[i])}, ()),
    ),
    proof="Law of cosines.",
)

UNIT = Lemma(
    name="a direction is 1 or 0 long",
    lower=norm(u[i]),
    upper=1,
    where={u: ("direction", b)},
    cases=(
        Certificate("b not 0", {norm(u[i]): 1}, ()),
        Certificate("b = 0, so u = 0", {norm(u[i]): 0}, (1,)),
    ),
    proof="u = b / ||b||, or 0.",
)

# b = a + delta says the same as delta = b - a; some derivations need to open the sum
DIRECTION_OF_SUM = direction.DIRECTION._replace(
    name="direction lemma for a sum",
    where={u: ("direction", b), b: ("sum", a, delta), unit: ("direction", a)},
)

R = sp.Symbol("R", positive=True)
pulled = sp.IndexedBase("pulled", real=True)
D = direction.D  # length of b - a

SCALED_DIRECTION = Lemma(
    name="direction lemma, R times",
    lower=R * norm(a[i]) - inner(a[i], pulled[i]),
    upper=R * (norm(delta[i]) - inner(unit[i], delta[i])),
    where={pulled: ("direction times", b, R), delta: ("difference", b, a), unit: ("direction", a)},
    cases=(
        Certificate(
            "a and b not 0, cosine c in [-1, 1]",
            {
                norm(a[i]): A,
                inner(a[i], pulled[i]): R * A * c,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): B * c - A,
            },
            tuple(R**2 * term for term in direction.SQUARE),
            COSINE,
            (R * D, R * (B - A) * c),
            direction.LAW,
        ),
        Certificate(
            "b = 0, so the pull is 0",
            {
                norm(a[i]): A,
                inner(a[i], pulled[i]): 0,
                norm(delta[i]): A,
                inner(unit[i], delta[i]): -A,
            },
            (R * A,),
        ),
        Certificate(
            "a = 0, b any",
            {
                norm(a[i]): 0,
                inner(a[i], pulled[i]): 0,
                norm(delta[i]): D,
                inner(unit[i], delta[i]): 0,
            },
            (R * D,),
        ),
    ),
    proof="The direction lemma, multiplied by R.",
)

SCALED_LENGTH = Lemma(
    name="R times a direction is R or 0 long",
    lower=norm(pulled[i]),
    upper=R,
    where={pulled: ("direction times", b, R)},
    cases=(
        Certificate("b not 0", {norm(pulled[i]): R}, ()),
        Certificate("b = 0", {norm(pulled[i]): 0}, (R,)),
    ),
    proof="R b / ||b||, or 0.",
)
