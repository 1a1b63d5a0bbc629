"""The values of the ops of language models, against loops over numbers and exact properties."""

import math

import numpy as np
import pytest

from lbopt import ops
from lbopt.backend import scatter_add
from lbopt.ops.normal_cdf import normal_cdf
from tests.ops import sequence_loops as loops
from tests.ops.sequence_cases import IDS, KEYS, MANY, PAIRS, QKV

RNG = np.random.default_rng(0)


def assert_close(a, b, tolerance=1e-13):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("ids", [IDS, MANY, np.array(2), np.zeros((0, 3), int), IDS.astype("u1")])
def test_embedding_takes_rows_and_its_gradient_matches_loops(ids):
    table = RNG.standard_normal((40, 3))
    y, back = ops.embedding(table, ids)
    np.testing.assert_array_equal(y, table[ids])
    dy = RNG.standard_normal(y.shape)
    assert_close(back(dy), loops.embedding_gradient(ids, dy, 40))


@pytest.mark.parametrize("n", [1, 2, 50, 1000, 70_000, 100_000])
@pytest.mark.parametrize("N", [0, 1, 15, 16, 17, 33, 257, 5000])
@pytest.mark.parametrize("skew", [False, True])
def test_scatter_add_matches_numpys_loop(n, N, skew):
    rng = np.random.default_rng(n + N)
    rows = np.minimum(rng.zipf(1.2, N) - 1, n - 1) if skew else rng.integers(0, n, N)
    values = rng.standard_normal((N, 3))
    expected = np.zeros((n, 3))
    np.add.at(expected, rows, values)
    got = scatter_add(rows, values, n)
    assert got.dtype == values.dtype
    assert_close(got, expected, 1e-12)


def test_scatter_add_of_one_row_alone_is_a_sum():
    values = RNG.standard_normal((70_000, 2))
    assert_close(scatter_add(np.zeros(70_000, int), values, 1), values.sum(0, keepdims=True), 1e-11)
    got = scatter_add(np.full(70_000, 7), values, 9)
    assert_close(got[7], values.sum(0), 1e-11)
    assert not got[[0, 1, 2, 3, 4, 5, 6, 8]].any()


@pytest.mark.parametrize("shape", [(64, 12), (1000, 32)])
def test_embedding_gradient_is_the_same_to_the_last_bit_every_time_and_in_every_thread(shape):
    from concurrent.futures import ThreadPoolExecutor

    rng = np.random.default_rng(1)
    ids = rng.zipf(1.3, 4096) % shape[0]
    table = rng.standard_normal(shape).astype("f4")
    dy = rng.standard_normal((4096, shape[1])).astype("f4")
    first = ops.embedding(table, ids)[1](dy)
    with ThreadPoolExecutor(2) as pool:
        others = pool.map(lambda _: ops.embedding(table, ids.copy())[1](dy.copy()), range(8))
    for other in others:
        np.testing.assert_array_equal(first, other)


def test_embedding_gradient_rounds_no_worse_than_one_addition_after_the_other():
    rng = np.random.default_rng(2)
    ids, dy = np.zeros(200_000, int), rng.random((200_000, 1), dtype=np.float32)
    exact = dy.astype("f8").sum()
    for V in (1, 3):
        got = ops.embedding(np.zeros((V, 1), "f4"), ids)[1](dy)[0, 0]
        assert abs(got - exact) / exact < 1e-6, "a running float32 sum is off by 1e-4"


def test_unembedding_matches_loops():
    x, table, b = (RNG.standard_normal(s) for s in ((4, 3), (6, 3), 6))
    assert_close(ops.unembedding(x, table, b)[0], loops.unembedding(x, table, b))


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (6,), (4, 1), (0, 3), (200, 700)])
def test_layer_norm_matches_loops(shape):
    x = 3 + 2 * RNG.standard_normal(shape)
    gamma, beta = RNG.standard_normal((2, shape[-1]))
    y, _ = ops.layer_norm(x, gamma, beta, eps=1e-3)
    assert_close(y, loops.layer_norm(x, gamma, beta, 1e-3), 1e-12)


def test_layer_norm_gradient_does_not_see_shift_and_scale_of_a_row():
    x, gamma, beta = RNG.standard_normal((5, 8)), RNG.standard_normal(8), RNG.standard_normal(8)
    _, back = ops.layer_norm(x, gamma, beta, eps=1e-30)
    dx, _, _ = back(RNG.standard_normal(x.shape))
    assert np.abs(dx.sum(1)).max() < 1e-13
    assert np.abs((dx * x).sum(1)).max() < 1e-13
    assert np.abs(dx).max() > 0.1


def test_layer_norm_of_a_constant_row_is_beta_in_every_dtype():
    for dtype in ("f2", "f4", "f8"):
        y, back = ops.layer_norm(
            np.full((2, 8), 4, dtype), np.ones(8, dtype), np.arange(8, dtype=dtype)
        )
        np.testing.assert_array_equal(y, np.arange(8) * np.ones((2, 1)))
        assert np.isfinite(back(y)[0]).all()


