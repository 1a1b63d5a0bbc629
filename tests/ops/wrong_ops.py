"""Ops with one mistake each, of the kind people really make, each with its story.

A wrong op is built on the right one where the mistake is in ``back`` only, so that nothing but
the mistake differs. ``MUTANTS`` says for each on which arrays it is tried and by what it must be
caught: "adjoint" (back is not the transpose of the derivative) or "loops" (the value itself is
wrong; the adjoint check, which believes the forward pass, cannot see that).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lbopt import ops
from tests.adjoint import well_separated
from tests.ops import loops


def conv_dx_scattered_as_if_stride_1(x, W):
    """The gather form of dx is right at stride 1, and someone used it everywhere."""
    y, back = ops.conv2d(x, W, stride=2, padding=1)

    def wrong_back(dy):
        _, dW = back(dy)
        dx = np.zeros_like(x)
        _, back_1 = ops.conv2d(x[:, : dy.shape[1], : dy.shape[2]], W, padding=1)
        dx[:, : dy.shape[1], : dy.shape[2]] = back_1(dy)[0]  # stride 1 puts dy on the wrong pixels
        return dx, dW

    return y, wrong_back


def conv_dx_with_kernels_not_flipped(x, W):
    """The transpose of a correlation is a correlation with the kernels turned by 180 degrees."""
    y, back = ops.conv2d(x, W, padding=1)
    return y, lambda dy: (ops.conv2d(dy, W.transpose(0, 1, 3, 2), padding=1)[0], back(dy)[1])


def conv_overlaps_overwritten(x, W):
    """dx[window] = share instead of +=: pixels under several windows keep the last share only."""
    y, back = ops.conv2d(x, W, stride=2)

    def wrong_back(dy):
        dx = np.zeros_like(x)
        for p, q in np.ndindex(*dy.shape[1:3]):
            window = np.einsum("no,ijco->nijc", dy[:, p, q], W)
            dx[:, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3] = window
        return dx, back(dy)[1]

    return y, wrong_back


def conv_bias_gradient_averaged(x, W, b):
    """db is a sum over images and pixels; a mean is off by a factor no loss curve shows."""
    y, back = ops.conv2d(x, W, b)
    return y, lambda dy: (*back(dy)[:2], dy.mean((0, 1, 2)))


def conv_groups_interleaved(x, W):
    """Group g takes channels g, g + G, g + 2 G ... instead of a contiguous run of them."""
    G = 2
    order = np.arange(x.shape[3]).reshape(-1, G).T.ravel()
    y, back = ops.conv2d(x[..., order], W, groups=G)

    def wrong_back(dy):
        dx, dW = back(dy)
        return dx[..., np.argsort(order)], dW

    return y, wrong_back


def batch_norm_without_mean_terms(x, gamma, beta):
    """mean and var taken for constants in training: dx = gamma s dy."""
    (y, stats), back = ops.batch_norm(x, gamma, beta)

    def wrong_back(dy):
        _, constant_stats_back = ops.batch_norm(x, gamma, beta, stats)
        return constant_stats_back(dy)[0], *back(dy)[1:]

    return y, wrong_back


def batch_norm_without_the_variance_term(x, gamma, beta):
    """Through the mean but not through the variance; the sum over the batch is still zero."""
    (y, (_, var)), back = ops.batch_norm(x, gamma, beta)
    s = gamma / np.sqrt(var + 1e-5)
    return y, lambda dy: (s * (dy - dy.mean(0)), *back(dy)[1:])


def batch_norm_with_sample_variance(x, gamma, beta):
    """Divided by M - 1: np.var(ddof=1), or torch.var without unbiased=False."""
    M = len(x)
    (_, (mean, var)), _ = ops.batch_norm(x, gamma, beta)
    (y, _), back = ops.batch_norm(x, gamma, beta, (mean, var * M / (M - 1)))
    return y, back


def lrn_without_cross_channel_term(x, **settings):
    """The denominator is taken for a constant: dx = dy / d^beta."""
    y, _ = ops.local_response_norm(x, **settings)
    d = settings["k"] + settings["alpha"] * _lrn_squares(x)
    return y, lambda dy: dy / d ** settings["beta"]


def lrn_with_its_own_channel_only_in_back(x, **settings):
    """dx_c takes dy_c alone, but y of every neighbour depends on x_c."""
    y, _ = ops.local_response_norm(x, **settings)
    d = settings["k"] + settings["alpha"] * _lrn_squares(x)
    factor = 2 * settings["alpha"] * settings["beta"]
    return y, lambda dy: dy / d ** settings["beta"] * (1 - factor * x * x / d)


def lrn_with_alpha_divided_by_size(x, **settings):
    """torch's and Caffe's convention under the paper's parameter values."""
    return ops.local_response_norm(x, **{**settings, "alpha": settings["alpha"] / 5})


