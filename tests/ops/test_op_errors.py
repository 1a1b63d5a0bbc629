"""Bad input is refused, naming the op, the argument, what was given and what is expected."""

import array_api_strict
import numpy as np
import pytest

from lbopt import ops

X = np.ones((2, 5, 5, 4))
W = np.ones((3, 3, 4, 6))
LABELS = np.array([0, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.linear(np.ones((2, 3)), np.ones((4, 5))),
            r"linear: x has shape \(2, 3\) and W has shape \(4, 5\), expected \(\.\.\., I\)",
        ),
        (lambda: ops.linear(np.ones((2, 3)), np.ones(3)), r"W has shape \(3,\)"),
        (
            lambda: ops.linear(np.ones((2, 3)), np.ones((3, 5)), np.ones(3)),
            r"linear: b has shape \(3,\), expected \(5,\)",
        ),
        (
            lambda: ops.conv2d(X[0], W),
            r"conv2d: x has shape \(5, 5, 4\), expected 4 axes \(N, H, W, C\)",
        ),
        (lambda: ops.conv2d(X, W[0]), r"conv2d: W has shape \(3, 4, 6\), expected \(KH, KW, C"),
        (
            lambda: ops.conv2d(X, W[:, :, :3]),
            r"x has shape \(2, 5, 5, 4\), so 4 channels; W has shape \(3, 3, 3, 6\).* expects 3",
        ),
        (lambda: ops.conv2d(X, W, groups=2), r"with groups=2 expects 8"),
        (lambda: ops.conv2d(X, W, groups=4), r"groups must divide the 6 kernels, got 4"),
        (lambda: ops.conv2d(X, W, groups=0), r"groups=0 must be an integer >= 1"),
        (lambda: ops.conv2d(X, W, groups=1.0), r"groups=1.0 must be an integer"),
        (lambda: ops.conv2d(X, W, np.ones(4)), r"conv2d: b has shape \(4,\), expected \(6,\)"),
        (
            lambda: ops.conv2d(X[:, :2], W),
            r"window \(3, 3\) is larger than the padded images \(2, 5\)",
        ),
        (lambda: ops.conv2d(X, W, stride=0), r"stride must be .* at least 1, got 0"),
        (lambda: ops.conv2d(X, W, stride=1.5), r"stride must be an int .* got 1.5"),
        (lambda: ops.conv2d(X, W, stride=(1, 2, 3)), r"stride must be .* got \(1, 2, 3\)"),
        (lambda: ops.conv2d(X, W, padding=-1), r"padding must be .* at least 0, got -1"),
        (lambda: ops.conv2d(X, W, padding=((1, 1), (1, -1))), r"at least 0, got \(1, -1\)"),
        (lambda: ops.conv2d(X, W, padding=((1, 1), (1, 1), (1, 1))), r"padding must be"),
        (lambda: ops.conv2d(X, W, padding="same"), r"padding must be .* got same"),
        (lambda: ops.conv2d(X, W, block=0), r"block=0 must be an integer >= 1"),
        (lambda: ops.conv2d(X, W, block=1.5), r"block=1.5 must be an integer"),
        (lambda: ops.max_pool2d(X[0], 2), r"max_pool2d: x has shape \(5, 5, 4\)"),
        (lambda: ops.max_pool2d(X, 6), r"max_pool2d: the window \(6, 6\) is larger"),
        (lambda: ops.max_pool2d(X, 2, padding=2), r"padding must be less than size"),
        (lambda: ops.avg_pool2d(X, (3, 2), padding=((0, 0), (0, 2))), r"less than size"),
        (lambda: ops.avg_pool2d(X, 0), r"avg_pool2d: size must be .* at least 1, got 0"),
        (lambda: ops.global_avg_pool2d(X[0]), r"global_avg_pool2d: x has shape \(5, 5, 4\)"),
        (lambda: ops.global_avg_pool2d(X[:, :0]), r"images without pixels"),
        (
            lambda: ops.batch_norm(X, np.ones(3), np.ones(4)),
            r"batch_norm: gamma has shape \(3,\), expected \(4,\)",
        ),
        (lambda: ops.batch_norm(X, np.ones(4), np.ones(3)), r"beta has shape \(3,\)"),
        (
            lambda: ops.batch_norm(X, np.ones(4), np.ones(4), (np.ones(4), np.ones(3))),
            r"var has shape \(3,\)",
        ),
        (lambda: ops.batch_norm(X, np.ones(4), np.ones(4), eps=0.0), r"eps=0.0 must be .*\(0, inf"),
        (
            lambda: ops.batch_norm(X, np.ones(4), np.ones(4), eps=np.inf),
            r"eps=inf must be a finite",
        ),
        (lambda: ops.batch_norm(np.ones(4), np.ones(4), np.ones(4)), r"expected \(\.\.\., C\)"),
        (lambda: ops.batch_norm(X[:0], np.ones(4), np.ones(4)), r"the batch is empty"),
        (lambda: ops.local_response_norm(X, size=4), r"size=4 must be odd"),
        (lambda: ops.local_response_norm(X, size=3.0), r"size=3.0 must be an integer"),
        (lambda: ops.local_response_norm(X, size=0), r"size=0 must be an integer >= 1"),
        (lambda: ops.local_response_norm(X, k=0.0), r"k=0.0 must be"),
        (lambda: ops.local_response_norm(X, alpha=np.inf), r"alpha=inf must be a finite"),
        (lambda: ops.local_response_norm(X, alpha=-1.0), r"alpha=-1.0 must be"),
        (lambda: ops.local_response_norm(np.array(1.0)), r"no axes"),
        (lambda: ops.dropout(X, 1.0, np.random.default_rng(0)), r"rate=1.0 must be .* \[0, 1\)"),
        (lambda: ops.dropout(X, -0.1, np.random.default_rng(0)), r"rate=-0.1 must be"),
        (
            lambda: ops.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3])),
            r"label 3 is not one of the 3 classes 0 \.\.\. 2",
        ),
        (
            lambda: ops.softmax_cross_entropy(np.ones((2, 3)), np.array([-1, 0])),
            r"label -1 is not one of",
        ),
        (
            lambda: ops.softmax_cross_entropy(np.ones((3, 3)), LABELS),
            r"labels has shape \(2,\), expected \(3,\)",
        ),
        (lambda: ops.softmax_cross_entropy(np.ones(3), LABELS), r"logits has shape \(3,\)"),
        (
            lambda: ops.softmax_cross_entropy(np.ones((0, 3)), LABELS[:0]),
            r"the batch is empty",
        ),
        (
            lambda: ops.softmax_cross_entropy(np.ones((2, 3)), LABELS, label_smoothing=1.1),
            r"label_smoothing=1.1 must be .* \[0, 1\]",
        ),
    ],
)
def test_wrong_shapes_and_settings_are_a_value_error_that_names_them(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.linear(np.ones((2, 3), np.float32), np.ones((3, 4))),
            "linear: x has dtype float32 but W has dtype float64; convert one",
        ),
        (
            lambda: ops.conv2d(X, W, np.ones(6, np.float32)),
            "conv2d: x has dtype float64 but b has dtype float32",
        ),
        (
            lambda: ops.batch_norm(X, np.ones(4), np.ones(4), (np.ones(4), np.ones(4, "f4"))),
            "x has dtype float64 but var has dtype float32",
        ),
        (lambda: ops.relu(np.arange(3)), "relu: x has dtype int64; convert it to float32"),
        (lambda: ops.relu([1.0]), r"relu\(x\): expected an array .*got list"),
        (lambda: ops.conv2d(X.astype(complex), W), "conv2d: x has dtype complex128"),
        (
            lambda: ops.linear(np.ones((2, 3)), array_api_strict.ones((3, 4))),
            r"linear\(x, W\): all arrays must come from one module, .*strict and numpy",
        ),
        (
            lambda: ops.softmax_cross_entropy(np.ones((2, 3)), np.array([0.0, 1.0])),
            "labels must be integers, got dtype float64",
        ),
        (lambda: ops.softmax_cross_entropy(np.ones((2, 3)), [0, 1]), "got list"),
        (lambda: ops.dropout(X, 0.5, 0), "rng must be a numpy.random.Generator, got int"),
        (lambda: ops.dropout(X, 0.5, None), "rng must be a numpy.random.Generator"),
    ],
)
def test_mixed_modules_and_dtypes_are_a_type_error_that_names_them(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("scalar", [np.float64, np.float32], ids=lambda t: t.__name__)
def test_numpy_scalars_as_settings_do_not_widen_float32(scalar):
    x, one = X.astype(np.float32), np.ones(4, np.float32)
    found = [
        ops.dropout(x, scalar(0.5), np.random.default_rng(0))[0],
        ops.local_response_norm(x, alpha=scalar(0.1), beta=scalar(0.5), k=scalar(2))[0],
        ops.batch_norm(x, one, one, eps=scalar(1e-3))[0][0],
        ops.layer_norm(x, one, one, eps=scalar(1e-3))[0],
        ops.softmax_cross_entropy(np.ones((2, 3), np.float32), LABELS, label_smoothing=scalar(0.1))[
            1
        ](),
    ]
    assert [a.dtype for a in found] == [np.float32] * len(found)
