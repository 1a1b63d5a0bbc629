import numpy as np
import pytest

from lbopt import models, train
from lbopt.data import Split


def images(n=40, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return Split(rng.standard_normal((n, 8, 8, 1)).astype(dtype), rng.integers(0, 10, n))


def test_loss_and_accuracy_are_those_of_the_definition():
    model, data = models.mlp(layers=2), images()
    params = model.init(np.random.default_rng(0), np.float64)
    logits, _ = model.forward(params, data.x)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    got = train.evaluate(model, params, data)
    assert got.loss == pytest.approx(-np.log(p[np.arange(40), data.y]).mean(), rel=1e-12)
    assert got.accuracy == (logits.argmax(1) == data.y).mean()


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_the_batch_size_of_evaluation_does_not_matter(size):
    model, data = models.alexnet_bn(), images()
    params = model.init(np.random.default_rng(0), np.float64)
    stats = train.recompute_statistics(model, params, images(seed=1).x)
    whole = train.evaluate(model, params, data, stats)
    parts = train.evaluate(model, params, data, stats, batch_size=size)
    assert parts.accuracy == whole.accuracy
    assert parts.loss == pytest.approx(whole.loss, rel=1e-10)


def test_a_batch_norm_model_without_statistics_is_refused_with_the_remedy():
    model, data = models.alexnet_bn(), images()
    params = model.init(np.random.default_rng(0), np.float64)
    with pytest.raises(ValueError, match="recompute_statistics"):
        train.evaluate(model, params, data)


def test_statistics_matter_for_the_evaluation():
    model, data = models.alexnet_bn(), images()
    params = model.init(np.random.default_rng(0), np.float64)
    one = train.recompute_statistics(model, params, images(seed=1).x)
    other = train.recompute_statistics(model, params, 3 * images(seed=2).x + 1)
    losses = [train.evaluate(model, params, data, s).loss for s in (one, other)]
    assert abs(losses[0] - losses[1]) > 1e-3


def test_the_whole_set_at_once_gives_the_model_s_own_statistics():
    model, data = models.resnet(), images()
    params = model.init(np.random.default_rng(0), np.float64)
    got = train.recompute_statistics(model, params, data.x)
    want = model.statistics(params, data.x)
    assert got.keys() == want.keys()
    for k in want:
        for a, b in zip(got[k], want[k], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_statistics_by_parts_combine_the_variance_within_and_between_parts():
    model = models.alexnet_bn()
    x = images(50).x + np.arange(50).reshape(-1, 1, 1, 1) / 5  # a drift: parts differ in the mean
    params = model.init(np.random.default_rng(0), np.float64)
    whole = train.recompute_statistics(model, params, x)
    parts = train.recompute_statistics(model, params, x, batch_size=15)  # 13, 13, 12, 12
    first = next(iter(whole))
    for a, b in zip(parts[first], whole[first], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_a_model_without_batch_norm_has_no_statistics():
    model = models.mlp(layers=2)
    params = model.init(np.random.default_rng(0))
    stats = train.recompute_statistics(model, params, images(dtype=np.float32).x)
    assert stats == {}
    train.evaluate(model, params, images(dtype=np.float32), stats)


def test_an_empty_split_is_refused():
    model = models.mlp(layers=2)
    params = model.init(np.random.default_rng(0))
    empty = Split(np.zeros((0, 8, 8, 1), np.float32), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="empty"):
        train.evaluate(model, params, empty)
    with pytest.raises(ValueError, match="empty"):
        train.recompute_statistics(model, params, empty.x)


def test_parameters_so_large_that_the_logits_overflow_give_no_warning(recwarn):
    model, data = models.mlp(layers=3), images(dtype=np.float32)
    params = {k: w * np.float32(1e30) for k, w in model.init(np.random.default_rng(0)).items()}
    got = train.evaluate(model, params, data)
    assert 0 <= got.accuracy <= 1
    assert not recwarn.list


def test_no_parameters_are_refused():
    model, data = models.mlp(layers=2), images(dtype=np.float32)
    with pytest.raises(ValueError, match="params is empty"):
        train.evaluate(model, {}, data)
    with pytest.raises(ValueError, match="params is empty"):
        train.recompute_statistics(model, {}, data.x)
