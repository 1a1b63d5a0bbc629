r"""How far the gradient moves when the layers move (needs A1 from both sides).

A1': :math:`|f(y) - f(x) - \langle\nabla f(x), y - x\rangle| \le \tfrac12\sum_i L_i\|y_i - x_i\|^2`.
Then :math:`\|x_i - y_i\| \le r` for all i implies
:math:`\sum_i\|\nabla_i f(x) - \nabla_i f(y)\| \le \Lambda r`, :math:`\Lambda = \sum_i L_i`.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.words import i, norm, over_layers

drift = sp.IndexedBase("drift", real=True)
L = sp.IndexedBase("L", nonnegative=True)
radius = sp.Symbol("radius", nonnegative=True)

DRIFT = Lemma(
    name="drift of the gradient",
    lower=over_layers(norm(drift[i])),
    upper=radius * over_layers(L[i]),
    where={drift: ("gradient difference within", radius)},
    cases=(),
    proof=(
        "A1' says that the Hessian (or its mollification) lies between -D and D with "
        "D = diag(L_i), so ||grad f(x) - grad f(y)||_{1/D} <= ||x - y||_D <= radius sqrt(Lambda). "
        "Cauchy-Schwarz: sum_i ||z_i|| <= sqrt(sum_i L_i) sqrt(sum_i ||z_i||^2 / L_i) "
        "<= Lambda radius."
    ),
    reference="dual Lipschitz form, e.g. Nesterov 2004, Theorem 2.1.5",
)
