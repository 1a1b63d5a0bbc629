"""Two stages of training, and the task that has them."""

import numpy as np
import pytest

from lbopt import data, optim, train
from lbopt.train import Run
from lbopt.train.masked_text import masked_sequences
from lbopt.train.run import run_schedule
from lbopt.train.stages import fit_run, fit_two_stages
from lbopt.train.tasks import TASKS
from tests.train.bert_task import small_task
from tests.train.fit_cases import assert_same, blobs, sgd, small_mlp


def two(**changes):
    settings = {"epochs": 2, "batch_sizes": (20, 5), "seed": 3, **changes}
    return fit_two_stages(small_mlp(), sgd(), blobs(60), blobs(20, seed=1), **settings)


def test_the_second_stage_goes_on_with_the_parameters_and_the_state_of_the_first():
    one = train.fit(small_mlp(), sgd(), blobs(60), epochs=2, batch_size=20, seed=3)
    start = train.Checkpoint(one.params, one.state, 0)
    other = train.fit(
        small_mlp(), sgd(), blobs(20, seed=1), epochs=2, batch_size=5, seed=3, start=start
    )
    got = two()
    assert_same(got.params, other.params)
    assert optim.same_state(got.state, other.state)
    assert got.losses == one.losses + other.losses
    assert got.step == 2 * 3 + 2 * 4
    assert [r.step for r in got.records] == list(range(14))
    assert [r.epoch for r in got.records] == [0] * 3 + [1] * 3 + [2] * 4 + [3] * 4


def test_a_schedule_of_two_stages_rises_again_where_the_second_begins():
    fall = optim.schedules.polynomial
    rate = optim.schedules.two_stage(
        fall(0.1, 6, power=1), 6, optim.schedules.warmup(fall(0.1, 6, power=1), 2)
    )
    result = fit_two_stages(
        small_mlp(), optim.lamb(rate), blobs(60), blobs(20, seed=1),
        epochs=2, batch_sizes=(20, 5), seed=0, record_norms_every=1,
    )  # fmt: skip
    rates = [r.learning_rate for r in result.records]
    assert rates == pytest.approx([rate(t) for t in range(14)])
    assert rates[5] < rates[6] < rates[7]
    assert all(r.norms for r in result.records)


def test_divergence_ends_the_run_at_the_step_counted_through():
    calm, wild = blobs(60), blobs(20, seed=1)
    wild = wild._replace(x=wild.x * np.float32(1e30))
    settings = {"epochs": 1, "batch_sizes": (20, 5), "seed": 0}
    early = fit_two_stages(small_mlp(), sgd(), wild, calm, **settings | {"batch_sizes": (5, 20)})
    assert early.diverged.step == early.step == len(early.records) < 4
    late = fit_two_stages(small_mlp(), sgd(), calm, wild, **settings)
    assert late.diverged.step == late.step == len(late.records) >= 3


def test_sequences_are_stretches_of_the_text_with_15_percent_to_be_found():
    special = data.special_tokens(50)
    ids = np.random.default_rng(0).integers(0, 50, 300)
    x, y = masked_sequences(ids, 40, 30, special, np.random.default_rng(1))
    assert x.tokens.shape == (30, 40)
    assert x.positions.shape == y.shape == (30, 6)
    whole = x.tokens.copy()
    np.put_along_axis(whole, x.positions, y, axis=1)
    stretches = np.lib.stride_tricks.sliding_window_view(ids, 40)
    found = [np.flatnonzero((stretches == row).all(1)) for row in whole]
    assert all(len(f) == 1 for f in found)
    assert len({int(f[0]) for f in found}) > 20, "different places"
    assert (x.tokens == special.mask).mean() == pytest.approx(0.15 * 0.8, abs=0.03)
    with pytest.raises(ValueError, match="300 tokens are too few for one sequence of 301"):
        masked_sequences(ids, 301, 1, special, np.random.default_rng(1))
    last, _ = masked_sequences(ids[:40], 40, 3, special, np.random.default_rng(1))
    assert len(last.tokens) == 3  # the only place there is


def test_bert_learns_from_the_beginning_of_the_text_and_is_judged_by_its_end():
    from lbopt.data import characters, corpus, held_out_tail

    learn, tail = held_out_tail(corpus().text)
    alphabet = characters(learn, 64)
    task = TASKS["bert"]
    splits = (*task.data(), task.second.data())
    halves = tail[: len(tail) // 2], tail[len(tail) // 2 :]
    for split, text, length in zip(splits, (learn, *halves, learn), (16, 32, 32, 32),
                                   strict=True):  # fmt: skip
        assert split.x.tokens.shape[1] == length
        whole = split.x.tokens[:200].copy()
        np.put_along_axis(whole, split.x.positions[:200], split.y[:200], axis=1)
        places = np.lib.stride_tricks.sliding_window_view(alphabet.encode(text), length)
        assert {row.tobytes() for row in whole} <= {row.tobytes() for row in places}
    short, long = splits[0].x.tokens.size, splits[3].x.tokens.size
    assert short / (short + long) == pytest.approx(0.8)


def test_the_schedule_of_a_task_of_two_stages_is_one_of_two_stages(monkeypatch):
    small_task(monkeypatch)
    run = Run("bert", "lamb", 16, 0.5, 0, epochs=2, warmup=0.25, power=1.0)
    steps, rate = 2 * 6, run_schedule(run)  # then 2 epochs of 2 batches of 8
    assert [rate(t) for t in (0, 2, 3)] == pytest.approx([0.5 / 3, 0.5, 0.5])
    assert rate(steps - 1) == pytest.approx(0.5 / 9)
    again = [np.sqrt(1 / 2) * r for r in (0.5, 0.5, 1 / 3, 1 / 6)]
    assert [rate(t) for t in range(steps, steps + 4)] == pytest.approx(again)
    assert TASKS["bert"].second.batch_size(16) == 8
    assert TASKS["bert"].second.batch_size(96) == 16, "at most all"
    assert TASKS["bert"].second.batch_size(1) == 1
    assert fit_run(run).step == 16


@pytest.mark.parametrize("optimizer", ["adamw", "lars", "lamb"])
def test_bert_trains_through_both_stages_and_is_recorded(optimizer, monkeypatch, tmp_path):
    small_task(monkeypatch)
    run = Run("bert", optimizer, 16, 0.01, 0, epochs=1, power=1.0)
    (record,) = train.sweep([run], tmp_path / "runs.jsonl")
    assert record["steps"] == 6 + 2
    assert record["diverged"] is None
    assert record["metric"] == "loss"
    assert 2.5 < record["val_loss"] < 8
    assert train.read_runs(tmp_path / "runs.jsonl") == [record]
    (row,) = train.choose([record])
    assert row.test_mean == record["test_loss"]
