"""Wrong AdamW, in the manner of lamb.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.conformance.museum.lamb import DEFAULTS, direction
from lbopt.optim import Link, chain, masked


def parts(hyper: dict[str, Any], **wrong: Any) -> tuple[Link, Link]:
    """Adam's direction with one line wrong, and decay."""
    h = DEFAULTS | {"eps": 1e-8} | hyper
    decay = masked(optim.add_decayed_weights(h["weight_decay"]), h["decay_mask"])
    return direction(h, **wrong), decay


def right_adamw(learning_rate: Rate, **hyper: Any) -> Link:
    """The right one, to see that no law kills it."""
    return optim.adamw(learning_rate, **hyper)


def adamw_as_adam(learning_rate: Rate, **hyper: Any) -> Link:
    """Decay goes through the moments: torch's Adam(weight_decay), taken for AdamW for years."""
    return optim.adam(learning_rate, **{"weight_decay": 0.01} | hyper)


def adamw_decay_without_the_rate(learning_rate: Rate, **hyper: Any) -> Link:
    """Decay w <- w - gamma r - lam w: the paper's own form with its schedule multiplier eta = 1."""
    adam, decay = parts(hyper)
    return chain(adam, optim.scale_by_learning_rate(learning_rate), minus(decay))


def minus(decay: Link) -> Link:
    """Add decay to a step that has its sign already."""
    flip = optim.scale(-1.0)
    return chain(flip, decay, flip)


def adamw_decay_twice(learning_rate: Rate, **hyper: Any) -> Link:
    """In the gradient and beside it: both switches were found."""
    _, decay = parts(hyper)
    return chain(decay, optim.adamw(learning_rate, **hyper))


def adamw_eps_inside(learning_rate: Rate, **hyper: Any) -> Link:
    """Under the root, sqrt(v + eps): optax's eps_root for its eps."""
    adam, decay = parts(hyper, inside=True)
    return chain(adam, decay, optim.scale_by_learning_rate(learning_rate))


def adamw_layer_mean_of_v(learning_rate: Rate, **hyper: Any) -> Link:
    """The second moment is averaged over the layer: an idea of its own (Novograd's), not AdamW."""
    adam, decay = parts(hyper, square=lambda g: np.full_like(g, np.mean(g * g)))
    return chain(adam, decay, optim.scale_by_learning_rate(learning_rate))


def adamw_mask_ignored(learning_rate: Rate, *, decay_mask: Any = None, **hyper: Any) -> Link:
    """Norms and biases are decayed after all (huggingface/transformers#4360)."""
    return optim.adamw(learning_rate, **hyper)


def adamw_eps_of_its_own(learning_rate: Rate, **hyper: Any) -> Link:
    """eps=0 silently becomes 1e-3."""
    return optim.adamw(learning_rate, **hyper | {"eps": hyper.get("eps") or 1e-3})


def adamw_decay_ignored(learning_rate: Rate, *, weight_decay: Any = 0.01, **hyper: Any) -> Link:
    """weight_decay is accepted and ignored."""
    return optim.adamw(learning_rate, weight_decay=0.0, **hyper)


def adamw_narrow(learning_rate: Rate, **hyper: Any) -> Link:
    """Moments in float16."""
    adam, decay = parts(hyper, narrow=True)
    return chain(adam, decay, optim.scale_by_learning_rate(learning_rate))


def adamw_no_zero_rule(learning_rate: Rate, **hyper: Any) -> Link:
    """0 / 0 where eps = 0 and nothing ever came: NaN."""
    spoil = optim.layerwise(lambda u, memory, w, step: (u + 0 * np.divide(u, u), memory))
    return chain(spoil, optim.adamw(learning_rate, **hyper))
