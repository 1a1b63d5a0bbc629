r"""A kink: without A1 a normalised step never sees that it is near the minimum.

On :math:`f(x) = |x|` the iterates alternate between :math:`\pm\eta/2`, where :math:`|f'| = 1`:
the average gradient is 1 for every :math:`\eta` and T. Any finite constant L put in the place of
the missing one is refuted by a small enough :math:`\eta`. The Huber function with slope 1 and
curvature :math:`L = 2/\eta` has the same gradients at :math:`\pm\eta/2`, and there the bound is
:math:`\Delta/(\eta T) + \eta L/2 = \Delta/(\eta T) + 1`, attained as T grows.
"""

from __future__ import annotations

import numpy as np

from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Layers
from theory.theorems import lars
from theory.trajectory import average_metric


def run(steps: int = 1000) -> Contrast:
    """Run LARS on |x| and on Huber functions of growing curvature.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: smoothness (A1)
      violated  measured        1    bound   0.5005   |x|, eta = 0.1, believed L = 10
      violated  measured        1    bound   0.0505   |x|, eta = 0.01, believed L = 10
      violated  measured        1    bound   0.0055   |x|, eta = 0.001, believed L = 10
    with it
      holds     measured        1    bound   1.0003   Huber, eta = 0.1, L = 2/eta = 20
      holds     measured        1    bound   1.0003   Huber, eta = 0.01, L = 2/eta = 200
      holds     measured        1    bound   1.0003   Huber, eta = 0.001, L = 2/eta = 2000
    """

    def sign(x: Layers) -> Layers:
        return (np.sign(x[0]),)

    without, kept = [], []
    for step_size in (0.1, 0.01, 0.001):
        start = (np.array([step_size / 2]),)
        measured = average_metric(lars.algorithm(step_size), lars.metric, sign, start, steps)

        def bound(gap: float, smoothness: float, step_size: float = step_size) -> float:
            constants = make_constants(gap, (smoothness,))
            return lars.bound(constants, step_size=step_size, steps=steps, batch_size=1)

        curvature = 2 / step_size
        name = f"|x|, eta = {step_size}, believed L = 10"
        without.append(Case(name, measured, bound(step_size / 2, 10.0)))
        name = f"Huber, eta = {step_size}, L = 2/eta = {curvature:g}"
        kept.append(Case(name, measured, bound(step_size / 4, curvature)))
    return Contrast("smoothness (A1)", tuple(without), tuple(kept))
