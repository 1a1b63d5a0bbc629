"""Small problems for the loop, and models that are watched or spoilt."""

import numpy as np

from lbopt import models, optim
from lbopt.data import Split
from lbopt.models import Model


def blobs(n=60, features=6, classes=3, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    centres = 2 * rng.standard_normal((classes, features))
    return Split((centres[y] + rng.standard_normal((n, features))).astype(dtype), y)


def small_mlp():
    return models.mlp(inputs=6, hidden=8, layers=3, classes=3)


def sgd(rate=0.05):
    return optim.sgd(rate, momentum=0.9)


def assert_same(a, b):
    assert a.keys() == b.keys()
    for k in a:
        assert np.array_equal(a[k], b[k]), k


def spied(model, look):
    """Show ``look`` every batch (and not the one example on which fit tries the model)."""

    def forward(params, x, *, stats=None, rng=None):
        if len(x) > 1:
            look(x)
        return model.forward(params, x, stats=stats, rng=rng)

    return Model(model.name, model.init, forward, model.statistics)


def broken(model, spoil, at_step):
    """A model whose gradient is spoilt at one step."""
    calls = []

    def forward(params, x, *, stats=None, rng=None):
        y, back = model.forward(params, x, stats=stats, rng=rng)
        now = len(calls) == at_step
        if len(x) > 1:  # fit tries the model on one example first
            calls.append(1)

        def spoilt_back(dy):
            grads, dx = back(dy)
            return ({k: spoil(k, g) for k, g in grads.items()} if now else grads), dx

        return y, spoilt_back

    return Model(model.name, model.init, forward, model.statistics)
