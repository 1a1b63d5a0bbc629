"""lbopt: LARS and LAMB without a framework, to be read, run and held against.

``import lbopt`` needs NumPy and array-api-compat alone. CuPy, scikit-learn and matplotlib are
imported by the functions that need them.
"""

from lbopt import conformance, data, models, observe, ops, optim, train

__version__ = "0.1.0"

__all__ = ["conformance", "data", "models", "observe", "ops", "optim", "train"]
