"""The character model: counts, formula, gradients, what it refuses, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import data, models, ops, optim
from lbopt.params import count
from tests.adjoint import check_adjoint

X = np.array([[1, 4, 4, 0], [3, 1, 4, 1], [2, 2, 2, 2]])


def tiny():
    return models.char_mlp(symbols=6, context=4, width=3, hidden=5, layers=2)


def params_of(model, dtype=np.float64):
    rng = np.random.default_rng(7)
    params = model.init(rng, dtype=np.float64)
    return {k: (a + 0.2 * rng.standard_normal(a.shape)).astype(dtype) for k, a in params.items()}


def test_the_experiments_size_has_53536_parameters_in_the_order_of_the_layers():
    params = models.char_mlp().init(np.random.default_rng(0))
    assert count(params) == 64 * 12 + 5 * (96 * 96 + 96) + 96 * 64 + 64 == 53_536
    layers = [f"layer{i}.{k}" for i in range(6) for k in "Wb"]
    assert list(params) == ["embedding.W", *layers]
    assert params["embedding.W"].std() == pytest.approx(np.sqrt(0.5), rel=0.1)


def test_output_is_that_of_the_formula():
    model = tiny()
    p = params_of(model)
    h = p["embedding.W"][X].reshape(3, 12)
    for i in range(2):
        h = np.maximum(h @ p[f"layer{i}.W"] + p[f"layer{i}.b"], 0)
    y = h @ p["layer2.W"] + p["layer2.b"]
    np.testing.assert_allclose(model.forward(p, X)[0], y, rtol=0, atol=1e-13)


def test_gradients_pass_the_adjoint_check_and_dx_is_that_of_the_embeddings():
    model = tiny()
    p = params_of(model)

    def f(*leaves):
        y, back = model.forward(dict(zip(p, leaves, strict=True)), X)
        return y, lambda dy: tuple(back(dy)[0].values())

    check_adjoint(f, *p.values(), names=tuple(p))
    y, back = model.forward(p, X)
    grads, dx = back(np.random.default_rng(0).standard_normal(y.shape))
    expected = np.zeros_like(p["embedding.W"])
    np.add.at(expected, X, dx)
    np.testing.assert_allclose(grads["embedding.W"], expected, rtol=0, atol=1e-13)
    assert not grads["embedding.W"][5].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_in_is_dtype_out_and_any_integers_will_do(dtype):
    model = tiny()
    p = params_of(model, dtype)
    y, back = model.forward(p, X)
    grads, dx = back(y)
    assert {a.dtype for a in (y, dx, *grads.values())} == {np.dtype(dtype)}
    assert list(grads) == list(p)
    np.testing.assert_array_equal(model.forward(p, X.astype(np.uint8))[0], y)
    assert model.statistics(p, X) == {}


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X + 2, ValueError, r"char_mlp: x\[0, 1\] is 6, which is not one of the 6 rows"),
        (X[:, :3], ValueError, r"x must have shape \(N, 4\), N > 0; got \(3, 3\)"),
        (X[0], ValueError, r"got \(4,\)"),
        (X[:0], ValueError, r"got \(0, 4\)"),
        (1.0 * X, TypeError, "x must be integers, got dtype float64"),
        (X.tolist(), TypeError, "got list"),
    ],
)
def test_what_it_cannot_read_is_refused(x, error, message):
    model = tiny()
    with pytest.raises(error, match=message):
        model.forward(params_of(model), x)
    with pytest.raises(ValueError, match="context must be a positive integer"):
        models.char_mlp(context=0)


def test_it_learns_the_corpus_beyond_single_letters():
    text, tail = data.held_out_tail(data.corpus().text)
    alphabet = data.characters(text, 64)
    rng = np.random.default_rng(0)
    train = data.character_windows(alphabet.encode(text), 20_000, rng)
    test = data.character_windows(alphabet.encode(tail), 2_000, rng)
    share = np.bincount(train.y, minlength=64) / len(train.y)
    single = -np.log(share[test.y] + 1e-9).mean()  # nats per letter, knowing only frequencies
    model = models.char_mlp()
    params = model.init(rng)
    link = optim.chain(optim.scale_by_adam(), optim.scale_by_learning_rate(3e-3))
    state = link.init(params)
    for rows in data.batches(20_000, 100, rng, last="drop"):
        y, back = model.forward(params, train.x[rows])
        _, back_loss = ops.softmax_cross_entropy(y, train.y[rows])
        updates, state = link.update(back(back_loss())[0], state, params)
        params = optim.apply_updates(params, updates)
    loss, _ = ops.softmax_cross_entropy(model.forward(params, test.x)[0], test.y)
    print(f"{single:.2f} nats by frequency alone, {loss:.2f} by the model")
    assert loss < single - 0.8
