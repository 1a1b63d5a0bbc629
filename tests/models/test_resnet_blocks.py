"""What is special about residual networks: the fork, the projection, and gamma = 0."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models, ops
from lbopt.models import basic, bottleneck, bottleneck_2015, he_normal

BLOCKS = {"basic": basic, "bottleneck": bottleneck, "bottleneck_2015": bottleneck_2015}
every_block = pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)


def drawn(stage, seed=0):
    rng = np.random.default_rng(seed)
    return {name: t.draw(rng, t.shape) for name, t in stage.layout.items()}


@every_block
def test_a_block_with_zero_gamma_starts_as_the_identity_after_relu(block):
    channels = 8
    width = channels if block is basic else channels // 4
    stage, outputs = block("block", channels, width, 1, True, he_normal)
    assert outputs == channels
    x = np.random.default_rng(1).standard_normal((3, 5, 5, channels))
    y, back, _ = stage.run(drawn(stage), x, None, None)
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    dy = np.random.default_rng(2).standard_normal(y.shape)
    grads, dx = back(dy)
    np.testing.assert_array_equal(dx, np.where(x > 0, dy, 0))
    alive = [name for name, g in grads.items() if np.any(g)]
    last = "2" if block is basic else "3"
    assert alive == [f"block.bn{last}.gamma", f"block.bn{last}.beta"]  # as the docs say


@every_block
def test_a_block_without_zero_gamma_is_not_the_identity(block):
    stage, outputs = block("block", 8, 8 if block is basic else 2, 1, False, he_normal)
    x = np.random.default_rng(1).standard_normal((3, 5, 5, 8))
    y, _, _ = stage.run(drawn(stage), x, None, None)
    assert y.shape == (3, 5, 5, outputs)
    assert np.max(np.abs(y - np.maximum(x, 0))) > 0.1


@every_block
def test_a_projection_is_there_exactly_when_shapes_change(block):
    same = 8 if block is basic else 2

    def projects(inputs, width, stride):
        return "b.shortcut.W" in block("b", inputs, width, stride, False, he_normal)[0].layout

    assert not projects(8, same, 1)
    assert projects(8, same, 2)
    assert projects(7, same, 1)


@every_block
@pytest.mark.parametrize("size", [(6, 6), (5, 7)])
def test_a_stride_of_two_halves_the_image_rounding_up_on_both_branches(block, size):
    stage, outputs = block("block", 4, 4, 2, False, he_normal)
    x = np.random.default_rng(1).standard_normal((2, *size, 4))
    y, back, _ = stage.run(drawn(stage), x, None, None)
    assert y.shape == (2, -(-size[0] // 2), -(-size[1] // 2), outputs)
    assert back(y)[1].shape == x.shape


def test_the_two_bottlenecks_put_the_stride_where_they_say():
    x = np.zeros((1, 6, 6, 4))
    x[0, 1, 1, :] = 1.0  # a pixel that a 1x1 convolution with stride 2 never sees
    seen = {}
    for name in ("bottleneck", "bottleneck_2015"):
        stage, _ = BLOCKS[name]("block", 4, 2, 2, False, he_normal)
        params = drawn(stage)
        stats = {bn: (np.zeros(n), np.ones(n)) for bn, n in norm_sizes(stage)}
        blank, _, _ = stage.run(params, 0 * x, stats, None)
        y, _, _ = stage.run(params, x, stats, None)
        seen[name] = bool(np.any(y != blank))
    assert seen == {"bottleneck": True, "bottleneck_2015": False}


def norm_sizes(stage):
    return [
        (k.removesuffix(".gamma"), t.shape[0]) for k, t in stage.layout.items() if ".gamma" in k
    ]


def test_an_extra_zero_gamma_block_changes_neither_output_nor_other_gradients():
    short = models.resnet((4, 6), (1, 1), classes=3, zero_gamma=True)
    long = models.resnet((4, 6), (2, 2), classes=3, zero_gamma=True)
    long_params = long.init(np.random.default_rng(0), dtype=np.float64)
    params = {name: long_params[name] for name in short.init(np.random.default_rng(0))}
    x = np.random.default_rng(1).standard_normal((3, 8, 8, 1))
    y, back = short.forward(params, x)
    y_long, back_long = long.forward(long_params, x)
    np.testing.assert_allclose(y_long, y, rtol=0, atol=1e-13)
    (grads, dx), (grads_long, dx_long) = back(y), back_long(y)
    np.testing.assert_allclose(dx_long, dx, rtol=0, atol=1e-13)
    for name, g in grads.items():
        np.testing.assert_allclose(grads_long[name], g, rtol=0, atol=1e-12)


def test_a_resnet_of_zero_gamma_blocks_starts_as_stem_pooling_and_head():
    model = models.resnet((4,), (3,), classes=3, zero_gamma=True)  # three identities
    params = model.init(np.random.default_rng(0), dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((3, 8, 8, 1))
    a, _ = ops.conv2d(x, params["stem.W"], padding=1)
    (n, _), _ = ops.batch_norm(a, params["stem_bn.gamma"], params["stem_bn.beta"])
    pooled = np.maximum(n, 0).mean((1, 2))
    expected = pooled @ params["head.W"] + params["head.b"]
    np.testing.assert_allclose(model.forward(params, x)[0], expected, rtol=0, atol=1e-13)
