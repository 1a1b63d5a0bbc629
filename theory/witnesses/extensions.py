"""The extensions as claims, and their witnesses."""

from __future__ import annotations

from functools import partial
from math import nan

from theory.constants import Constants
from theory.theorems import heavy_tails, lars, momentum_lars, per_layer, weight_decay
from theory.witnesses.after_the_fact import PER_LAYER
from theory.witnesses.heavy import HEAVY
from theory.witnesses.inside import DECAY, WEIGHT_DECAY
from theory.witnesses.momentum import MOMENTUM
from theory.witnesses.witness import Claim, Witness


def simple_or_nan(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta: float = 0.9,
    start: str = "gradient",
) -> float:
    """`momentum_lars.simple_bound`; nan for a momentum from zero, of which it does not speak."""
    if start != "gradient":
        return nan
    return momentum_lars.simple_bound(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        beta=beta,
    )


EXTENSION_CLAIMS: dict[str, Claim] = {
    "momentum_lars": Claim(
        momentum_lars.terms,
        momentum_lars.bound,
        simple_or_nan,  # in the place of a published one
        momentum_lars.metric,
        momentum_lars.algorithm,
        momentum_lars.optimal_step,
    ),
    "weight_decay": Claim(
        weight_decay.terms,
        weight_decay.bound,
        None,
        weight_decay.metric,
        weight_decay.algorithm,
        partial(weight_decay.optimal_step, decay=DECAY),
    ),
    "heavy_tails": Claim(
        heavy_tails.terms,
        heavy_tails.bound,
        heavy_tails.published,
        heavy_tails.metric,
        heavy_tails.algorithm,
        heavy_tails.optimal_step,
    ),
    "per_layer": Claim(
        per_layer.terms,
        per_layer.bound,
        None,
        per_layer.metric,
        per_layer.algorithm,
        lars.optimal_step,  # its witnesses have step sizes of their own
    ),
}

EXTENSIONS: tuple[Witness, ...] = (*MOMENTUM, *WEIGHT_DECAY, *HEAVY, *PER_LAYER)
