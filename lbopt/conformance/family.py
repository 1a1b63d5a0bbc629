"""A family of optimizers with a knob for everything in which implementations were seen to differ.

`lbopt.conformance.simulate` runs a member on the weights that were observed before each step;
`identify` turns the knobs until it does what an unknown optimizer did. All layers lie in one flat
vector and all runs in the rows of one array, so that a member runs in a millisecond:
hyperparameters are columns.
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
    rows: np.ndarray  # where the rows start; a vector is one row
    row_of: np.ndarray

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
    rows = [n for a in w.values() for n in ([a[0].size] * len(a) if a.ndim > 1 else [a.size])]
    return Layout(
        tuple(w), starts, np.repeat(np.arange(len(w)), sizes), tuple(a.ndim for a in w.values()),
        np.cumsum([0, *rows[:-1]]), np.repeat(np.arange(len(rows)), rows),
    )  # fmt: skip


class Knobs(NamedTuple):
    """One member of the family; the defaults are LAMB. Words for all values: words.py."""

    direction: str = "adam"  # adam | momentum
    sign: float = 1.0
    # Adam's direction
    moments: str = "adam"
    correction: str = "inside"
    eps: str = "outside"
    eps_value: float | None = None  # another than it was told; so all that are called value
    root_eps: float = 0.0  # a second one under the root
    # momentum's
    memory: str = "sum"
    place: str = "before, rate inside"  # of the ratio and the learning rate
    # decay, ratio, schedule, clip
    decay: str = "in the norm"
    decay_size: float | str = 1.0
    decayed: tuple[bool, ...] = (True,) * 7  # which layers
    ratio: str = "layer"
    adapted: tuple[bool, ...] = (True,) * 7
    adapted_without_decay: bool = True
    b1_value: float | None = None
    b2_value: float | None = None
    momentum_value: float | None = None
    coefficient: float | None = None  # LARS's
    ratio_eps: float | str = 0.0  # in the ratio, with the norm it divides by
    ratio_eps_as: str = "added"
    phi: tuple[float, float] = (0.0, np.inf)
    bounds: tuple[float, float] = (0.0, np.inf)
    clip: float = np.inf
    clip_by: str = "all"
    schedule: str = "asked"


def lengths(k: Knobs, x: Flat, at: Layout) -> Flat:
    """What a member takes for the norm of each layer, at every entry."""
    if k.ratio in ("l1", "linf"):
        reduce = np.add.reduceat if k.ratio == "l1" else np.maximum.reduceat
        return at.wide(reduce(np.abs(x), at.starts, axis=-1))
    if k.ratio == "rows":
        return np.sqrt(np.add.reduceat(x * x, at.rows, axis=-1))[..., at.row_of]
    if k.ratio in ("float16", "bfloat16"):
        return at.wide(narrow(at.norms(narrow(x, k.ratio)), k.ratio))
    norms = at.norms(x)
    return at.wide(together(norms) if k.ratio == "global" else norms)


def narrow(x: Flat, kind: str) -> Flat:
    """Round to one of the two half precisions."""
    if kind == "float16":
        return x.astype(np.float16).astype(np.float64)
    bits = x.astype(np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))  # ties to even
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def ratio(k: Knobs, h: Hyper, w_norm: Flat, u_norm: Flat, at: Layout) -> Flat:
    """The trust ratio at every entry."""
    if k.ratio == "none":
        return np.ones_like(w_norm)
    if k.ratio == "inverted":
        w_norm, u_norm = u_norm, w_norm
    if k.ratio == "squared":
        w_norm, u_norm = w_norm**2, u_norm**2
    if k.ratio == "root":
        w_norm, u_norm = np.sqrt(w_norm), np.sqrt(u_norm)
    if k.ratio == "rms of weights":
        w_norm = w_norm / np.sqrt(np.bincount(at.layer_of))[at.layer_of]
    zero = (w_norm == 0) | (u_norm == 0)
    w_norm = np.clip(w_norm, *k.phi)
    eps = h["eps"] if k.ratio_eps == "eps" else float(k.ratio_eps)
    bottom = np.maximum(u_norm, eps) if k.ratio_eps_as == "least" else u_norm + eps
    top = w_norm + eps if k.ratio_eps_as == "both" else w_norm
    r = np.clip(np.divide(top, bottom, out=np.ones_like(bottom), where=bottom > 0), *k.bounds)
    return np.where(zero | at.wide(idle(k, h)), 1.0, r)


def together(norms: Flat) -> Flat:
    """One norm of all layers, at each."""
    return np.sqrt(np.sum(norms**2, axis=-1, keepdims=True)) + 0 * norms


def idle(k: Knobs, h: Hyper) -> Flat:
    """Layers without a ratio, of each run."""
    out = ~np.array(k.adapted)
    return out | (h["weight_decay"] == 0) & (not k.adapted_without_decay)


def decay_of(k: Knobs, h: Hyper, rate: Flat, at: Layout) -> Flat:
    """The decay at every entry."""
    size = {"rate": rate, "squared": h["weight_decay"]}.get(str(k.decay_size), k.decay_size)
    return h["weight_decay"] * size * at.wide(np.array(k.decayed, float))
