"""Every op in the settings worth testing: a function of float arrays alone, and how to draw them.

``case.f(*arrays) -> y, back`` with everything that is not differentiated already bound. Arrays are
drawn in float64 and cast by tests that want another dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lbopt import ops
from tests.adjoint import away_from_zero, well_separated


class OpCase(NamedTuple):
    f: Callable
    arrays: tuple[np.ndarray, ...]
    names: tuple[str, ...]


def _normal(*shapes):
    rng = np.random.default_rng(7)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _conv(x, W, bias=True, **settings):
    shapes = (x, W, (W[3],)) if bias else (x, W)
    return OpCase(
        lambda *a: ops.conv2d(*a, **settings), _normal(*shapes), ("x", "W", "b")[: len(shapes)]
    )


def _batch_norm(shape, given):
    C = shape[-1:]
    x, gamma, beta, mean, spread = _normal(shape, C, C, C, C)

    def f(x, gamma, beta):
        stats = None
        if given:
            stats = (mean.astype(x.dtype), (0.5 + spread**2).astype(x.dtype))
        (y, _), back = ops.batch_norm(x, gamma, beta, stats, eps=1e-3)
        return y, back

    return OpCase(f, (3 + 2 * x, gamma, beta), ("x", "gamma", "beta"))


def _pool(op, size, shape=(2, 7, 6, 3), **settings):
    x = well_separated(np.random.default_rng(7), shape)
    return OpCase(lambda x: op(x, size, **settings), (x,), ("x",))


def _cross_entropy(smoothing):
    labels = np.array([0, 3, 3, 1, 4])

    def f(logits):
        return ops.softmax_cross_entropy(logits, labels, label_smoothing=smoothing)

    return OpCase(f, _normal((5, 5)), ("logits",))


LRN = {"alpha": 0.3, "beta": 0.75, "k": 1.5}
CASES = {
    "linear": OpCase(ops.linear, _normal((4, 3), (3, 5), (5,)), ("x", "W", "b")),
    "linear without bias, three axes": OpCase(ops.linear, _normal((2, 4, 3), (3, 5)), ("x", "W")),
    "relu": OpCase(ops.relu, (away_from_zero(np.random.default_rng(7), (4, 5)),), ("x",)),
    "conv2d 3x3 same": _conv((3, 6, 5, 2), (3, 3, 2, 4), padding=1),
    "conv2d without bias": _conv((3, 6, 5, 2), (3, 3, 2, 4), bias=False),
    "conv2d 1x1": _conv((3, 4, 5, 2), (1, 1, 2, 4)),
    "conv2d 1x1 strided": _conv((3, 5, 6, 2), (1, 1, 2, 4), stride=2),
    "conv2d strided with a remainder": _conv((3, 8, 7, 2), (3, 3, 2, 4), stride=2, padding=1),
    "conv2d uneven": _conv(
        (3, 6, 7, 2), (2, 3, 2, 4), stride=(3, 2), padding=((0, 2), (3, 1)), block=2
    ),
    "conv2d padding beyond the kernel": _conv((2, 3, 4, 2), (2, 3, 2, 3), padding=((4, 0), (3, 5))),
    "conv2d stride beyond the kernel": _conv((2, 9, 8, 2), (2, 2, 2, 3), stride=(4, 3)),
    "conv2d groups": _conv((3, 5, 5, 6), (3, 3, 2, 9), padding=1, groups=3, block=2),
    "conv2d groups strided": _conv((3, 6, 6, 4), (3, 3, 2, 6), stride=2, padding=1, groups=2),
    "conv2d depthwise": _conv((2, 5, 5, 4), (3, 3, 1, 4), padding=1, groups=4),
    "max_pool2d": _pool(ops.max_pool2d, 2),
    "max_pool2d overlapping": _pool(ops.max_pool2d, 3, stride=2, padding=1),
    "max_pool2d uneven": _pool(ops.max_pool2d, (2, 3), stride=(3, 1), padding=((1, 0), (0, 2))),
    "avg_pool2d": _pool(ops.avg_pool2d, 2),
    "avg_pool2d overlapping": _pool(ops.avg_pool2d, 3, stride=2, padding=1),
    "avg_pool2d uneven": _pool(ops.avg_pool2d, (2, 3), stride=(3, 1), padding=((1, 0), (0, 2))),
    "global_avg_pool2d": OpCase(ops.global_avg_pool2d, _normal((2, 3, 4, 5)), ("x",)),
    "batch_norm": _batch_norm((6, 4), given=False),
    "batch_norm of images": _batch_norm((3, 2, 4, 5), given=False),
    "batch_norm with given statistics": _batch_norm((3, 2, 4, 5), given=True),
    "local_response_norm": OpCase(
        lambda x: ops.local_response_norm(x, **LRN), _normal((3, 8)), ("x",)
    ),
    "local_response_norm wider than the channels": OpCase(
        lambda x: ops.local_response_norm(x, size=9, **LRN), _normal((2, 2, 3)), ("x",)
    ),
    "dropout": OpCase(
        lambda x: ops.dropout(x, 0.3, np.random.default_rng(3)), _normal((4, 5)), ("x",)
    ),
    "softmax_cross_entropy": _cross_entropy(0.0),
    "softmax_cross_entropy smoothed": _cross_entropy(0.3),
}
