"""Each op against its loop version (loops.py), float64: 1e-12 of the largest number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lbopt import ops
from tests.ops import loops


def assert_close(a, expected, tolerance=1e-12):
    assert a.shape == np.shape(expected)
    error = np.abs(a - expected).max(initial=0) / max(1.0, np.abs(expected).max(initial=0))
    print(f"error {error:.1e}, tolerance {tolerance:.1e}")
    assert error <= tolerance


def conv_and_loops(shape, kernel, outs, stride, pads, groups, block, seed=0):
    rng = np.random.default_rng(seed)
    x, b = rng.standard_normal(shape), rng.standard_normal(outs)
    W = rng.standard_normal((*kernel, shape[3] // groups, outs))
    y, back = ops.conv2d(x, W, b, stride=stride, padding=pads, groups=groups, block=block)
    assert_close(y, loops.conv2d(x, W, b, stride, pads, groups))
    dy = rng.standard_normal(y.shape)
    expected = loops.conv2d(x, W, b, stride, pads, groups, dy)
    for d, e in zip(back(dy), expected, strict=True):
        assert_close(d, e)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 3)])
@pytest.mark.parametrize("pads", [((0, 0), (0, 0)), ((1, 1), (1, 1)), ((0, 3), (2, 1))])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3), (4, 5)])
def test_conv2d_and_its_gradients_match_loops(stride, pads, kernel, groups):
    conv_and_loops((3, 6, 5, 4), kernel, 4, stride, pads, groups, block=2)


def test_conv2d_stride_gradient_matches_loops_where_a_remainder_is_left_over():
    conv_and_loops((2, 9, 8, 2), (3, 3), 3, (2, 2), ((0, 0), (0, 0)), 1, None)


@pytest.mark.parametrize("block", [None, 1, 2, 3, 4, 5, 100])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
def test_conv2d_does_not_depend_on_the_block(block, stride):
    conv_and_loops((5, 4, 5, 4), (3, 2), 6, stride, ((1, 1), (0, 1)), 2, block)


def test_conv2d_cuts_large_products_into_pieces_without_changing_them():
    # large enough that a block is several pieces, and the pixels of an image no power of two
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((3, 18, 20, 16)), rng.standard_normal((3, 3, 16, 32))
    y, back = ops.conv2d(x, W, padding=1)
    xp = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = np.lib.stride_tricks.sliding_window_view(xp, (3, 3), axis=(1, 2))
    assert_close(y, np.einsum("npqcij,ijco->npqo", patches, W, optimize=True))
    dy = rng.standard_normal(y.shape)
    dx, dW = back(dy)
    assert_close(dW, np.einsum("npqcij,npqo->ijco", patches, dy, optimize=True))
    dxp = np.zeros_like(xp)
    for i in range(3):
        for j in range(3):
            dxp[:, i : i + 18, j : j + 20] += dy @ W[i, j].T
    assert_close(dx, dxp[:, 1:-1, 1:-1])


side = st.integers(1, 6)
margin = st.tuples(st.integers(0, 4), st.integers(0, 4))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    batch=st.integers(1, 4),
    height=side,
    width=side,
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    pads=st.tuples(margin, margin),
    groups=st.integers(1, 3),
    channels=st.integers(1, 2),
    outs=st.integers(1, 2),
    block=st.sampled_from([None, 1, 2, 3]),
)
def test_conv2d_matches_loops_in_any_geometry(
    batch, height, width, kernel, stride, pads, groups, channels, outs, block
):
    shape = (batch, height, width, groups * channels)
    if height + sum(pads[0]) < kernel[0] or width + sum(pads[1]) < kernel[1]:
        with pytest.raises(ValueError, match="larger than the padded images"):
            conv_and_loops(shape, kernel, groups * outs, stride, pads, groups, block)
    else:
        conv_and_loops(shape, kernel, groups * outs, stride, pads, groups, block)


def test_conv2d_of_an_empty_batch_is_empty():
    y, back = ops.conv2d(np.ones((0, 4, 4, 2)), np.ones((3, 3, 2, 5)), stride=2, padding=1)
    assert y.shape == (0, 2, 2, 5)
    dx, dW = back(y)
    assert dx.shape == (0, 4, 4, 2)
    np.testing.assert_array_equal(dW, np.zeros((3, 3, 2, 5)))


def test_int_pair_and_margins_are_three_ways_to_write_one_padding():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((2, 5, 5, 2)), rng.standard_normal((3, 3, 2, 2))
    ys = [ops.conv2d(x, W, padding=p)[0] for p in (1, (1, 1), ((1, 1), (1, 1)))]
    np.testing.assert_array_equal(ys[0], ys[1])
    np.testing.assert_array_equal(ys[0], ys[2])
    np.testing.assert_array_equal(ops.conv2d(x, W, stride=2)[0], ops.conv2d(x, W, stride=(2, 2))[0])


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("size", [(2, 2), (3, 2)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (4, 4)])
@pytest.mark.parametrize("pads", [((0, 0), (0, 0)), ((1, 1), (1, 1)), ((2, 0), (0, 1))])
def test_pooling_matches_loops(kind, size, stride, pads):
    if max(pads[0]) >= size[0] or max(pads[1]) >= size[1]:
        size = (3, 3)
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 3)) - 5  # negative: zeros would win
    op = ops.max_pool2d if kind == "max" else ops.avg_pool2d
    y, _ = op(x, size, stride=stride, padding=pads)
    assert_close(y, loops.pool2d(x, size, stride, pads, kind))


def test_pooling_strides_by_its_size_unless_told():
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 3))
    for op in (ops.max_pool2d, ops.avg_pool2d):
        np.testing.assert_array_equal(op(x, (3, 2))[0], op(x, (3, 2), stride=(3, 2))[0])


def test_max_pool_gives_a_tie_to_the_first_pixel_only():
    _, back = ops.max_pool2d(np.zeros((1, 2, 2, 1)), 2)
    np.testing.assert_array_equal(back(np.ones((1, 1, 1, 1))).ravel(), [1, 0, 0, 0])


def test_global_average_is_the_mean_over_pixels():
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2))
    assert_close(
        ops.global_avg_pool2d(x)[0],
        loops.pool2d(x, (4, 5), (1, 1), ((0, 0), (0, 0)), "avg")[:, 0, 0],
    )


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_linear_matches_loops(lead):
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((*lead, 3)), rng.standard_normal((3, 5)), rng.standard_normal(5)
    assert_close(ops.linear(x, W, b)[0], loops.linear(x, W, b))
    assert_close(ops.linear(x, W)[0], loops.linear(x, W, np.zeros(5)))


def test_relu_matches_its_definition_and_keeps_nan():
    y, back = ops.relu(np.array([-2.0, -0.0, 0.0, 3.0, np.nan]))
    np.testing.assert_array_equal(y, [0, 0, 0, 3, np.nan])
    np.testing.assert_array_equal(back(np.full(5, 7.0)), [0, 0, 0, 7, 0])


@pytest.mark.parametrize("shape", [(7, 3), (4, 2, 3, 3)])
def test_batch_norm_and_its_statistics_match_loops(shape):
    rng = np.random.default_rng(0)
    x, gamma, beta = (
        3 + 2 * rng.standard_normal(shape),
        rng.standard_normal(3),
        rng.standard_normal(3),
    )
    (y, (mean, var)), _ = ops.batch_norm(x, gamma, beta, eps=1e-3)
    expected, expected_mean, expected_var = loops.batch_norm(x, gamma, beta, 1e-3)
    assert_close(y, expected)
    assert_close(mean, expected_mean)
    assert_close(var, expected_var)


def test_batch_norm_with_its_own_statistics_given_back_has_the_same_value_and_another_gradient():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.standard_normal((6, 3)), rng.standard_normal(3), rng.standard_normal(3)
    (y, stats), back = ops.batch_norm(x, gamma, beta)
    (y2, stats2), back2 = ops.batch_norm(x, gamma, beta, stats)
    np.testing.assert_array_equal(y, y2)
    assert stats2[0] is stats[0]
    assert stats2[1] is stats[1]
    dy = rng.standard_normal(x.shape)
    np.testing.assert_array_equal(back(dy)[1], back2(dy)[1])
    assert np.abs(back(dy)[0] - back2(dy)[0]).max() > 0.1


def test_batch_norm_gradient_sums_to_zero_because_a_common_shift_changes_nothing():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.standard_normal((50, 3)), rng.standard_normal(3), rng.standard_normal(3)
    _, back = ops.batch_norm(x, gamma, beta)
    assert np.abs(back(rng.standard_normal(x.shape))[0].sum(0)).max() < 1e-13


@pytest.mark.parametrize("size", [1, 3, 5, 9, 21])
@pytest.mark.parametrize("shape", [(2, 3, 3, 8), (4, 1)])
def test_local_response_norm_matches_loops(size, shape):
    x = np.random.default_rng(0).standard_normal(shape)
    y, _ = ops.local_response_norm(x, size=size, alpha=0.3, beta=0.75, k=2.0)
    assert_close(y, loops.local_response_norm(x, size, 0.3, 0.75, 2.0))


def test_local_response_norm_defaults_are_alexnets():
    x = 30 * np.random.default_rng(0).standard_normal((2, 8))
    assert_close(ops.local_response_norm(x)[0], loops.local_response_norm(x, 5, 1e-4, 0.75, 2.0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_matches_loops(smoothing):
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    loss, _ = ops.softmax_cross_entropy(logits, labels, label_smoothing=smoothing)
    assert_close(loss, loops.softmax_cross_entropy(logits, labels, smoothing))


def test_cross_entropy_survives_huge_logits():
    with np.errstate(all="raise", under="ignore"):
        logits = np.array([[1e4, 0.0], [0.0, 1e4]], np.float32)
        loss, back = ops.softmax_cross_entropy(logits, np.array([0, 0]))
    assert loss == np.float32(5e3)
    np.testing.assert_array_equal(back(), np.float32([[0, 0], [-0.5, 0.5]]))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_cross_entropy_takes_labels_of_any_integer_dtype(dtype):
    logits = np.random.default_rng(0).standard_normal((3, 200)).astype(np.float32)
    labels = np.array([0, 100, 127])
    expected, _ = ops.softmax_cross_entropy(logits, labels)
    loss, back = ops.softmax_cross_entropy(logits, labels.astype(dtype))
    assert loss == expected
    assert loss.dtype == back(np.float64(2)).dtype == np.float32


def test_dropout_keeps_the_expectation_and_the_rate():
    x = np.ones(200_000)
    y, back = ops.dropout(x, 0.3, np.random.default_rng(0))
    kept = np.mean(y != 0)
    sd = np.sqrt(0.3 * 0.7 / x.size)  # of the share that is kept; five of them are allowed
    assert abs(kept - 0.7) < 5 * sd
    np.testing.assert_allclose(y[y != 0], 1 / 0.7, rtol=1e-15)
    np.testing.assert_array_equal(back(x), y)  # the same mask


def test_dropout_draws_from_the_generator_it_is_given():
    x = np.ones((4, 5), np.float32)
    first, second = (ops.dropout(x, 0.5, np.random.default_rng(1))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    rng = np.random.default_rng(1)
    ops.dropout(x, 0.5, rng)
    assert (ops.dropout(x, 0.5, rng)[0] != first).any()
    np.testing.assert_array_equal(ops.dropout(x, 0.0, rng)[0], x)
