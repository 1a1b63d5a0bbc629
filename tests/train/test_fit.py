import warnings
from itertools import pairwise

import numpy as np
import pytest

from lbopt import models, optim, train
from lbopt.data import Split, batches
from lbopt.models import Model
from lbopt.optim import schedules


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


# --- the loop ---------------------------------------------------------------------------------


def test_fit_is_the_loop_one_would_write_by_hand():
    model, data, opt = small_mlp(), blobs(), optim.sgd(0.1, momentum=0.9)
    start = model.init(np.random.default_rng(5))
    result = train.fit(model, opt, data, epochs=2, batch_size=25, seed=7, params=start)

    params, state, losses = start, opt.init(start), []
    for epoch in range(2):
        for rows in batches(60, 25, np.random.default_rng([7, 1, epoch]), last="drop"):
            x, y = data.x[rows], data.y[rows]
            logits, back = model.forward(params, x)
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            losses.append(-np.log(p[np.arange(25), y]).mean())
            grads, _ = back((p - np.eye(3, dtype=np.float32)[y]) / np.float32(25))
            updates, state = opt.update(grads, state, params)
            params = {k: w + updates[k] for k, w in params.items()}
    np.testing.assert_allclose(result.losses, losses, rtol=1e-5)
    for k, w in params.items():
        np.testing.assert_allclose(result.params[k], w, rtol=1e-4, atol=1e-6)
    assert [r.step for r in result.records] == [0, 1, 2, 3]
    assert [r.epoch for r in result.records] == [0, 0, 1, 1]
    assert (result.step, result.diverged) == (4, None)


def test_fit_learns_and_leaves_its_inputs_alone():
    model, data = small_mlp(), blobs()
    start = model.init(np.random.default_rng(5))
    before = {k: w.copy() for k, w in start.items()}, data.x.copy(), data.y.copy()
    result = train.fit(model, sgd(), data, epochs=20, batch_size=20, seed=0, params=start)
    assert result.losses[-1] < 0.3 * result.losses[0]
    assert_same(start, before[0])
    assert np.array_equal(data.x, before[1])
    assert np.array_equal(data.y, before[2])
    assert all(w.dtype == np.float32 for w in result.params.values())


def test_the_seed_decides_everything():
    def run(seed):
        return train.fit(small_mlp(), sgd(), blobs(), epochs=2, batch_size=20, seed=seed)

    assert_same(run(3).params, run(3).params)
    assert not np.array_equal(run(3).params["layer0.W"], run(4).params["layer0.W"])


def test_every_epoch_has_its_own_order():
    data, seen = blobs(), []

    def remember(x):
        seen.append(x.copy())

    model = spied(small_mlp(), remember)
    train.fit(model, sgd(), data, epochs=2, batch_size=60, seed=0)
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(np.sort(seen[0], axis=0), np.sort(seen[1], axis=0))


def spied(model, look):
    def forward(params, x, *, stats=None, rng=None):
        look(x)
        return model.forward(params, x, stats=stats, rng=rng)

    return Model(model.name, model.init, forward, model.statistics)


@pytest.mark.parametrize(("last", "steps"), [("drop", 2), ("keep", 3)])
def test_the_last_batch_policy_reaches_the_loop(last, steps):
    result = train.fit(small_mlp(), sgd(), blobs(), epochs=1, batch_size=25, seed=0, last=last)
    assert result.step == steps


def test_label_smoothing_reaches_the_loss():
    def first_loss(smoothing):
        return train.fit(
            small_mlp(), sgd(), blobs(), epochs=1, batch_size=60, seed=0, label_smoothing=smoothing
        ).losses[0]

    assert abs(first_loss(0.0) - first_loss(0.2)) > 1e-3


def test_dropout_is_active_and_differs_from_step_to_step():
    draws = []
    inner = small_mlp()

    def forward(params, x, *, stats=None, rng=None):
        draws.append(rng.random())
        return inner.forward(params, x)

    model = Model("spy", inner.init, forward, inner.statistics)
    train.fit(model, sgd(), blobs(), epochs=3, batch_size=20, seed=0)
    assert len(set(draws)) == len(draws) == 9


# --- micro-batches ----------------------------------------------------------------------------


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


# --- records ----------------------------------------------------------------------------------


