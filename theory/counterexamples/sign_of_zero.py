r"""sign(0) = 0 breaks the sharp noise term of LAMB with beta2 = 0.

With :math:`r = \operatorname{sign}(g)` and sign(0) = +1 or -1, every layer has
:math:`\|r_i\| = \sqrt{d_i}`, each coordinate moves by :math:`\eta/\sqrt{d_i}` and the noise costs
:math:`\|\tilde\sigma_i\|_1 / \sqrt{d_i b}`. With the usual sign(0) = 0 a gradient with one nonzero
coordinate moves that coordinate by the whole :math:`\eta`: a wrong step can be :math:`\sqrt{d_i}`
times as long as a right one.

One layer, d = 100, f a Huber function (slope 1) of coordinate 1 alone. With chance 1/5 the sampled
gradient is :math:`(-0, 0, \dots, 0)` with a tiny first entry of the wrong sign, otherwise it is
:math:`(1.25, \pm\tau, \dots, \pm\tau)`: unbiased where f' = 1, with
:math:`\tilde\sigma_1 = 1/2` and :math:`\tilde\sigma_j < \tau`, tiny. Then coordinate 1 goes up by
:math:`\eta` with chance 1/5 and down by :math:`\eta/10` with chance 4/5: E x grows, |f'| stays at
1. The sharp bound says :math:`1/\sqrt d \to 1/2\sqrt d`. With sign(0) = +1 the same samples obey
it, and with sign(0) = 0 the robust bound, whose noise term is
:math:`\sum_i\sigma_i/\sqrt b`, holds. The noise does not depend on x, so the sigmas are exact.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from theory import problems
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.lattice import on_line, walk
from theory.layers import Array
from theory.theorems import lamb_sign

DIM = 100
ROOT = 10  # sqrt(DIM)
WRONG = 0.2  # chance of the sample with a single nonzero coordinate
TAU = 1e-6


def displacement(slope: float, noise: tuple[float, float], sign_of_zero: float) -> float:
    """Move of coordinate 1, in units of eta/10, for first entries ``slope + noise[0]``."""
    gradient = np.full(DIM, noise[1])
    gradient[0] = slope + noise[0]
    step = lamb_sign.algorithm(1.0, sign_of_zero=sign_of_zero)
    (moved,) = step((np.zeros(DIM),), (gradient,))
    return float(moved[0]) * ROOT


def run(steps: int = 2000, step_size: float = 0.02, start: float = 1.2) -> Contrast:
    """Average E ||grad f||_1 / sqrt(d) with both conventions, exactly.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: |sign(0)| = 1
      violated  measured      0.1    bound  0.07751   sign(0) = 0 against the sharp bound
    with it
      holds     measured  0.04043    bound  0.07751   sign(0) = +1 against the sharp bound
      holds     measured      0.1    bound   0.5275   sign(0) = 0 against the robust bound
    """
    problem = problems.huber([1.0], slope=1.0, start=start)
    _, gradient = on_line(problem)
    tiny = 1e-9
    wrong, right = (-1 - tiny, 0.0), ((1 + tiny) * WRONG / (1 - WRONG), TAU)
    coordinate_sigma = (
        sqrt(WRONG * wrong[0] ** 2 + (1 - WRONG) * right[0] ** 2),
        *((TAU,) * (DIM - 1)),
    )
    constants = make_constants(
        problems.gap_of(problem), (1.0,), coordinate_sigma=(coordinate_sigma,)
    )

    def average(sign_of_zero: float) -> float:
        up = round(displacement(1.0, wrong, sign_of_zero))
        down = round(displacement(1.0, right, sign_of_zero))

        def chances(x: Array) -> Array:
            # the wrong sample points up wherever f' <= 1, the right one against f' + 1/4
            rises = np.where(gradient(x) + right[0] < 0, 1 - WRONG, 0.0)
            return np.stack([np.full(x.size, WRONG), rises, 1 - WRONG - rises])

        return walk(
            lambda x: np.abs(gradient(x)) / ROOT,
            chances,
            (up, -down, down),
            start=start,
            unit=step_size / ROOT,
            steps=steps,
        ).average

    loose, right_way = average(0.0), average(1.0)
    sharp = lamb_sign.bound(constants, step_size=step_size, steps=steps, batch_size=1)
    robust = lamb_sign.robust_bound(constants, step_size=step_size, steps=steps, batch_size=1)
    return Contrast(
        "|sign(0)| = 1",
        (Case("sign(0) = 0 against the sharp bound", loose, sharp),),
        (
            Case("sign(0) = +1 against the sharp bound", right_way, sharp),
            Case("sign(0) = 0 against the robust bound", loose, robust),
        ),
    )
