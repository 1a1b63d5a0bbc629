"""What an optimizer does at the edges: zero weights, zero and late gradients, precision."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.battery import Scene, misses
from lbopt.conformance.contract import NotOfferedError, copies
from lbopt.conformance.family import Knobs
from lbopt.conformance.lab import Lab, size
from lbopt.conformance.law import FULL, GRADS, RATE, W, usual

ZERO = problem.times(0.0, W)
PROBED = "embed.weight"


def edge_words(lab: Lab, base: str, border: Scene | None, k: Knobs | None) -> tuple[str, ...]:
    """What zero weights and zero gradients do, where the member ``k`` would not do the same."""
    out = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, probe in (("zero weights", zero_weights), ("zero gradients", zero_gradient)):
            if border is None or name not in border.names:
                continue
            if k is None or misses(k, border)[:, border.names.index(name)].any():
                try:
                    out.append(probe(lab, base))
                except Exception:  # it refuses what the probe needs
                    continue
    return tuple(words for words in out if words)


def remarks_of(lab: Lab, error: float) -> tuple[str, ...]:
    """Collect what is not of the algorithm: arithmetic, and gradients that come late.

    ``error`` is the largest of the member of the family that fits.
    """
    out = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for probe in (late_gradient, half_precision):
            try:
                out.append(probe(lab))
            except Exception:
                continue
    if lab.arithmetic == "float32" and lab.dtype == "float64":
        out.append("float32 arithmetic, whatever it is given")
    elif lab.arithmetic == "float64" and 1e-11 < error < 1e-5:
        out.append(f"some float32 numbers in float64 arithmetic (updates {error:.0e} off)")
    return tuple(words for words in out if words)


def zero_weights(lab: Lab, base: str) -> str:
    """Zero weights: frozen, NaN, or moving."""
    moved = lab.run(usual(lab), ZERO, GRADS[:1], RATE)[1][PROBED]
    if np.isnan(moved).any():
        return "zero weights become NaN"
    return "" if moved.any() else "zero weights never move"


def zero_gradient(lab: Lab, base: str) -> str:
    """A layer without gradient, with decay: by which factor it shrinks."""
    h = usual(lab, weight_decay=FULL[lab.claim.name]["weight_decay"])
    h |= {"momentum": 0.0} if "momentum" in lab.offers else {}
    if not h["weight_decay"]:
        return ""
    before, after = (a[PROBED] for a in lab.run(h, W, [ZERO], RATE))
    if np.isnan(after).any():
        return "a layer without gradient becomes NaN"
    share = size(before - after) / (RATE * size(before))
    eta = h.get("trust_coefficient", -1.0)
    formula = {"lamb": 1.0, "lars_2020": 1.0, "lars": eta}.get(base, h["weight_decay"])
    if abs(share - formula) < 1e-3 * formula:
        return ""
    known = {
        0.0: "a layer without gradient is left alone, its decay too",
        h["weight_decay"]: "a layer without gradient shrinks by lr * weight_decay",
        1.0: "a layer without gradient shrinks by lr, whatever its decay",
        eta: "a layer without gradient shrinks by lr * trust_coefficient, whatever its decay",
    }
    for value, told in known.items():
        if abs(share - value) < 1e-3 * max(value, 1e-3):
            return told
    return f"a layer without gradient shrinks by {share:.3g} lr"


def late_gradient(lab: Lab) -> str:
    """A layer whose gradient is missing at first (in torch: None), where that is possible."""
    if lab.claim.name not in ("lamb", "adamw"):
        return ""
    h = usual(lab, b1=0.9, b2=0.97, eps=0.25)
    optimizer, params = lab.build(h, RATE), copies(W, lab.dtype)
    optimizer.init(copies(params))
    for t in range(3):
        g = copies(GRADS[t], lab.dtype)
        if t < 2:
            del g[PROBED]
        before, params = params, optimizer.step(copies(params), g)
        if t < 2 and not np.array_equal(before[PROBED], params[PROBED]):
            return ""
    own, shared = (follow(lab, h, t) for t in (1, 3))
    moved = np.asarray(params[PROBED], float) - before[PROBED]
    if np.allclose(moved, own, rtol=1e-3) or not np.allclose(moved, shared, rtol=1e-3):
        return ""
    return "one step count for all layers: a gradient that comes late is corrected as if it had not"


def follow(lab: Lab, h: dict, t: int) -> np.ndarray:
    """The first step of a layer whose moments are corrected as at step t."""
    g, w = GRADS[2][PROBED], W[PROBED]
    c1, c2 = 1 - h["b1"] ** t, 1 - h["b2"] ** t
    r = (1 - h["b1"]) * g / c1 / (np.sqrt((1 - h["b2"]) * g * g / c2) + h["eps"])
    return -RATE * r * (size(w) / size(r) if lab.claim.name == "lamb" else 1.0)


def half_precision(lab: Lab) -> str:
    """Norms of 300 x 300 ones in float16."""
    one = {"W": np.ones((300, 300))}
    half = replace(lab, dtype="float16", arithmetic="float16")
    try:
        after = half.run(usual(lab), one, [one], RATE)[1]["W"]
    except (NotOfferedError, TypeError, NotImplementedError, RuntimeError):
        return "float16 is refused"
    return "" if np.isfinite(after).all() else "float16 norms overflow"