def test_records_hold_the_schedule_the_norms_and_the_trust_ratios():
    model, data = small_mlp(), blobs()
    schedule = schedules.warmup(schedules.polynomial(0.5, 6), 3)
    opt = optim.lars(
        schedule, trust_coefficient=0.1, weight_decay=0.01, adapt_mask=optim.masks.weights_only
    )
    start = model.init(np.random.default_rng(1))
    result = train.fit(
        model, opt, data, epochs=3, batch_size=20, seed=0, params=start,
        learning_rate=schedule, record_norms_every=4,
    )  # fmt: skip
    assert [r.learning_rate for r in result.records] == [schedule(t) for t in range(9)]
    assert [r.step for r in result.records if r.norms] == [0, 4, 8]
    norms = result.records[0].norms
    assert norms.keys() == start.keys()
    for k, w in start.items():
        assert norms[k].weight == pytest.approx(np.linalg.norm(w), rel=1e-6)
        if w.ndim == 1:
            assert norms[k].ratio is None
        else:  # LARS 2017: eta ||w|| / (||g|| + beta ||w||), of this very step
            lars = 0.1 * norms[k].weight / (norms[k].gradient + 0.01 * norms[k].weight)
            assert norms[k].ratio == pytest.approx(lars, rel=1e-5)


def test_on_step_sees_each_record_with_the_parameters_after_it():
    seen = []
    result = train.fit(
        small_mlp(), sgd(), blobs(), epochs=2, batch_size=20, seed=0,
        on_step=lambda record, checkpoint: seen.append((record, checkpoint)),
    )  # fmt: skip
    assert [record for record, _ in seen] == result.records
    assert [c.step for _, c in seen] == [1, 2, 3, 4, 5, 6]
    assert_same(seen[-1][1].params, result.params)


# --- going on ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_after", [1, 3, 4, 9])  # mid-epoch, at an epoch's end, at the end
def test_a_run_continued_from_any_step_is_the_uninterrupted_run(stop_after):
    rng = np.random.default_rng(0)
    data = Split(rng.standard_normal((45, 8, 8, 1), np.float32), rng.integers(0, 10, 45))
    model = models.alexnet()
    schedule = schedules.warmup(schedules.polynomial(0.05, 6), 3)  # needs the step count
    opt = optim.lars(schedule, trust_coefficient=0.1)  # needs the momentum
    arguments = {"epochs": 3, "batch_size": 15, "seed": 2, "micro_batch": 10}
    kept = []
    whole = train.fit(
        model, opt, data, **arguments, on_step=lambda record, checkpoint: kept.append(checkpoint)
    )
    assert whole.step == 9
    rest = train.fit(model, opt, data, **arguments, start=kept[stop_after - 1])
    assert_same(rest.params, whole.params)
    assert rest.records == whole.records[stop_after:]
    assert (rest.step, rest.diverged) == (9, None)


def test_starting_past_the_end_or_with_two_starts_is_refused():
    model, data = small_mlp(), blobs()
    done = train.fit(model, sgd(), data, epochs=2, batch_size=20, seed=0)
    with pytest.raises(ValueError, match=r"after step 6.*only 3"):
        train.fit(model, sgd(), data, epochs=1, batch_size=20, seed=0, start=done.checkpoint)
    with pytest.raises(ValueError, match="not both"):
        train.fit(
            model, sgd(), data, epochs=3, batch_size=20, seed=0,
            start=done.checkpoint, params=done.params,
        )  # fmt: skip


# --- divergence -------------------------------------------------------------------------------


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


def broken(model, spoil, at_step):
    """A model whose gradient is spoilt at one step."""
    calls = []

    def forward(params, x, *, stats=None, rng=None):
        y, back = model.forward(params, x, stats=stats, rng=rng)
        calls.append(1)
        now = len(calls) - 1 == at_step

        def spoilt_back(dy):
            grads, dx = back(dy)
            return ({k: spoil(k, g) for k, g in grads.items()} if now else grads), dx

        return y, spoilt_back

    return Model(model.name, model.init, forward, model.statistics)


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


# --- what is refused before the first step ----------------------------------------------------


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


def test_labels_beyond_the_classes_are_refused_by_the_loss():
    data = blobs()
    with pytest.raises(ValueError, match="label"):
        train.fit(small_mlp(), sgd(), data._replace(y=data.y + 1), epochs=1, batch_size=60, seed=0)


def test_ctrl_c_passes_through_and_the_checkpoints_seen_are_whole():
    seen = []

    def stop(record, checkpoint):
        seen.append(checkpoint)
        if record.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.fit(small_mlp(), sgd(), blobs(), epochs=5, batch_size=20, seed=0, on_step=stop)
    assert [c.step for c in seen] == [1, 2, 3, 4]
    for a, b in pairwise(seen):
        assert not np.array_equal(a.params["layer0.W"], b.params["layer0.W"])
