"""The ops of language models and their gradients against torch's own, float64."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import ops
from tests.ops.sequence_cases import IDS, KEYS, PAIRS, QKV

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.peers

TOLERANCE = 1e-12  # float64: a few roundings of 1e-16


def _normal(*shapes):
    rng = np.random.default_rng(7)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _sdpa(mask):
    where = None if mask is None else torch.tensor(mask if mask.ndim == 3 else mask[:, None])
    return lambda q, k, v: F.scaled_dot_product_attention(
        q, k, v, attn_mask=None if where is None else where[:, None]
    )


ROWS = _normal((3, 4, 6), (6,), (6,))
PAIRS_OF_OPS = {
    "embedding": (
        lambda t: ops.embedding(t, IDS),
        lambda t: F.embedding(torch.tensor(IDS), t),
        _normal((5, 3)),
    ),
    "unembedding": (ops.unembedding, F.linear, _normal((4, 3), (6, 3), (6,))),
    "layer_norm": (
        lambda *a: ops.layer_norm(*a, eps=1e-3),
        lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-3),
        ROWS,
    ),
    "layer_norm with torch's default eps": (
        ops.layer_norm,
        lambda x, g, b: F.layer_norm(x, (6,), g, b),
        ROWS,
    ),
    "gelu": (ops.gelu, lambda x: F.gelu(x, approximate="tanh"), (4 * _normal((9, 7))[0],)),
    "gelu_erf": (ops.gelu_erf, F.gelu, (4 * _normal((9, 7))[0],)),
    "softmax": (ops.softmax, lambda x: F.softmax(x, -1), _normal((3, 4, 5))),
    "attention": (ops.attention, _sdpa(None), QKV),
    "attention with hidden keys": (lambda *a: ops.attention(*a, KEYS), _sdpa(KEYS), QKV),
    "attention with hidden pairs": (lambda *a: ops.attention(*a, PAIRS), _sdpa(PAIRS), QKV),
}


@pytest.mark.parametrize("name", PAIRS_OF_OPS)
def test_op_and_its_gradients_agree_with_torch(name):
    op, torch_op, arrays = PAIRS_OF_OPS[name]
    y, back = op(*arrays)
    dy = np.random.default_rng(3).standard_normal(y.shape)
    cotangents = back(dy)
    cotangents = cotangents if isinstance(cotangents, tuple) else (cotangents,)
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    ty = torch_op(*leaves)
    theirs = torch.autograd.grad(ty, leaves, torch.tensor(dy))
    for a, t in zip((y, *cotangents), (ty, *theirs), strict=True):
        error = np.abs(a - t.detach().numpy()).max() / (1 + np.abs(a).max())
        print(f"error {error:.1e}, tolerance {TOLERANCE:.0e}")
        assert error < TOLERANCE
