import numpy as np
import pytest

from lbopt import optim, train
from lbopt.data import batches
from lbopt.models import Model
from lbopt.optim import schedules
from tests.train.fit_cases import assert_same, blobs, sgd, small_mlp, spied

# --- the loop -------------------------------------------------------------------------------------


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
        if len(x) > 1:  # fit tries the model on one example first
            draws.append(rng.random())
        return inner.forward(params, x)

    model = Model("spy", inner.init, forward, inner.statistics)
    train.fit(model, sgd(), blobs(), epochs=3, batch_size=20, seed=0)
    assert len(set(draws)) == len(draws) == 9


# --- records --------------------------------------------------------------------------------------


def test_records_hold_the_schedule_the_norms_and_the_trust_ratios():
    model, data = small_mlp(), blobs()
    schedule = schedules.warmup(schedules.polynomial(0.5, 6), 3)
    opt = optim.lars(
        schedule, trust_coefficient=0.1, weight_decay=0.01, adapt_mask=optim.masks.weights_only
    )
    start = model.init(np.random.default_rng(1))
    result = train.fit(
        model, opt, data, epochs=3, batch_size=20, seed=0, params=start,
        record_norms_every=4,
    )  # fmt: skip
    rates = [schedule(t) for t in range(9)]
    assert [r.learning_rate for r in result.records] == pytest.approx(rates, rel=1e-6)
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


def test_an_optimizer_without_a_learning_rate_has_none_in_its_records():
    only = optim.chain(optim.scale(-0.1))
    result = train.fit(small_mlp(), only, blobs(), epochs=1, batch_size=20, seed=0)
    assert [r.learning_rate for r in result.records] == [None] * 3
