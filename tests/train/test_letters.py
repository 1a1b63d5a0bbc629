"""The hidden letter: what is searched, chosen, carried over and trained."""

import dataclasses
from collections import Counter
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

from lbopt.train import Setting, choose, letters, read_runs
from lbopt.train.run import run_schedule
from lbopt.train.study import paired_differences, rates_from, run_of, search, summarise
from lbopt.train.tasks import RECIPES
from tests.train.letters_task import small_letters


def record(run, val, test=9.0):
    return {
        "run": dict(run.__dict__), "metric": "loss", "val_loss": val, "test_loss": test,
        "diverged": None,
    }  # fmt: skip


def cell(rate, loss, edge=""):
    return {"rate": rate, "edge": edge, "validation": {f"{rate:g}": loss, "7": 9.5}}


def made_up(loss=lambda setting: 2.0, rate=lambda setting: 0.01):
    """Return rates as a finished search of everything would keep them."""
    rates = {}

    def add(s):
        table = rates.setdefault(letters.schedule_name(s), {}).setdefault(s.optimizer, {})
        table[str(s.batch_size)] = cell(rate(s), loss(s))

    for part in letters.PARTS:
        for s in letters.settings_of(part):
            add(s)
    for optimizer in letters.SCHEDULED:
        for size in letters.LARGE:
            add(letters.other_power(rates, optimizer, size))
    return rates


# --- the search ---------------------------------------------------------------------------------

HERE = Setting("characters", "lamb", 4096, 4, 0.1, 1.0)


def valley(best, seeds, tried):
    """Return a sweep whose loss is least at the rate ``best``."""

    def sweep(runs):
        tried.append(sorted({run.learning_rate for run in runs}))
        assert Counter(run.learning_rate for run in runs) == dict.fromkeys(tried[-1], seeds)
        return [record(run, abs(np.log(run.learning_rate / best))) for run in runs]

    return sweep


@pytest.mark.parametrize(
    ("best", "moves"), [(0.01, 0), (0.316, 1), (1.78, 3), (0.00178, 1), (1e9, 4)]
)
def test_a_grid_moves_until_its_best_rate_is_inside_and_keeps_its_length(best, moves):
    tried = []
    records = search({HERE: -2.75}, lambda s: 2, valley(best, 2, tried))
    (row,) = choose(records)
    assert len(tried) == moves + 1
    assert {len(rates) for rates in tried} == {9}
    assert row.rates == 9
    assert row.edge == (">" if best == 1e9 else "")
    assert row.learning_rate == (best if best < 1e9 else tried[-1][-1])
    for rates in tried:
        assert [b / a for a, b in pairwise(rates)] == pytest.approx([10**0.25] * 8, rel=0.01)


def test_only_the_grid_at_its_edge_moves():
    other = HERE._replace(optimizer="adamw")
    grids = []

    def sweep(runs):
        grids.append({o: min(r.learning_rate for r in runs if r.optimizer == o) for o in
                      ("lamb", "adamw")})  # fmt: skip
        return [record(r, abs(np.log(r.learning_rate / 0.02))) for r in runs]

    search({HERE: -2.75, other: -5.0}, lambda s: 1, sweep)
    assert {grid["lamb"] for grid in grids} == {0.00178}
    assert [grid["adamw"] for grid in grids] == [1e-5, 3.16e-5, 1e-4, 3.16e-4, 1e-3][: len(grids)]


def test_rates_are_chosen_on_validation_and_a_loss_that_is_not_finite_is_kept_as_none():
    runs = [run_of(HERE, rate, seed) for rate in (0.01, 0.02, 0.03) for seed in (0, 1)]
    val = {0.01: 2.0, 0.02: 1.5, 0.03: None}
    records = [record(r, val[r.learning_rate], {0.01: 0.1}.get(r.learning_rate, 3.0)) for r in runs]
    summary = summarise(records, "a command", table=letters.schedule_name)
    assert letters.cell(summary["rates"], HERE) == {
        "rate": 0.02, "edge": "", "validation": {"0.01": 2.0, "0.02": 1.5, "0.03": None},
    }  # fmt: skip
    assert letters.validation(summary["rates"], HERE) == 1.5


def test_a_setting_that_never_came_to_a_number_is_infinitely_bad():
    rates = {"warm-up 0.1, power 1": {"lamb": {"4096": cell(0.1, None)}}}
    assert letters.validation(rates, HERE) == np.inf


