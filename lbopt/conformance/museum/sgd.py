"""Wrong versions of SGD, in the manner of lars.py."""

from __future__ import annotations

from typing import Any

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.optim import Link, chain, masked


def right_sgd(learning_rate: Rate, **hyper: Any) -> Link:
    """The right one, to see that no law kills it."""
    return optim.sgd(learning_rate, **hyper)


def sgd_parts(
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    decay_mask: Any = None,
) -> tuple[Link, Link]:
    """The links of sgd before the learning rate, to be put together wrongly."""
    decay = masked(optim.add_decayed_weights(weight_decay), decay_mask)
    return decay, (optim.nesterov_trace if nesterov else optim.trace)(momentum)


def sgd_rate_inside_the_momentum(learning_rate: Rate, **hyper: Any) -> Link:
    """Right for LARS, wrong here: with a schedule the buffer keeps old learning rates."""
    decay, trace = sgd_parts(**hyper)
    return chain(decay, optim.scale_by_learning_rate(learning_rate), trace)


def sgd_decay_outside_the_momentum(learning_rate: Rate, **hyper: Any) -> Link:
    """Decoupled decay (SGDW), where an L2 penalty was asked for."""
    decay, trace = sgd_parts(**hyper)
    return chain(trace, decay, optim.scale_by_learning_rate(learning_rate))


def sgd_dampened(learning_rate: Rate, **hyper: Any) -> Link:
    """The momentum is an average: steps are 1 - m times too short."""
    decay, _ = sgd_parts(**hyper)
    ema = optim.ema(hyper.get("momentum", 0.0))
    return chain(decay, ema, optim.scale_by_learning_rate(learning_rate))


def sgd_nesterov_ignored(learning_rate: Rate, *, nesterov: Any = False, **hyper: Any) -> Link:
    """nesterov=True is accepted and ignored (bitsandbytes-foundation/bitsandbytes PR #2085)."""
    return optim.sgd(learning_rate, **hyper)


def sgd_decay_mask_ignored(learning_rate: Rate, *, decay_mask: Any = None, **hyper: Any) -> Link:
    """Norms and biases are decayed after all (huggingface/transformers#4360)."""
    return optim.sgd(learning_rate, **hyper)


def sgd_ascent(learning_rate: Rate, **hyper: Any) -> Link:
    """The sign of the update is lost."""
    return chain(optim.sgd(learning_rate, **hyper), optim.scale(-1.0))


def sgd_clips_by_default(learning_rate: Rate, **hyper: Any) -> Link:
    """Gradients are clipped though nobody asked (timm's Lamb: max_grad_norm=1.0 by default)."""
    return chain(optim.clip_by_global_norm(1.0), optim.sgd(learning_rate, **hyper))


def sgd_clips_each_layer(learning_rate: Rate, **hyper: Any) -> Link:
    """And layer by layer, so that cutting a layer in two changes the result."""

    def rule(u: Any, memory: Any, w: Any, step: Any) -> Any:
        return u / max(1.0, optim.norm(u)), memory

    return chain(optim.layerwise(rule), optim.sgd(learning_rate, **hyper))
