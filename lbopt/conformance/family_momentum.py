"""Members of the family with momentum: SGD, LARS of 2017 and of 2020, and what was made of them."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.family import Flat, Knobs, Layout, decay_of, idle, lengths, ratio
from lbopt.conformance.formulas import Hyper

# ratios of what the momentum is, as in the LAMB paper's LARS; the others are those of 2017
OF_MOMENTUM = (
    "layer", "global", "root", "newest", "l1", "linf", "rows", "stale weights", "inverted",
)  # fmt: skip


def momentum(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Members with momentum: SGD, LARS of 2017 and of 2020, and what was made of them."""
    b = h["average"] if k.memory.startswith("average") else h["momentum"]
    v = np.zeros_like(ws[0])
    before = ws[0]
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        lam = decay_of(k, h, rate, at)
        d = g + lam * w if k.decay == "in the gradient" else g
        if k.place != "after":
            d = d * lars_ratio(k, h, w, before, g, d, at, rate)
        d = d + lam * w if k.decay == "beside the ratio" else d
        if k.place == "before, rate inside":
            d = rate * d
        dampened = {"dampened": True, "average": True, "average, nesterov": True,
                    "first dampened": t == 1, "dampened from the second": t > 1}  # fmt: skip
        part = 1 - b if dampened.get(k.memory, False) else 1.0
        v = b * v + part * d
        u = part * d + b * v if "nesterov" in k.memory else v
        if k.memory == "none at first" and t == 1:
            u = 0 * v
        if k.decay == "after the momentum":
            u = u + lam * w
        if k.place == "after" and k.ratio in OF_MOMENTUM:
            by = before if k.ratio == "stale weights" else w
            of = d if k.ratio == "newest" else u
            u = u * ratio(k, h, lengths(k, by, at), lengths(k, of, at), at)
        elif k.place == "after":
            u = u * lars_ratio(k, h, w, before, g, u, at, rate)
        if k.place != "before, rate inside":
            u = rate * u
        decoupled = {"decoupled, after": rate, "decoupled, without the rate": 1.0}
        u = u + decoupled.get(k.decay, 0.0) * lam * w
        out.append(-u)
        before = w
    return out


def lars_ratio(
    k: Knobs, h: Hyper, w: Flat, before: Flat, g: Flat, d: Flat, at: Layout, rate: Flat
) -> Flat:
    """LARS's local rate at every entry, in its several forms."""
    if k.ratio == "none":
        return np.ones_like(w)
    plain = k.ratio in ("layer", "norm of the sum, no coefficient")
    told = h["trust_coefficient"] if k.coefficient is None else k.coefficient
    eta = 1.0 if plain else told
    w_norm = lengths(k, before if k.ratio == "stale weights" else w, at)
    g_norm, d_norm = lengths(k, g, at), lengths(k, d, at)
    decay = h["weight_decay"] * at.wide(np.array(k.decayed)) * w_norm
    eps = 0.0 if plain else h["lars_eps"] if k.eps_value is None else k.eps_value
    bottom = {
        "norm of the sum": d_norm, "norm of the sum, no coefficient": d_norm, "layer": d_norm,
        "gradient": g_norm, "squared": g_norm**2 + decay * w_norm,
        "larger": np.maximum(g_norm, decay), "hypot": np.sqrt(g_norm**2 + decay**2),
    }.get(k.ratio, g_norm + decay) + eps  # fmt: skip
    top = np.clip(w_norm, *k.phi) ** (2 if k.ratio == "squared" else 1)
    top, bottom = (bottom, top) if k.ratio == "inverted" else (top, bottom)
    ok = (bottom > 0) & (w_norm > 0)
    r = np.clip(np.divide(eta * top, bottom, out=np.ones_like(bottom), where=ok), *k.bounds)
    if k.ratio == "larc":
        r = np.minimum(r / np.where(rate > 0, rate, 1.0), 1.0)
    return np.where(at.wide(idle(k, h)), 1.0, r)
