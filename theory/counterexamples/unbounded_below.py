r"""Without a lower bound f* there is no convergence: the slope that never ends.

:math:`f(x) = x` is as smooth as can be (L = 0), and LARS walks down it for ever with
:math:`|f'| = 1`. Whatever number is put in the place of :math:`\Delta = f(x^1) - \inf f`, the
bound :math:`\Delta/(\eta T)` falls below 1 once :math:`T > \Delta/\eta`. The same slope with a
floor (Huber, f* = 0) obeys it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory import problems
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Layers
from theory.theorems import lars
from theory.trajectory import average_metric


def run(steps: int = 2000, start: float = 10.5, step_size: float = 0.01) -> Contrast:
    """Walk down a slope without a floor, and with one.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: f* = inf f > -infinity
      violated  measured        1    bound    0.505   f = x, as if f* = f(x^1) - 10
    with it
      holds     measured  0.50263    bound    0.505   Huber slope 1, f* = 0
    """
    floor = problems.huber([1.0], slope=1.0, start=start)
    gap = problems.gap_of(floor)
    bound = lars.bound(
        make_constants(gap, (1.0,)),
        step_size=step_size,
        steps=steps,
        batch_size=1,
    )

    def one(x: Layers) -> Layers:
        return (np.ones_like(x[0]),)

    def average(gradient: Callable[[Layers], Layers]) -> float:
        step = lars.algorithm(step_size)
        return average_metric(step, lars.metric, gradient, floor.start, steps)

    return Contrast(
        "f* = inf f > -infinity",
        (Case(f"f = x, as if f* = f(x^1) - {gap:g}", average(one), bound),),
        (Case("Huber slope 1, f* = 0", average(floor.gradient), bound),),
    )
