"""The ops of language models, and BERT, on CuPy against NumPy: same numbers, all on the GPU."""

import numpy as np
import pytest

from lbopt import models, ops
from lbopt.backend import to_numpy
from tests.models.bert_cases import BUILD, params_of
from tests.ops.sequence_cases import CASES, IDS, KEYS, MANY, PAIRS, QKV

cupy = pytest.importorskip("cupy")
pytestmark = pytest.mark.gpu

# Cases that bind NumPy arrays (ids, masks) are made again for the GPU.
BOUND = ("embedding", "attention with")
PLAIN = {name: case for name, case in CASES.items() if not name.startswith(BOUND)}


def as_tuple(cotangents):
    return cotangents if isinstance(cotangents, tuple) else (cotangents,)


def agree(on_gpu, on_cpu, tolerance=1e-11):
    assert isinstance(on_gpu, cupy.ndarray)
    assert on_gpu.dtype == on_cpu.dtype
    assert on_gpu.shape == np.shape(on_cpu)
    error = np.abs(to_numpy(on_gpu) - on_cpu).max() / max(1.0, np.abs(on_cpu).max())
    print(f"error {error:.1e}, tolerance {tolerance:.1e}")
    assert error <= tolerance


def compare(f, gpu_f, arrays):
    y, back = f(*arrays)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    gpu_y, gpu_back = gpu_f(*map(cupy.asarray, arrays))
    agree(gpu_y, y)
    for a, b in zip(as_tuple(gpu_back(cupy.asarray(dy))), as_tuple(back(dy)), strict=True):
        agree(a, b)


@pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN.keys())
def test_op_and_back_on_the_gpu_agree_with_numpy(case):
    compare(case.f, case.f, case.arrays)


@pytest.mark.parametrize(("ids", "V"), [(IDS, 5), (MANY, 40), (MANY * 1000, 70_000)])
def test_embedding_on_the_gpu_agrees_with_numpy_and_repeats_to_the_last_bit(ids, V):
    table = np.random.default_rng(0).standard_normal((V, 3))
    compare(
        lambda t: ops.embedding(t, ids), lambda t: ops.embedding(t, cupy.asarray(ids)), (table,)
    )
    y, back = ops.embedding(cupy.asarray(table), cupy.asarray(ids))
    first = to_numpy(back(y))
    for _ in range(5):
        np.testing.assert_array_equal(to_numpy(back(y)), first)
    with pytest.raises(ValueError, match="which is not one of"):
        ops.embedding(cupy.asarray(table), cupy.asarray(ids) + V)


@pytest.mark.parametrize("mask", [KEYS, PAIRS], ids=["keys", "pairs"])
def test_attention_with_a_mask_on_the_gpu_agrees_with_numpy(mask):
    for dropout in (0.0, 0.3):

        def f(*qkv, mask=mask, dropout=dropout):
            rng = np.random.default_rng(2)
            return ops.attention(*qkv, mask, dropout=dropout, rng=rng)

        def gpu_f(*qkv, f=f):
            return f(*qkv, mask=cupy.asarray(mask))

        compare(f, gpu_f, QKV)


@pytest.mark.parametrize("name", ["masked", "masked pre-LN", "masked with dropout"])
def test_bert_on_the_gpu_agrees_with_numpy(name):
    case = BUILD[name]()
    params = params_of(case)
    y, back = case.model.forward(params, case.x, rng=np.random.default_rng(4))
    x = models.Batch(*(cupy.asarray(a) for a in case.x))
    gpu = {k: cupy.asarray(a) for k, a in params.items()}
    gpu_y, gpu_back = case.model.forward(gpu, x, rng=np.random.default_rng(4))
    agree(gpu_y, y)
    dparams, dx = back(y)
    gpu_dparams, gpu_dx = gpu_back(cupy.asarray(y))
    agree(gpu_dx, dx)
    for k, g in dparams.items():
        agree(gpu_dparams[k], g)