def _lrn_squares(x):
    padded = np.pad(x * x, ((0, 0), (2, 2)))
    return sum(padded[:, o : o + x.shape[1]] for o in range(5))


def smoothing_on_the_wrong_side(logits, labels, s):
    """The prediction is smoothed instead of the target: -log((1 - s) p + s / K)."""
    N, K = logits.shape
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    smooth = (1 - s) * p[np.arange(N), labels] + s / K
    loss = -np.log(smooth).mean()
    hot = np.eye(K)[labels]

    def back(dloss=1.0):
        p_y = p[np.arange(N), labels][:, None]
        return -(1 - s) * p_y * (hot - p) / smooth[:, None] / N * dloss  # right for what it is

    return loss, back


def smoothing_over_the_other_classes(logits, labels, s):
    """s shared by the K - 1 wrong classes: another convention, not the paper's u(k) = 1 / K."""
    K = logits.shape[1]
    return ops.softmax_cross_entropy(logits, labels, label_smoothing=s * K / (K - 1))


def smoothing_forgotten_in_back(logits, labels, s):
    """The loss is smoothed, its gradient is still p - onehot."""
    loss, _ = ops.softmax_cross_entropy(logits, labels, label_smoothing=s)
    return loss, ops.softmax_cross_entropy(logits, labels)[1]


def cross_entropy_gradient_not_divided_by_the_batch(logits, labels, s):
    """The loss is a mean, the gradient that of a sum: off by the batch size."""
    loss, back = ops.softmax_cross_entropy(logits, labels, label_smoothing=s)
    return loss, lambda dloss=1.0: back(dloss) * len(labels)


def avg_pool_dividing_by_pixels_inside_in_back_only(x):
    """Padding counted in the forward pass and left out in the backward pass."""
    y, back = ops.avg_pool2d(x, 3, stride=2, padding=1)
    inside, _ = ops.avg_pool2d(np.ones_like(x), 3, stride=2, padding=1)
    return y, lambda dy: back(dy / inside)


def avg_pool_leaving_the_padding_out(x):
    """Divided by the pixels inside the image: another op (Keras'), not the one documented here."""
    y, back = ops.avg_pool2d(x, 3, stride=2, padding=1)
    inside, _ = ops.avg_pool2d(np.ones_like(x), 3, stride=2, padding=1)
    return y / inside, lambda dy: back(dy / inside)


