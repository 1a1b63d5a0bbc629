"""All counterexamples, in the order of the assumptions and then of the gaps."""

from __future__ import annotations

from collections.abc import Callable

from theory.counterexamples import (
    biased_noise,
    dependent_samples,
    gradient_bound_on_mean,
    heavy_tails,
    last_iterate,
    literal_smoothness,
    long_step,
    moves_away,
    no_smoothness,
    noise_floor,
    ratchet,
    sign_of_zero,
    staircase,
    trust_ratio_sticks,
    unbounded_below,
)
from theory.counterexamples.contrast import Contrast

COUNTEREXAMPLES: dict[str, Callable[[], Contrast]] = {
    "unbounded_below": unbounded_below.run,
    "no_smoothness": no_smoothness.run,
    "literal_smoothness": literal_smoothness.run,
    "biased_noise": biased_noise.run,
    "dependent_samples": dependent_samples.run,
    "heavy_tails": heavy_tails.run,
    "gradient_bound_on_mean": gradient_bound_on_mean.run,
    "trust_ratio_sticks": trust_ratio_sticks.run,
    "long_step": long_step.run,
    "noise_floor": noise_floor.run,
    "moves_away": moves_away.run,
    "sign_of_zero": sign_of_zero.run,
    "last_iterate": last_iterate.run,
    "staircase": staircase.run,
    "ratchet": ratchet.run,
}
