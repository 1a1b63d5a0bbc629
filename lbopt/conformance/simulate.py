"""Run a member of the family."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.family import Flat, Knobs, Layout
from lbopt.conformance.family_adam import adam
from lbopt.conformance.family_momentum import momentum
from lbopt.conformance.formulas import Hyper


def simulate(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> Flat:
    """Updates of one member at the weights that were seen.

    ``ws``, ``gs`` (steps, runs, entries); ``rates`` (twice as many steps, runs, 1); hyperparameters
    (runs, 1).
    """
    own = {"b1": k.b1_value, "b2": k.b2_value, "momentum": k.momentum_value}
    h = h | {name: np.full_like(h[name], x) for name, x in own.items() if x is not None}
    run = adam if k.direction == "adam" else momentum
    n = len(ws)
    asked = {
        "asked": rates[:n], "kept": rates[[0] * n], "late": rates[[0, *range(n - 1)]],
        "early": rates[1 : n + 1], "twice": rates[0 : 2 * n : 2],
        "divided out": np.ones_like(rates[:n]), "squared": rates[:n] ** 2,
        "root": np.sqrt(rates[:n]),
    }[k.schedule]  # fmt: skip
    with np.errstate(all="ignore"):
        return k.sign * np.array(run(k, h, ws, clipped(k, gs, at), asked, at))


def clipped(k: Knobs, gs: Flat, at: Layout) -> Flat:
    """Gradients cut to a norm, all together or layer by layer."""
    if k.clip == np.inf:
        return gs
    if k.clip_by == "entry":
        return np.clip(gs, -k.clip, k.clip)
    if k.clip_by in ("layer", "rms"):
        count = np.bincount(at.layer_of) if k.clip_by == "rms" else 1.0
        total = at.wide(at.norms(gs) / np.sqrt(count))
    else:
        total = np.sqrt(np.sum(gs * gs, axis=-1, keepdims=True))
    return gs * np.minimum(1.0, k.clip / np.where(total > 0, total, 1.0))
