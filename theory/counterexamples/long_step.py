r"""SGD's step size has an upper limit, and it is :math:`2 / L_\infty`.

On :math:`f = \tfrac L2 x^2` without noise, :math:`x \leftarrow (1 - \eta L) x`: at
:math:`\eta = 2/L` the iterate jumps from side to side for ever, beyond that it diverges. The
classical statement asks :math:`\eta \le 1/L_\infty`; the proof only needs
:math:`1 - \eta L_\infty/2 > 0`, and between the two the bound still holds.

LARS and LAMB have no such limit: their steps have a given length, and a large :math:`\eta` only
makes the curvature term large.
"""

from __future__ import annotations

import numpy as np

from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Layers
from theory.theorems import lars, sgd
from theory.trajectory import average_metric


def run(steps: int = 100) -> Contrast:
    r"""Step sizes around the limit, L = 1; beyond it the bound at 1/L is put in its place.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: a step size below 2 / max(L_i)
      violated  measured        1    bound     0.01   SGD, eta = 2/L
      violated  measured 9.0431e+06    bound     0.01   SGD, eta = 2.1/L
    with it
      holds     measured     0.01    bound     0.01   SGD, eta = 1/L
      holds     measured 0.052632    bound 0.052632   SGD, eta = 1.9/L
      holds     measured     1.05    bound   1.0524   LARS, eta = 2.1
    """
    constants = make_constants(0.5, (1.0,))

    def identity(x: Layers) -> Layers:
        return x  # f'(x)

    def average(step_size: float) -> float:
        step = sgd.algorithm(step_size)
        return average_metric(step, sgd.metric, identity, (np.array([1.0]),), steps)

    best = sgd.bound(constants, step_size=1.0, steps=steps, batch_size=1)
    longer = sgd.bound(constants, step_size=1.9, steps=steps, batch_size=1)
    far = lars.bound(constants, step_size=2.1, steps=steps, batch_size=1)
    lars_average = average_metric(
        lars.algorithm(2.1), lars.metric, identity, (np.array([1.0]),), steps
    )
    return Contrast(
        "a step size below 2 / max(L_i)",
        (
            Case("SGD, eta = 2/L", average(2.0), best),
            Case("SGD, eta = 2.1/L", average(2.1), best),
        ),
        (
            Case("SGD, eta = 1/L", average(1.0), best),
            Case("SGD, eta = 1.9/L", average(1.9), longer),
            Case("LARS, eta = 2.1", lars_average, far),
        ),
    )
