"""All mutants, those that survive, and the table of who kills whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.layers import Array
from theory.mutants.algorithms import ALGORITHMS
from theory.mutants.bounds_lamb import MEMORY
from theory.mutants.bounds_lars import LARS
from theory.mutants.bounds_sgd import SGD
from theory.mutants.bounds_sign import ROBUST, SIGN
from theory.mutants.extension_algorithms import EXTENSION_ALGORITHMS
from theory.mutants.extension_bounds import EXTENSION_BOUNDS
from theory.mutants.metrics import METRICS, STEP_SIZES
from theory.mutants.mutant import Mutant, kills
from theory.mutants.wrong_steps import euclidean, lars_with, sign_with
from theory.theorems import lamb

MUTANTS: tuple[Mutant, ...] = (
    *SGD,
    *LARS,
    *SIGN,
    *ROBUST,
    *MEMORY,
    *ALGORITHMS,
    *METRICS,
    *STEP_SIZES,
    *EXTENSION_BOUNDS,
    *EXTENSION_ALGORITHMS,
)


def minus_at_zero(g: Array) -> Array:
    """Sign with sign(0) = -1."""
    return np.where(g > 0, 1.0, -1.0)


def bias_corrected(
    step_size: float, *, beta2: float = 0.999, eps: float = 0.0, phi: Any = None
) -> Any:
    """LAMB with v / (1 - beta2^t) where eps = 0, where it is a scale of the layer's r."""
    return lamb.algorithm(step_size, beta2=beta2, eps=eps, phi=phi, bias_correction=eps == 0)


def one_where_zero(step_size: float, *, phi: Any = None, eps: float = 0.0) -> Any:
    """LARS whose layers without a gradient divide by 1 instead of 0."""
    return lars_with(lambda u, all_layers: _or_one(euclidean(u, all_layers)))(
        step_size, phi=phi, eps=eps
    )


def _or_one(length: Array) -> Array:
    return np.where(length > 0, length, 1.0)


# Changes that no witness can notice, each with the reason why that is right.
SURVIVORS: tuple[tuple[Mutant, str], ...] = (
    (
        Mutant(
            "LAMB sign algorithm: sign(0) = -1",
            "lamb_sign",
            "the other convention",
            "algorithm",
            algorithm=sign_with(rule=minus_at_zero),
        ),
        "|sign(0)| = 1 is all that the theorem asks; the walk from 0 is mirrored",
    ),
    (
        Mutant(
            "LAMB algorithm: bias correction",
            "lamb",
            "Algorithm 2 of the paper",
            "algorithm",
            algorithm=bias_corrected,
        ),
        "it scales all of r_i alike, and r_i is normalised: with eps = 0 nothing changes",
    ),
    (
        Mutant(
            "LARS algorithm: a layer without gradient divides by 1",
            "lars",
            "the zero rule of lbopt.optim",
            "algorithm",
            algorithm=one_where_zero,
        ),
        "0 / 1 and the theorem's 0 / 0 := 0 are the same step, none",
    ),
)


def table(mutants: tuple[Mutant, ...] = MUTANTS) -> str:
    """Write one line per mutant: how many witnesses exceed the wrong bound or see a ratio move.

    Examples
    --------
    >>> from theory.mutants.bounds_sgd import SGD
    >>> print(table(SGD[:2]))
    mutant                                               exceeded moved  first witness
    SGD: start constant 0.95                                    3     5  SGD start, 1/L
    SGD: start constant 0.5                                     4     5  SGD start, 1/L
    """
    lines = [f"{'mutant':<52} {'exceeded':>8} {'moved':>5}  first witness"]
    for mutant in mutants:
        found = kills(mutant)
        over = [k.witness for k in found if any("violated" in how for how in k.how)]
        first = (over or [k.witness for k in found] or ["none: survives"])[0]
        lines.append(f"{mutant.name:<52} {len(over):>8} {len(found):>5}  {first}")
    return "\n".join(lines)
