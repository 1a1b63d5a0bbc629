r"""The mean of b samples with heavy tails.

If :math:`E\|\xi_k\|^p \le s^p` for independent :math:`\xi_k` of mean zero in a Euclidean space,
:math:`1 < p \le 2`, then

.. math::

    E\Big\|\frac1b\sum_{k=1}^b\xi_k\Big\| \le 2^{2/p - 1}\, s\, b^{-(1 - 1/p)} .

At p = 2 this is :math:`s/\sqrt b`, the bound by the variance. The better known inequality of von
Bahr and Esseen (1965), with :math:`2^{1/p}`, is weaker by the factor :math:`2^{1 - 1/p}`.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.words import i, mean_now, norm

noise = sp.IndexedBase("noise", real=True)
moment = sp.IndexedBase("moment", positive=True)
b = sp.Symbol("b", integer=True, positive=True)
p = sp.Symbol("p", positive=True)

HEAVY_TAILS = Lemma(
    name="mean of b samples with p-th moments",
    lower=mean_now(norm(noise[i])),
    upper=2 ** (2 / p - 1) * moment[i] * b ** (1 / p - 1),
    where={noise: ("mean of b independent samples", moment, p)},
    cases=(),
    proof=(
        "The gradient p ||x||^(p-2) x of ||x||^p is Hoelder: its increments are at most "
        "p 2^(2-p) ||x - y||^(p-1). So ||x + y||^p <= ||x||^p + <gradient, y> + 2^(2-p) ||y||^p, "
        "and adding the samples one by one, E||sum||^p <= 2^(2-p) b s^p. "
        "Jensen: E||mean|| <= (2^(2-p) b s^p)^(1/p) / b."
    ),
    reference=(
        "Hoelder constant: Rodomanov and Nesterov 2020, Smoothness parameter of power of "
        "Euclidean norm, JOTA 185"
    ),
)
