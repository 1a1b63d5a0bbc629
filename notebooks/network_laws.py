"""Laws of the parts of networks, and wrong versions that each of them must catch.

A part is built like an op, ``y, back = part(...)``. A law takes a part and says whether it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lbopt import ops
from lbopt.backend import asarray_like

Part = Callable[..., tuple[Any, Callable]]

B, H, T, D, C = 3, 2, 4, 5, 6
SEEN = np.array([[True] * T, [True] * (T - 1) + [False], [True, True, False, False]])  # (B, T)


def _draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def gap(part: Part, *args: Any, h: float = 1e-6) -> float:
    """|<u, J v> - <J' u, v>| for random u and v, all arguments moved, relative to its terms."""
    y, back = part(*args)
    drawn = _draw(y.shape, *(a.shape for a in args))
    u, *v = (asarray_like(d, like) for d, like in zip(drawn, (y, *args), strict=True))
    ahead, behind = (
        part(*(a + sign * h * d for a, d in zip(args, v, strict=True)))[0] for sign in (1, -1)
    )
    cotangents = back(u) if len(args) > 1 else (back(u),)
    left = u * (ahead - behind) / (2 * h)
    right = sum((c * d).sum() for c, d in zip(cotangents, v, strict=True))
    return float(abs(left.sum() - right) / abs(left).sum())


# --- attention(q, k, v, mask) -----------------------------------------------------------------


def attention_adjoint(attention: Part) -> bool:
    """Back is the transpose of the derivative of the forward pass, with a mask too."""
    args = _draw(*[(B, H, T, D)] * 3)
    return gap(lambda q, k, v: attention(q, k, v, SEEN), *args) < 1e-7


def attention_spread(attention: Part) -> bool:
    """For unit normal queries and keys two scores differ by sqrt(2) rms, at any width."""
    spreads = []
    for width in (4, 64):
        q, k = _draw((50, 1, 8, width), (50, 1, 8, width))
        v = np.broadcast_to(np.eye(8), (50, 1, 8, 8)) + 0.0  # so that o are the weights
        with np.errstate(divide="ignore"):
            s = np.log(attention(q, k, v, np.ones((50, 8), bool))[0])
        spreads.append(np.std(s[..., 1:] - s[..., :-1]))
    return bool(np.allclose(spreads, 2**0.5, rtol=0.15))


def attention_hidden(attention: Part) -> bool:
    """What may not be seen gets no gradient."""
    q, k, v, do = _draw(*[(B, H, T, D)] * 4)
    _, dk, dv = attention(q, k, v, SEEN)[1](do)
    hidden = np.broadcast_to(~SEEN[:, None, :, None], dk.shape)
    return not (dk[hidden].any() or dv[hidden].any())


# --- layer_norm(x), without gamma and beta ----------------------------------------------------


def norm_adjoint(norm: Part) -> bool:
    """Back is the transpose of the derivative of the forward pass."""
    return gap(norm, *_draw((T, C))) < 1e-7


def norm_shift(norm: Part) -> bool:
    """A row may be shifted by a constant: the gradient has no part along (1, ..., 1)."""
    x, dy = _draw((T, C), (T, C))
    return bool(abs(norm(x)[1](dy).sum(axis=1)).max() < 1e-9)


def norm_scale(norm: Part) -> bool:
    """A centred row may be rescaled: the gradient has no part along it (but for eps)."""
    x, dy = _draw((T, C), (T, C))
    dx = norm(x)[1](dy)
    return bool(abs((dx * (x - x.mean(1, keepdims=True))).sum(axis=1)).max() < 1e-3)


# --- residual(x, W): relu(x W) + x ------------------------------------------------------------


def residual_adjoint(residual: Part) -> bool:
    """Back is the transpose of the derivative of the forward pass."""
    return gap(residual, *_draw((T, C), (C, C))) < 1e-7


def residual_open(residual: Part) -> bool:
    """Where the body says nothing (W = 0) the gradient passes as it is."""
    x, dy = _draw((T, C), (T, C))
    return bool(np.array_equal(residual(x, np.zeros((C, C)))[1](dy)[0], dy))


# --- tied(E): scores of all rows for the rows 0, 1, 1 of one table ----------------------------


def tied_adjoint(tied: Part) -> bool:
    """Back is the transpose of the derivative of the forward pass."""
    return gap(tied, *_draw((T, C))) < 1e-7


