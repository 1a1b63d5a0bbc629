r"""What an average of the gradients of a run remembers: old noise and old gradients.

A momentum is an average :math:`m_t = \sum_{s\le t} w_{t,s}\,g_s` with :math:`\sum_s w_{t,s} = 1`.
Its error has two parts,

.. math::

    m_t - \nabla f(x^t) = \sum_s w_{t,s}\,\delta_s
    + \sum_s w_{t,s}\,\big(\nabla f(x^s) - \nabla f(x^t)\big) .

*Noise.* The :math:`\delta_s` are orthogonal in expectation, so that
:math:`E\|\sum_s w_{t,s}\delta_{s,i}\|^2 \le s_t^2\sigma_i^2/b` with
:math:`s_t^2 = \sum_s w_{t,s}^2`; without today's batch :math:`s_t'^2 = \sum_{s<t} w_{t,s}^2`.
*Drift.* In t - s steps every layer moves :math:`(t - s)\eta\alpha_u` at most, so that the second
part is at most :math:`a_t\,\eta\alpha_u\Lambda`, summed over the layers, with the mean age
:math:`a_t = \sum_s w_{t,s}(t - s)`.

For :math:`m_t = k_t m_{t-1} + (1 - k_t) g_t` with :math:`m_1 = g_1` both follow by induction:
:math:`s_t^2 = k_t^2 s_{t-1}^2 + (1 - k_t)^2` and :math:`a_t = k_t (a_{t-1} + 1)`.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import sympy as sp

from theory.kernel.lemma import Lemma
from theory.kernel.letters import L, alpha_u, b, eta, f, f_next, grad, noise, phi, sigma, u
from theory.kernel.words import ProofError, T, average, i, inner, mean_now, norm, over_layers
from theory.lemmas import smoothness

drift, stored, old, fresh = sp.symbols("drift stored old fresh", cls=sp.IndexedBase, real=True)
spread, spread_old, age = sp.symbols("spread spread_old age", nonnegative=True)
beta = sp.Symbol("beta", nonnegative=True)

MEANING = {  # what the letters must be declared as
    stored: ("sum", old, fresh),
    old: ("weighted noise of the earlier batches",),
    fresh: ("weighted noise of this batch",),
    drift: ("weighted drift of the earlier gradients",),
    spread: ("root of the sum of the squared weights",),
    spread_old: ("the same without this batch",),
    age: ("mean age of the average",),
}
FIRST = ("beta^(t-1), for a memory with m_1 = g_1",)
q = sp.Symbol("q", positive=True)
t = sp.Symbol("t", positive=True)
theta = 1 - beta
A2 = ((mean_now(norm(noise[i]) ** 2), sigma[i] ** 2 / b),)
FROM_BELOW = (  # A1' at the step that the algorithm takes; it is meant for all pairs of points
    f
    - over_layers(eta * phi[i] * inner(grad[i], u[i]))
    - over_layers(L[i] * (eta * phi[i]) ** 2 * norm(u[i]) ** 2) / 2,
    f_next,
)
ORTHOGONAL = (
    "For s < t, E<delta_s, delta_t> = 0, as delta_t has mean 0 given the past. So the expected "
    "square of the weighted sum is the sum of the squared weights times sigma_i^2 / b at most, "
    "and E|z| <= sqrt(E z^2) at every t."
)

STORED_NOISE = Lemma(
    name="noise of an average of batches",
    lower=average(norm(stored[i])),
    upper=average(spread) * sigma[i] / sp.sqrt(b),
    where={letter: MEANING[letter] for letter in (stored, old, fresh, spread)},
    cases=(),
    proof=ORTHOGONAL,
    hypotheses=A2,
)

OLD_NOISE = Lemma(
    name="noise of an average of the earlier batches",
    lower=average(norm(old[i])),
    upper=average(spread_old) * sigma[i] / sp.sqrt(b),
    where={letter: MEANING[letter] for letter in (old, spread_old)},
    cases=(),
    proof=ORTHOGONAL,
    hypotheses=A2,
)

OLD_GRADIENTS = Lemma(
    name="drift of an average of gradients",
    lower=over_layers(norm(drift[i])),
    upper=age * eta * alpha_u * over_layers(L[i]),
    where={drift: MEANING[drift], age: MEANING[age]},
    cases=(),
    proof=(
        "Between steps s and t a layer moves (t - s) eta alpha_u at most. Triangle inequality for "
        "the weighted sum, then the drift lemma with that radius for each s; the weighted radii "
        "add up to age eta alpha_u."
    ),
    hypotheses=(FROM_BELOW, (phi[i], alpha_u), (norm(u[i]), 1)),
    rests_on=(smoothness.DRIFT,),
)

FADING = Lemma(
    name="closed form of the memory of m_1 = g_1",
    lower=average(spread) + average(spread_old),
    upper=sp.sqrt(1 - beta**2) + sp.sqrt(2 * beta * (1 + beta)) / ((1 - beta) * T),
    where={spread: MEANING[spread], spread_old: MEANING[spread_old], q: FIRST},
    cases=(),
    proof=(
        "spread_t^2 = v + beta^(2(t-1)) (1 - v) with v = (1 - beta)/(1 + beta), so "
        "spread_t <= sqrt(v) + beta^(t-1) sqrt(1 - v), and spread_old_t = beta spread_(t-1), 0 at "
        "t = 1. The geometric sums are at most 1/(1 - beta); (1 + beta) sqrt(v) = "
        "sqrt(1 - beta^2), (1 + beta) sqrt(1 - v) = sqrt(2 beta (1 + beta))."
    ),
)

FADING_AGE = Lemma(
    name="closed form of the age of m_1 = g_1",
    lower=average(age),
    upper=beta / (1 - beta),
    where={age: MEANING[age], q: FIRST},
    cases=(),
    proof="age_t = beta (1 - beta^(t-1)) / (1 - beta).",
)


class Memory(NamedTuple):
    """An exponential average by its recursion, with the closed forms that solve it.

    Attributes
    ----------
    start : str
        "gradient": :math:`m_1 = g_1`. "zero": :math:`m_0 = 0`, whose direction is that of the
        average with the weights divided by their sum :math:`1 - β^t`.
    keep : sympy.Expr
        :math:`k_t` for t >= 2, in β, t and q = β^(t-1). At t = 1 nothing is kept.
    squares, age : sympy.Expr
        :math:`s_t^2`, :math:`a_t`.
    """

    start: str
    keep: sp.Expr
    squares: sp.Expr
    age: sp.Expr

    def check(self) -> None:
        """Induction, by SymPy: both are right at t = 1, and where they are at t - 1, then at t."""
        first, before = {q: 1, t: 1}, {q: q / beta, t: t - 1}
        steps = {
            "sum of squared weights": (
                self.squares,
                1,
                self.keep**2 * self.squares.subs(before, simultaneous=True) + (1 - self.keep) ** 2,
            ),
            "mean age": (
                self.age,
                0,
                self.keep * (self.age.subs(before, simultaneous=True) + 1),
            ),
        }
        for name, (closed, start, following) in steps.items():
            if sp.cancel(closed.subs(first) - start) != 0:
                raise ProofError(f"{name} from {self.start}: {closed} is not {start} at t = 1")
            if sp.cancel(sp.together(closed - following)) != 0:
                raise ProofError(f"{name} from {self.start}: {closed} does not solve the recursion")


MEMORIES = {
    "gradient": Memory(
        "gradient",
        beta,
        q**2 + theta * (1 - q**2) / (1 + beta),
        beta * (1 - q) / theta,
    ),
    "zero": Memory(
        "zero",
        beta * (1 - q) / (1 - beta * q),
        theta * (1 + beta * q) / ((1 + beta) * (1 - beta * q)),
        beta / theta - t * beta * q / (1 - beta * q),
    ),
}


class Averages(NamedTuple):
    """Averages over t = 1..T of ``spread``, ``spread_old`` and ``age``."""

    spread: float
    spread_old: float
    age: float


def averages(start: str, decay: float, steps: int) -> Averages:
    """Evaluate the closed forms of a memory along a run.

    Examples
    --------
    >>> [round(v, 4) for v in averages("gradient", 0.9, 100)]
    [0.285, 0.2545, 8.1]
    >>> [round(v, 4) for v in averages("zero", 0.9, 100)]
    [0.2653, 0.226, 7.5655]
    >>> averages("gradient", 0.0, 100) == averages("zero", 0.0, 100) == (1.0, 0.0, 0.0)
    True
    """
    keep, squares, ages = _functions(start)
    times = np.arange(1, steps + 1)
    powers = float(decay) ** (times - 1)
    kept = keep(decay, powers, times) * np.ones(steps)
    kept[0] = 0.0
    squared = squares(decay, powers, times) * np.ones(steps)
    old_squared = np.maximum(squared - (1 - kept) ** 2, 0.0)
    aged = ages(decay, powers, times) * np.ones(steps)
    parts = (np.sqrt(squared), np.sqrt(old_squared), aged)
    return Averages(*(float(np.mean(part)) for part in parts))


@cache
def _functions(start: str) -> tuple:
    memory = MEMORIES[start]
    memory.check()
    wanted = (memory.keep, memory.squares, memory.age)
    return tuple(sp.lambdify((beta, q, t), expr, "numpy") for expr in wanted)