def test_the_kept_rates_cover_every_setting_and_can_be_followed():
    kept = letters.read_rates(letters.KEPT)
    assert kept["command"].startswith("python -m lbopt letters --tune")
    assert kept["seeds"] == {str(size): number for size, number in letters.SEARCH_SEEDS.items()}
    wanted = [s for part in letters.PARTS for s in letters.settings_of(part)]
    wanted += [
        letters.other_power(kept["rates"], optimizer, size)
        for optimizer in letters.SCHEDULED
        for size in letters.LARGE
    ]
    for setting in wanted:
        found = letters.cell(kept["rates"], setting)
        curve = {float(rate): loss for rate, loss in found["validation"].items()}
        finite = [loss for loss in curve.values() if loss is not None]
        assert curve[found["rate"]] == min(finite)
        rates = list(curve)
        assert len(rates) == letters.RATES_PER_GRID
        assert rates == rates_from(round(4 * np.log10(rates[0])) / 4)
        assert found["edge"] == {rates[0]: "<", rates[-1]: ">"}.get(found["rate"], "")


# --- schedules ----------------------------------------------------------------------------------


def test_every_optimizer_gets_the_schedule_that_is_best_on_validation():
    best = {"adamw": 0.5, "lamb": 0.0}

    def loss(s):
        return 1.0 if s.warmup == best.get(s.optimizer, 0.3) else 2.0

    rates = made_up(lambda s: 1.5 if s.power == 2 else loss(s))
    for optimizer in letters.SCHEDULED:
        chosen = letters.tuned_schedule(rates, optimizer, 8192)
        assert (chosen.warmup, chosen.power) == (best.get(optimizer, 0.3), 1.0)
    rates = made_up(lambda s: 0.5 if s.power == 2 else loss(s))
    chosen = letters.tuned_schedule(rates, "adamw", 4096)
    assert (chosen.warmup, chosen.power, chosen.batch_size) == (0.5, 2.0, 4096)


def test_of_equal_schedules_the_shortest_warm_up_and_the_shared_power_are_taken():
    chosen = letters.tuned_schedule(made_up(), "adamw", 4096)
    assert (chosen.warmup, chosen.power) == (0.0, 1.0)


# --- one setting --------------------------------------------------------------------------------


def test_the_one_setting_is_carried_by_the_square_root_of_the_batch():
    rates = made_up(rate=lambda s: {"lamb": 0.03}.get(s.optimizer, 0.01))
    for same_steps in (False, True):
        runs = letters.carried_runs(rates, 2, same_steps=same_steps)
        assert len(set(runs)) == len(runs) == 4 * 4 * 2
        for run in runs:
            base = 0.03 if run.optimizer == "lamb" else 0.01
            assert run.learning_rate == pytest.approx(base * sqrt(run.batch_size / 64))


def test_the_one_setting_is_the_one_of_batch_64_under_the_shared_schedule():
    def rate(s):
        return 0.01 if (s.batch_size, s.warmup, s.power) == (64, 0.1, 1.0) else 9.0

    runs = letters.carried_runs(made_up(rate=rate), 1, same_steps=False)
    assert {r.learning_rate for r in runs if r.batch_size == 64} == {0.01}
    assert max(r.learning_rate for r in runs) == pytest.approx(0.01 * sqrt(128))


def test_the_papers_warm_up_is_as_many_steps_at_every_batch_and_the_other_is_a_tenth():
    def peak(run):
        rate = run_schedule(run)
        steps = letters.EPOCHS * 65536 // run.batch_size
        return max(range(steps), key=lambda t: float(rate(t)))

    def peaks(same_steps):
        runs = letters.carried_runs(made_up(), 1, same_steps=same_steps)
        return {run.batch_size: (run.warmup, peak(run)) for run in runs}

    assert {size: w for size, (w, _) in peaks(True).items()} == pytest.approx(
        {64: 1 / 320, 1024: 0.05, 4096: 0.2, 8192: 0.4}
    )
    assert {step for _, step in peaks(True).values()} <= {12, 13}
    assert {w for w, _ in peaks(False).values()} == {0.1}
    assert peaks(False)[64][1] in (409, 410)


# --- what is trained ----------------------------------------------------------------------------


def test_every_part_is_trained_with_the_same_epochs_and_known_optimizers():
    runs = letters.final_runs(letters.PARTS, made_up(), 5)
    every = [run for some in runs.values() for run in some]
    assert {(r.task, r.epochs) for r in every} == {("characters", 4)}
    assert {r.optimizer for r in every} == letters.FIRST_RATES.keys() <= RECIPES.keys()
    assert {name: len(some) for name, some in runs.items()} == {
        "batches": 26 * 5, "same_share": 16 * 5, "same_steps": 16 * 5, "schedules": 50 * 5,
    }  # fmt: skip
    assert {r.warmup for r in runs["batches"]} == {0.1}
    assert {r.power for r in runs["batches"]} == {1.0}
    assert {r.warmup for r in runs["schedules"]} == {0.0, 0.1, 0.3, 0.5}


