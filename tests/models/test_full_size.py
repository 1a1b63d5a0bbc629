"""The published sizes run forwards and backwards, at batch 2."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models, ops

FULL = {
    "alexnet_two_columns": (models.alexnet_full(), 227),
    "alexnet_one_column": (models.alexnet_full(groups=1), 227),
    "alexnet_bn": (models.alexnet_bn_full(), 227),
    "resnet50": (models.resnet50(), 224),
    "resnet50_2015": (models.resnet50(block=models.bottleneck_2015), 224),
    "resnet18": (models.resnet18(), 224),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_full_size_model_gives_finite_nonzero_gradients_for_every_tensor(name):
    model, size = FULL[name]
    params = model.init(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, size, size, 3), dtype=np.float32)
    y, back = model.forward(params, x, rng=np.random.default_rng(2))
    assert y.shape == (2, 1000)
    loss, back_loss = ops.softmax_cross_entropy(y, np.array([3, 999]))
    assert np.isfinite(loss)
    dparams, dx = back(back_loss())
    assert list(dparams) == list(params)
    for key, g in dparams.items():
        assert g.shape == params[key].shape, key
        assert g.dtype == np.float32, key
        assert np.all(np.isfinite(g)), key
        assert np.any(g), key
    assert dx.shape == x.shape
    assert np.any(dx)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet_bn", "resnet50"])
def test_full_size_model_evaluates_with_the_statistics_of_its_batch(name):
    model, size = FULL[name]
    params = model.init(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, size, size, 3), dtype=np.float32)
    y, _ = model.forward(params, x)
    y_eval, _ = model.forward(params, x, stats=model.statistics(params, x))
    np.testing.assert_allclose(y_eval, y, rtol=0, atol=1e-4 * np.max(np.abs(y)))
