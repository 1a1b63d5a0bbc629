"""Nonconvex convergence bounds of SGD, LARS and LAMB: constants, proofs as data, exact checks.

``check_bound(optimizer, problem, noise, theorem=...)`` holds an optimizer of yours against a bound;
``python -m theory`` prints the statements, how tight they are and which mistakes the tests see.
``from theory import strategies`` (needs hypothesis) gives problems and noise for property tests.
"""

from theory import kernel, noise, problems, theorems
from theory.chain import expected_metric
from theory.check import THEOREMS, Verdict, check_bound
from theory.constants import Constants, make_constants
from theory.measure import Measurement, constants_of, measure
from theory.problems.problem import Problem

__all__ = [
    "THEOREMS",
    "Constants",
    "Measurement",
    "Problem",
    "Verdict",
    "check_bound",
    "constants_of",
    "expected_metric",
    "kernel",
    "make_constants",
    "measure",
    "noise",
    "problems",
    "theorems",
]
