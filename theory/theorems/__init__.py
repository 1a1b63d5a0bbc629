"""One theorem per file: statement, bound, best step size, metric, algorithm, derivation."""

from theory.theorems import (
    budget,
    heavy_tails,
    lamb,
    lamb_sign,
    lars,
    momentum_lars,
    per_layer,
    sgd,
    weight_decay,
)

__all__ = [
    "budget",
    "heavy_tails",
    "lamb",
    "lamb_sign",
    "lars",
    "momentum_lars",
    "per_layer",
    "sgd",
    "weight_decay",
]
