"""BERT's batches: several arrays, several predictions for each example."""

import math

import numpy as np
import pytest

from lbopt import models, ops, train
from lbopt.data import Split
from lbopt.models import Batch
from tests.train.fit_cases import assert_same, sgd

V, N, T, P = 9, 20, 6, 2


def bert(**settings):
    return models.bert(
        V, width=8, layers=1, heads=2, positions=T, weight_init=models.normal(0.3), **settings
    )


def questions(n=N, seed=0):
    """Tokens, of which some are padding; two of them are asked for."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, V, (n, T))
    positions = np.sort(rng.permuted(np.tile(np.arange(4), (n, 1)), axis=1)[:, :P], axis=1)
    mask = np.arange(T) < rng.integers(4, T + 1, n)[:, None]
    segments = (np.arange(T) >= 3) * np.ones((n, 1), int)
    y = (np.take_along_axis(tokens, positions, axis=1) + 1) % V
    return Split(Batch(tokens, positions, segments, mask), y)


@pytest.fixture
def params():
    return bert().init(np.random.default_rng(0), np.float64)


def test_the_gradient_of_a_batch_is_that_of_the_mean_over_all_labels(params):
    data = questions()
    loss, grads = train.loss_and_gradient(bert(), params, data)
    y, back = bert().forward(params, data.x)
    want, back_loss = ops.softmax_cross_entropy(y, data.y.reshape(-1))
    assert float(loss) == pytest.approx(float(want), rel=1e-12)
    dparams, _ = back(back_loss())
    for k, g in dparams.items():
        np.testing.assert_allclose(grads[k], g, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("micro", [1, 7, 20, 100])
def test_micro_batches_equal_the_whole_batch_for_bert_too(micro, params):
    whole, pieces = (
        train.fit(bert(), sgd(), questions(), epochs=3, batch_size=20, seed=0, params=params,
                  micro_batch=m)
        for m in (None, micro)
    )  # fmt: skip
    for k, w in whole.params.items():
        np.testing.assert_allclose(pieces.params[k], w, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pieces.losses, whole.losses, rtol=1e-12)
    assert whole.losses[-1] < whole.losses[0] - 1e-3


def test_every_field_of_a_batch_goes_with_its_example(params):
    data, seen = questions(), []
    model = bert()

    def forward(p, x, *, stats=None, rng=None):
        if len(x.tokens) > 1:
            seen.append(x)
        return model.forward(p, x, stats=stats, rng=rng)

    train.fit(model._replace(forward=forward), sgd(), data, epochs=1, batch_size=5, seed=0,
              params=params, micro_batch=3)  # fmt: skip
    rows = [np.flatnonzero((data.x.tokens == t).all(1))[0] for x in seen for t in x.tokens]
    assert sorted(rows) == list(range(N))
    for field, whole in zip(Batch._fields, data.x, strict=True):
        assert np.array_equal(np.concatenate([getattr(x, field) for x in seen]), whole[rows]), field


def test_fields_that_are_none_stay_none(params):
    data = questions()
    data = data._replace(x=Batch(data.x.tokens, data.x.positions))
    result = train.fit(bert(), sgd(), data, epochs=1, batch_size=5, seed=0, params=params)
    assert result.step == 4
    assert result.diverged is None


@pytest.mark.parametrize("size", [1, 7, 20, 1000])
def test_evaluation_is_the_mean_over_all_labels_whatever_its_batches(size, params):
    data = questions()
    y, _ = bert().forward(params, data.x)
    p = np.exp(y) / np.exp(y).sum(1, keepdims=True)
    labels = data.y.reshape(-1)
    got = train.evaluate(bert(), params, data, batch_size=size)
    assert got.loss == pytest.approx(-np.log(p[np.arange(N * P), labels]).mean(), rel=1e-10)
    assert got.accuracy == (y.argmax(1) == labels).mean()


def test_a_run_starts_in_float32_and_goes_on_as_if_it_had_not_stopped():
    ends = []
    whole = train.fit(bert(dropout=0.2), sgd(), questions(), epochs=2, batch_size=6, seed=0,
                      on_step=lambda record, checkpoint: ends.append(checkpoint))  # fmt: skip
    assert all(w.dtype == np.float32 for w in whole.params.values())
    rest = train.fit(bert(dropout=0.2), sgd(), questions(), epochs=2, batch_size=6, seed=0,
                     start=ends[1])  # fmt: skip
    assert_same(whole.params, rest.params)
    assert train.recompute_statistics(bert(), whole.params, questions().x) == {}


def x_with(data, **fields):
    return data._replace(x=data.x._replace(**fields))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda d: x_with(d, mask=d.x.mask[:7]), ValueError, "train.x.mask and train.y"),
        (lambda d: x_with(d, positions=d.x.positions.T), ValueError, "train.x.positions and"),
        (lambda d: d._replace(y=d.y.T), ValueError, "(2, 20)"),
        (lambda d: d._replace(y=d.y[:, :1]), ValueError,
         "train.y has 1 labels for each example, the model's output 2 rows"),
        (lambda d: d._replace(y=d.y[:, 0]), ValueError, "train.y has 1 labels"),
        (lambda d: d._replace(y=d.y[..., None]), ValueError, "(20, 2, 1)"),
        (lambda d: d._replace(y=d.y.astype(float)), TypeError, "integer"),
        (lambda d: d._replace(y=d.y - 1), ValueError, "-1"),
        (lambda d: d._replace(y=d.y + 1), ValueError, "the label 9, the model has 9 outputs"),
        (lambda d: d._replace(y=d.y[:, :0]), ValueError, "empty"),
        (lambda d: d._replace(x=tuple(d.x)), TypeError, "models.Batch"),
        (lambda d: d._replace(x=Batch(None)), ValueError, "fields are None"),
        (lambda d: x_with(d, tokens=d.x.tokens.tolist()), TypeError, "list"),
        (lambda d: x_with(d, positions=None), ValueError, "positions"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_named_before_the_first_step(change, error, words):
    seen = []
    with pytest.raises(error) as e:
        train.fit(bert(), sgd(), change(questions()), epochs=1, batch_size=5, seed=0,
                  on_step=lambda record, checkpoint: seen.append(record))  # fmt: skip
    assert words in str(e.value), str(e.value)
    assert not seen


def test_an_output_of_several_parts_is_no_row_of_scores():
    with pytest.raises(ValueError, match="one row of scores per example, got Encoded"):
        train.fit(bert(head="encoder"), sgd(), questions(), epochs=1, batch_size=5, seed=0)


def test_labels_in_rows_of_predictions_are_refused_by_the_gradient_too(params):
    data = questions()
    with pytest.raises(ValueError, match=r"20 examples and labels of shape \(2, 20\)"):
        train.loss_and_gradient(bert(), params, data._replace(y=data.y.T))
    assert math.isfinite(float(train.loss_and_gradient(bert(), params, data)[0]))
