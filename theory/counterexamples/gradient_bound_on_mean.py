r"""A3: G must bound the stochastic gradient, not only its mean.

LAMB with beta2 > 0 pays :math:`G\sqrt{d/(1 - \beta_2)}` for the second moment, and
:math:`\sqrt v \le G` needs every sample to be bounded. One coordinate, Huber slope s just below 1,
samples :math:`f' \pm 1`: |f'| <= 1 but |g| <= 2. The step is a fair coin, :math:`f'^2 \to 1`, and
with beta2 near 0 the noise term is :math:`G\sigma/2`: 1 with G = 2 (attained), and 1/2 with the
wrong G = sup |f'| = 1.
"""

from __future__ import annotations

from theory import problems
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.lattice import batch_mean, on_line, sign_chances, walk
from theory.theorems import lamb


def run(steps: int = 4096, step_size: float = 0.01, start: float = 2.0) -> Contrast:
    """Evaluate LAMB's bound with G of the samples and with G of the mean.

    In one dimension r / ||r|| is sign(g) for every beta2, so the walk is exact.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: G bounds every sample (A3)
      violated  measured  0.99311    bound  0.54189   LAMB, G = sup |f'| = 1
    with it
      holds     measured  0.99311    bound   1.0838   LAMB, G = sup |g| = 2
    """
    problem = problems.huber([1.0], slope=1 - 1e-9, start=start)
    _, gradient = on_line(problem)
    average = walk(
        lambda x: gradient(x) ** 2,
        sign_chances(gradient, batch_mean(1, -1.0, 1.0, 0.5)),
        (-1, 1),
        start=start,
        unit=step_size,
        steps=steps,
    ).average

    def bound(gradient_bound: float) -> float:
        constants = make_constants(
            problems.gap_of(problem), (1.0,), sigma=(1.0,), gradient_bound=gradient_bound
        )
        return lamb.bound(constants, step_size=step_size, steps=steps, batch_size=1, beta2=1e-3)

    return Contrast(
        "G bounds every sample (A3)",
        (Case("LAMB, G = sup |f'| = 1", average, bound(1.0)),),
        (Case("LAMB, G = sup |g| = 2", average, bound(2.0)),),
    )
