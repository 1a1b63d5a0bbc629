"""The report of a folder: one table for each task and schedule, losses too, mixed code flagged."""

import dataclasses
import json

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from lbopt.observe.sweep_report import write_sweep_report
from lbopt.train import Run

mpl.use("Agg")


def record(run, score, code="now"):
    scores = {f"{split}_{m}": score for split in ("val", "test") for m in ("accuracy", "loss")}
    metric = "loss" if run.task == "characters" else "accuracy"
    return {
        "run": dataclasses.asdict(run), "metric": metric, **scores, "diverged": None,
        "versions": {"code": code},
    }  # fmt: skip


def runs(task="mlp", seeds=2, **fixed):
    return [
        Run(task, "lars", 512, rate, seed, **fixed) for rate in (0.1, 0.2) for seed in range(seeds)
    ]


def write(folder, records):
    (folder / "runs.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


def test_a_folder_with_several_settings_gets_a_table_and_figures_for_each(tmp_path):
    plt.close("all")
    records = [record(run, 0.25) for run in runs(epochs=10)]
    records += [record(run, 0.75) for run in runs(epochs=20)]
    records += [record(run, 1.5) for run in runs("characters")]
    write(tmp_path, records)
    shown = write_sweep_report(tmp_path)
    tables = (tmp_path / "tables.md").read_text()
    page = (tmp_path / "report.html").read_text()
    for line in (
        "mlp: test accuracy in % (mean ± sd over 2 seeds) and learning rate, 10 epochs, warm-up "
        "0.1, power 2",
        "mlp: test accuracy in % (mean ± sd over 2 seeds) and learning rate, 20 epochs, warm-up "
        "0.1, power 2",
        "characters: test loss in nats (mean ± sd over 2 seeds) and learning rate, 30 epochs\n",
        "| 25.0 ± 0.0, 0.1<",
        "| 75.0 ± 0.0, 0.1<",
        "| 1.500 ± 0.000, 0.1<",
    ):
        assert line in shown
        assert line in tables
    assert page.count("data:image/png") == 6
    assert not plt.get_fignums(), "figures are closed"
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "characters.png", "characters_rates_512.png",
        "mlp_10-epochs_warm-up-0.1_power-2.png", "mlp_10-epochs_warm-up-0.1_power-2_rates_512.png",
        "mlp_20-epochs_warm-up-0.1_power-2.png", "mlp_20-epochs_warm-up-0.1_power-2_rates_512.png",
    ]  # fmt: skip


def test_given_records_are_reported_and_no_others(tmp_path):
    write(tmp_path, [record(run, 0.25) for run in runs(seeds=3)])
    mine = [record(run, 0.5) for run in runs(seeds=1, epochs=7)]
    shown = write_sweep_report(tmp_path, mine)
    assert "7 epochs" in shown
    assert "30 epochs" not in shown


def test_runs_of_two_states_of_the_code_are_flagged(tmp_path):
    records = [record(run, 0.5, code=f"code {run.seed}") for run in runs()]
    write(tmp_path, records)
    assert "from 2 states of the code" in write_sweep_report(tmp_path)
    write(tmp_path, [record(run, 0.5) for run in runs()])
    assert "states of the code" not in write_sweep_report(tmp_path)


def test_the_last_record_of_a_run_is_reported(tmp_path):
    write(tmp_path, [record(run, score) for score in (0.25, 0.75) for run in runs()])
    shown = write_sweep_report(tmp_path)
    assert "75.0" in shown
    assert "25.0" not in shown


def test_an_empty_folder_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="sweep --out"):
        write_sweep_report(tmp_path)
