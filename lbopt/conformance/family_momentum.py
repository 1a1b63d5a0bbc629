"""Members of the family with momentum: SGD, LARS of 2017 and of 2020, and what was made of them."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.family import Flat, Knobs, Layout, decay_of, idle, ratio, together
from lbopt.conformance.formulas import Hyper


def momentum(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Members with momentum: SGD, LARS of 2017 and of 2020, and what was made of them."""
    b = h["average"] if k.memory == "average" else h["momentum"]
    v = np.zeros_like(ws[0])
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        lam = decay_of(k, h, rate, at)
        d = g + lam * w if k.decay == "in the gradient" else g
        if k.place != "after":
            d = d * lars_ratio(k, h, w, g, d, at, rate)
        if k.place == "before, rate inside":
            d = rate * d
        dampened = k.memory in ("average", "dampened") or (k.memory == "first dampened" and t == 1)
        part = 1 - b if dampened else 1.0
        v = b * v + part * d
        u = d + b * v if k.memory == "nesterov" else v
        if k.decay == "after the momentum":
            u = u + lam * w
        if k.place == "after":
            u = u * (ratio(k, h, w, u, g, at) if k.ratio in ("layer", "global")
                     else lars_ratio(k, h, w, g, u, at, rate))  # fmt: skip
        if k.place != "before, rate inside":
            u = rate * u
        decoupled = {"decoupled, after": rate, "decoupled, without the rate": 1.0}
        u = u + decoupled.get(k.decay, 0.0) * lam * w
        out.append(-u)
    return out


def lars_ratio(k: Knobs, h: Hyper, w: Flat, g: Flat, d: Flat, at: Layout, rate: Flat) -> Flat:
    """LARS's local rate at every entry, in its several forms."""
    if k.ratio == "none":
        return np.ones_like(w)
    plain = k.ratio in ("layer", "norm of the sum, no coefficient")
    eta = 1.0 if plain else h["trust_coefficient"]
    w_norm, g_norm, lam = at.norms(w), at.norms(g), h["weight_decay"] * np.array(k.decayed)
    eps = 0.0 if plain else h["lars_eps"] if k.eps_value is None else k.eps_value
    if k.ratio == "global":
        w_norm, g_norm = together(w_norm), together(g_norm)
    bottom = {
        "norm of the sum": at.norms(d), "norm of the sum, no coefficient": at.norms(d),
        "layer": at.norms(d), "gradient": g_norm, "squared": g_norm**2 + lam * w_norm**2,
    }.get(k.ratio, g_norm + lam * w_norm) + eps  # fmt: skip
    top = eta * np.clip(w_norm, *k.phi) ** (2 if k.ratio == "squared" else 1)
    r = np.divide(top, bottom, out=np.ones_like(bottom), where=(bottom > 0) & (w_norm > 0))
    r = np.clip(r, *k.bounds)
    if k.ratio == "larc":
        r = np.minimum(r / np.where(rate > 0, rate, 1.0), 1.0)
    return at.wide(np.where(idle(k, h), 1.0, r))
