"""Weights and gradients to run optimizers on, and one way to compare results."""

from __future__ import annotations

import numpy as np

Arrays = dict[str, np.ndarray]

SHAPES = {
    "conv.W": (3, 2, 2),
    "fc.W": (5, 4),
    "fc.b": (4,),
    "tiny.W": (2, 3),
    "scalar": (),
    "empty": (0, 3),
    "new.W": (2, 2),
    "new.b": (3,),
    "dead.W": (2, 3),
    "dead.b": (2,),
    "nothing": (2,),
    "kernel.W": (2, 3, 2, 2),
}
SIZES = {
    "kernel.W": 0.3,
    "conv.W": 3.0,
    "fc.W": 40.0,
    "tiny.W": 1e-3,
}  # the others 1: layers of unequal scale


def weights(seed: int = 0, only: tuple[str, ...] | None = None, dtype: str = "float64") -> Arrays:
    """Layers of unequal scale; ``new.*`` and ``nothing`` are zero, one is empty, one 0-d."""
    rng = np.random.default_rng(seed)
    out = {}
    for name, shape in SHAPES.items():
        a = np.asarray(rng.standard_normal(shape)) * SIZES.get(name, 1.0)
        zero = name.startswith(("new", "nothing"))
        out[name] = np.asarray(a * (not zero), dtype=dtype)
    return {k: out[k] for k in only or out}


def gradients(
    steps: int, seed: int = 1, only: tuple[str, ...] | None = None, dtype: str = "float64"
) -> list[Arrays]:
    """Random gradients of both signs; ``dead.*`` and ``nothing`` get exactly zero."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(steps):
        g = {}
        for name, shape in SHAPES.items():
            a = np.asarray(rng.standard_normal(shape)) * rng.uniform(0.1, 10)
            zero = name.startswith(("dead", "nothing"))
            g[name] = np.asarray(a * (not zero), dtype=dtype)
        out.append({k: g[k] for k in only or g})
    return out


USUAL = ("conv.W", "fc.W", "fc.b", "tiny.W")  # layers with weights and gradients that are not zero


def error(got: Arrays, want: Arrays) -> float:
    """Largest difference relative to the largest entry of that layer (zero layers: absolute)."""
    assert got.keys() == want.keys(), (sorted(got), sorted(want))
    worst = 0.0
    for k in want:
        assert got[k].shape == want[k].shape, f"{k}: {got[k].shape} for {want[k].shape}"
        if want[k].size:
            gap = float(np.max(np.abs(got[k] - want[k])))
            worst = max(worst, gap / (float(np.max(np.abs(want[k]))) or 1.0))
            assert not np.isnan(gap), f"{k} is NaN"
    return worst


def agree(got: Arrays, want: Arrays, tolerance: float = 1e-12) -> None:
    gap = error(got, want)
    assert gap <= tolerance, f"differ by {gap:.2e} relative, tolerance {tolerance:.0e}"


def differ(got: Arrays, want: Arrays, at_least: float) -> None:
    gap = error(got, want)
    assert gap >= at_least, f"differ by {gap:.2e} only, expected {at_least:.0e} or more"
