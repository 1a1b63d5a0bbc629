r"""A2: the variance must be finite for SGD, and for the :math:`b^{-1/2}` of LARS.

*SGD.* Noise :math:`\pm 2^{k/2}` with chance :math:`2^{-k}`, k = 1..K (else 0): variance K, first
moment below 2.42. On :math:`f = x^2/2` with :math:`\eta = 1`, :math:`x^{t+1}` is minus the noise,
so :math:`E|f'|^2 = K/b`: with K = infinity no bound holds for any b. A step of LARS has a given
length and its proof needs :math:`E\|\Delta_i\|` only: its bound with the first moment in the place
of :math:`\sigma` holds for every K.

*The exponent.* Where only :math:`E|\xi|^p \le 1` is known for a p in (1, 2), a batch of b takes
:math:`E|\bar\xi|` down to :math:`2^{1/p} b^{-(1-1/p)}` (von Bahr and Esseen 1965) and not to
:math:`b^{-1/2}`: let :math:`\xi` be large with chance :math:`q = \ln 2 / b`. Half of the batches
do not see it, point the wrong way where :math:`f' < q\,\xi_{max}`, and
:math:`q\,\xi_{max} \approx (\ln 2/b)^{1 - 1/p}`.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from theory import problems
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.lattice import Law, batch_mean, on_line, sign_chances, walk
from theory.theorems import lars, sgd


def dyadic(top: int) -> Law:
    """Symmetric noise of variance ``top``: +-2**(k/2) with chance 2**-k for k = 1..top.

    Examples
    --------
    >>> law = dyadic(16)
    >>> float(round(law.weights @ law.values**2, 9)), float(round(law.weights @ abs(law.values), 3))
    (16.0, 2.405)
    """
    k = np.arange(1, top + 1)
    size, chance = 2.0 ** (k / 2), 2.0**-k / 2
    values = np.concatenate([-size[::-1], [0.0], size])
    return Law(values, np.concatenate([chance[::-1], [2.0**-top], chance]))


def _sgd(top: int, steps: int = 64) -> float:
    """Average E f'^2 on x^2/2 at eta = 1 from x = 1, exactly: 1 once, then the variance."""
    law = dyadic(top)
    return (1.0 + (steps - 1) * float(law.weights @ law.values**2)) / steps


def _huber(slope: float) -> problems.Problem:
    return problems.huber([1.0], slope=slope, start=3.0)


def _lars(law: Law, slope: float, step_size: float, steps: int) -> float:
    _, gradient = on_line(_huber(slope))
    return walk(
        lambda x: np.abs(gradient(x)),
        sign_chances(gradient, law),
        (-1, 1),
        start=3.0,
        unit=step_size,
        steps=steps,
    ).average


def _rare(batch_size: int, power: float) -> tuple[Law, float]:
    """Law of the batch mean of the rare event with E|noise|^p = 1, and the slope that it hides."""
    q = log(2) / batch_size
    size = ((1 - q) * (q / (1 - q)) ** power + q) ** (-1 / power)  # of the large value
    law = batch_mean(batch_size, -size * q / (1 - q), size, 1 - q)
    return law, size * q / (1 - q) * (1 - 1e-9)


def run(power: float = 1.25, batch_sizes: tuple[int, ...] = (64, 1024)) -> Contrast:
    """SGD against a believed variance of 8, LARS against the first moment and the p-th moment.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: a finite variance (A2)
      violated  measured   15.766    bound   8.0156   SGD, variance 16, believed 8
      violated  measured   63.016    bound   8.0156   SGD, variance 64, believed 8
      violated  measured   0.3268    bound  0.17526   LARS, p = 1.25, b = 64, b^-1/2
      violated  measured  0.20627    bound 0.065427   LARS, p = 1.25, b = 1024, b^-1/2
    with it
      holds     measured   7.8906    bound   8.0156   SGD, variance 8
      holds     measured        1    bound   2.3904   LARS, variance 8, first moment for sigma
      holds     measured        1    bound   2.5413   LARS, variance 64, first moment for sigma
      holds     measured   0.3268    bound  0.80812   LARS, p = 1.25, b = 64, 2^(1/p) b^-(1-1/p)
      holds     measured  0.20627    bound  0.46945   LARS, p = 1.25, b = 1024, 2^(1/p) b^-(1-1/p)
    """
    believed = make_constants(0.5, (1.0,), sigma=(sqrt(8.0),))
    limit = sgd.bound(believed, step_size=1.0, steps=64, batch_size=1)
    without = [Case(f"SGD, variance {k}, believed 8", _sgd(k), limit) for k in (16, 64)]
    kept = [Case("SGD, variance 8", _sgd(8), limit)]

    step_size, steps = 0.01, 2048
    for top in (8, 64):
        law = dyadic(top)
        first = make_constants(
            problems.gap_of(_huber(1.0)), (1.0,), sigma=(float(law.weights @ np.abs(law.values)),)
        )
        bound = lars.bound(first, step_size=step_size, steps=steps, batch_size=1)
        average = _lars(law, 1.0, step_size, steps)
        kept.append(Case(f"LARS, variance {top}, first moment for sigma", average, bound))

    for b in batch_sizes:
        law, slope = _rare(b, power)
        gap = problems.gap_of(_huber(slope))
        average = _lars(law, slope, step_size, steps)

        def bound_of(sigma: float, gap: float = gap, b: int = b) -> float:
            constants = make_constants(gap, (1.0,), sigma=(sigma,))
            return lars.bound(constants, step_size=step_size, steps=steps, batch_size=b)

        moment = 2 ** (1 / power) * b ** (1 / power - 0.5)  # / sqrt(b) = 2^{1/p} b^{-(1 - 1/p)}
        name = f"LARS, p = {power}, b = {b}"
        without.append(Case(f"{name}, b^-1/2", average, bound_of(1.0)))
        kept.append(Case(f"{name}, 2^(1/p) b^-(1-1/p)", average, bound_of(moment)))
    return Contrast("a finite variance (A2)", tuple(without), tuple(kept))
