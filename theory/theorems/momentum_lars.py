r"""LARS with momentum, the momentum being normalised: converges for every batch size."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from theory.constants import Constants
from theory.kernel import Derivation, Minimum, minimise, value, values
from theory.kernel.letters import eta
from theory.lemmas.memory import MEMORIES, averages
from theory.theorems import lars
from theory.theorems import momentum_lars_proof as proof
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    needs_optimum,
    normalised,
    run_numbers,
    scaled,
)

State = tuple[Array, ...] | None  # the momentum; None before the first step


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta: float = 0.9,
    start: str = "gradient",
) -> float:
    r"""Upper bound on the averaged sum of the layers' gradient norms under LARS with momentum.

    **Problem and assumptions.** As in `theory.theorems.lars` (A1, A2, A4), and f is as smooth from
    below: :math:`|f(y) - f(x) - \langle\nabla f(x), y - x\rangle| \le
    \tfrac12\sum_i L_i\|y_i - x_i\|^2`.

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\|`. The average, that is a
    random iterate: the last one has no guarantee (`theory.counterexamples.last_iterate`).

    **Algorithm.** :math:`m_t = \beta m_{t-1} + (1-\beta) g_t`,
    :math:`x_i \leftarrow x_i - \eta\,\phi(\|x_i\|)\,m_{t,i}/\|m_{t,i}\|`, for any
    :math:`\eta > 0`, :math:`0 \le \beta < 1`; either :math:`m_1 = g_1` (``start="gradient"``) or
    :math:`m_0 = 0` (``"zero"``: ``lbopt.optim.lars_2020`` without weight decay).

    **Statement.** Let :math:`w_{t,s}` be the weight of :math:`g_s` in :math:`m_t`, divided by
    their sum. With :math:`s_t^2 = \sum_{s\le t} w_{t,s}^2`,
    :math:`s_t'^2 = \sum_{s<t} w_{t,s}^2` and the mean age :math:`a_t = \sum_s w_{t,s}(t-s)`,

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\| \le \frac{1}{\alpha_l}\Big[
        \frac{\Delta}{\eta T} + \frac{\eta\,\alpha_u^2\Lambda}{2}
        + \frac1T\sum_{t=1}^T\Big(2 a_t\,\eta\,\alpha_u^2\Lambda
        + (s_t + s_t')\,\frac{\alpha_u\sum_i\sigma_i}{\sqrt b}\Big)\Big].

    For :math:`m_1 = g_1`, :math:`a_t = \beta(1-\beta^{t-1})/(1-\beta)` and
    :math:`s_t^2 = \beta^{2(t-1)} + \frac{1-\beta}{1+\beta}(1-\beta^{2(t-1)})`. The closed bounds
    :math:`a_t \le \beta/(1-\beta)` and
    :math:`\frac1T\sum_t(s_t + s_t') \le \sqrt{1-\beta^2} + \sqrt{2\beta(1+\beta)}/((1-\beta)T)`
    give `simple_bound`. At :math:`\beta = 0` both are LARS's bound, letter by letter. At the best
    step size and :math:`1-\beta = \min(1, 2\sqrt{\Delta\Lambda b/T}/\|\sigma\|_1)`, if this is
    below 1 and :math:`\alpha_l = \alpha_u`,

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\| \le
        4\Big(\frac{\Delta\Lambda\|\sigma\|_1^2}{bT}\Big)^{1/4}
        + \frac{\|\sigma\|_1^2}{b\sqrt{\Delta\Lambda T}}

    for every batch size b, 1 included, where LARS stops at its noise.

    Upper bound, and not tight: drift and old noise are charged twice, as size and as direction. On
    problems drawn at random, at the best momentum, .32 to .37 of it is measured, for T from 64 to
    4096. Term by term on the witnesses: start .93; noise .70 at :math:`\beta = .1` and .37 at .3;
    drift .39 at :math:`\beta = .3` and .09 at .8. At :math:`\beta = 0` it is attained.

    For one layer in the style of Cutkosky and Mehta 2020 (arXiv 2002.03305, Theorem 1); layers,
    :math:`\phi` and the constants are ours. Not in You et al. 2020, whose theorems have no
    momentum. For :math:`\phi = \mathrm{clip}(\cdot, \gamma_l, \gamma_u)` the constants are
    :math:`\alpha_l = \gamma_l`, :math:`\alpha_u = \gamma_u`; :math:`\phi` need be neither
    continuous nor monotone.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.
    beta : float
        :math:`\beta`.
    start : "gradient" or "zero"
        What the momentum is before the first step.

    Returns
    -------
    float

    Examples
    --------
    Batches of 1: momentum pays once T is large.

    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> for steps in (100, 10_000, 1_000_000):
    ...     keep = optimal_beta(problem, steps=steps, batch_size=1)
    ...     best = optimal_step(problem, steps=steps, batch_size=1, beta=keep)
    ...     run = {"step_size": best, "steps": steps, "batch_size": 1}
    ...     found = bound(problem, **run, beta=keep), simple_bound(problem, **run, beta=keep)
    ...     print(round(keep, 4), *(round(v, 4) for v in found))
    0.8586 2.1256 2.2843
    0.9859 0.6899 0.6977
    0.9986 0.2151 0.2155
    """
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        beta=beta,
        start=start,
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta: float = 0.9,
    start: str = "gradient",
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``drift``, ``noise``."""
    return values(derivation(), _numbers(constants, step_size, steps, batch_size, phi, beta, start))


def simple_bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta: float = 0.9,
) -> float:
    """The bound for ``start="gradient"`` in closed form, without sums over the steps."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, beta, "gradient")
    return sum(values(simple_derivation(), numbers).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
    beta: float = 0.9,
    start: str = "gradient",
) -> float:
    r"""The :math:`\eta` that makes `bound` least, whatever the noise.

    .. math:: \eta^* = \sqrt{\Delta / (\alpha_u^2\Lambda T\,(1/2 + 2\bar a))},
              \qquad \bar a = \frac1T\sum_t a_t.

    >>> from theory import make_constants
    >>> problem = make_constants(2.0, (1.0, 3.0))
    >>> [round(optimal_step(problem, steps=400, beta=keep), 6) for keep in (0.0, 0.9)]
    [0.05, 0.008322]
    """
    needs_optimum(constants)
    numbers = _numbers(constants, 1.0, steps, batch_size, phi, beta, start)
    return value(best_step().point, numbers)


def optimal_beta(constants: Constants, *, steps: int, batch_size: int) -> float:
    r""":math:`1 - \beta^* = \min(1, 2\sqrt{\Delta\Lambda b/T}/\|\sigma\|_1)`.

    It makes the leading terms of `simple_bound` at the best step size least (`best_memory`).
    """
    needs_optimum(constants)
    numbers = _numbers(constants, 1.0, steps, batch_size, (1.0, 1.0), 0.0, "gradient")
    if numbers["S"] == 0:
        return 0.0
    return 1 - min(1.0, value(best_memory().point, numbers))


metric = lars.metric


def algorithm(
    step_size: float, *, phi: Phi | None = None, beta: float = 0.9, start: str = "gradient"
) -> tuple[Any, Any]:
    r"""``(init, step)`` with ``init(x) -> state`` and ``step(x, g, state) -> (x, state)``.

    >>> import numpy as np
    >>> init, step = algorithm(1.0, beta=0.5)
    >>> x = (np.array([0.0, 0.0]),)
    >>> state = init(x)
    >>> for g in ([1.0, 0.0], [0.0, 1.0]):
    ...     x, state = step(x, (np.array(g),), state)
    ...     print(x[0].round(4))
    [-1.  0.]
    [-1.7071 -0.7071]
    """
    _check_memory(beta, start)

    def init(x: Layers) -> State:
        return None

    def step(x: Layers, g: Layers, state: State) -> tuple[tuple[Array, ...], State]:
        if state is None:
            today = 1.0 if start == "gradient" else 1 - beta
            m = tuple(today * gi for gi in g)
        else:
            m = tuple(beta * mi + (1 - beta) * gi for mi, gi in zip(state, g, strict=True))
        moved = tuple(
            xi - step_size * scaled(phi, xi) * normalised(mi) for xi, mi in zip(x, m, strict=True)
        )
        return moved, m

    return init, step


@cache
def derivation() -> Derivation:
    """The bound with averages over the run, derived."""
    return proof.exact()


@cache
def simple_derivation() -> Derivation:
    """The closed form, derived."""
    return proof.simple()


@cache
def best_step() -> Minimum:
    """The minimum of the bound over the step size, with its second-order condition."""
    return minimise("momentum LARS step size", derivation().bound, eta)


@cache
def best_memory() -> Minimum:
    r"""Over :math:`\theta = 1-\beta = y^2`: the leading terms of the bound at the best step size.

    From :math:`\tfrac12 + 2\beta/\theta \le 2/\theta` and
    :math:`\sqrt{1-\beta^2} \le \sqrt{2\theta}` these are
    :math:`2\sqrt{2\Delta\Lambda/(\theta T)} + \sqrt{2\theta}\,\|\sigma\|_1/\sqrt b`.
    """
    theta, y = sp.symbols("theta y", positive=True)
    leading = proof.leading(theta)
    return minimise("momentum", leading, theta, substitution=(y, y**2))


def _check_memory(beta: float, start: str) -> None:
    if not 0 <= beta < 1:
        raise ValueError(f"beta={beta!r} must lie in [0, 1)")
    if start not in MEMORIES:
        raise ValueError(f"start={start!r} must be 'gradient' (m_1 = g_1) or 'zero' (m_0 = 0)")


def _numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    beta: float,
    start: str,
) -> dict[str, float]:
    _check_memory(beta, start)
    numbers = run_numbers(constants, step_size, steps, batch_size, phi)
    mean = averages(start, beta, int(steps))
    return numbers | {
        "S": sum(constants.sigma),
        "Age": mean.age,
        "Spread": mean.spread + mean.spread_old,
        "beta": beta,
    }
