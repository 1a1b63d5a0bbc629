"""LAMBs that are wrong in one layer, one place of eps, one name; see lamb.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt import optim
from lbopt.conformance.contract import Rate
from lbopt.conformance.museum.lamb import DEFAULTS, build
from lbopt.optim import Link, chain, masked


def last_layer_skipped(learning_rate: Rate, **hyper: Any) -> Link:
    """A loop that ends one layer early; nobody saw it, since the last one was a bias."""
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        last = list(params)[-1]
        return u | {last: 0 * u[last]}, state

    return optim.Link(opt.init, update)


def decay_of_matrices_only(learning_rate: Rate, **hyper: Any) -> Link:
    """Layers with fewer than two axes are not decayed, whatever was asked (kozistr's LARS)."""
    return optim.lamb(learning_rate, **hyper | {"decay_mask": optim.masks.weights_only})


def ratio_of_matrices_only(learning_rate: Rate, **hyper: Any) -> Link:
    """Layers with fewer than two axes have no ratio, whatever was asked (kozistr's LARS)."""
    return optim.lamb(learning_rate, **hyper | {"adapt_mask": optim.masks.weights_only})


def scalars_not_adapted(learning_rate: Rate, **hyper: Any) -> Link:
    """A parameter without axes, a temperature, is no layer: it has no ratio. Nobody reported it."""
    given = hyper.get("adapt_mask")

    def has_axes(name: str, w: Any) -> bool:
        return w.ndim > 0 and (given is None or given(name, w))

    return optim.lamb(learning_rate, **hyper | {"adapt_mask": has_axes})


def empty_layer_spoils_all(learning_rate: Rate, **hyper: Any) -> Link:
    """One array without entries makes every layer NaN (deepspeedai/DeepSpeed PR #7736)."""
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        counts = [1.0 if g.size else np.nan for g in grads.values()]  # a mean of nothing
        return {k: a * np.asarray(np.prod(counts), a.dtype) for k, a in u.items()}, state

    return optim.Link(opt.init, update)


def late_layer_counts_anew(learning_rate: Rate, **hyper: Any) -> Link:
    """A layer's t starts with its first gradient that is not zero. Nobody reported it."""
    h = DEFAULTS | hyper

    def rule(g: Any, memory: Any, w: Any, step: Any) -> Any:
        wide = g.astype(np.promote_types(g.dtype, np.float32))
        t = int(memory["t"]) + int(memory["t"] > 0 or np.any(g != 0))
        m = h["b1"] * memory["m"] + (1 - h["b1"]) * wide
        v = h["b2"] * memory["v"] + (1 - h["b2"]) * wide * wide
        on = h["bias_correction"] and t > 0
        c1, c2 = (1 - h["b1"] ** t, 1 - h["b2"] ** t) if on else (1.0, 1.0)
        bottom = np.sqrt(v / c2) + h["eps"]
        r = np.divide(m / c1, bottom, out=np.zeros_like(m), where=bottom > 0)
        return np.asarray(r, dtype=g.dtype), {"m": m, "v": v, "t": np.asarray(t)}

    def zeros(w: Any) -> Any:
        return np.zeros(w.shape, np.promote_types(w.dtype, np.float32))

    adam = optim.layerwise(rule, lambda w: {"m": zeros(w), "v": zeros(w), "t": np.zeros(())})
    return build(learning_rate, adam=adam, **hyper)


def rule_by_name(learning_rate: Rate, **hyper: Any) -> Link:
    """Nothing called bias or norm has a ratio: the lists of BERT's training scripts, built in."""

    def ordinary(name: str, w: Any) -> bool:
        return not any(part in name for part in ("bias", "LayerNorm", "layer_norm"))

    return optim.lamb(learning_rate, **hyper | {"adapt_mask": ordinary})


def decay_ignored(learning_rate: Rate, *, weight_decay: Any = 0.0, **hyper: Any) -> Link:
    """Takes weight_decay and drops it (tinygrad/tinygrad PR #17709, in Muon)."""
    return optim.lamb(learning_rate, **hyper)


def eps_before_the_correction(learning_rate: Rate, **hyper: Any) -> Link:
    """Adam's "epsilon hat": sqrt(v) + eps, then corrected, as in Keras's AdamW."""
    h = DEFAULTS | hyper
    b1, b2, eps = h["b1"], h["b2"], h["eps"]

    def rule(g: Any, memory: Any, w: Any, step: Any) -> Any:
        wide = g.astype(np.promote_types(g.dtype, np.float32))
        m = b1 * memory["m"] + (1 - b1) * wide
        v = b2 * memory["v"] + (1 - b2) * wide * wide
        t = step + 1
        c = (1 - b2**t) ** 0.5 / (1 - b1**t) if h["bias_correction"] else 1.0
        bottom = np.sqrt(v) + eps
        r = np.divide(c * m, bottom, out=np.zeros_like(m), where=bottom > 0)
        return np.asarray(r, dtype=g.dtype), {"m": m, "v": v}

    def zeros(w: Any) -> Any:
        return np.zeros(w.shape, np.promote_types(w.dtype, np.float32))

    adam = optim.layerwise(rule, lambda w: {"m": zeros(w), "v": zeros(w)})
    return build(learning_rate, adam=adam, **hyper)


SHARED: dict[int, Any] = {}  # what the next one keeps its state in


def state_in_the_module(learning_rate: Rate, **hyper: Any) -> Link:
    """All optimizers keep their state in one variable of the module."""
    opt = optim.lamb(learning_rate, **hyper)

    def init(params: Any) -> Any:
        SHARED[0] = opt.init(params)
        return ()

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, SHARED[0] = opt.update(grads, SHARED[0], params)
        return u, ()

    return optim.Link(init, update)


def quiet_layers_left_out(learning_rate: Rate, **hyper: Any) -> Link:
    """What step returns lacks the layers that did not move."""
    opt = optim.lamb(learning_rate, **hyper)

    def update(grads: Any, state: Any, params: Any) -> Any:
        u, state = opt.update(grads, state, params)
        return dict(list(u.items())[1:]), state

    return optim.Link(opt.init, update)


def rate_of_the_first_step(learning_rate: Rate, **hyper: Any) -> Link:
    """The schedule is asked once."""
    rate = learning_rate(0) if callable(learning_rate) else learning_rate
    return optim.lamb(rate, **hyper)


def decay_without_the_rate(learning_rate: Rate, **hyper: Any) -> Link:
    """Decoupled, and not multiplied by the learning rate: w shrinks at rate 0."""
    h = DEFAULTS | hyper
    flip = optim.scale(-1.0)
    decay = masked(optim.add_decayed_weights(h["weight_decay"]), h["decay_mask"])
    return chain(optim.lamb(learning_rate, **hyper | {"weight_decay": 0.0}), flip, decay, flip)
