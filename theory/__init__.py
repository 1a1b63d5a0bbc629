"""Nonconvex convergence bounds of SGD, LARS and LAMB: constants, proofs as data, exact checks."""

from theory.constants import Constants, make_constants

__all__ = ["Constants", "make_constants"]
