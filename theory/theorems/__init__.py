"""One theorem per file: statement, bound, best step size, metric, algorithm, derivation."""

from theory.theorems import lamb, lamb_sign, lars, sgd

__all__ = ["lamb", "lamb_sign", "lars", "sgd"]