LAWS = {
    "attention": {
        "adjoint": attention_adjoint,
        "spread": attention_spread,
        "hidden": attention_hidden,
    },
    "layer norm": {"adjoint": norm_adjoint, "shift": norm_shift, "scale": norm_scale},
    "residual": {"adjoint": residual_adjoint, "open": residual_open},
    "tied table": {"adjoint": tied_adjoint},
}


# --- right and wrong --------------------------------------------------------------------------


def layer_norm(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Normalise the package's way, gamma = 1 and beta = 0."""
    y, back = ops.layer_norm(x, np.ones(x.shape[1]), np.zeros(x.shape[1]))
    return y, lambda dy: back(dy)[0]


def residual(x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Add a body and the way past it."""
    a, back_linear = ops.linear(x, W)
    f, back_relu = ops.relu(a)

    def back(dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dx, dW = back_linear(back_relu(dy))
        return dx + dy, dW  # x forks: gradients add

    return f + x, back


def tied(E: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Look up rows of a table, then score all its rows against them."""
    h, back_rows = ops.embedding(E, np.array([0, 1, 1]))
    y, back_scores = ops.unembedding(h, E, np.zeros(len(E)))

    def back(dy: np.ndarray) -> np.ndarray:
        dh, dE, _ = back_scores(dy)
        return back_rows(dh) + dE  # the table is used twice: gradients add

    return y, back


def shortcut_forgotten(x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Wrong: the gradient of the way past the body is not added."""
    y, back = residual(x, W)
    return y, lambda dy: (back(dy)[0] - dy, back(dy)[1])


def table_counted_once(E: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Wrong: the gradient of the first use of the table is overwritten by that of the second."""
    h, _ = ops.embedding(E, np.array([0, 1, 1]))
    y, back_scores = ops.unembedding(h, E, np.zeros(len(E)))
    return y, lambda dy: back_scores(dy)[1]


def scale_missing(q: np.ndarray, k: Any, v: Any, mask: Any) -> tuple[np.ndarray, Callable]:
    """Wrong: scores are not divided by sqrt(D), neither forward nor backward."""
    root = q.shape[-1] ** 0.5
    o, back = ops.attention(q * root, k, v, mask)

    def back_wrong(do: np.ndarray) -> tuple:
        dq, dk, dv = back(do)
        return dq * root, dk, dv

    return o, back_wrong


def scale_missing_in_back(q: np.ndarray, k: Any, v: Any, mask: Any) -> tuple[np.ndarray, Callable]:
    """Wrong: the division by sqrt(D) was forgotten on the way back."""
    o, back = ops.attention(q, k, v, mask)
    root = q.shape[-1] ** 0.5

    def back_wrong(do: np.ndarray) -> tuple:
        dq, dk, dv = back(do)
        return dq * root, dk * root, dv

    return o, back_wrong


def mask_ignored_in_back(q: Any, k: Any, v: Any, mask: Any) -> tuple[np.ndarray, Callable]:
    """Wrong: back computes the weights anew and forgets the mask."""
    return ops.attention(q, k, v, mask)[0], ops.attention(q, k, v)[1]


def mean_constant(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Wrong: back takes the mean of a row for a constant."""
    y, s = layer_norm(x)[0], _inverse_deviation(x)
    return y, lambda dy: s * (dy - y * (y * dy).mean(axis=1, keepdims=True))


def deviation_constant(x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Wrong: back takes the standard deviation of a row for a constant."""
    y, s = layer_norm(x)[0], _inverse_deviation(x)
    return y, lambda dy: s * (dy - dy.mean(axis=1, keepdims=True))


def _inverse_deviation(x: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


VERSIONS: dict[str, tuple[str, Part]] = {  # name: (the laws it is held to, the part)
    "the package's attention": ("attention", ops.attention),
    "the package's layer norm": ("layer norm", layer_norm),
    "residual, gradients added": ("residual", residual),
    "tied table, gradients added": ("tied table", tied),
    "shortcut gradient forgotten": ("residual", shortcut_forgotten),
    "tied table counted once": ("tied table", table_counted_once),
    "attention scale missing": ("attention", scale_missing),
    "... missing in back only": ("attention", scale_missing_in_back),
    "mask ignored in back": ("attention", mask_ignored_in_back),
    "LayerNorm: mean constant": ("layer norm", mean_constant),
    "LayerNorm: deviation constant": ("layer norm", deviation_constant),
}
