"""Members of the family with Adam's direction: LAMB, AdamW and what was made of them."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.family import Flat, Knobs, Layout, decay_of, lengths, ratio
from lbopt.conformance.formulas import Hyper

# where decay is a part of the vector that the ratio multiplies
INSIDE = ("in the norm", "not in the norm", "of the first weights", "norms added")


def count(k: Knobs, t: int, which: str) -> int:
    """The step that the correction of a moment believes in."""
    of, _, kind = k.correction.rpartition(": ")
    if of not in ("", which):
        return t
    return {"from 0": t - 1, "from 2": t + 1, "twice": 2 * t, "lags": max(t - 1, 1)}.get(kind, t)


def correction_of(k: Knobs, b: Flat, t: int, which: str) -> Flat:
    """What a moment is divided by inside the ratio."""
    if k.correction in ("none", "outside", "first outside") or k.correction == f"{which} not":
        return np.ones_like(b)
    if k.moments == "started" or (k.moments == "v started" and which == "second"):
        return np.ones_like(b)
    by = 1 - b ** count(k, t, which)
    by = by**2 if which == "second" and k.correction == "root forgotten" else by
    return np.where(by > 0, by, 1.0)


def direction(k: Knobs, h: Hyper, m: Flat, v: Flat, g: Flat, t: int) -> Flat:
    """Adam's r from raw moments."""
    if k.moments == "sign":
        return np.sign(m)
    b1, b2 = betas(k, h)
    c1 = correction_of(k, b1, t, "first")
    c2 = correction_of(k, b1 if k.correction == "b1 for both" else b2, t, "second")
    mhat, vhat = m / c1, v / c2
    if k.moments in ("nlamb", "nnlamb"):
        mhat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    if k.moments == "nesterov":
        mhat = (b1 * m + (1 - b1) * g) / c1
    if k.moments == "nnlamb":
        vhat = b2 * v / (1 - b2 ** (t + 1)) + (1 - b2) * g * g / (1 - b2**t)
    bottom = denominator(k, h["eps"] if k.eps_value is None else np.full_like(b1, k.eps_value),
                         v, vhat, c2)  # fmt: skip
    return np.divide(mhat, bottom, out=np.zeros_like(m), where=bottom > 0)


def denominator(k: Knobs, eps: Flat, v: Flat, vhat: Flat, c2: Flat) -> Flat:
    """What the first moment is divided by."""
    root = vhat if k.moments == "no root" else np.sqrt(vhat + k.root_eps)
    if k.eps == "inside":
        return np.sqrt(vhat + eps)
    if k.eps == "squared inside":
        return np.sqrt(vhat + eps**2)
    if k.eps == "inside, before the correction":
        return np.sqrt((v + eps) / c2)
    if k.eps == "inside and outside":
        return np.sqrt(vhat + eps) + eps
    if k.eps == "maximum":
        return np.maximum(root, eps)
    if k.eps == "before the correction":
        return (np.sqrt(v) + eps) / np.sqrt(c2)
    if k.eps == "squared":
        return root + eps**2
    if k.eps == "with the correction":
        return root + eps * np.sqrt(c2)
    return root if k.eps == "none" else root + eps


def betas(k: Knobs, h: Hyper) -> tuple[Flat, Flat]:
    """b1 and b2, as they are taken."""
    return (h["b2"], h["b1"]) if k.moments == "swapped" else (h["b1"], h["b2"])


def second(k: Knobs, b1: Flat, b2: Flat, old: Flat, g: Flat, m: Flat, shrink: Flat) -> Flat:
    """Move the second moment on."""
    square = {"not squared": np.abs(g), "of m": m * m, "centred": (g - m) ** 2,
              "decay in v": (g + shrink) ** 2}.get(k.moments, g * g)  # fmt: skip
    part = {"b1 in v": 1 - b1, "v summed": np.ones_like(b2)}.get(k.moments, 1 - b2)
    return b2 * old + part * square


def adam(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Updates, without their sign lost."""
    b1, b2 = betas(k, h)
    m = v = top = np.zeros_like(ws[0])
    w_before: Flat | None = None
    u_before: Flat | None = None
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        start, lam = w, decay_of(k, h, rate, at)
        if k.decay == "in the gradient":
            g = g + lam * w
        if k.ratio == "before the moments":
            g = g * ratio(k, h, lengths(k, w, at), lengths(k, g, at), at)
        begins = t == 1 and k.moments in ("started", "v started")
        m = b1 * m + (1 - b1) * (g if k.moments != "summed" else g / (1 - b1))
        m = g if begins and k.moments == "started" else m
        v = g * g if begins else second(k, b1, b2, v, g, m, lam * w)
        top = np.maximum(top, v)
        r = direction(k, h, m, top if k.moments == "amsgrad" else v, g, t)
        if k.decay == "decoupled, before":
            w = w * (1 - rate * lam)
        shrink = lam * (ws[0] if k.decay == "of the first weights" else w)
        u = r + shrink if k.decay in INSIDE else r
        if k.ratio != "before the moments":
            by = {"stale weights": w_before, "first weights": ws[0]}.get(k.ratio)
            of = {"gradient": g, "first moment": m, "stale updates": u_before}.get(k.ratio)
            of = {"not in the norm": r, "in the norm alone": r + shrink}.get(k.decay, of)
            bottom = lengths(k, u if of is None else of, at)
            if k.decay == "norms added":
                bottom = lengths(k, r, at) + lam * lengths(k, w, at)
            w_before, u_before = w, u
            u = u * ratio(k, h, lengths(k, w if by is None else by, at), bottom, at)
        late = {"outside": np.sqrt(1 - b2**t) / (1 - b1**t), "first outside": 1 / (1 - b1**t)}
        u = rate * u * late.get(k.correction, 1.0)
        decoupled = {"decoupled, after": rate, "decoupled, without the rate": 1.0,
                     "decoupled, at the first rate": rates[0]}  # fmt: skip
        out.append(w - u - decoupled.get(k.decay, 0.0) * lam * w - start)
        if k.decay == "decoupled, of what is left":
            out[-1] = (w - u) * (1 - rate * lam) - start
    return out
