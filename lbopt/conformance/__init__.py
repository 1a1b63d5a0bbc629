"""Hold any LARS or LAMB against the papers, and be told what it really is.

`check` tries the laws of a claim on a factory ``make(lr, **hyperparameters) -> (init, step)``;
`identify` names the variant that a factory builds; `museum` is the wrong ones.
"""

from lbopt.conformance.adapters import from_lbopt, from_torch
from lbopt.conformance.adapters_jax import from_keras, from_optax
from lbopt.conformance.check import check
from lbopt.conformance.contract import NotOfferedError, Optimizer
from lbopt.conformance.example import Example, smallest_example
from lbopt.conformance.formulas import CLAIMS
from lbopt.conformance.identify import Identification, identify
from lbopt.conformance.laws import LAWS, laws_of
from lbopt.conformance.report import Report, Row

__all__ = [
    "CLAIMS",
    "LAWS",
    "Example",
    "Identification",
    "NotOfferedError",
    "Optimizer",
    "Report",
    "Row",
    "check",
    "from_keras",
    "from_lbopt",
    "from_optax",
    "from_torch",
    "identify",
    "laws_of",
    "smallest_example",
]
