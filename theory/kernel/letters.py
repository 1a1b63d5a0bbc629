r"""The letters that the theorems share, and what they mean.

Deviations from zero are declared positive: a bound at :math:`\sigma_i = 0` or
:math:`\Delta = 0` is the limit of the bounds for larger values, which hold a fortiori.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.words import CONSTANT, FRESH, PAST, Quantity

f = sp.Symbol("f", real=True)
f_next = sp.Symbol("f_next", real=True)
gap = sp.Symbol("gap", positive=True)
eta = sp.Symbol("eta", positive=True)
b = sp.Symbol("b", integer=True, positive=True)
alpha_l = sp.Symbol("alpha_l", positive=True)
alpha_u = sp.Symbol("alpha_u", positive=True)
eps = sp.Symbol("eps", nonnegative=True)
L = sp.IndexedBase("L", nonnegative=True)
sigma = sp.IndexedBase("sigma", positive=True)
coordinate_sigma = sp.IndexedBase("s", positive=True)
phi = sp.IndexedBase("phi", positive=True)
grad = sp.IndexedBase("grad", real=True)
g = sp.IndexedBase("g", real=True)
noise = sp.IndexedBase("noise", real=True)
unit = sp.IndexedBase("unit", real=True)
u = sp.IndexedBase("u", real=True)

Lambda = sp.Symbol("Lambda", positive=True)

F = Quantity(f, PAST, "$f(x^t)$", (), "f(x^t)")
F_NEXT = Quantity(f_next, FRESH, "$f(x^{t+1})$", ("next", f), "f(x^{t+1})")
GAP = Quantity(gap, CONSTANT, "$f(x^1) - f^*$, or its expectation", ("gap", f), r"\Delta")
ETA = Quantity(eta, CONSTANT, "step size", (), r"\eta")
BATCH = Quantity(b, CONSTANT, "batch size")
ALPHA_L = Quantity(alpha_l, CONSTANT, r"lower bound of $\phi$", (), r"\alpha_l")
ALPHA_U = Quantity(alpha_u, CONSTANT, r"upper bound of $\phi$", (), r"\alpha_u")
EPS = Quantity(eps, CONSTANT, "added to a denominator", (), r"\epsilon")
SMOOTHNESS = Quantity(L, CONSTANT, "smoothness of layer $i$", (), "L_{#}")
SIGMA = Quantity(sigma, CONSTANT, "standard deviation of one sample's layer", (), r"\sigma_{#}")
COORDINATE_SIGMA = Quantity(
    coordinate_sigma, CONSTANT, "the same per coordinate", (), r"\tilde\sigma_{#}"
)
PHI = Quantity(phi, PAST, r"$\phi(\|x_i^t\|)$", (), r"\phi_{#}")
GRAD = Quantity(grad, PAST, r"$\nabla_i f(x^t)$", (), r"\nabla_{#}")
G = Quantity(g, FRESH, "mini-batch gradient", ("sum", grad, noise), "g_{#}")
NOISE = Quantity(noise, FRESH, r"$g_i - \nabla_i$", ("difference", g, grad), r"\delta_{#}")
UNIT = Quantity(
    unit, PAST, r"$\nabla_i/\|\nabla_i\|$, or 0", ("direction", grad), r"\hat\nabla_{#}"
)

# what every theorem about a stochastic step in layers speaks of
COMMON = (F, F_NEXT, GAP, ETA, BATCH, SMOOTHNESS, GRAD, G, NOISE)
