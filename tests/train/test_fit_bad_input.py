import numpy as np
import pytest

from lbopt import models, train
from lbopt.data import Split
from tests.train.fit_cases import blobs, sgd, small_mlp


def never(*args, **kwargs):
    raise AssertionError("the loop was entered")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda d: d._replace(x=np.where(np.arange(60)[:, None] == 41, np.float32(np.nan), d.x)),
         ValueError, "train.x[41]"),
        (lambda d: Split(d.x[:0], d.y[:0]), ValueError, "empty"),
        (lambda d: d._replace(y=d.y.astype(np.float32)), TypeError, "integer"),
        (lambda d: d._replace(y=np.eye(3, dtype=int)[d.y]), ValueError, "(60, 3)"),
        (lambda d: d._replace(y=d.y[:10]), ValueError, "(10,)"),
        (lambda d: d._replace(y=d.y - 1), ValueError, "-1"),
        (lambda d: d._replace(x=(d.x * 100).astype(np.uint8)), TypeError, "uint8"),
        (lambda d: d._replace(x=d.x.tolist()), TypeError, "list"),
        (lambda d: d.x, TypeError, "train"),
    ],
)  # fmt: skip
def test_bad_data_is_named_before_the_first_step(change, error, words):
    model = small_mlp()._replace(forward=never)
    with pytest.raises(error) as e:
        train.fit(model, sgd(), change(blobs()), epochs=1, batch_size=10, seed=0)
    assert words in str(e.value), str(e.value)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"batch_size": 61}, ValueError, "61"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer, got 2.5"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"epochs": 1.5}, TypeError, "epochs"),
        ({"seed": -1}, ValueError, "seed"),
        ({"last": "pad"}, ValueError, "pad"),
        ({"micro_batch": 0}, ValueError, "micro_batch"),
        ({"record_norms_every": -1}, ValueError, "record_norms_every"),
        ({"params": {}}, ValueError, "empty"),
    ],
)
def test_bad_arguments_are_named_before_the_first_step(change, error, words):
    arguments = {"epochs": 1, "batch_size": 10, "seed": 0} | change
    with pytest.raises(error) as e:
        train.fit(small_mlp()._replace(forward=never), sgd(), blobs(), **arguments)
    assert words in str(e.value), str(e.value)


def test_parameters_that_are_not_finite_or_of_another_dtype_are_refused():
    model = small_mlp()
    params = model.init(np.random.default_rng(0))
    bad = params | {"layer1.W": np.full_like(params["layer1.W"], np.nan)}
    with pytest.raises(FloatingPointError, match=r"layer1\.W"):
        train.fit(model, sgd(), blobs(), epochs=1, batch_size=10, seed=0, params=bad)
    wide = {k: w.astype(np.float64) for k, w in params.items()}
    with pytest.raises(TypeError, match=r"float32.*layer0\.W.*float64"):
        train.fit(model, sgd(), blobs(), epochs=1, batch_size=10, seed=0, params=wide)


@pytest.mark.parametrize("label", [3, 100])
def test_a_label_beyond_the_classes_is_found_before_the_first_step_wherever_it_stands(label):
    data, seen = blobs(), []
    y = data.y.copy()
    y[41] = label  # with this seed its batch is not the first
    with pytest.raises(
        ValueError, match=rf"train\.y holds the label {label}, the model has 3 outputs"
    ):
        train.fit(
            small_mlp(), sgd(), data._replace(y=y), epochs=1, batch_size=10, seed=0,
            on_step=lambda record, checkpoint: seen.append(record),
        )  # fmt: skip
    assert not seen


@pytest.mark.parametrize("wrong", [0.1, None, {"W": 1}, models.mlp])
def test_what_is_no_model_or_no_optimizer_is_named(wrong):
    arguments = {"epochs": 1, "batch_size": 10, "seed": 0}
    with pytest.raises(TypeError, match="model must be a Model"):
        train.fit(wrong, sgd(), blobs(), **arguments)
    with pytest.raises(TypeError, match="optimizer must be a Link"):
        train.fit(small_mlp(), wrong, blobs(), **arguments)
