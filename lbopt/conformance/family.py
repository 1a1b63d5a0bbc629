"""A family of optimizers with a knob for everything in which implementations were seen to differ.

`simulate` runs a member on the weights that were observed before each step; `identify` turns the
knobs until it does what an unknown optimizer did. All layers lie in one flat vector and all runs
in the rows of one array, so that a member runs in a millisecond: hyperparameters are columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lbopt.conformance.contract import Arrays
from lbopt.conformance.formulas import Hyper

Flat = np.ndarray


class Layout(NamedTuple):
    """Where the layers lie in the flat vector."""

    names: tuple[str, ...]
    starts: np.ndarray
    layer_of: np.ndarray
    ndims: tuple[int, ...]

    def flat(self, arrays: Arrays) -> Flat:
        """Join the layers."""
        return np.concatenate([np.ravel(arrays[k]) for k in self.names])

    def norms(self, x: Flat) -> Flat:
        """The 2-norm of each layer."""
        return np.sqrt(np.add.reduceat(x * x, self.starts, axis=-1))

    def wide(self, per_layer: Flat) -> Flat:
        """One number per layer, at each of its entries."""
        return per_layer[..., self.layer_of]


def layout(w: Arrays) -> Layout:
    """Lay out the layers of some weights, none of which is empty."""
    sizes = [a.size for a in w.values()]
    starts = np.cumsum([0, *sizes[:-1]])
    return Layout(tuple(w), starts, np.repeat(np.arange(len(w)), sizes),
                  tuple(a.ndim for a in w.values()))  # fmt: skip


class Knobs(NamedTuple):
    """One member of the family; the defaults are LAMB. Words for all values: words.py."""

    direction: str = "adam"  # adam | momentum
    sign: float = 1.0
    # Adam's direction
    moments: str = "adam"
    correction: str = "inside"
    eps: str = "outside"
    eps_value: float | None = None  # another than the one it was told
    # momentum's
    memory: str = "sum"
    place: str = "before, rate inside"  # of the ratio and the learning rate
    # decay, ratio, schedule, clip
    decay: str = "in the norm"
    decayed: tuple[bool, ...] = (True,) * 7  # which layers
    ratio: str = "layer"
    adapted: tuple[bool, ...] = (True,) * 7
    adapted_without_decay: bool = True
    eps_in_ratio: bool = False
    phi: tuple[float, float] = (0.0, np.inf)
    bounds: tuple[float, float] = (0.0, np.inf)
    clip: float = np.inf
    schedule: str = "asked"


def simulate(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> Flat:
    """Updates of one member at the weights that were seen.

    ``ws``, ``gs`` (steps, runs, entries); ``rates`` (twice as many steps, runs, 1); hyperparameters
    (runs, 1).
    """
    run = adam if k.direction == "adam" else momentum
    n = len(ws)
    asked = {
        "asked": rates[:n], "kept": rates[[0] * n], "late": rates[[0, *range(n - 1)]],
        "early": rates[1 : n + 1], "twice": rates[0 : 2 * n : 2],
        "divided out": np.ones_like(rates[:n]),
    }[k.schedule]  # fmt: skip
    with np.errstate(all="ignore"):
        total = np.sqrt(np.sum(gs * gs, axis=-1, keepdims=True))
        clipped = gs * np.minimum(1.0, k.clip / np.where(total > 0, total, 1.0))
        return k.sign * np.array(run(k, h, ws, clipped, asked, at))


def count(k: Knobs, t: int) -> int:
    """The step that the correction believes in."""
    return {"from 0": t - 1, "from 2": t + 1, "twice": 2 * t}.get(k.correction, t)


def correction_of(k: Knobs, b: Flat, t: int, which: str) -> Flat:
    """What a moment is divided by inside the ratio."""
    if k.correction in ("none", "outside", "first outside") or k.correction == f"{which} not":
        return np.ones_like(b)
    by = 1 - b ** count(k, t)
    return np.where(by > 0, by, 1.0)


def adam(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Members with Adam's direction: LAMB, AdamW and what was made of them."""
    b1, b2 = h["b1"], h["b2"]
    b1, b2 = (b2, b1) if k.moments == "swapped" else (b1, b2)
    eps = h["eps"] if k.eps_value is None else np.full_like(b1, k.eps_value)
    lam = h["weight_decay"] * at.wide(np.array(k.decayed, float))
    m = v = top = np.zeros_like(ws[0])
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        start = w
        if k.decay == "in the gradient":
            g = g + lam * w
        if k.ratio == "before the moments":
            g = g * ratio(k, h, w, g, g, at)
        first = g if k.moments != "summed" else g / (1 - b1)
        m = b1 * m + (1 - b1) * first
        v = b2 * v + (1 - b2) * (np.abs(g) if k.moments == "not squared" else g * g)
        top = np.maximum(top, v)
        c1, c2 = correction_of(k, b1, t, "first"), correction_of(k, b2, t, "second")
        mhat, vhat = m / c1, (top if k.moments == "amsgrad" else v) / c2
        if k.moments in ("nlamb", "nnlamb"):
            mhat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        if k.moments == "nnlamb":
            vhat = b2 * v / (1 - b2 ** (t + 1)) + (1 - b2) * g * g / (1 - b2**t)
        if k.eps == "inside":
            bottom = np.sqrt(vhat + eps)
        elif k.eps == "before the correction":
            bottom = (np.sqrt(vhat * c2) + eps) / np.sqrt(c2)
        else:
            bottom = np.sqrt(vhat) + (eps if k.eps == "outside" else 0.0)
        r = np.divide(mhat, bottom, out=np.zeros_like(m), where=bottom > 0)
        if k.decay == "decoupled, before":
            w = w * (1 - rate * lam)
        u = r + lam * w if k.decay in ("in the norm", "not in the norm") else r
        if k.ratio != "before the moments":
            u = u * ratio(k, h, w, r if k.decay == "not in the norm" else u, g, at)
        late = {"outside": np.sqrt(1 - b2**t) / (1 - b1**t), "first outside": 1 / (1 - b1**t)}
        u = rate * u * late.get(k.correction, 1.0)
        if k.decay == "decoupled, after":
            u = u + rate * lam * w
        elif k.decay == "decoupled, without the rate":
            u = u + lam * w
        out.append(w - u - start)
    return out


