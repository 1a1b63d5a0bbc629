import math

import numpy as np
import pytest

from lbopt import models, observe, train
from lbopt.data import Split

MODEL = models.mlp(inputs=3, hidden=4, layers=2, classes=3)


def problem(n=12):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 3))
    return MODEL.init(rng, np.float64), Split(x, x.argmax(1))  # all examples pull one way


def gradients_of_examples(params, data):
    """One row of numbers per example."""
    rows = []
    for i in range(len(data.y)):
        one = Split(data.x[i : i + 1], data.y[i : i + 1])
        _, grads = train.loss_and_gradient(MODEL, params, one)
        rows.append(np.concatenate([g.ravel() for g in grads.values()]))
    return np.array(rows)


def test_single_examples_against_the_whole_set_give_the_sample_variance_exactly():
    params, data = problem()
    g = gradients_of_examples(params, data)
    trace = g.var(axis=0, ddof=1).sum()
    gradient = (g.mean(0) ** 2).sum() - trace / len(g)
    got = observe.gradient_noise_scale(
        MODEL, params, data, np.random.default_rng(1), small=1, big=12, draws=2
    )
    assert got.trace == pytest.approx(trace, rel=1e-10)
    assert got.gradient == pytest.approx(gradient, rel=1e-9)
    assert gradient > 0
    assert got.scale == pytest.approx(trace / gradient, rel=1e-9)
    assert got.error == pytest.approx(0, abs=1e-9 * got.scale)  # nothing was random


@pytest.mark.parametrize(("small", "big"), [(1, 4), (2, 6), (3, 12)])
def test_estimates_are_unbiased_whatever_the_two_sizes(small, big):
    params, data = problem()
    g = gradients_of_examples(params, data)
    trace = g.var(axis=0, ddof=1).sum()
    gradient = (g.mean(0) ** 2).sum() - trace / len(g)
    rng = np.random.default_rng(2)
    draws = [
        observe.gradient_noise_scale(MODEL, params, data, rng, small=small, big=big, draws=1)
        for _ in range(150)
    ]
    for name, want in (("trace", trace), ("gradient", gradient)):
        values = np.array([getattr(d, name) for d in draws])
        error = values.std(ddof=1) / math.sqrt(len(values))
        assert abs(values.mean() - want) < 4 * error, name
        assert error < 0.25 * abs(trace), "the test could not see a bias"


def test_the_known_scale_of_gaussian_gradients_is_found_within_its_own_error():
    mean, sd, b, B = np.full(50, 0.2), 3.0, 4, 64  # |G|^2 = 2, trace = 450
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pieces = mean + sd / math.sqrt(b) * rng.standard_normal((100, B // b, 50))
        got = observe.noise_scale(
            (pieces**2).sum(2).mean(1), (pieces.mean(1) ** 2).sum(1), sizes=(b, B)
        )
        found.append(got)
    scales = np.array([f.scale for f in found])
    assert scales.mean() == pytest.approx(225, rel=0.1)
    # the jackknife says how much one estimate varies
    assert np.median([f.error for f in found]) == pytest.approx(scales.std(ddof=1), rel=0.35)


def test_one_draw_has_no_error_and_pure_noise_has_no_scale():
    assert observe.noise_scale([3.0], [2.0], (1, 2)).error == math.inf
    only_noise = observe.noise_scale([8.0, 8.0], [1.0, 1.0], (1, 8))
    assert only_noise.gradient == 0
    assert only_noise.scale == only_noise.error == math.inf


@pytest.mark.parametrize(
    ("small", "big", "sizes", "words"),
    [
        ([1.0], [1.0], (8, 8), "small one first"),
        ([1.0], [1.0], (8, 2), "small one first"),
        ([1.0, 2.0], [1.0], (1, 2), "as many"),
        ([], [], (1, 2), "as many"),
        ([math.nan], [1.0], (1, 2), "finite"),
        ([1.0], [-1.0], (1, 2), "finite"),
        ([1.0], [1.0], (0, 2), "sizes"),
    ],
)
def test_norms_and_sizes_that_make_no_sense_are_refused(small, big, sizes, words):
    with pytest.raises(ValueError, match=words):
        observe.noise_scale(small, big, sizes)


@pytest.mark.parametrize("sizes", [(5, 12), (12, 12), (1, 13), (8, 4)])
def test_batches_that_do_not_fit_are_refused(sizes):
    params, data = problem()
    small, big = sizes
    with pytest.raises(ValueError, match="12 examples"):
        observe.gradient_noise_scale(
            MODEL, params, data, np.random.default_rng(0), small=small, big=big
        )


def test_a_model_with_batch_normalisation_is_refused():
    rng = np.random.default_rng(0)
    model = models.alexnet_bn()
    data = Split(rng.standard_normal((4, 8, 8, 1)).astype(np.float32), rng.integers(0, 10, 4))
    with pytest.raises(ValueError, match="batch normalisation"):
        observe.gradient_noise_scale(model, model.init(rng), data, rng, small=1, big=4)


def test_sequences_are_examples_too():
    rng = np.random.default_rng(0)
    model = models.bert(7, width=4, layers=1, heads=1, positions=5)
    x = models.Batch(rng.integers(0, 7, (8, 5)), np.tile([1, 3], (8, 1)))
    data = Split(x, rng.integers(0, 7, (8, 2)))
    got = observe.gradient_noise_scale(model, model.init(rng), data, rng, small=1, big=8, draws=2)
    assert got.trace > 0
