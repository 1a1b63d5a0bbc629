"""Laws of pullbacks, and classic slips that each of them must catch.

A part is built like an op, ``y, back = part(...)``. A law takes a part and says whether it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from network_laws import gap

Part = Callable[..., tuple[Any, Callable]]

N, C, K = 4, 5, 5  # rows, channels, classes; W is square, so that a wrong transpose has its shape
LABELS = np.array([1, 0, 4, 1])


def _draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


ARGUMENTS = {  # where each kind of part is tried; no number of relu's is near its kink
    "linear": lambda: _draw((N, C), (C, C), (C,)),
    "cross-entropy": lambda: _draw((N, K)),
    "layer norm": lambda: _draw((N, C), (C,), (C,)),
    "conv": lambda: _draw((2, 5, 6, 2), (3, 3, 2, 3), (3,)),
    "relu": lambda: [a + np.copysign(0.1, a) for a in _draw((N, C))],
}


def as_tuple(cotangents: Any) -> tuple:
    """One cotangent per argument; an op of one argument returns it bare."""
    return cotangents if isinstance(cotangents, tuple) else (cotangents,)


# --- laws of every pullback -------------------------------------------------------------------


def adjoint(kind: str) -> Callable[[Part], bool]:
    """<u, J v> = <J' u, v>, each argument moved by itself."""

    def holds(part: Part) -> bool:
        args = ARGUMENTS[kind]()

        def moved(k: int) -> Part:
            def alone(a: np.ndarray) -> tuple[Any, Callable]:
                y, back = part(*args[:k], a, *args[k + 1 :])
                return y, lambda dy: as_tuple(back(dy))[k]

            return alone

        return all(gap(moved(k), a) < 1e-7 for k, a in enumerate(args))

    return holds


def linear_in_dy(kind: str) -> Callable[[Part], bool]:
    """A transpose is linear: twice the cotangent gives twice the gradients."""

    def holds(part: Part) -> bool:
        y, back = part(*ARGUMENTS[kind]())
        (u,) = _draw(np.shape(y))
        pairs = zip(as_tuple(back(2 * u)), as_tuple(back(u)), strict=True)
        return all(np.allclose(two, 2 * one) for two, one in pairs)

    return holds


def unchanged(kind: str) -> Callable[[Part], bool]:
    """Neither pass writes into what it was given."""

    def holds(part: Part) -> bool:
        args = ARGUMENTS[kind]()
        y, back = part(*args)
        (u,) = _draw(np.shape(y))
        given = np.array(u)
        back(given)
        same = zip((*args, given), (*ARGUMENTS[kind](), u), strict=True)
        return all(np.array_equal(a, b) for a, b in same)

    return holds


# --- laws of one kind -------------------------------------------------------------------------


def linear_count(part: Part) -> bool:
    """A bias goes to every row: for a cotangent of ones its gradient is their number."""
    args = ARGUMENTS["linear"]()
    db = part(*args)[1](np.ones((N, C)))[2]
    return np.shape(db) == (C,) and bool(np.allclose(db, N))


def entropy_zero_sum(part: Part) -> bool:
    """All scores of a row may rise together: its gradient sums to zero over the classes."""
    (z,) = ARGUMENTS["cross-entropy"]()
    return bool(abs(part(z)[1](1.0).sum(axis=1)).max() < 1e-12)


def entropy_shift(part: Part) -> bool:
    """... and the value stays what it was, however far they rise."""
    (z,) = ARGUMENTS["cross-entropy"]()
    with np.errstate(all="ignore"):
        return bool(np.allclose(part(z + 1000)[0], part(z)[0]))


def norm_shift(part: Part) -> bool:
    """Layer norm does not see a shift of its row: dx has no part along (1, ..., 1)."""
    x, gamma, beta = ARGUMENTS["layer norm"]()
    dx = part(x, gamma, beta)[1](x**2)[0]
    return bool(abs(dx.sum(axis=1)).max() < 1e-9)


def norm_scale(part: Part) -> bool:
    """Layer norm does not see a rescaling of its centred row: dx has no part along n."""
    x, gamma, beta = ARGUMENTS["layer norm"]()
    dx = part(x, gamma, beta)[1](x**2)[0]
    return bool(abs((dx * (x - x.mean(axis=1, keepdims=True))).sum(axis=1)).max() < 1e-3)  # eps


def conv_impulse(part: Part) -> bool:
    """One lit pixel of dy lays the kernel, as it is, on the pixels that it was computed from."""
    x, W, b = ARGUMENTS["conv"]()
    y, back = part(x, W, b)
    dy, want = np.zeros_like(y), np.zeros_like(x)
    dy[1, 2, 3, 0], want[1, 1:4, 2:5] = 1.0, W[..., 0]  # padding 1: the window starts at (1, 2)
    return bool(np.allclose(back(dy)[0], want))


EVERY = {"adjoint": adjoint, "linear": linear_in_dy, "unchanged": unchanged}
OWN: dict[str, dict[str, Callable[[Part], bool]]] = {
    "linear": {"count": linear_count},
    "cross-entropy": {"zero sum": entropy_zero_sum, "shift": entropy_shift},
    "layer norm": {"shift": norm_shift, "scale": norm_scale},
    "conv": {"impulse": conv_impulse},
    "relu": {},
}
LAWS = {kind: {name: law(kind) for name, law in EVERY.items()} | own for kind, own in OWN.items()}
