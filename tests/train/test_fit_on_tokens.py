import numpy as np
import pytest

from lbopt import models, train
from lbopt.data import Split
from tests.train.fit_cases import sgd


def test_tokens_are_trained_on_and_evaluated_in_the_dtype_of_the_parameters():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, (60, 3))
    data = Split(x, x[:, 1])  # the letter in the middle
    model = models.char_mlp(symbols=5, context=3, width=4, hidden=16, layers=1)
    result = train.fit(model, sgd(0.1), data, epochs=40, batch_size=20, seed=0)
    assert all(w.dtype == np.float32 for w in result.params.values())
    got = train.evaluate(model, result.params, data)
    assert got.accuracy > 0.95
    assert got.loss < 0.3
    wide = {k: w.astype(np.float64) for k, w in result.params.items()}
    again = train.fit(model, sgd(0.1), data, epochs=1, batch_size=20, seed=0, params=wide)
    assert all(w.dtype == np.float64 for w in again.params.values())


def test_tokens_outside_the_alphabet_are_refused():
    model = models.char_mlp(symbols=5, context=3, width=4, hidden=16, layers=1)
    data = Split(np.full((20, 3), 5), np.zeros(20, np.int64))
    with pytest.raises(ValueError, match="5"):
        train.fit(model, sgd(), data, epochs=1, batch_size=10, seed=0)
