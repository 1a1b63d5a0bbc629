r"""A1 as it is printed forces separate layers; read one layer at a time, it is too weak.

The paper asks :math:`\|\nabla_i \ell(x, s) - \nabla_i \ell(y, s)\| \le L_i \|x_i - y_i\|` for all
:math:`x, y` (You et al., ICLR 2020, section 3). Take :math:`y_i = x_i` and move the other layers:
the right side is 0, so :math:`\nabla_i \ell` depends on layer i alone and :math:`\ell` is a sum of
functions of one layer each, which no network is. For :math:`f(x, y) = Mxy` the quotient is
:math:`M / 0`.

Read instead with only layer i moving, it holds for :math:`f = Mxy` with :math:`L_1 = L_2 = 0`, yet
:math:`f(d, d) = f(0, 0) + M d^2`: the descent step of the proof, where all layers move at once,
fails. The theorem fails with it. On

.. math:: f(x) = \tfrac M2 (x_1 + \dots + x_h)^2

a single layer sees curvature M, but all layers step together and the sum :math:`z` alternates
between :math:`\pm h\eta/2`, so that :math:`\sum_i|\nabla_i f| = h^2 M\eta/2` for ever: h times the
curvature term :math:`\eta\, hM / 2` of the layers' own constants. What is needed, and used by this
package, is A1 for joint moves: here :math:`L_i = hM`, and then the bound is attained.
"""

from __future__ import annotations

import numpy as np

from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.layers import Layers
from theory.theorems import lars
from theory.trajectory import average_metric


def run(layers: int = 4, curvature: float = 1.0, steps: int = 1000) -> Contrast:
    """Evaluate the three readings of A1.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: A1 for joint moves of all layers
      violated  measured        1    bound        0   literal A1 on f = Mxy, x fixed, y moves
      violated  measured        1    bound        0   descent of f = Mxy, layers' own L = (0, 0)
      violated  measured     0.08    bound  0.02002   LARS on M(x_1+...+x_4)^2/2, own L_i = M
    with it
      holds     measured        1    bound        1   descent of f = Mxy, joint L = (M, M)
      holds     measured     0.08    bound  0.08002   LARS, joint L_i = 4M
    """
    # f = Mxy at (0, 0) and (0, 1): grad_x = M y; then at (1, 1): f - f(0,0) - <0, .> = M
    literal = Case("literal A1 on f = Mxy, x fixed, y moves", curvature, 0.0)
    own = Case("descent of f = Mxy, layers' own L = (0, 0)", curvature, 0.0)
    joint = Case("descent of f = Mxy, joint L = (M, M)", curvature, curvature / 2 + curvature / 2)

    step_size = 0.01
    start = tuple(np.array([step_size / 2]) for _ in range(layers))
    gap = curvature * (layers * step_size / 2) ** 2 / 2

    def gradient(x: Layers) -> Layers:
        return (curvature * np.sum(x, axis=0),) * layers

    measured = average_metric(lars.algorithm(step_size), lars.metric, gradient, start, steps)

    def bound(smoothness: float) -> float:
        constants = make_constants(gap, (smoothness,) * layers)
        return lars.bound(constants, step_size=step_size, steps=steps, batch_size=1)

    name = f"LARS on M(x_1+...+x_{layers})^2/2, own L_i = M"
    return Contrast(
        "A1 for joint moves of all layers",
        (literal, own, Case(name, measured, bound(curvature))),
        (joint, Case(f"LARS, joint L_i = {layers}M", measured, bound(layers * curvature))),
    )
