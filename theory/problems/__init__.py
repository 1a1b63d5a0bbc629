"""Functions with exactly known constants, on which the bounds are tested."""

from theory.problems.cosine import cosine
from theory.problems.huber import huber
from theory.problems.logistic import logistic
from theory.problems.problem import Problem, dims_of, gap_of
from theory.problems.quadratic import coupled_quadratic, quadratic
from theory.problems.sampled_cosine import sampled_cosine
from theory.problems.sampled_well import sampled_well
from theory.problems.well import bounded_well

__all__ = [
    "Problem",
    "bounded_well",
    "cosine",
    "coupled_quadratic",
    "dims_of",
    "gap_of",
    "huber",
    "logistic",
    "quadratic",
    "sampled_cosine",
    "sampled_well",
]
