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
    ratio_eps: float | str = 0.0  # added to the norm in the ratio
    phi: tuple[float, float] = (0.0, np.inf)
    bounds: tuple[float, float] = (0.0, np.inf)
    clip: float = np.inf
    clip_by: str = "all"
    schedule: str = "asked"


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
    if k.ratio == "rms of weights":
        w_norm = w_norm / np.sqrt(np.bincount(at.layer_of))
    zero = (w_norm == 0) | (u_norm == 0)
    w_norm = np.clip(w_norm, *k.phi)
    bottom = u_norm + (h["eps"] if k.ratio_eps == "eps" else float(k.ratio_eps))
    r = np.clip(np.divide(w_norm, bottom, out=np.ones_like(bottom), where=bottom > 0), *k.bounds)
    return at.wide(np.where(zero | idle(k, h), 1.0, r))


def together(norms: Flat) -> Flat:
    """One norm of all layers, at each."""
    return np.sqrt(np.sum(norms**2, axis=-1, keepdims=True)) + 0 * norms


def idle(k: Knobs, h: Hyper) -> Flat:
    """Layers without a ratio, of each run."""
    out = ~np.array(k.adapted)
    return out if k.adapted_without_decay else out | (h["weight_decay"] == 0)


def decay_of(k: Knobs, h: Hyper, rate: Flat, at: Layout) -> Flat:
    """The decay at every entry."""
    size = rate if k.decay_size == "rate" else k.decay_size
    return h["weight_decay"] * size * at.wide(np.array(k.decayed, float))
