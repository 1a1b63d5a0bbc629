r"""A4: with :math:`\phi(z) = z`, the trust ratio that is used in practice, LARS sticks at zero.

A4 asks :math:`0 < \alpha_l \le \phi(z) \le \alpha_u`. The identity has no such :math:`\alpha_l`.
One scalar layer, :math:`f(x) = \tfrac12(x + 1)^2`, :math:`x^1 = 1`: the step is
:math:`x \leftarrow x - \eta|x|`, so :math:`x^t = (1 - \eta)^{t - 1} > 0` shrinks to 0 and never
crosses it, while :math:`f'(x^t) \to 1`. A layer that starts at zero never moves at all. With
:math:`\phi` clipped to [0.1, 1] the layer passes zero, and the theorem holds with
:math:`\alpha_u / \alpha_l = 10`.

(The recipes of `lbopt.optim` use ratio 1 where the norm is exactly zero: that frees a layer that
starts at zero, not one that shrinks towards it.)
"""

from __future__ import annotations

import numpy as np

from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Array, Layers
from theory.theorems import lars
from theory.theorems.arguments import Phi
from theory.trajectory import average_metric


def run(steps: int = 5000, step_size: float = 0.01) -> Contrast:
    """Run LARS with the identity and with a clipped phi.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: phi >= alpha_l > 0 (A4)
      violated  measured     1.02    bound    0.045   phi(z) = z from x = 1, bound at phi = 1
      violated  measured        1    bound    0.015   phi(z) = z from x = 0, bound at phi = 1
    with it
      holds     measured  0.13646    bound     0.45   phi = clip(z, 0.1, 1) from x = 1
    """

    def gradient(x: Layers) -> Layers:
        return (x[0] + 1,)

    def average(start: float, phi: Phi) -> float:
        step = lars.algorithm(step_size, phi=phi)
        return average_metric(step, lars.metric, gradient, (np.array([start]),), steps)

    def bound(start: float, low: float) -> float:
        constants = make_constants((start + 1) ** 2 / 2, (1.0,))
        return lars.bound(constants, step_size=step_size, steps=steps, batch_size=1, phi=(low, 1.0))

    def identity(z: Array) -> Array:
        return z

    def clipped(z: Array) -> Array:
        return np.clip(z, 0.1, 1.0)

    return Contrast(
        "phi >= alpha_l > 0 (A4)",
        (
            Case(
                "phi(z) = z from x = 1, bound at phi = 1", average(1.0, identity), bound(1.0, 1.0)
            ),
            Case(
                "phi(z) = z from x = 0, bound at phi = 1", average(0.0, identity), bound(0.0, 1.0)
            ),
        ),
        (Case("phi = clip(z, 0.1, 1) from x = 1", average(1.0, clipped), bound(1.0, 0.1)),),
    )
