r"""A2: the samples of a batch must be independent given the past.

A batch of b copies of one sample has the noise of one sample: the :math:`1/\sqrt b` of the noise
term is gone. Huber slope 0.9, noise :math:`\pm 1`, b = T: with independent samples the bound
holds and falls; with b copies the iterate is the random walk of b = 1 and the average gradient
stays at .89. (Data augmentation of one image, or neighbouring frames of a film, lie in between.)
"""

from __future__ import annotations

from theory import noise, problems
from theory.chain import expected_metric
from theory.constants import make_constants
from theory.counterexamples.contrast import Case, Contrast
from theory.theorems import lars


def run(batch_sizes: tuple[int, ...] = (64, 1024), start: float = 5.0) -> Contrast:
    """Run b = T, once with copies and once with independent samples.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: independent samples (A2)
      violated  measured  0.89024    bound  0.48273   b = T = 64, b copies of one sample
      violated  measured  0.89038    bound  0.12068   b = T = 1024, b copies of one sample
    with it
      holds     measured  0.32839    bound  0.48273   b = T = 64, independent samples
      holds     measured 0.090682    bound  0.12068   b = T = 1024, independent samples
    """
    problem = problems.huber([1.0], slope=0.9, start=start)
    constants = make_constants(problems.gap_of(problem), (1.0,), sigma=(1.0,))

    def case(steps: int, independent: int, name: str) -> Case:
        step_size = lars.optimal_step(constants, steps=steps)
        average = expected_metric(
            problem, noise.rademacher(), step_size=step_size, steps=steps, batch_size=independent
        ).average
        bound = lars.bound(constants, step_size=step_size, steps=steps, batch_size=steps)
        return Case(f"b = T = {steps}, {name}", average, bound)

    return Contrast(
        "independent samples (A2)",
        tuple(case(b, 1, "b copies of one sample") for b in batch_sizes),
        tuple(case(b, b, "independent samples") for b in batch_sizes),
    )
