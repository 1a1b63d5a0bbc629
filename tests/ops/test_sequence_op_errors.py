"""Bad input of the ops of language models is refused, and the message names the culprit."""

import array_api_strict
import numpy as np
import pytest

from lbopt import ops

TABLE = np.ones((64, 12))
X = np.ones((2, 3, 4))
Q = np.ones((2, 2, 3, 4))
ONE_BLIND = np.ones((2, 3, 3), bool)
ONE_BLIND[1, 0] = False
VALUE_ERRORS = [
    (
        lambda: ops.embedding(TABLE, np.array([[1, 2], [3, 64]])),
        r"embedding: ids\[1, 1\] is 64, which is not one of the 64 rows 0 \.\.\. 63 of table",
    ),
    (lambda: ops.embedding(TABLE, np.array([5, -1, -2])), r"ids\[1\] is -1, which is not one"),
    (lambda: ops.embedding(TABLE, np.array(99)), r"ids\[\] is 99"),
    (lambda: ops.embedding(TABLE[0], np.array([0])), r"table has shape \(12,\), expected 2 axes"),
    (
        lambda: ops.unembedding(np.ones((2, 3)), TABLE, np.ones(64)),
        r"x has shape \(2, 3\) and table has shape \(64, 12\), expected \(M, C\) and \(V, C\)",
    ),
    (lambda: ops.unembedding(np.ones(12), TABLE, np.ones(64)), r"x has shape \(12,\)"),
    (lambda: ops.unembedding(np.ones((2, 12)), TABLE, np.ones(12)), r"b has shape \(12,\)"),
    (lambda: ops.layer_norm(X, np.ones(3), np.ones(4)), r"gamma has shape \(3,\), expected \(4,\)"),
    (lambda: ops.layer_norm(X, np.ones(4), np.ones((1, 4))), r"beta has shape \(1, 4\)"),
    (lambda: ops.layer_norm(X, np.ones(4), np.ones(4), eps=0), "eps=0 must be"),
    (lambda: ops.layer_norm(X[..., :0], np.ones(0), np.ones(0)), "C > 0"),
    (lambda: ops.layer_norm(np.array(1.0), np.ones(1), np.ones(1)), r"x has shape \(\)"),
    (lambda: ops.softmax(X[..., :0]), r"softmax: x has shape \(2, 3, 0\)"),
    (lambda: ops.attention(X, Q, Q), r"attention: q has shape \(2, 3, 4\), expected 4 axes"),
    (lambda: ops.attention(Q, Q[..., :3], Q), r"k \(2, 2, 3, 3\).*expected \(B, H, T, D\)"),
    (lambda: ops.attention(Q, Q[:, :1], Q), r"k \(2, 1, 3, 4\)"),
    (lambda: ops.attention(Q, Q, Q[:, :, :2]), r"v \(2, 2, 2, 4\)"),
    (lambda: ops.attention(Q, Q[:, :, :0], Q[:, :, :0]), r"k \(2, 2, 0, 4\)"),
    (lambda: ops.attention(Q, Q, Q, np.ones((2, 4), bool)), r"mask has shape \(2, 4\), expected"),
    (lambda: ops.attention(Q, Q, Q, np.ones((1, 3), bool)), r"expected \(2, 3\) or \(2, 3, 3\)"),
    (
        lambda: ops.attention(Q, Q, Q, np.array([[True] * 3, [False] * 3])),
        r"attention: mask\[1\] hides every key; let at least one be seen",
    ),
    (lambda: ops.attention(Q, Q, Q, ONE_BLIND), r"mask\[1, 0\] hides every key"),
    (lambda: ops.attention(Q, Q, Q, dropout=1.0), r"dropout must be in \[0, 1\), got 1.0"),
    (lambda: ops.attention(Q, Q, Q, dropout=-0.1), "dropout must be in"),
]  # fmt: skip
TYPE_ERRORS = [
    (lambda: ops.embedding(TABLE, np.array([0.0])), "ids must be integers, got dtype float64"),
    (lambda: ops.embedding(TABLE, [0, 1]), "got list"),
    (lambda: ops.embedding(np.ones((3, 2), int), np.array([0])), "table has dtype int64"),
    (
        lambda: ops.embedding(TABLE, array_api_strict.asarray([0])),
        "all arrays must come from one module",
    ),
    (
        lambda: ops.layer_norm(X, np.ones(4, "f4"), np.ones(4)),
        "x has dtype float64 but gamma has dtype float32",
    ),
    (lambda: ops.gelu(np.arange(3)), "gelu: x has dtype int64; convert it to float32"),
    (lambda: ops.gelu_erf(np.arange(3)), "gelu_erf: x has dtype int64"),
    (
        lambda: ops.attention(Q, Q, Q, np.ones((2, 3))),
        r"mask must be boolean.*got float64 \(of 0 and 1: write mask != 0",
    ),
    (lambda: ops.attention(Q, Q, Q.astype("f4")), "q has dtype float64 but v has dtype float32"),
    (lambda: ops.attention(Q, Q, Q, dropout=0.1, rng=3), "rng must be a numpy.random.Generator"),
]


@pytest.mark.parametrize(("call", "message"), VALUE_ERRORS)
def test_wrong_shapes_ids_and_masks_are_a_value_error_that_names_them(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), TYPE_ERRORS)
def test_wrong_dtypes_and_modules_are_a_type_error_that_names_them(call, message):
    with pytest.raises(TypeError, match=message):
        call()