def ratio(k: Knobs, h: Hyper, w: Flat, u: Flat, g: Flat, at: Layout) -> Flat:
    """The trust ratio at every entry."""
    if k.ratio == "none":
        return np.ones_like(w)
    w_norm, u_norm = at.norms(w), at.norms(g if k.ratio == "gradient" else u)
    if k.ratio == "global":
        w_norm, u_norm = together(w_norm), together(u_norm)
    if k.ratio in ("l1", "linf"):
        reduce = np.add.reduceat if k.ratio == "l1" else np.maximum.reduceat
        w_norm, u_norm = (reduce(np.abs(x), at.starts, axis=-1) for x in (w, u))
    if k.ratio == "inverted":
        w_norm, u_norm = u_norm, w_norm
    if k.ratio == "squared":
        w_norm, u_norm = w_norm**2, u_norm**2
    zero = (w_norm == 0) | (u_norm == 0)
    w_norm = np.clip(w_norm, *k.phi)
    bottom = u_norm + (h["eps"] if k.eps_in_ratio else 0.0)
    r = np.clip(np.divide(w_norm, bottom, out=np.ones_like(bottom), where=bottom > 0), *k.bounds)
    return at.wide(np.where(zero | idle(k, h), 1.0, r))


def together(norms: Flat) -> Flat:
    """One norm of all layers, at each."""
    return np.sqrt(np.sum(norms**2, axis=-1, keepdims=True)) + 0 * norms


def idle(k: Knobs, h: Hyper) -> Flat:
    """Layers without a ratio, of each run."""
    out = ~np.array(k.adapted)
    return out if k.adapted_without_decay else out | (h["weight_decay"] == 0)


def momentum(k: Knobs, h: Hyper, ws: Flat, gs: Flat, rates: Flat, at: Layout) -> list[Flat]:
    """Members with momentum: SGD, LARS of 2017 and of 2020, and what was made of them."""
    b = h["average"] if k.memory == "average" else h["momentum"]
    lam = h["weight_decay"] * at.wide(np.array(k.decayed, float))
    v = np.zeros_like(ws[0])
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
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
        if k.decay == "decoupled, after":
            u = u + rate * lam * w
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
