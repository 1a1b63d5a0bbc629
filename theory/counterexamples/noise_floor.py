r"""A batch that does not grow: the noise term stays, and so does the gradient.

With b = T the theorem's bound goes to zero like :math:`T^{-1/2}`; with b fixed it stops at
:math:`\|\sigma\|_1/\sqrt b`. That floor is real. Huber function with slope 0.9, samples
:math:`g = f' \pm 1`: with b = 1 the sign of g is a fair coin wherever :math:`|f'| \le 0.9 < 1`, so
the iterate is a random walk that knows nothing of f, and its average gradient is .89 for any T.
Everything is exact: the iterates live on :math:`x^1 + \eta\mathbb Z`.

In "without", b = 1 is held against the bound of b = T; in "kept", each b against its own bound.
"""

from __future__ import annotations

from theory import noise, problems
from theory.chain import expected_metric
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.theorems import lars


def run(horizons: tuple[int, ...] = (100, 400, 2000), start: float = 5.0) -> Contrast:
    """Average |f'| at the theorem's step size, b = 1 and b = T.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: a batch that grows with T
      violated  measured  0.89051    bound  0.38618   b = 1 against b = T, T = 100
      violated  measured  0.89036    bound  0.19309   b = 1 against b = T, T = 400
      violated  measured  0.89038    bound 0.086353   b = 1 against b = T, T = 2000
    with it
      holds     measured  0.28254    bound  0.38618   b = T = 100
      holds     measured  0.14138    bound  0.19309   b = T = 400
      holds     measured 0.066104    bound 0.086353   b = T = 2000
      holds     measured  0.89038    bound    1.064   b = 1 against its own bound, T = 2000
    """
    problem = problems.huber([1.0], slope=0.9, start=start)
    constants = make_constants(problems.gap_of(problem), (1.0,), sigma=(1.0,))

    def average(steps: int, batch_size: int) -> float:
        step_size = lars.optimal_step(constants, steps=steps)
        return expected_metric(
            problem, noise.rademacher(), step_size=step_size, steps=steps, batch_size=batch_size
        ).average

    def bound(steps: int, batch_size: int) -> float:
        step_size = lars.optimal_step(constants, steps=steps)
        return lars.bound(constants, step_size=step_size, steps=steps, batch_size=batch_size)

    one = {steps: average(steps, 1) for steps in horizons}
    last = horizons[-1]
    return Contrast(
        "a batch that grows with T",
        tuple(Case(f"b = 1 against b = T, T = {t}", one[t], bound(t, t)) for t in horizons),
        (
            *(Case(f"b = T = {t}", average(t, t), bound(t, t)) for t in horizons),
            Case(f"b = 1 against its own bound, T = {last}", one[last], bound(last, 1)),
        ),
    )
