r"""A small batch can walk away from the minimum: unbiased noise, biased direction.

:math:`f' = 1/4` on the right of the minimum, and a sample of the gradient is -1 with chance 3/4,
4 with chance 1/4: its mean is :math:`1/4 = f'`. A normalised (or sign) step only sees on which
side of zero the batch mean falls. With b = 1 that is the wrong side three times in four: E x goes
from 20 to 40 in 400 steps of 0.1, and E f grows. With b = 4 the mean falls on the right side more
often than not. It is not monotone in b (b = 8 and b = 16 do worse than b = 4): the samples are
skew, and which counts of the large sample suffice is a matter of whole numbers.

The claim held against the numbers is descent in expectation, :math:`E f(x^{T+1}) \le f(x^1)`. The
theorem does not promise it: its bound, whose noise term alone is
:math:`\sigma/\sqrt b = 2.17/\sqrt b`, is not violated but vacuous, being above
:math:`\sup|f'| = 1/4` until b > 75.
"""

from __future__ import annotations

from theory import noise, problems
from theory.chain import expected_metric
from theory.counterexamples.contrast import Case, Contrast


def run(step_size: float = 0.1, steps: int = 400) -> Contrast:
    """E f after 400 steps against f at the start, exactly.

    Examples
    --------
    >>> from theory.counterexamples.contrast import table
    >>> print(table(run()))
    without: a batch large enough for the skew of the noise
      violated  measured   9.9687    bound   4.9688   E f(x^401) against f(x^1), b = 1
      violated  measured   6.2187    bound   4.9688   E f(x^401) against f(x^1), b = 2
    with it
      holds     measured   1.2972    bound   4.9688   E f(x^401) against f(x^1), b = 4
      holds     measured   2.3104    bound   4.9688   E f(x^401) against f(x^1), b = 8
      holds     measured   3.0685    bound   4.9688   E f(x^401) against f(x^1), b = 16
    """
    problem = problems.huber([1.0], slope=0.25, start=20.0)
    # -1.25 with chance 3/4, +3.75 with chance 1/4: standard deviation sqrt(75)/4
    skew = noise.two_point(75**0.5 / 4, probability=0.75)

    def case(batch_size: int) -> Case:
        found = expected_metric(
            problem, skew, step_size=step_size, steps=steps, batch_size=batch_size
        )
        name = f"E f(x^{steps + 1}) against f(x^1), b = {batch_size}"
        return Case(name, found.final_value, float(problem.value(problem.start)))

    return Contrast(
        "a batch large enough for the skew of the noise",
        tuple(case(b) for b in (1, 2)),
        tuple(case(b) for b in (4, 8, 16)),
    )
