"""Wrong versions of the LAMB paper's LARS, in the manner of lars.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.optim import Link, chain, masked


def lars_2020_parts(
    b1: float = 0.9,
    weight_decay: float = 0.0,
    phi: Any = None,
    decay_mask: Any = None,
    adapt_mask: Any = None,
) -> tuple[Link, Link, Link]:
    """The links of lars_2020 before the learning rate, to be put together wrongly."""
    decay = masked(optim.add_decayed_weights(weight_decay), decay_mask)
    return decay, optim.ema(b1), masked(optim.scale_by_trust_ratio(phi), adapt_mask)


def right_lars_2020(learning_rate: Rate, **hyper: Any) -> Link:
    """The right one, to see that no law kills it."""
    return optim.lars_2020(learning_rate, **hyper)


def gradient_normalised(learning_rate: Rate, **hyper: Any) -> Link:
    """The order of 2017 under the name of 2020: the ratio comes before the momentum."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(decay, ratio, ema, optim.scale_by_learning_rate(learning_rate))


def decay_after_the_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """Decoupled decay: added when the length is already fixed (keras and kozistr do so in LAMB)."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(ema, ratio, decay, optim.scale_by_learning_rate(learning_rate))


def decay_after_the_momentum(learning_rate: Rate, **hyper: Any) -> Link:
    """Decay is not averaged: LAMB's place for it, not LARS's."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(ema, decay, ratio, optim.scale_by_learning_rate(learning_rate))


def phi_ignored(learning_rate: Rate, *, phi: Any = None, **hyper: Any) -> Link:
    """Accepts phi and ignores it (max_unorm: bitsandbytes-foundation/bitsandbytes PR #1998)."""
    return optim.lars_2020(learning_rate, **hyper)


def no_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """SGD with averaged momentum: the ratio is missing."""
    decay, ema, _ = lars_2020_parts(**hyper)
    return chain(decay, ema, optim.scale_by_learning_rate(learning_rate))


def heavy_ball_for_average(learning_rate: Rate, **hyper: Any) -> Link:
    """A sum m = b1 m + g: the factor cancels in the ratio, and shows where there is none."""
    decay, _, ratio = lars_2020_parts(**hyper)
    ball = optim.trace(hyper.get("b1", 0.9))
    return chain(decay, ball, ratio, optim.scale_by_learning_rate(learning_rate))


def rate_inside_the_average(learning_rate: Rate, **hyper: Any) -> Link:
    """The rate goes into the momentum and the ratio divides it out again: no rate at all."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    return chain(decay, optim.scale_by_learning_rate(learning_rate), ema, ratio)


def bounded_ratio(learning_rate: Rate, **hyper: Any) -> Link:
    """The ratio is cut at 10, whatever phi is (DeepSpeed's max_coeff, in LAMB)."""
    decay, ema, ratio = lars_2020_parts(**hyper)
    plain = optim.scale_by_learning_rate(learning_rate)

    def update(u: Any, state: Any, params: Any) -> Any:
        scaled, state = ratio.update(u, state, params)
        bound = {k: 10 * optim.norm(u[k]) for k in u}
        cut = {
            k: s if optim.norm(s) <= bound[k] else s * (bound[k] / optim.norm(s))
            for k, s in scaled.items()
        }
        return cut, state

    return chain(decay, ema, optim.Link(ratio.init, update), plain)


def no_zero_rule(learning_rate: Rate, **hyper: Any) -> Link:
    """0 / 0: a layer without momentum becomes NaN."""
    decay, ema, _ = lars_2020_parts(**hyper)

    def rule(u: Any, memory: Any, w: Any, step: Any) -> Any:
        return (u * np.divide(optim.norm(w), optim.norm(u))).astype(u.dtype), memory

    return chain(decay, ema, optim.layerwise(rule), optim.scale_by_learning_rate(learning_rate))
