import json
from itertools import pairwise
from math import inf

import matplotlib as mpl
import pytest

from lbopt.observe import bert_report
from lbopt.train import bert_study, read_runs
from lbopt.train.select import Row, Setting
from lbopt.train.tasks import RECIPES
from tests.train.bert_task import small_task

mpl.use("Agg")


@pytest.fixture
def short(monkeypatch):
    """The whole study in a second: little text, two rates."""
    small_task(monkeypatch)
    grids = {"adamw": (0.003, 0.01), "lars": (0.2, 0.6), "lamb": (0.01, 0.03)}
    monkeypatch.setattr(bert_study, "GRIDS", grids)


def do(out, *more):
    return bert_study.main(
        ["--out", str(out), "--batch-sizes", "32", "--epochs", "1", "--workers", "1", *more]
    )


def test_all_optimizers_are_tuned_alike_and_known_by_name():
    assert {len(grid) for grid in bert_study.GRIDS.values()} == {5}
    for grid in bert_study.GRIDS.values():
        ratios = [b / a for a, b in pairwise(grid)]
        assert ratios == pytest.approx([10 ** (1 / 3)] * 4, rel=0.01)
    assert set(bert_study.GRIDS) == set(bert_study.OPTIMIZERS) <= set(RECIPES)
    runs = bert_study.search_runs()
    assert len(set(runs)) == len(runs) == 3 * 2 * 5
    assert {(r.epochs, r.warmup, r.power, r.seed) for r in runs} == {(4, 0.1, 1.0, 0)}


def test_the_study_is_done_once_and_reported_from_its_file(short, tmp_path, capsys):
    assert do(tmp_path, "--seeds", "2") == 0
    shown = capsys.readouterr().out
    records = read_runs(tmp_path / "runs.jsonl")
    assert len(records) == 3 * 2 + 3  # the search, and the second seed
    assert (tmp_path / "tables.md").read_text().strip() in shown
    for words in ("AdamW", "LAMB minus AdamW, batch 32", "grid", "2 seeds"):
        assert words in shown
    study = bert_report.read_study(tmp_path)
    assert bert_study.summary(study) == (tmp_path / "tables.md").read_text().strip()
    assert all(row.seeds == 2 and row.rates == 2 and row.edge for row in study.rows)

    text = (tmp_path / "runs.jsonl").read_text()
    assert do(tmp_path, "--seeds", "2") == 0  # nothing is left to do
    assert (tmp_path / "runs.jsonl").read_text() == text

    assert "report.html" in bert_report.write_bert_report(tmp_path, ratios=["lamb"])
    figures = {p.name for p in (tmp_path / "figures").iterdir()}
    assert figures == {"losses.png", "rates_32.png", "ratios_lamb.png"}
    assert "Trust ratios" in (tmp_path / "report.html").read_text()

    longer = records[0] | {"run": records[0]["run"] | {"epochs": 2}}
    (tmp_path / "runs.jsonl").write_text(text + json.dumps(longer) + "\n")
    with pytest.raises(ValueError, match=r"\[1, 2\] epochs"):
        bert_report.read_study(tmp_path)


def record(optimizer, seed, loss, batch=32):
    run = {"optimizer": optimizer, "batch_size": batch, "seed": seed}
    return {"run": run, "metric": "loss", "test_loss": loss, "val_loss": 0.0}


def test_differences_pair_seeds_of_one_batch_size():
    records = [
        record("lamb", 0, 2.0), record("lamb", 1, 3.0), record("adamw", 1, 2.5),
        record("adamw", 0, 2.25), record("adamw", 0, 9.0, batch=256), record("lamb", 0, 1.0, 256),
    ]  # fmt: skip
    assert bert_study.differences(records, "lamb", "adamw", 32) == [-0.25, 0.5]
    assert bert_study.differences(records, "lamb", "adamw", 256) == [-8.0]


def test_a_run_without_a_finite_loss_is_worse_by_infinity_and_does_not_break_the_summary():
    rows = [
        Row(Setting("bert", o, 32, 4, 0.1, 1.0), 0.1, ">", 5, 2.0, 0.1, 2.0, 0.1, 2, 1, "loss")
        for o in ("adamw", "lars", "lamb")
    ]
    records = [record(o, s, 2.0) for o in ("adamw", "lars") for s in (0, 1)]
    records += [record("lamb", 0, None), record("lamb", 1, 2.0)]
    assert bert_study.differences(records, "lamb", "adamw", 32) == [inf, 0.0]
    text = bert_study.summary(bert_study.BertStudy([], records, rows))
    assert "LAMB minus AdamW, batch 32: +inf" in text
    assert "LARS, batch 32: the best rate 0.1 is the largest of its grid" in text
    assert "1 of 2 seeds diverged" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--batch-sizes", "1000"], "batch_size=1000"),
        (["--seeds", "0"], "seeds must be an integer of at least 1"),
        (["--epochs", "0"], "epochs"),
    ],
)
def test_wrong_options_are_one_line(short, tmp_path, capsys, more, words):
    assert do(tmp_path, *more) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_folder_without_a_study_says_how_to_make_one(tmp_path):
    with pytest.raises(ValueError, match=r"python -m lbopt\.train\.bert_study"):
        bert_report.read_study(tmp_path)


def test_the_spread_of_trust_ratios_at_the_start_is_that_of_bert_s_small_deviation():
    assert bert_report.spread_at_start(0.02, 32) > 10 * bert_report.spread_at_start(0.08, 32) > 10
