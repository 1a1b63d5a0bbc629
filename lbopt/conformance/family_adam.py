"""Members of the family with Adam's direction: LAMB, AdamW and what was made of them."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.family import Flat, Knobs, Layout, decay_of, ratio
from lbopt.conformance.formulas import Hyper


def count(k: Knobs, t: int) -> int:
    """The step that the correction believes in."""
    return {"from 0": t - 1, "from 2": t + 1, "twice": 2 * t}.get(k.correction, t)


def correction_of(k: Knobs, b: Flat, t: int, which: str) -> Flat:
    """What a moment is divided by inside the ratio."""
    if k.correction in ("none", "outside", "first outside") or k.correction == f"{which} not":
        return np.ones_like(b)
    by = 1 - b ** count(k, t)
    by = by**2 if which == "second" and k.correction == "root forgotten" else by
    return np.where(by > 0, by, 1.0)


def direction(k: Knobs, h: Hyper, m: Flat, v: Flat, g: Flat, t: int) -> Flat:
    """Adam's r from raw moments."""
    b1, b2 = betas(k, h)
    c1 = correction_of(k, b1, t, "first")
    c2 = correction_of(k, b1 if k.correction == "b1 for both" else b2, t, "second")
    mhat, vhat = m / c1, v / c2
    if k.moments in ("nlamb", "nnlamb"):
        mhat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    if k.moments == "nnlamb":
        vhat = b2 * v / (1 - b2 ** (t + 1)) + (1 - b2) * g * g / (1 - b2**t)
    eps = h["eps"] if k.eps_value is None else np.full_like(b1, k.eps_value)
    root = np.sqrt(vhat + k.root_eps)
    if k.eps in ("inside", "squared inside"):
        bottom = np.sqrt(vhat + (eps if k.eps == "inside" else eps**2))
    elif k.eps == "maximum":
        bottom = np.maximum(root, eps)
    elif k.eps == "before the correction":
        bottom = (np.sqrt(v) + eps) / np.sqrt(c2)
    else:
        bottom = root + eps if k.eps == "outside" else root
    return np.divide(mhat, bottom, out=np.zeros_like(m), where=bottom > 0)


def betas(k: Knobs, h: Hyper) -> tuple[Flat, Flat]:
    """b1 and b2, as they are taken."""
    return (h["b2"], h["b1"]) if k.moments == "swapped" else (h["b1"], h["b2"])


def adam(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Updates, without their sign lost."""
    b1, b2 = betas(k, h)
    m = v = top = np.zeros_like(ws[0])
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        start, lam = w, decay_of(k, h, rate, at)
        if k.decay == "in the gradient":
            g = g + lam * w
        if k.ratio == "before the moments":
            g = g * ratio(k, h, w, g, g, at)
        m = b1 * m + (1 - b1) * (g if k.moments != "summed" else g / (1 - b1))
        square = {"not squared": np.abs(g), "of m": m * m}.get(k.moments, g * g)
        v = b2 * v + (1 - (b1 if k.moments == "b1 in v" else b2)) * square
        top = np.maximum(top, v)
        r = direction(k, h, m, top if k.moments == "amsgrad" else v, g, t)
        if k.decay == "decoupled, before":
            w = w * (1 - rate * lam)
        u = r + lam * w if k.decay in ("in the norm", "not in the norm") else r
        if k.ratio != "before the moments":
            u = u * ratio(k, h, w, r if k.decay == "not in the norm" else u, g, at)
        late = {"outside": np.sqrt(1 - b2**t) / (1 - b1**t), "first outside": 1 / (1 - b1**t)}
        u = rate * u * late.get(k.correction, 1.0)
        decoupled = {"decoupled, after": rate, "decoupled, without the rate": 1.0,
                     "decoupled, at the first rate": rates[0]}  # fmt: skip
        out.append(w - u - decoupled.get(k.decay, 0.0) * lam * w - start)
    return out
