r"""How to spend N = bT samples on LARS: the best batch, and square-root scaling of the step."""

from __future__ import annotations

from functools import cache
from math import floor
from typing import NamedTuple

import sympy as sp

from theory.constants import Constants
from theory.kernel import Derivation, Minimum, T, minimise, value
from theory.kernel.letters import Lambda, alpha_l, alpha_u, b, eps, gap
from theory.theorems import lars
from theory.theorems.arguments import check_phi, needs_optimum, positive, whole

N = sp.Symbol("N", positive=True)
batch = sp.Symbol("batch", positive=True)  # b as a real number


def bound(
    constants: Constants,
    *,
    samples: int,
    batch_size: float | None = None,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""LARS's bound at its best step size, as a function of the batch at N samples in all.

    **Problem, metric, algorithm.** LARS's (`theory.theorems.lars`), with T = N/b steps and the step
    size that makes its bound least.

    **Statement.** With :math:`\rho = \alpha_u/\alpha_l`,

    .. math::

        B(b) = \rho\Big[\sqrt{\frac{2\Delta\Lambda b}{N}} + \frac{\|\sigma\|_1}{\sqrt b}\Big],
        \qquad
        b^* = \|\sigma\|_1\sqrt{\frac{N}{2\Delta\Lambda}}, \qquad
        B(b^*) = 2^{5/4}\rho\,\Big(\frac{\Delta\Lambda\|\sigma\|_1^2}{N}\Big)^{1/4} .

    :math:`2^{5/4} = 2.378...`. B is strictly convex in :math:`\sqrt b`, so b* is its only minimum
    (`best_batch` checks it), and the number of steps there is
    :math:`T^* = N/b^* = \sqrt{2\Delta\Lambda N}/\|\sigma\|_1`: batch and steps both grow like
    :math:`\sqrt N`. The order :math:`N^{-1/4}` is the best possible for stochastic gradients of
    bounded variance (Arjevani et al. 2019, arXiv 1912.02365); the constant is that of this bound.

    **Square-root scaling.** :math:`\eta^* = \sqrt{2\Delta/(\alpha_u^2\Lambda T)} =
    \sqrt{2\Delta b/(\alpha_u^2\Lambda N)}`. At a fixed number of samples, of epochs that is, the
    best step grows like :math:`\sqrt b`. The noise has no say in it: a batch k times larger leaves
    k times fewer steps, and T normalised steps should cover :math:`\eta T \propto \sqrt T`.

    **Whole numbers.** b and T must be integers with :math:`bT \le N`. For a given T the bound falls
    in b, so the candidates are :math:`b = \lfloor N/T\rfloor > N/T - 1`, and the bound there is at
    most :math:`(1 - T/N)^{-1/2} B(N/T)`; `best_split` finds the best of them.

    Upper bound. The split is ours; its parts are those of LARS's bound and as tight as they are.

    Parameters
    ----------
    constants : Constants
        With noise: sum of sigma > 0.
    samples : int
        N.
    batch_size : float, optional
        b, a real number from 1 to N; None: b*, or 1 or N if b* is outside.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> for batch_size in (10, 100, None, 1000):
    ...     print(batch_size, round(bound(problem, samples=10_000, batch_size=batch_size), 4))
    10 0.6957
    100 0.4
    None 0.4
    1000 0.6957
    """
    numbers = _numbers(constants, samples, phi)
    if batch_size is None:
        batch_size = optimal_batch(constants, samples=samples, phi=phi)
    if not 1 <= batch_size <= samples:
        raise ValueError(f"batch_size={batch_size!r} must lie between 1 and samples={samples!r}")
    return value(split_bound(), numbers | {"batch": batch_size})


def optimal_batch(
    constants: Constants, *, samples: int, phi: tuple[float, float] = (1.0, 1.0)
) -> float:
    """b*, a real number, between 1 and N; `best_split` gives whole numbers.

    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> [round(optimal_batch(problem, samples=n), 3) for n in (100, 10_000, 1_000_000)]
    [10.0, 100.0, 1000.0]
    """
    numbers = _numbers(constants, samples, phi)
    return min(max(value(best_batch().point, numbers), 1.0), float(samples))


def optimal_step(
    constants: Constants,
    *,
    samples: int,
    batch_size: float,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r""":math:`\eta^* = \sqrt{2\Delta b/(\alpha_u^2\Lambda N)}`.

    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> [round(optimal_step(problem, samples=10_000, batch_size=b), 4) for b in (1, 4, 16)]
    [0.01, 0.02, 0.04]
    """
    numbers = _numbers(constants, samples, phi)
    return value(scaled_step(), numbers | {"batch": batch_size})


class Split(NamedTuple):
    """A number of steps and a batch, whole numbers with steps * batch_size <= samples."""

    batch_size: int
    steps: int
    step_size: float
    bound: float


def best_split(
    constants: Constants, *, samples: int, phi: tuple[float, float] = (1.0, 1.0)
) -> Split:
    """The whole numbers for which LARS's bound is least; found exactly.

    Candidates are walked outwards from T*, until even a real batch of N/T would be worse.

    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 2.0))
    >>> split = best_split(problem, samples=1000)  # b* = 47.4, T* = 21.1
    >>> split.batch_size, split.steps, round(split.bound, 5)
    (50, 20, 0.87148)
    >>> round(bound(problem, samples=1000), 5)
    0.87118
    """
    numbers = _numbers(constants, samples, phi)
    middle = samples / optimal_batch(constants, samples=samples, phi=phi)
    best: Split | None = None
    for direction, steps in ((1, floor(middle) + 1), (-1, floor(middle))):
        while 1 <= steps <= samples:
            if best and value(split_bound(), numbers | {"batch": samples / steps}) > best.bound:
                break
            found = _at(constants, samples // steps, steps, phi)
            best = found if best is None or found.bound < best.bound else best
            steps += direction
    assert best is not None  # floor(middle) or the next is between 1 and N
    return best


def _at(constants: Constants, batch_size: int, steps: int, phi: tuple[float, float]) -> Split:
    step_size = lars.optimal_step(constants, steps=steps, phi=phi)
    found = lars.bound(constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi)
    return Split(batch_size, steps, step_size, found)


metric = lars.metric
algorithm = lars.algorithm


def derivation() -> Derivation:
    """LARS's: the rest is calculus on what it concludes."""
    return lars.derivation()


@cache
def split_bound() -> sp.Expr:
    """LARS's bound at its best step size, with N/b for T."""
    return sp.simplify(lars.best_step().value.subs(eps, 0).subs({T: N / batch, b: batch}))


@cache
def scaled_step() -> sp.Expr:
    """LARS's best step size, with N/b for T."""
    return sp.simplify(lars.best_step().point.subs(T, N / batch))


@cache
def best_batch() -> Minimum:
    r"""The minimum of `split_bound` over :math:`b = y^2`, with its second-order condition."""
    y = sp.Symbol("y", positive=True)
    return minimise("batch size", split_bound(), batch, substitution=(y, y**2))


def _numbers(constants: Constants, samples: int, phi: tuple[float, float]) -> dict[str, float]:
    whole("samples", samples)
    needs_optimum(constants)
    positive("sum(sigma)", sum(constants.sigma))
    low, high = check_phi(phi)
    return {
        str(gap): constants.gap,
        str(Lambda): sum(constants.smoothness),
        "S": sum(constants.sigma),
        str(alpha_l): low,
        str(alpha_u): high,
        "N": samples,
    }
