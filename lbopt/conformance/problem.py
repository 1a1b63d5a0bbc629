"""Weights and gradients the laws are tried on: layers of many kinds and of unequal scale.

All numbers are representable in float32, so that an implementation which computes in float32 sees
the same ones; factors between runs are powers of two, which change no rounding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from lbopt.conformance.contract import Arrays

# name: (shape, size of an entry); the usual names and numbers of axes, so that a rule by either
# (no biases, nothing called norm) shows. Norms are below 10, where many clamp them: that has a law
# of its own.
LAYERS: dict[str, tuple[tuple[int, ...], float]] = {
    "embed.weight": ((6, 4), 1.0),
    "conv.weight": ((3, 2, 2, 2), 0.3),
    "conv1d.weight": ((3, 2, 2), 2.0),
    "fc.weight": ((5, 4), 1.8),
    "fc.bias": ((4,), 0.5),
    "LayerNorm.gamma": ((3,), 1.0),
    "head.b": ((1,), 2.0),
}


def weights(seed: int = 0) -> Arrays:
    """One array for each of `LAYERS`, of both signs, no entry near zero.

    Examples
    --------
    >>> {k: a.shape for k, a in weights().items() if a.ndim == 1}
    {'fc.bias': (4,), 'LayerNorm.gamma': (3,), 'head.b': (1,)}
    """
    rng = np.random.default_rng(seed)
    out = {}
    for name, (shape, size) in LAYERS.items():
        a = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape) * size
        out[name] = np.asarray(a, np.float32).astype(np.float64)
    return out


def gradients(steps: int, seed: int = 1) -> list[Arrays]:
    """Gradients of both signs; entries, layers and steps differ by up to two powers of ten."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(steps):
        g = {}
        for name, (shape, _size) in LAYERS.items():
            size = 10 ** rng.uniform(-0.7, 0.7, shape) * 10 ** rng.uniform(-0.5, 0.5)
            g[name] = np.asarray(rng.choice([-1.0, 1.0], shape) * size, np.float32).astype(float)
        out.append(g)
    return out


def spread(low: float, high: float, seed: int = 2) -> Arrays:
    """Gradients whose entries lie evenly, on a logarithmic scale, between ``low`` and ``high``."""
    rng = np.random.default_rng(seed)
    out = {}
    for name, (shape, _size) in LAYERS.items():
        n = int(np.prod(shape))
        size = np.geomspace(low, high, n) if n > 1 else np.array([low])
        signs = rng.choice([-1.0, 1.0], n)
        out[name] = np.asarray((rng.permutation(size) * signs).reshape(shape), np.float32)
    return {k: a.astype(np.float64) for k, a in out.items()}


def times(c: float, arrays: Mapping[str, Any]) -> Arrays:
    """Multiply every array by a number."""
    return {k: np.asarray(c * a) for k, a in arrays.items()}


def only(names: Collection[str], arrays: Mapping[str, Any]) -> Arrays:
    """Keep some of the layers."""
    return {k: a for k, a in arrays.items() if k in names}


def falling(t: int) -> float:
    """A schedule without two equal values; each is a power of two over an integer."""
    return 0.5 / (1 + t)
