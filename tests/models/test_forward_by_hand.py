"""What each model computes, written down once more, plainly: order of layers, strides, pools."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models, ops
from lbopt.models import alexnet_sizes
from tests.models.model_cases import Case, params_and_x


def relu(a):
    return np.maximum(a, 0)


def conv(x, W, b=0.0, **how):
    return ops.conv2d(x, W, **how)[0] + b


def bn(x, p, name):
    centred = x - x.mean((0, 1, 2))
    n = centred / np.sqrt((centred**2).mean((0, 1, 2)) + 1e-5)
    return p[f"{name}.gamma"] * n + p[f"{name}.beta"]


def pool(x, size, **how):
    return ops.max_pool2d(x, size, **how)[0]


def lrn(x):
    return ops.local_response_norm(x)[0]


def dense(h, p, first):
    h = relu(h.reshape(len(h), -1) @ p[f"fc{first}.W"] + p[f"fc{first}.b"])
    h = relu(h @ p[f"fc{first + 1}.W"] + p[f"fc{first + 1}.b"])
    return h @ p[f"fc{first + 2}.W"] + p[f"fc{first + 2}.b"]


def test_mlp_is_matrices_with_relu_between_them_and_none_at_the_end():
    case = Case(models.mlp(6, 5, 3, 4), (7, 6))
    p, x = params_and_x(case)
    h = relu(x @ p["layer0.W"] + p["layer0.b"])
    h = relu(h @ p["layer1.W"] + p["layer1.b"])
    y = h @ p["layer2.W"] + p["layer2.b"]
    assert y.min() < 0 < y.max()
    np.testing.assert_allclose(case.model.forward(p, x)[0], y, rtol=0, atol=1e-13)


@pytest.mark.parametrize("norm", [lrn, lambda a: a], ids=["lrn", "without_lrn"])
def test_alexnet_is_conv_relu_lrn_pool_in_the_order_of_the_paper(norm):
    case = Case(models.alexnet(lrn=norm is lrn), (3, 8, 8, 1))
    p, x = params_and_x(case)
    h = x
    for i in (1, 2):
        h = relu(conv(h, p[f"conv{i}.W"], p[f"conv{i}.b"], padding=1))
        h = pool(norm(h), 2, stride=2)
    for i in (3, 4, 5):
        h = relu(conv(h, p[f"conv{i}.W"], p[f"conv{i}.b"], padding=1))
    np.testing.assert_allclose(case.model.forward(p, x)[0], dense(h, p, 6), rtol=0, atol=1e-12)


def test_lrn_is_not_a_no_op_at_the_size_of_these_activations():
    p, x = params_and_x(Case(models.alexnet(), (3, 8, 8, 1)))
    y, plain = (models.alexnet(lrn=lrn).forward(p, x)[0] for lrn in (True, False))
    assert np.max(np.abs(y - plain)) > 0.1


def test_alexnet_bn_is_conv_batch_norm_relu_pool_without_conv_bias():
    case = Case(models.alexnet_bn(), (3, 8, 8, 1))
    p, x = params_and_x(case)
    h = x
    for i in range(1, 6):
        h = relu(bn(conv(h, p[f"conv{i}.W"], padding=1), p, f"bn{i}"))
        h = pool(h, 2, stride=2) if i <= 2 else h
    np.testing.assert_allclose(case.model.forward(p, x)[0], dense(h, p, 6), rtol=0, atol=1e-12)


def test_full_alexnets_differ_in_nothing_but_their_norms_and_columns():
    lrn2, bn2 = (alexnet_sizes.full(1000, 2, 0.5, batch=batch) for batch in (False, True))
    assert [c.norm for c in lrn2.convs] == ["lrn", "lrn", "none", "none", "none"]
    assert [c.norm for c in bn2.convs] == ["batch"] * 5
    assert [c._replace(norm="") for c in lrn2.convs] == [c._replace(norm="") for c in bn2.convs]
    assert [c.groups for c in lrn2.convs] == [1, 2, 1, 2, 2]
    assert [c.pool for c in lrn2.convs] == [(3, 2), (3, 2), None, None, (3, 2)]


def test_alexnet_full_is_trained_with_dropout_after_fc6_and_fc7_only():
    config = alexnet_sizes.full(10, 2, 0.5, batch=False)
    tiny = config._replace(  # the same order of layers, small enough to run
        image=(35, 35, 1), convs=(config.convs[0]._replace(channels=4),), hidden=(64, 64)
    )
    dropped = models.from_config("dropped", tiny)
    params = dropped.init(np.random.default_rng(0), dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((2, 35, 35, 1))
    _, back = dropped.forward(params, x, rng=np.random.default_rng(2))
    grads, _ = back(np.ones((2, 10)))
    dead = {name: int(np.sum(~np.any(grads[name], axis=1))) for name in ("fc3.W", "fc4.W")}
    assert dead["fc3.W"] > 4  # units of fc2 that no image of the two kept: about a quarter of 64
    assert dead["fc4.W"] > 4
    assert np.all(grads["fc4.b"] == 2.0)  # nothing is dropped after the last layer


@pytest.mark.parametrize("imagenet", [False, True])
def test_resnet_is_stem_blocks_mean_and_head(imagenet):
    stem = models.IMAGENET_STEM if imagenet else models.SMALL_STEM
    case = Case(models.resnet((3, 4), (1, 1), classes=5, stem=stem), (2, 21, 18, 1))
    p, x = params_and_x(case)
    how = {"stride": 2, "padding": 3} if imagenet else {"padding": 1}
    h = relu(bn(conv(x, p["stem.W"], **how), p, "stem_bn"))
    h = pool(h, 3, stride=2, padding=1) if imagenet else h
    for block, stride in (("group1.block1", 1), ("group2.block1", 2)):
        a = relu(bn(conv(h, p[f"{block}.conv1.W"], stride=stride, padding=1), p, f"{block}.bn1"))
        a = bn(conv(a, p[f"{block}.conv2.W"], padding=1), p, f"{block}.bn2")
        if stride == 2:
            h = bn(conv(h, p[f"{block}.shortcut.W"], stride=2), p, f"{block}.shortcut_bn")
        h = relu(a + h)
    y = h.mean((1, 2)) @ p["head.W"] + p["head.b"]
    np.testing.assert_allclose(case.model.forward(p, x)[0], y, rtol=0, atol=1e-12)
