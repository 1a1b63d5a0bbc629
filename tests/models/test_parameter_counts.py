"""The published networks, counted; and names that come in the order of the layers."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models
from lbopt.models import alexnet_sizes
from lbopt.params import count


class NoDraw(np.random.Generator):
    """Answers every draw with zeros that take no memory: only the shapes are wanted here."""

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        return np.broadcast_to(np.zeros((), dtype), size)


def shapes(model):
    return model.init(NoDraw(np.random.PCG64(0)), dtype=np.float64)


PUBLISHED = {
    "alexnet_full": (models.alexnet_full(), 60_965_224),  # Krizhevsky et al. 2012: two columns
    "alexnet_full_two_columns": (models.alexnet_full(groups=2), 60_965_224),
    "alexnet_full_one_column": (models.alexnet_full(groups=1), 62_378_344),
    "alexnet_bn_full": (models.alexnet_bn_full(), 60_965_224 + 1376),
    "alexnet_bn_full_one_column": (models.alexnet_bn_full(groups=1), 62_378_344 + 1376),
    "resnet18": (models.resnet18(), 11_689_512),
    "resnet34": (models.resnet34(), 21_797_672),
    "resnet50": (models.resnet50(), 25_557_032),
    "resnet50_2015": (models.resnet50(block=models.bottleneck_2015), 25_557_032),
    "resnet50_for_10_classes": (models.resnet50(classes=10), 25_557_032 - 990 * 2049),
    "mlp": (models.mlp(), 29_770),
    "alexnet": (models.alexnet(), 11_674),
    "alexnet_without_lrn": (models.alexnet(lrn=False), 11_674),  # LRN has no parameters
    "alexnet_bn": (models.alexnet_bn(), 11_674 + 72),
    "resnet": (models.resnet(), 5_122),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_number_of_parameters_is_the_published_one(name):
    model, parameters = PUBLISHED[name]
    assert count(shapes(model)) == parameters


def test_the_columns_of_alexnet_see_half_of_the_channels_in_conv2_conv4_and_conv5():
    two, one = (shapes(models.alexnet_full(groups=g)) for g in (2, 1))
    assert {k: (two[k].shape, one[k].shape) for k in one if two[k].shape != one[k].shape} == {
        "conv2.W": ((5, 5, 48, 256), (5, 5, 96, 256)),
        "conv4.W": ((3, 3, 192, 384), (3, 3, 384, 384)),
        "conv5.W": ((3, 3, 192, 256), (3, 3, 384, 256)),
    }
    assert two["fc6.W"].shape == (9216, 4096)  # 6 x 6 x 256, Krizhevsky et al. 2012, figure 2


def test_names_of_alexnet_come_in_the_order_of_the_layers():
    layers = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]
    expected = [f"{layer}.{kind}" for layer in layers for kind in "Wb"]
    assert list(shapes(models.alexnet())) == expected
    assert list(shapes(models.alexnet_full())) == expected


def test_names_of_alexnet_bn_come_in_the_order_of_the_layers():
    convs = [
        f"{n}{i}.{k}"
        for i in range(1, 6)
        for n, k in (("conv", "W"), ("bn", "gamma"), ("bn", "beta"))
    ]
    dense = [f"fc{i}.{kind}" for i in (6, 7, 8) for kind in "Wb"]
    assert list(shapes(models.alexnet_bn())) == convs + dense
    assert list(shapes(models.alexnet_bn_full())) == convs + dense


def test_names_of_a_resnet_come_in_the_order_of_the_layers():
    assert list(shapes(models.resnet())) == [
        *("stem.W", "stem_bn.gamma", "stem_bn.beta"),
        *("group1.block1.conv1.W", "group1.block1.bn1.gamma", "group1.block1.bn1.beta"),
        *("group1.block1.conv2.W", "group1.block1.bn2.gamma", "group1.block1.bn2.beta"),
        *("group2.block1.conv1.W", "group2.block1.bn1.gamma", "group2.block1.bn1.beta"),
        *("group2.block1.conv2.W", "group2.block1.bn2.gamma", "group2.block1.bn2.beta"),
        "group2.block1.shortcut.W",
        *("group2.block1.shortcut_bn.gamma", "group2.block1.shortcut_bn.beta"),
        *("head.W", "head.b"),
    ]


def test_resnet50_has_161_tensors_53_batch_norms_and_4_projections():
    names = list(shapes(models.resnet50()))
    assert len(names) == 161
    assert sum(name.endswith(".gamma") for name in names) == 53
    projections = [name for name in names if name.endswith("shortcut.W")]
    assert projections == [f"group{g}.block1.shortcut.W" for g in (1, 2, 3, 4)]


def test_alexnet_starts_from_the_values_of_the_widely_used_version():
    config = alexnet_sizes.full(1000, 2, 0.5, batch=False)
    rng, shape = np.random.default_rng(0), (400, 400)
    for draw, std in (
        (config.conv_init, 0.01),
        (config.hidden_init, 0.005),
        (config.head_init, 0.01),
    ):
        assert draw(rng, shape).std() == pytest.approx(std, rel=0.01)
    biases = {k: a.flat[0] for k, a in shapes(models.alexnet_full()).items() if k.endswith(".b")}
    raised = {k for k, value in biases.items() if value == 0.1}
    assert raised == {"conv2.b", "conv4.b", "conv5.b", "fc6.b", "fc7.b"}
    assert {value for k, value in biases.items() if k not in raised} == {0.0}


def test_resnet18_starts_from_he_convolutions_unit_gammas_and_a_small_head():
    params = models.resnet18().init(np.random.default_rng(0))
    assert params["head.W"].std() == pytest.approx(0.01, rel=0.01)
    assert params["group4.block2.conv2.W"].std() == pytest.approx(np.sqrt(2 / (9 * 512)), rel=0.01)
    assert {float(v) for k in params if k.endswith("gamma") for v in set(params[k].tolist())} == {
        1.0
    }


def test_he_initialisation_keeps_the_size_of_activations_through_64_relu_layers():
    model = models.mlp(256, 256, 64, 256)
    params = model.init(np.random.default_rng(0), dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((64, 256))
    y, _ = model.forward(params, x)
    assert 0.3 < np.mean(y**2) / 2 < 3  # the mean square after a linear layer is 2 x relu's, i.e. 2


def test_he_initialisation_counts_the_inputs_that_one_output_sees_in_a_grouped_convolution():
    W = models.he_normal(np.random.default_rng(0), (3, 3, 8, 4096))  # 8 = C / groups
    assert W.std() == pytest.approx(np.sqrt(2 / 72), rel=0.01)
