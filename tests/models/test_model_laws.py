"""The laws of `model_laws`, applied to every small model."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.model_cases import CASES, NORMALISED, params_and_x
from tests.models.model_laws import (
    adjoint_law,
    evaluation_sees_one_image_at_a_time_law,
    evaluation_with_own_statistics_law,
    first_statistics_law,
)

every_model = pytest.mark.parametrize("name", CASES)


@every_model
def test_gradients_of_x_and_every_parameter_pass_the_adjoint_check_in_training(name):
    adjoint_law(CASES[name])


@pytest.mark.parametrize("name", NORMALISED)
def test_gradients_pass_the_adjoint_check_with_given_batch_norm_statistics(name):
    adjoint_law(CASES[name], evaluation=True)


def test_gradients_pass_the_adjoint_check_with_dropout_masks_held_fixed():
    adjoint_law(CASES["alexnet_with_dropout"], dropout=True)


@every_model
def test_evaluation_with_the_batchs_own_statistics_is_training_forward(name):
    evaluation_with_own_statistics_law(CASES[name])


@every_model
def test_evaluation_does_not_look_at_the_neighbours_in_the_batch(name):
    evaluation_sees_one_image_at_a_time_law(CASES[name])


@pytest.mark.parametrize(
    ("name", "conv", "bn", "how"),
    [
        ("alexnet_bn", "conv1", "bn1", {"padding": 1}),
        ("resnet", "stem", "stem_bn", {"padding": 1}),
        ("resnet_imagenet_stem", "stem", "stem_bn", {"stride": 2, "padding": 3}),
    ],
)
def test_the_first_statistics_are_those_of_the_first_convolutions_output(name, conv, bn, how):
    first_statistics_law(CASES[name], conv, bn, **how)


@every_model
def test_statistics_are_named_after_the_batch_norms_and_empty_without_any(name):
    params, x = params_and_x(CASES[name])
    stats = CASES[name].model.statistics(params, x)
    norms = [key.removesuffix(".gamma") for key in params if key.endswith(".gamma")]
    assert sorted(stats) == sorted(norms)
    for key, (mean, var) in stats.items():
        assert mean.shape == var.shape == params[f"{key}.gamma"].shape
        assert np.all(var > 0)
