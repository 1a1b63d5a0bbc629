"""The main experiment: which runs, rates chosen on validation, a report whose numbers are right."""

import json
import re
from itertools import pairwise
from math import log10

import pytest

from lbopt.__main__ import main
from lbopt.observe.demo_numbers import paired
from lbopt.train import headline
from lbopt.train.headline import STUDIES, Study, final_runs, grid, linear_runs, tuning_runs
from lbopt.train.results import read_runs


def record(run, val, test):
    return {
        "run": {**run.__dict__},
        "val_accuracy": val,
        "test_accuracy": test,
        "diverged": None,
    }


def test_every_grid_has_the_same_length_and_ratio():
    for study, optimizer in [(s, o) for s in STUDIES.values() for o in s.optimizers]:
        rates = grid(study, optimizer)
        steps = [log10(b / a) for a, b in pairwise(rates)]
        assert len(steps) == headline.RATES_PER_GRID - 1
        assert steps == pytest.approx([0.25] * len(steps), abs=2e-3)  # three digits are kept


def test_the_kept_rates_cover_every_cell_and_belong_to_the_grids():
    kept = headline.read_rates()
    assert kept["command"].startswith("python -m lbopt demo --tune")
    assert kept["seeds"] >= 5
    for study in STUDIES.values():
        for optimizer in study.optimizers:
            for size in study.batch_sizes:
                cell = kept["rates"][study.task][optimizer][str(size)]
                assert cell["rate"] in grid(study, optimizer)
                # the choice can be followed: it is the best mean of the curve that is kept
                curve = {float(rate): mean for rate, mean in cell["validation"].items()}
                assert set(curve) == set(grid(study, optimizer))
                assert curve[cell["rate"]] == max(curve.values())


def test_rates_are_chosen_on_validation_not_on_test():
    study = Study("mlp", {"lars": -2.5}, (32,))
    better = {0.1: (0.9, 0.1), 0.0316: (0.8, 0.99)}
    records = [
        record(run, *better.get(run.learning_rate, (0.5, 0.5))) for run in tuning_runs([study], 2)
    ]
    summary = headline.summarise(records, "a command")
    assert summary["rates"]["mlp"]["lars"]["32"]["rate"] == 0.1
    assert summary["seeds"] == 2


def test_linear_scaling_multiplies_the_smallest_batch_s_rate():
    study = STUDIES["mlp"]
    chosen = headline.read_rates()["rates"]
    base = chosen["mlp"]["nesterov"]["32"]["rate"]
    by_size = {run.batch_size: run.learning_rate for run in linear_runs(study, chosen, 1)}
    assert by_size == {size: pytest.approx(base * size / 32) for size in study.batch_sizes}


def test_the_runs_at_chosen_rates_are_among_those_of_the_search():
    chosen = headline.read_rates()["rates"]
    search = set(tuning_runs(STUDIES.values()))
    for study in STUDIES.values():
        assert set(final_runs(study, chosen)) <= search


def test_paired_differences_are_taken_seed_by_seed():
    runs = final_runs(STUDIES["mlp_rescaled"], headline.read_rates()["rates"], 3)
    scores = {"lars": (0.9, 0.8, 0.7), "nesterov": (0.8, 0.8, 0.5)}
    records = [record(r, 0.5, scores.get(r.optimizer, (0, 0, 0))[r.seed]) for r in runs]
    mean, sd = paired(records, "lars", "nesterov", 32)
    assert mean == pytest.approx(10.0)
    assert sd == pytest.approx(10.0)
    assert paired([r for r in records if r["run"]["seed"] == 0], "lars", "nesterov", 32)[1] is None


def test_demo_prints_its_tables_and_writes_a_report_with_the_same_numbers(capsys, tmp_path):
    line = ["demo", "--studies", "mlp_rescaled", "--seeds", "1", "--workers", "1"]
    assert main([*line, "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    records = {
        (r["run"]["optimizer"], r["run"]["batch_size"]): r
        for r in read_runs(tmp_path / "runs.jsonl")
    }
    assert len(records) == 8
    page = (tmp_path / "report.html").read_text()
    for (optimizer, size), r in records.items():
        shown = f"{100 * r['test_accuracy']:.1f}"
        assert shown in out, (optimizer, size)
        assert shown in page, (optimizer, size)
    gap = 100 * (records["lars", 32]["test_accuracy"] - records["nesterov", 32]["test_accuracy"])
    assert f"LARS minus Nesterov: {gap:+.1f}" in page
    assert (tmp_path / "figures" / "mlp_rescaled.png").exists()
    assert not re.search(r"\b(nan|None)\b", page)
    assert "±" not in out, "one seed has no spread"


def test_tune_writes_the_rates_it_chose(tmp_path, monkeypatch, capsys):
    tiny = {"mlp_rescaled": Study("mlp_rescaled", {"nesterov": -2.0, "lars": -1.0}, (1077,))}
    monkeypatch.setattr(headline, "STUDIES", tiny)
    monkeypatch.setattr(headline, "RATES_PER_GRID", 2)
    result = headline.do_demo(tmp_path, tune=True, seeds=1, workers=1)
    written = json.loads((tmp_path / "chosen_rates.json").read_text())
    assert written == result.summary
    assert written["rates"]["mlp_rescaled"]["lars"]["1077"]["edge"] in "<>"
    assert "searching learning rates: 4 runs" in capsys.readouterr().out
