r"""The mean of b samples with heavy tails.

If :math:`E\|\xi_k\|^p \le s^p` for independent :math:`\xi_k` of mean zero in a Euclidean space,
:math:`1 < p \le 2`, then

.. math::

    E\Big\|\frac1b\sum_{k=1}^b\xi_k\Big\| \le \frac{(1 + (b-1)\,2^{2-p})^{1/p}}{b}\, s
    \le 2^{2/p - 1}\, s\, b^{-(1 - 1/p)} \le 2^{1/p}\, s\, b^{-(1 - 1/p)} .

At p = 2 and at b = 1 the first is the plain bound :math:`s/\sqrt b`. The last is the inequality of
von Bahr and Esseen (1965).
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.letters import b, noise
from theory.kernel.words import i, mean_now, norm

sample = sp.IndexedBase("sample", real=True)
moment = sp.IndexedBase("moment", positive=True)
p = sp.Symbol("p", positive=True)

MEAN = ("mean of b independent samples", sample)
A2 = ((mean_now(norm(sample[i]) ** p), moment[i] ** p),)

HEAVY_TAILS = Lemma(
    name="mean of b samples with p-th moments",
    lower=mean_now(norm(noise[i])),
    upper=(1 + (b - 1) * 2 ** (2 - p)) ** (1 / p) / b * moment[i],
    where={noise: MEAN},
    cases=(),
    proof=(
        "Let F(x) = ||x||^(p-2) x, a = p - 1 <= 1. Then ||F(x) - F(y)|| <= 2^(1-a) ||x - y||^a: "
        "its square is at most the right side's, because for given lengths the left square is "
        "affine and the right one concave in the cosine of x and y, so that the difference is "
        "least where they are parallel, and there |r^a - s^a| <= |r - s|^a and "
        "r^a + s^a <= 2^(1-a) (r + s)^a. As p F is the gradient of ||x||^p, integrating along y "
        "gives ||x + y||^p <= ||x||^p + p <F(x), y> + 2^(2-p) ||y||^p. Add the samples one by one: "
        "the inner product has mean zero, the first sample counts once, each other one 2^(2-p) "
        "times: E||sum||^p <= (1 + (b-1) 2^(2-p)) s^p. Jensen: E||mean|| <= (E||sum||^p)^(1/p) / b."
    ),
    reference=(
        "the Hoelder constant is known: Rodomanov and Nesterov 2020, Smoothness parameter of "
        "power of Euclidean norm, JOTA 185; the inequality sharpens von Bahr and Esseen 1965"
    ),
    hypotheses=A2,
)

VON_BAHR_ESSEEN = Lemma(
    name="inequality of von Bahr and Esseen",
    lower=mean_now(norm(noise[i])),
    upper=2 ** (1 / p) * b ** (1 / p - 1) * moment[i],
    where={noise: MEAN},
    cases=(),
    proof="(1 + (b-1) 2^(2-p))^(1/p) / b <= (2 b)^(1/p) / b, as 2^(2-p) <= 2.",
    reference="von Bahr and Esseen 1965, Annals of Mathematical Statistics 36, for numbers",
    hypotheses=A2,
    rests_on=(HEAVY_TAILS,),
)
