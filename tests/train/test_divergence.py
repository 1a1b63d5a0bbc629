import warnings

import numpy as np
import pytest

from lbopt import optim, train
from lbopt.models import Model
from tests.train.fit_cases import assert_same, blobs, broken, sgd, small_mlp


def test_a_run_that_blows_up_stops_with_its_last_finite_parameters_and_no_warning():
    data = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = train.fit(small_mlp(), optim.sgd(1e20), data, epochs=50, batch_size=20, seed=0)
    assert result.diverged is not None
    assert result.diverged.step == result.step == len(result.records)
    assert all(np.isfinite(w).all() for w in result.params.values())
    assert np.isfinite(result.losses).all()
    assert "diverged at step" in str(result.diverged)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_divergence_names_the_step_and_the_first_layer_with_a_bad_gradient(value):
    def spoil(name, g):
        if name in ("layer1.b", "layer2.W"):
            g = g.copy()
            g.flat[-1] = value
        return g

    model = broken(small_mlp(), spoil, at_step=4)
    states = []
    result = train.fit(
        model, sgd(), blobs(), epochs=3, batch_size=20, seed=0,
        on_step=lambda record, checkpoint: states.append(checkpoint),
    )  # fmt: skip
    assert result.diverged == train.Divergence(4, "layer1.b", "gradient")
    assert result.step == 4
    assert_same(result.params, states[-1].params)


def test_a_loss_that_is_not_finite_is_called_the_loss():
    inner = small_mlp()

    def forward(params, x, *, stats=None, rng=None):
        y, back = inner.forward(params, x)
        return y * np.float32(np.nan), back

    model = Model("nan", inner.init, forward, inner.statistics)
    result = train.fit(model, sgd(), blobs(), epochs=1, batch_size=20, seed=0)
    assert result.diverged == train.Divergence(0, "loss", "loss")
    assert_same(result.params, inner.init(np.random.default_rng([0, 0, 0])))


def test_parameters_that_overflow_in_the_last_update_are_not_returned():
    inner = small_mlp()
    model = broken(inner, lambda name, g: g * 0 + 1e30 if name == "layer2.W" else g, at_step=0)
    result = train.fit(model, optim.sgd(1e30), blobs(), epochs=1, batch_size=60, seed=0)
    assert result.diverged == train.Divergence(0, "layer2.W", "parameters")
    assert_same(result.params, inner.init(np.random.default_rng([0, 0, 0])))


def test_huge_but_finite_gradients_are_not_called_divergence():
    model = broken(small_mlp(), lambda name, g: np.full_like(g, 3e38), at_step=0)
    result = train.fit(model, optim.sgd(1e-39), blobs(), epochs=1, batch_size=60, seed=0)
    assert result.diverged is None
