"""The ops of language models in the settings worth testing, as in op_cases.py."""

from __future__ import annotations

import numpy as np

from lbopt import ops
from tests.ops.op_cases import OpCase


def _normal(*shapes):
    rng = np.random.default_rng(7)
    return tuple(rng.standard_normal(shape) for shape in shapes)


IDS = np.array([[4, 1, 1, 0], [1, 4, 4, 1]])  # rows 2 and 3 are never taken
MANY = np.random.default_rng(5).zipf(1.3, 3000) % 40  # beyond the one-hot product of scatter_add
KEYS = np.array([[True, False, True, True], [False, True, True, False]])  # (B, S)
PAIRS = np.random.default_rng(3).random((2, 3, 4)) < 0.5  # (B, T, S)
PAIRS[..., 2] = True
QKV = _normal((2, 2, 3, 5), (2, 2, 4, 5), (2, 2, 4, 6))


def _attention(mask=None, dropout=0.0, arrays=QKV):
    def f(q, k, v):
        rng = np.random.default_rng(3) if dropout else None
        return ops.attention(q, k, v, mask, dropout=dropout, rng=rng)

    return OpCase(f, arrays, ("q", "k", "v"))


def _gelu(op):
    return OpCase(op, (3 * _normal((5, 7))[0],), ("x",))


CASES = {
    "embedding": OpCase(lambda t: ops.embedding(t, IDS), _normal((5, 3)), ("table",)),
    "embedding of many": OpCase(lambda t: ops.embedding(t, MANY), _normal((40, 3)), ("table",)),
    "unembedding": OpCase(ops.unembedding, _normal((4, 3), (6, 3), (6,)), ("x", "table", "b")),
    "layer_norm": OpCase(
        lambda *a: ops.layer_norm(*a, eps=1e-3), _normal((4, 6), (6,), (6,)), ("x", "gamma", "beta")
    ),
    "layer_norm of sequences": OpCase(
        lambda *a: ops.layer_norm(*a, eps=1e-3), _normal((2, 3, 5), (5,), (5,)), ("x", "g", "b")
    ),
    "gelu": _gelu(ops.gelu),
    "gelu_erf": _gelu(ops.gelu_erf),
    "softmax": OpCase(ops.softmax, _normal((2, 3, 4)), ("x",)),
    "attention": _attention(),
    "attention with hidden keys": _attention(KEYS),
    "attention with hidden pairs": _attention(PAIRS),
    "attention with dropout": _attention(KEYS, dropout=0.4),
    "attention of one head to one key": _attention(
        arrays=_normal((1, 1, 2, 3), (1, 1, 1, 3), (1, 1, 1, 2))
    ),
}
