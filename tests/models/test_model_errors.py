"""Wrong input is refused before anything is computed, and the message names the culprit."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models


@pytest.fixture
def setting():
    model = models.alexnet_bn()
    params = model.init(np.random.default_rng(0))
    return model, params, np.ones((2, 8, 8, 1), np.float32)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 9, 8, 1), r"x must have shape \(N, 8, 8, 1\), got \(2, 9, 8, 1\)"),
        ((2, 8, 8, 3), r"x must have shape \(N, 8, 8, 1\)"),
        ((2, 64), r"x must have shape \(N, 8, 8, 1\)"),
        ((8, 8, 1), r"x must have shape \(N, 8, 8, 1\)"),
        ((0, 8, 8, 1), "at least one example"),
        ((), "at least one example"),
    ],
)
def test_images_of_the_wrong_shape_are_refused(setting, shape, message):
    model, params, _ = setting
    with pytest.raises(ValueError, match=message):
        model.forward(params, np.ones(shape, np.float32))
    with pytest.raises(ValueError, match=message):
        model.statistics(params, np.ones(shape, np.float32))


def test_a_resnet_takes_any_image_size_but_not_another_number_of_channels():
    model = models.resnet()
    params = model.init(np.random.default_rng(0))
    assert model.forward(params, np.ones((2, 5, 7, 1), np.float32))[0].shape == (2, 10)
    with pytest.raises(ValueError, match=r"\(N, \*, \*, 1\), got \(2, 8, 8, 3\)"):
        model.forward(params, np.ones((2, 8, 8, 3), np.float32))


def test_an_mlp_says_how_many_numbers_it_wants():
    model = models.mlp()
    with pytest.raises(ValueError, match=r"64 numbers per example.*\(2, 8, 9, 1\)"):
        model.forward(model.init(np.random.default_rng(0)), np.ones((2, 8, 9, 1), np.float32))


def test_missing_and_extra_parameters_are_named(setting):
    model, params, x = setting
    without = {k: a for k, a in params.items() if k != "conv2.W"}
    with pytest.raises(ValueError, match=r"missing=\['conv2.W'\], extra=\[\]"):
        model.forward(without, x)
    with pytest.raises(ValueError, match=r"missing=\[\], extra=\['conv9.W'\]"):
        model.forward(params | {"conv9.W": params["conv1.W"]}, x)
    with pytest.raises(TypeError, match="dict name -> array, got list"):
        model.forward(list(params.values()), x)
    with pytest.raises(ValueError, match=r"missing=\['bn1.beta', "):
        model.forward({}, x)


def test_parameters_of_wrong_shape_or_dtype_or_kind_are_named(setting):
    model, params, x = setting
    with pytest.raises(ValueError, match=r"params\['fc7.b'\] must have shape \(32,\), got \(31,\)"):
        model.forward(params | {"fc7.b": np.ones(31, np.float32)}, x)
    with pytest.raises(TypeError, match=r"x has dtype float32, params\['fc7.b'\] has float64"):
        model.forward(params | {"fc7.b": np.ones(32)}, x)
    with pytest.raises(TypeError, match="got list"):
        model.forward(params | {"fc7.b": [1.0] * 32}, x)
    with pytest.raises(TypeError, match="got list"):
        model.forward(params, x.tolist())


def test_integer_images_are_refused(setting):
    model, params, x = setting
    with pytest.raises(TypeError, match="x has dtype int64"):
        model.forward(params, x.astype(np.int64))


def test_statistics_of_another_model_are_refused(setting):
    model, params, x = setting
    stats = model.statistics(params, x)
    with pytest.raises(ValueError, match=r"statistics\(params, x\); missing=\['bn3'\], extra=\[\]"):
        model.forward(params, x, stats={k: s for k, s in stats.items() if k != "bn3"})
    with pytest.raises(ValueError, match=r"extra=\['bn9'\]"):
        model.forward(params, x, stats=stats | {"bn9": stats["bn1"]})
    with pytest.raises(ValueError, match="missing="):
        model.forward(params, x, stats={})
    with pytest.raises(TypeError, match="stats must be a dict"):
        model.forward(params, x, stats=list(stats))
    plain = models.mlp()
    with pytest.raises(ValueError, match=r"extra=\['bn1'"):
        plain.forward(plain.init(np.random.default_rng(0)), x, stats=stats)


def test_statistics_of_the_wrong_size_name_the_batch_norm(setting):
    model, params, x = setting
    stats = model.statistics(params, x)
    with pytest.raises(ValueError, match=r"bn2"):
        model.forward(params, x, stats=stats | {"bn2": stats["bn1"]})
    (mean_1, var_1), (mean_2, var_2) = stats["bn1"], stats["bn2"]
    for pair in ((mean_1, var_2), (mean_2, var_1)):
        with pytest.raises(ValueError, match=r"stats\['bn2'\] must be two arrays of shape \(16,\)"):
            model.forward(params, x, stats=stats | {"bn2": pair})


@pytest.mark.parametrize("rng", [0, "seed", np.random.RandomState])
def test_anything_but_a_generator_is_refused_as_rng(setting, rng):
    model, params, x = setting
    with pytest.raises(TypeError, match="default_rng"):
        model.init(rng)
    if not hasattr(rng, "random"):
        with pytest.raises(TypeError, match="default_rng"):
            model.forward(params, x, rng=rng)


def test_integer_parameters_cannot_be_asked_for(setting):
    with pytest.raises(TypeError, match="floating point, got int32"):
        setting[0].init(np.random.default_rng(0), dtype=np.int32)


@pytest.mark.parametrize(
    "dy", [np.ones((2, 9), np.float32), np.ones((1, 10), np.float32), np.float32(1), [1.0], 1.0]
)
def test_a_cotangent_that_is_not_like_y_is_refused(setting, dy):
    model, params, x = setting
    _, back = model.forward(params, x)
    with pytest.raises(ValueError, match=r"dy must be like y, shape \(2, 10\) float32"):
        back(dy)


def test_a_cotangent_of_another_dtype_is_refused(setting):
    model, params, x = setting
    _, back = model.forward(params, x)
    with pytest.raises(ValueError, match=r"float32; got .* float64"):
        back(np.ones((2, 10)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.mlp(layers=0), "layers must be a positive integer, got 0"),
        (lambda: models.mlp(hidden=2.5), "hidden must be a positive integer, got 2.5"),
        (lambda: models.mlp(classes=True), "classes must be a positive integer, got True"),
        (lambda: models.alexnet((3, 8, 1)), r"image \(3, 8, 1\) is too small.*conv2"),
        (lambda: models.alexnet((8, 8)), r"image must be \(height, width, channels\)"),
        (lambda: models.alexnet(channels=()), "convs is empty"),
        (lambda: models.alexnet(channels=(8, 0)), "conv2_channels must be a positive integer"),
        (lambda: models.alexnet(hidden=(32, -1)), "hidden1 must be a positive integer, got -1"),
        (lambda: models.alexnet(dropout=1.0), r"dropout must be in \[0, 1\), got 1.0"),
        (lambda: models.alexnet(dropout=float("nan")), r"dropout must be in \[0, 1\)"),
        (lambda: models.alexnet_full(groups=3), "groups must be 1 .* or 2"),
        (lambda: models.resnet((8, 16), (1,)), "equally long"),
        (lambda: models.resnet((), ()), "equally long"),
        (lambda: models.resnet((8, 0), (1, 1)), r"channels\[1\] must be a positive integer, got 0"),
        (lambda: models.resnet((8, 8), (1, 0)), r"blocks\[1\] must be a positive integer, got 0"),
        (lambda: models.resnet(inputs=0), "inputs must be a positive integer"),
        (lambda: models.normal(-1.0), "std must be a finite number >= 0, got -1.0"),
        (lambda: models.normal(float("inf")), "std must be a finite number"),
        (lambda: models.constant(float("nan")), "value must be finite"),
        (lambda: models.he_normal(np.random.default_rng(0), (3,)), "2 axes or more"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused_when_it_is_built(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("conv", "message"),
    [
        (models.Conv(6, groups=4), "conv1: groups=4 must divide its 4 input and 6 output"),
        (models.Conv(6, groups=3), "conv1: groups=3 must divide its 4 input"),
        (
            models.Conv(6, norm="layer"),
            """conv1: norm must be "none", "lrn" or "batch", got 'layer'""",
        ),
        (models.Conv(6, stride=0), "conv1_stride must be a positive integer"),
        (models.Conv(6, pool=(2, 0)), "conv1_pool_stride must be a positive integer"),
        (models.Conv(6, padding=-1), "conv1: padding must be an integer >= 0, got -1"),
    ],
)
def test_a_convolution_that_makes_no_sense_is_refused(conv, message):
    with pytest.raises(ValueError, match=message):
        models.from_config("wrong", models.AlexNetConfig((8, 8, 4), (conv,), (3,), 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"act": "gelu"}, r"act must be a function such as ops.gelu, got 'gelu'"),
        ({"act": None}, "act must be a function"),
        ({"weight_init": 0.02}, r"weight_init must be a function such as models.normal\(0.02\)"),
    ],
)
def test_bert_refuses_a_name_or_number_where_a_function_belongs(settings, message):
    with pytest.raises(TypeError, match=message):
        models.bert(20, **settings)