def max_pool_with_padding_of_zeros(x):
    """Zeros around negative images win every window at the border."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y, back = ops.max_pool2d(padded, 3, stride=2)
    return y, lambda dy: back(dy)[:, 1:-1, 1:-1]


def max_pool_giving_overlaps_once(x):
    """Two windows with one largest pixel: dx[argmax] = dy keeps one of their gradients."""
    y, back = ops.max_pool2d(x, 3, stride=2)

    def wrong_back(dy):
        dx = np.zeros_like(x)
        for p, q in np.ndindex(*dy.shape[1:3]):
            one = np.zeros_like(dy)
            one[:, p, q] = dy[:, p, q]
            share = back(one)
            dx = np.where(share != 0, share, dx)
        return dx

    return y, wrong_back


def dropout_not_scaled_in_back(x):
    """y is divided by 1 - rate, dx is not."""
    y, back = ops.dropout(x, 0.3, np.random.default_rng(3))
    return y, lambda dy: back(dy) * 0.7


def linear_bias_gradient_from_the_first_axis_only(x, W, b):
    """With three axes db needs the sum over two of them; dy.sum(0) then broadcasts everywhere."""
    y, back = ops.linear(x, W, b)
    return y, lambda dy: (*back(dy)[:2], dy.sum(0)[0])


class Mutant(NamedTuple):
    op: Callable
    arrays: tuple[np.ndarray, ...]
    truth: Callable  # the loop version of what the op claims to compute
    caught_by: str = "adjoint"


def _normal(*shapes):
    rng = np.random.default_rng(11)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _conv_truth(stride=1, pad=0, groups=1):
    def truth(x, W, b=0.0):
        return loops.conv2d(x, W, b, (stride, stride), ((pad, pad), (pad, pad)), groups)

    return truth


def _pool_truth(kind, pad=0):
    return lambda x: loops.pool2d(x, (3, 3), (2, 2), ((pad, pad), (pad, pad)), kind)


LRN = {"size": 5, "alpha": 0.3, "beta": 0.75, "k": 1.5}
LABELS, SMOOTHING = np.array([0, 3, 3, 1, 4]), 0.2
IMAGES, KERNELS = _normal((2, 6, 7, 2), (3, 3, 2, 2))
CROSS_ENTROPY = _normal((5, 5))
PIXELS = (well_separated(np.random.default_rng(11), (2, 7, 6, 3)) - 50,)  # all negative
BATCH = _normal((6, 3), (3,), (3,))


def _lrn(op):
    return Mutant(
        lambda x: op(x, **LRN), _normal((3, 8)), lambda x: loops.local_response_norm(x, **LRN)
    )


def _cross_entropy(op, caught_by="adjoint"):
    return Mutant(
        lambda logits: op(logits, LABELS, SMOOTHING),
        CROSS_ENTROPY,
        lambda logits: loops.softmax_cross_entropy(logits, LABELS, SMOOTHING),
        caught_by,
    )


def _batch_norm(op, caught_by="adjoint"):
    return Mutant(op, BATCH, lambda x, g, b: loops.batch_norm(x, g, b, 1e-5)[0], caught_by)


MUTANTS = (
    Mutant(conv_dx_scattered_as_if_stride_1, (IMAGES, KERNELS), _conv_truth(stride=2, pad=1)),
    Mutant(conv_dx_with_kernels_not_flipped, (IMAGES, KERNELS), _conv_truth(pad=1)),
    Mutant(conv_overlaps_overwritten, (IMAGES, KERNELS), _conv_truth(stride=2)),
    Mutant(conv_bias_gradient_averaged, (IMAGES, KERNELS, np.ones(2)), _conv_truth()),
    Mutant(
        conv_groups_interleaved,
        _normal((2, 4, 4, 4), (3, 3, 2, 4)),
        _conv_truth(groups=2),
        "loops",
    ),
    _batch_norm(batch_norm_without_mean_terms),
    _batch_norm(batch_norm_without_the_variance_term),
    _batch_norm(batch_norm_with_sample_variance, "loops"),
    _lrn(lrn_without_cross_channel_term),
    _lrn(lrn_with_its_own_channel_only_in_back),
    _lrn(lrn_with_alpha_divided_by_size)._replace(caught_by="loops"),
    _cross_entropy(smoothing_on_the_wrong_side, "loops"),
    _cross_entropy(smoothing_over_the_other_classes, "loops"),
    _cross_entropy(smoothing_forgotten_in_back),
    _cross_entropy(cross_entropy_gradient_not_divided_by_the_batch),
    Mutant(avg_pool_dividing_by_pixels_inside_in_back_only, PIXELS, _pool_truth("avg", pad=1)),
    Mutant(avg_pool_leaving_the_padding_out, PIXELS, _pool_truth("avg", pad=1), "loops"),
    Mutant(max_pool_with_padding_of_zeros, PIXELS, _pool_truth("max", pad=1), "loops"),
    Mutant(max_pool_giving_overlaps_once, PIXELS, _pool_truth("max")),
    Mutant(dropout_not_scaled_in_back, _normal((4, 5)), lambda x: ops.dropout(x, 0.3, _seed())[0]),
    Mutant(
        linear_bias_gradient_from_the_first_axis_only,
        _normal((2, 4, 3), (3, 5), (5,)),
        loops.linear,
    ),
)


def _seed():
    return np.random.default_rng(3)
