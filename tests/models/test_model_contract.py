"""What every model promises, whatever it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models
from tests.models.model_cases import CASES, NORMALISED, params_and_x

every_model = pytest.mark.parametrize("name", CASES)


@every_model
def test_gradients_have_the_names_order_and_shapes_of_the_parameters(name):
    case = CASES[name]
    params, x = params_and_x(case)
    y, back = case.model.forward(params, x)
    dparams, dx = back(np.ones_like(y))
    assert list(dparams) == list(params)
    assert {k: g.shape for k, g in dparams.items()} == {k: p.shape for k, p in params.items()}
    assert dx.shape == x.shape


@every_model
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_in_is_dtype_out_in_training_and_evaluation(name, dtype):
    case = CASES[name]
    params, x = params_and_x(case, dtype)
    for stats in (None, case.model.statistics(params, x)):
        y, back = case.model.forward(params, x, stats=stats, rng=np.random.default_rng(0))
        dparams, dx = back(np.ones_like(y))
        assert {a.dtype for a in (y, dx, *dparams.values())} == {np.dtype(dtype)}
    for mean, var in case.model.statistics(params, x).values():
        assert mean.dtype == var.dtype == dtype


@every_model
def test_back_may_be_called_twice_and_is_linear(name):
    case = CASES[name]
    params, x = params_and_x(case)
    y, back = case.model.forward(params, x, rng=np.random.default_rng(0))
    dy = np.random.default_rng(1).standard_normal(y.shape)
    first, dx_first = back(dy)
    first = {k: g.copy() for k, g in first.items()}
    dx_first = dx_first.copy()
    doubled, dx_doubled = back(2 * dy)
    for k, g in first.items():
        np.testing.assert_array_equal(2 * g, doubled[k])  # a factor of two rounds nothing
    np.testing.assert_array_equal(2 * dx_first, dx_doubled)


@every_model
def test_inputs_and_parameters_stay_as_they_were(name):
    case = CASES[name]
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x)
    kept = (
        {k: a.copy() for k, a in params.items()},
        x.copy(),
        {k: (m.copy(), v.copy()) for k, (m, v) in stats.items()},
    )
    for a in (x, *params.values(), *(s for pair in stats.values() for s in pair)):
        a.flags.writeable = False  # whoever writes here is caught in the act
    for given in (None, stats):
        y, back = case.model.forward(params, x, stats=given, rng=np.random.default_rng(0))
        dy = np.ones_like(y)
        dy.flags.writeable = False
        back(dy)
    for k, a in params.items():
        np.testing.assert_array_equal(a, kept[0][k])
    np.testing.assert_array_equal(x, kept[1])
    for k, (mean, var) in stats.items():
        np.testing.assert_array_equal(mean, kept[2][k][0])
        np.testing.assert_array_equal(var, kept[2][k][1])


@every_model
def test_every_parameter_matters(name):
    case = CASES[name]
    params, x = params_and_x(case)
    y, back = case.model.forward(params, x)
    dparams, dx = back(np.random.default_rng(2).standard_normal(y.shape))
    assert [k for k, g in dparams.items() if not np.any(g)] == []
    assert np.any(dx)


@every_model
def test_the_same_seed_gives_the_same_numbers_and_float32_is_float64_rounded(name):
    init = CASES[name].model.init
    one, two, other = (init(np.random.default_rng(s)) for s in (3, 3, 4))
    wide = init(np.random.default_rng(3), dtype=np.float64)
    for k in one:
        np.testing.assert_array_equal(one[k], two[k])
        np.testing.assert_array_equal(one[k], wide[k].astype(np.float32))
        assert one[k].dtype == np.float32
        assert wide[k].dtype == np.float64
    assert any(np.any(one[k] != other[k]) for k in one)


def test_init_gives_arrays_that_nobody_else_holds():
    model = models.alexnet()
    params = model.init(np.random.default_rng(0))
    again = model.init(np.random.default_rng(0))
    for a in params.values():
        a += 1.0
    fresh = model.init(np.random.default_rng(0))
    assert all(np.array_equal(again[k], fresh[k]) for k in fresh)


@pytest.mark.parametrize("name", NORMALISED)
def test_training_batch_norm_depends_on_the_whole_batch_and_evaluation_does_not(name):
    case = CASES[name]
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x)
    moved = x.copy()
    moved[1:] *= 1.5
    trained = [case.model.forward(params, images)[0][0] for images in (x, moved)]
    evaluated = [case.model.forward(params, images, stats=stats)[0][0] for images in (x, moved)]
    assert np.max(np.abs(trained[0] - trained[1])) > 1e-3
    np.testing.assert_allclose(evaluated[0], evaluated[1], rtol=0, atol=1e-12)


def test_dropout_is_active_only_with_an_rng_and_repeats_with_its_seed():
    case = CASES["alexnet_with_dropout"]
    params, x = params_and_x(case)
    forward = case.model.forward
    plain = [forward(params, x)[0] for _ in range(2)]
    seeded = [forward(params, x, rng=np.random.default_rng(s))[0] for s in (0, 0, 1)]
    np.testing.assert_array_equal(plain[0], plain[1])
    np.testing.assert_array_equal(seeded[0], seeded[1])
    assert np.any(seeded[0] != seeded[2])
    assert np.any(seeded[0] != plain[0])


def test_the_mean_over_dropout_masks_of_the_last_layer_is_the_output_without_dropout():
    case = CASES["alexnet_with_dropout"]  # dropout is before the last, linear layer: E[y] is exact
    params, x = params_and_x(case)
    rng = np.random.default_rng(5)
    draws = np.stack([case.model.forward(params, x, rng=rng)[0] for _ in range(400)])
    error = draws.mean(0) - case.model.forward(params, x)[0]
    standard_error = draws.std(0) / np.sqrt(len(draws))
    assert np.max(np.abs(error) / (standard_error + 1e-12)) < 4.0


def test_mlp_takes_any_shape_with_the_right_number_of_values():
    model = models.mlp(12, 5, 2, 4)
    params = model.init(np.random.default_rng(0), dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((3, 12))
    flat, back_flat = model.forward(params, x)
    image, back_image = model.forward(params, x.reshape(3, 2, 2, 3))
    np.testing.assert_array_equal(flat, image)
    dparams_flat, dx_flat = back_flat(flat)
    dparams_image, dx_image = back_image(flat)
    np.testing.assert_array_equal(dx_flat.reshape(3, 2, 2, 3), dx_image)
    for k, g in dparams_flat.items():
        np.testing.assert_array_equal(g, dparams_image[k])


def test_rescaling_two_neighbouring_layers_of_an_mlp_keeps_its_function():
    model = models.mlp(layers=4)
    params = model.init(np.random.default_rng(0), dtype=np.float64)  # biases are zero
    x = np.random.default_rng(1).standard_normal((5, 64))
    scaled = params | {"layer1.W": 8.0 * params["layer1.W"], "layer2.W": params["layer2.W"] / 8.0}
    y, back = model.forward(params, x)
    y_scaled, back_scaled = model.forward(scaled, x)
    np.testing.assert_array_equal(y, y_scaled)  # powers of two round nothing
    g, g_scaled = back(y)[0], back_scaled(y)[0]
    np.testing.assert_array_equal(g["layer1.W"] / 8.0, g_scaled["layer1.W"])
    np.testing.assert_array_equal(g["layer2.W"] * 8.0, g_scaled["layer2.W"])
