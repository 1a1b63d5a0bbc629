"""Each op on CuPy against NumPy: same numbers (float64), everything stays on the GPU."""

import numpy as np
import pytest

from lbopt import ops
from lbopt.backend import to_numpy
from tests.ops.op_cases import CASES

cupy = pytest.importorskip("cupy")
pytestmark = pytest.mark.gpu

# Cases whose function binds NumPy arrays (labels, statistics) or draws have tests of their own.
BOUND = ("softmax_cross_entropy", "batch_norm with given statistics", "dropout")
PLAIN = {name: case for name, case in CASES.items() if not name.startswith(BOUND)}


def as_tuple(cotangents):
    return cotangents if isinstance(cotangents, tuple) else (cotangents,)


def agree(on_gpu, on_cpu, tolerance=1e-12):
    assert isinstance(on_gpu, cupy.ndarray)
    assert on_gpu.dtype == on_cpu.dtype
    assert on_gpu.shape == np.shape(on_cpu)
    error = np.abs(to_numpy(on_gpu) - on_cpu).max() / max(1.0, np.abs(on_cpu).max())
    print(f"error {error:.1e}, tolerance {tolerance:.1e}")
    assert error <= tolerance


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN.keys())
def test_op_and_back_on_the_gpu_agree_with_numpy(case, dtype):
    arrays = [a.astype(dtype) for a in case.arrays]
    y, back = case.f(*arrays)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    gpu_y, gpu_back = case.f(*map(cupy.asarray, arrays))
    tolerance = 1e-12 if dtype == "float64" else 1e-4  # float32 products may run in TF32-like modes
    agree(gpu_y, y, tolerance)
    for on_gpu, on_cpu in zip(
        as_tuple(gpu_back(cupy.asarray(dy))), as_tuple(back(dy)), strict=True
    ):
        agree(on_gpu, on_cpu, tolerance)


def test_batch_norm_with_given_statistics_on_the_gpu_agrees_with_numpy():
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 4, 3, 5, 6))[:, :, 0]
    gamma, beta, mean = rng.standard_normal((3, 6))
    var = 0.5 + rng.random(6)
    (y, _), back = ops.batch_norm(x, gamma, beta, (mean, var))
    g = cupy.asarray
    (gpu_y, _), gpu_back = ops.batch_norm(g(x), g(gamma), g(beta), (g(mean), g(var)))
    for on_gpu, on_cpu in zip((gpu_y, *gpu_back(g(dy))), (y, *back(dy)), strict=True):
        agree(on_gpu, on_cpu)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_on_the_gpu_agrees_with_numpy(smoothing):
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    loss, back = ops.softmax_cross_entropy(logits, labels, label_smoothing=smoothing)
    gpu_loss, gpu_back = ops.softmax_cross_entropy(
        cupy.asarray(logits), cupy.asarray(labels), label_smoothing=smoothing
    )
    agree(gpu_loss, loss)
    agree(gpu_back(), back())
    agree(gpu_back(gpu_loss), back(loss))


def test_dropout_on_the_gpu_has_the_mask_of_numpy():
    x = np.random.default_rng(0).standard_normal((4, 5))
    y, back = ops.dropout(x, 0.4, np.random.default_rng(1))
    gpu_y, gpu_back = ops.dropout(cupy.asarray(x), 0.4, np.random.default_rng(1))
    agree(gpu_y, y)
    agree(gpu_back(cupy.asarray(x)), back(x))


@pytest.mark.parametrize("block", [None, 1, 2])
def test_conv2d_block_on_the_gpu_changes_nothing(block):
    case = CASES["conv2d groups strided"]
    rng = np.random.default_rng(0)
    x, W = (cupy.asarray(rng.standard_normal(a.shape)) for a in case.arrays[:2])
    expected, expected_back = ops.conv2d(x, W, stride=2, padding=1, groups=2)
    y, back = ops.conv2d(x, W, stride=2, padding=1, groups=2, block=block)
    agree(y, to_numpy(expected))
    for d, e in zip(back(y), expected_back(y), strict=True):
        agree(d, to_numpy(e), 1e-11)


def test_numpy_and_cupy_arrays_together_are_a_type_error_naming_both():
    with pytest.raises(TypeError, match="cupy and numpy"):
        ops.conv2d(cupy.ones((1, 3, 3, 1)), np.ones((1, 1, 1, 1)))
    with pytest.raises(TypeError, match="cupy and numpy"):
        ops.linear(np.ones((2, 3)), np.ones((3, 2)), cupy.ones(2))
    with pytest.raises(TypeError, match="cupy and numpy"):
        ops.relu(cupy.ones(3))[1](np.ones(3))
    with pytest.raises(TypeError, match="cupy and numpy"):
        ops.softmax_cross_entropy(cupy.ones((2, 3)), np.array([0, 1]))
