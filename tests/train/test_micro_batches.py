import numpy as np
import pytest

from lbopt import models, train
from lbopt.data import Split
from tests.train.fit_cases import blobs, sgd, small_mlp, spied


@pytest.mark.parametrize("micro", [1, 7, 20, 59, 60, 1000])
def test_micro_batches_equal_the_whole_batch_in_float64(micro):
    model, data = small_mlp(), blobs(dtype=np.float64)  # 60 = 8 * 7 + 4: an unequal last piece
    whole, pieces = (
        train.fit(model, sgd(), data, epochs=5, batch_size=60, seed=0, micro_batch=m)
        for m in (None, micro)
    )
    for k, w in whole.params.items():
        np.testing.assert_allclose(pieces.params[k], w, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(pieces.losses, whole.losses, rtol=1e-12)


def test_micro_batches_bound_the_number_of_examples_at_once():
    sizes = []
    model = spied(small_mlp(), lambda x: sizes.append(len(x)))
    train.fit(model, sgd(), blobs(), epochs=1, batch_size=30, seed=0, micro_batch=12)
    assert sizes == [12, 12, 6, 12, 12, 6]


def test_micro_batches_are_not_the_whole_batch_under_batch_norm():
    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((24, 8, 8, 1)), rng.integers(0, 10, 24))
    model = models.alexnet_bn()
    params = model.init(rng, np.float64)
    (_, whole), (_, pieces) = (
        train.loss_and_gradient(model, params, data, micro_batch=m) for m in (None, 8)
    )
    worst = max(
        np.linalg.norm(pieces[k] - g) / np.linalg.norm(g) for k, g in whole.items() if g.ndim > 1
    )
    assert worst > 0.05


@pytest.mark.parametrize(
    ("micro", "n", "error", "words"),
    [
        (0, 6, ValueError, "micro_batch"),
        (-1, 6, ValueError, "micro_batch"),
        (2.5, 6, TypeError, "micro_batch"),
        (None, 0, ValueError, "empty"),
        (3, 0, ValueError, "empty"),
    ],
)
def test_pieces_of_no_example_and_batches_of_none_are_refused(micro, n, error, words):
    model = small_mlp()
    params = model.init(np.random.default_rng(0))
    batch = Split(*(a[:n] for a in blobs()))
    with pytest.raises(error, match=words):
        train.loss_and_gradient(model, params, batch, micro_batch=micro)