def test_every_setting_is_searched_with_nine_rates_from_two_decades():
    for first in letters.FIRST_RATES.values():
        rates = rates_from(first)
        assert len(rates) == letters.RATES_PER_GRID
        assert rates[-1] / rates[0] == pytest.approx(100, rel=0.01)


def test_the_search_tries_every_rate_with_the_stated_seeds_and_no_setting_twice(
    monkeypatch, tmp_path
):
    tried = []

    def sweep(runs, out, **how):
        tried.extend(runs)
        middle = {o: 10 ** (first + 1) for o, first in letters.FIRST_RATES.items()}
        return [record(r, abs(np.log(r.learning_rate / middle[r.optimizer]))) for r in runs]

    monkeypatch.setattr(letters, "sweep", sweep)
    summary = letters.tune_letters(list(letters.PARTS), tmp_path, 1)
    seeds = {}
    for run in tried:
        seeds.setdefault((run.batch_size, run_of_seed_0(run)), set()).add(run.seed)
    for (size, _), found in seeds.items():
        assert found == set(range({64: 1, 1024: 2, 4096: 3, 8192: 3}[size]))
    assert len(set(tried)) == len(tried), "each is tried once, also where parts share a setting"
    assert summary["seeds"] == {"64": 1, "1024": 2, "4096": 3, "8192": 3}
    cells = [cell for o in summary["rates"].values() for s in o.values() for cell in s.values()]
    assert len(cells) == 26 + 40 - 8 + 10
    assert {len(cell["validation"]) for cell in cells} == {9}
    assert not any(cell["edge"] for cell in cells)


def run_of_seed_0(run):
    return dataclasses.replace(run, seed=0)


def test_differences_pair_seeds():
    a = [record(run_of(HERE, 0.1, seed), 0.0, test) for seed, test in [(0, 2.0), (1, 3.0)]]
    b = [record(run_of(HERE, 0.3, seed), 0.0, test) for seed, test in [(1, 2.5), (0, 2.25)]]
    assert paired_differences(a, b) == [-0.25, 0.5]
    with pytest.raises(ValueError, match=r"seeds \[0, 1\] against \[0\]"):
        paired_differences(a, b[1:])
    with pytest.raises(ValueError, match="no pairs"):
        paired_differences(a + a[:1], b + b[:1])


@pytest.fixture
def small(monkeypatch):
    small_letters(monkeypatch)


def test_a_tuned_experiment_keeps_its_rates_and_goes_on_from_its_file(small, tmp_path, monkeypatch):
    result = letters.do_letters(tmp_path, tune=True, seeds=2)
    assert list(result.records) == ["batches", "same_share", "same_steps", "schedules"]
    kept = letters.read_rates(tmp_path / "letters_rates.json")
    assert kept == result.summary
    assert kept["seeds"] == {"64": 1, "256": 2}
    assert kept["command"] == "python -m lbopt letters --tune --parts batches,setting,schedules"
    for records in result.records.values():
        assert {r["run"]["seed"] for r in records} == {0, 1}
    for record in result.records["batches"]:
        setting = Setting(*(record["run"][f] for f in Setting._fields))
        assert record["run"]["learning_rate"] == letters.cell(kept["rates"], setting)["rate"]
    powers = {r["run"]["power"] for r in result.records["schedules"]}
    assert powers == {1.0, 2.0}
    trained = len(read_runs(tmp_path / "runs.jsonl"))

    # again, with the kept rates and without a search: nothing is left to train
    monkeypatch.setattr(letters, "KEPT", tmp_path / "letters_rates.json")
    again = letters.do_letters(tmp_path, seeds=2)
    assert again == result
    assert len(read_runs(tmp_path / "runs.jsonl")) == trained

    some = letters.do_letters(tmp_path, seeds=2, only=["setting"])
    assert some.records == {k: result.records[k] for k in ("same_share", "same_steps")}


def test_one_setting_alone_searches_the_base_batch_alone(small, tmp_path):
    result = letters.do_letters(tmp_path, tune=True, seeds=1, only=["setting"])
    rates = result.summary["rates"]
    assert set(rates) == {"warm-up 0.1, power 1"}
    assert {size for table in rates["warm-up 0.1, power 1"].values() for size in table} == {"64"}


def test_an_unknown_part_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="unknown part 'bathes'; there are batches, setting"):
        letters.do_letters(tmp_path / "out", only=["bathes"])
    assert not (tmp_path / "out").exists()