def test_gelu_matches_its_formula_and_gelu_erf_its_definition():
    x = np.concatenate([np.linspace(-40, 40, 20_001), RNG.standard_normal(70_000)])
    assert_close(ops.gelu(x)[0], loops.gelu(x), 1e-15)
    assert_close(ops.gelu_erf(x)[0], loops.gelu_erf(x), 1e-14)
    assert 1e-4 < np.abs(ops.gelu(x)[0] - ops.gelu_erf(x)[0]).max() < 5e-4


def test_gelu_survives_large_numbers_and_keeps_nan():
    with np.errstate(all="raise", under="ignore"):
        for dtype, big in (("f2", 50), ("f4", 1e12), ("f8", 1e100)):
            for op in (ops.gelu, ops.gelu_erf):
                y, back = op(np.array([-big, big], dtype))
                np.testing.assert_array_equal(y, np.array([0, big], dtype))
                np.testing.assert_array_equal(back(np.ones(2, dtype)), [0, 1])
    assert np.isnan(ops.gelu(np.array([np.nan]))[0]).all()
    assert np.isnan(ops.gelu_erf(np.array([np.nan]))[0]).all()


@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 3e-16), ("f4", 2e-7), ("f2", 2e-3)])
def test_normal_cdf_is_as_accurate_as_its_docstring_says(dtype, tolerance):
    x = np.concatenate([np.linspace(-9, 9, 30_001), [-50, 50]]).astype(dtype)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.astype("f8")])
    error = np.abs(normal_cdf(np, x) - exact).max()
    print(f"error {error:.1e}, tolerance {tolerance:.0e}")
    assert error < tolerance


@pytest.mark.parametrize("shape", [(4,), (3, 5), (2, 3, 4)])
def test_softmax_matches_loops_and_survives_huge_numbers(shape):
    x = RNG.standard_normal(shape)
    assert_close(ops.softmax(x)[0], loops.softmax(x))
    assert_close(ops.softmax(x + 1e4)[0], loops.softmax(x), 1e-11)


@pytest.mark.parametrize("mask", [None, KEYS, PAIRS], ids=["no mask", "keys", "pairs"])
def test_attention_matches_loops(mask):
    def seen(b, t, s):
        return mask is None or (mask[b, s] if mask.ndim == 2 else mask[b, t, s])

    assert_close(ops.attention(*QKV, mask)[0], loops.attention(*QKV, seen))


def test_a_hidden_key_has_no_influence_and_gets_no_gradient_exactly():
    q, k, v = QKV
    o, back = ops.attention(q, k, v, KEYS)
    other_k, other_v = k.copy(), v.copy()
    for b, s in np.argwhere(~KEYS):
        other_k[b, :, s] = 1e6
        other_v[b, :, s] = -1e6
    np.testing.assert_array_equal(ops.attention(q, other_k, other_v, KEYS)[0], o)
    _, dk, dv = back(RNG.standard_normal(o.shape))
    for b, s in np.argwhere(~KEYS):
        assert not dk[b, :, s].any()
        assert not dv[b, :, s].any()
    for b, s in np.argwhere(KEYS):
        assert dk[b, :, s].any()


def test_a_mask_that_hides_nothing_is_no_mask():
    everything = np.ones((2, 4), bool)
    np.testing.assert_array_equal(ops.attention(*QKV, everything)[0], ops.attention(*QKV)[0])


def test_attention_with_one_number_added_to_all_keys_is_the_same():
    q, k, v = QKV
    assert_close(
        ops.attention(q, k + RNG.standard_normal(5), v)[0], ops.attention(q, k, v)[0], 1e-12
    )


def test_attention_dropout_keeps_the_expectation_and_needs_an_rng():
    q, k, v = QKV
    plain, _ = ops.attention(q, k, v)
    np.testing.assert_array_equal(ops.attention(q, k, v, dropout=0.5)[0], plain)
    np.testing.assert_array_equal(ops.attention(q, k, v, rng=np.random.default_rng(0))[0], plain)
    rng = np.random.default_rng(0)
    draws = np.stack([ops.attention(q, k, v, dropout=0.3, rng=rng)[0] for _ in range(2000)])
    error = np.abs(draws.mean(0) - plain) / (draws.std(0) / np.sqrt(len(draws)))
    assert draws.std() > 0.1
    assert error.max() < 4.5, "of 72 means, none should be 4.5 standard errors off"


def test_heads_lie_in_memory_so_that_merging_them_copies_nothing():
    o, back = ops.attention(*QKV)
    assert o.swapaxes(1, 2).reshape(2, 3, 12).base is not None
    assert all(d.swapaxes(1, 2).flags.c_contiguous for d in (o, *back(o)))
