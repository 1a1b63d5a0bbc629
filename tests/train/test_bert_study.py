from itertools import pairwise
from math import inf

import matplotlib as mpl
import numpy as np
import pytest

from lbopt.__main__ import main
from lbopt.observe import bert_report
from lbopt.optim import chain, scale
from lbopt.train import Recipe, bert_study, masked_text, read_runs
from lbopt.train.select import Row, Setting
from lbopt.train.tasks import RECIPES
from tests.train.bert_task import small_task

mpl.use("Agg")


@pytest.fixture
def short(monkeypatch):
    """The whole study in a second: little text, one batch size, two rates."""
    small_task(monkeypatch)
    grids = {"adamw": (0.003, 0.01), "lars": (0.2, 0.6), "lamb": (0.01, 0.03)}
    monkeypatch.setattr(bert_study, "GRIDS", grids)
    monkeypatch.setattr(bert_study, "BATCH_SIZES", (32,))
    monkeypatch.setattr(bert_study, "EPOCHS", 1)


def do(out, *more):
    return main(["bert", "--out", str(out), "--workers", "1", *more])


def test_all_optimizers_are_tuned_alike_and_known_by_name():
    assert {len(grid) for grid in bert_study.GRIDS.values()} == {5}
    for grid in bert_study.GRIDS.values():
        ratios = [b / a for a, b in pairwise(grid)]
        assert ratios == pytest.approx([10 ** (1 / 3)] * 4, rel=0.01)
    assert set(bert_study.GRIDS) == set(bert_study.OPTIMIZERS) <= set(RECIPES)
    runs = bert_study.search_runs()
    assert len(set(runs)) == len(runs) == 3 * 2 * 5
    assert {(r.epochs, r.warmup, r.power, r.seed) for r in runs} == {(3, 0.1, 1.0, 0)}


def test_one_command_does_the_study_once_and_reports_it(short, tmp_path, capsys):
    assert do(tmp_path, "--seeds", "2") == 0
    shown = capsys.readouterr().out
    records = read_runs(tmp_path / "runs.jsonl")
    assert len(records) == 3 * 2 + 3  # the search, and the second seed
    table = (tmp_path / "tables.md").read_text().strip()
    assert table in shown
    for words in ("AdamW", "LAMB minus AdamW, batch 32", "grid", "2 seeds", "letter pairs"):
        assert words in table
    for record in records:
        if record["run"]["seed"] == 1:  # one of the two at a chosen rate
            rate = f"{record['run']['learning_rate']:.2g}"
            assert any(record["run"]["optimizer"] in line.lower() and rate in line
                       for line in table.splitlines())  # fmt: skip
    figures = {p.name for p in (tmp_path / "figures").iterdir()}
    assert figures == {"losses.png", "rates_32.png", "ratios_lars.png", "ratios_lamb.png"}
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png") == 4
    assert "-fold between layers" in page

    text = (tmp_path / "runs.jsonl").read_text()
    assert do(tmp_path, "--seeds", "2") == 0  # nothing is left to do
    assert (tmp_path / "runs.jsonl").read_text() == text


def test_rows_keep_the_flags_of_the_search_and_the_seeds_of_the_end(short, tmp_path):
    study = bert_study.do_bert_study(tmp_path, seeds=2)
    assert all(row.seeds == 2 and row.rates == 2 and row.edge for row in study.rows)
    assert {r["run"]["seed"] for r in study.search} == {0}


def test_a_run_that_diverges_at_once_does_not_stop_the_report(short, tmp_path, monkeypatch):
    study = bert_study.do_bert_study(tmp_path, seeds=1)
    monkeypatch.setitem(
        RECIPES, "lamb", Recipe("wild", lambda rate: chain(scale(1e38), scale(1e38)))
    )
    text = bert_report.write_bert_report(study, tmp_path, ratios=["lamb"])
    assert "report.html" in text
    assert "LAMB: not shown, the run diverged at step 0" in (tmp_path / "report.html").read_text()


def test_tables_of_letters_are_the_entropies_of_a_text_that_repeats(monkeypatch):
    learn = np.tile([0, 1, 2, 3], 2000)
    monkeypatch.setattr(masked_text, "_texts", lambda: (None, (learn, None, learn[:100])))
    single, pairs = masked_text.letter_tables()
    assert single == pytest.approx(np.log(4), rel=1e-3)
    assert 0 < pairs < 0.01


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


def test_wrong_options_are_one_line(short, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bert_study, "BATCH_SIZES", (1000,))
    assert do(tmp_path) == 2
    error = capsys.readouterr().err
    assert "batch_size=1000" in error
    assert error.count("\n") == 1
    with pytest.raises(ValueError, match="seeds must be an integer of at least 1"):
        bert_study.do_bert_study(tmp_path, seeds=0)
