import dataclasses
import json
import os

import pytest

from lbopt import train
from lbopt.train import Run, experiment, results
from lbopt.train.results import append_to, read_runs
from lbopt.train.versions import code_hash
from tests.train.sweep_cases import quick_runs, timeless


def test_two_processes_and_one_give_the_same_records_in_the_order_asked(tmp_path):
    runs = quick_runs()
    here = train.sweep(runs, tmp_path / "a.jsonl")
    before = dict(os.environ)  # scikit-learn, imported by the first run, adds to it
    there = train.sweep(runs, tmp_path / "sub" / "b.jsonl", workers=2)
    assert timeless(here) == timeless(there)
    assert [record["run"] for record in here] == [dataclasses.asdict(run) for run in runs]
    assert dict(os.environ) == before


def test_finished_runs_are_not_done_again(tmp_path, monkeypatch):
    out = tmp_path / "runs.jsonl"
    first = train.sweep(quick_runs()[:3], out)
    asked = []
    real = experiment.run_one
    monkeypatch.setattr(experiment, "run_one", lambda run: (asked.append(run), real(run))[1])
    everything = train.sweep(quick_runs(), out)
    assert asked == quick_runs()[3:]
    assert everything[:3] == first
    assert train.sweep(quick_runs(), out) == everything
    assert len(asked) == 5
    assert len(read_runs(out)) == 8
    assert train.sweep(quick_runs()[2:4], out) == everything[2:4]  # and no others


@pytest.mark.parametrize("cut", [1, 30])  # only the newline is missing; half a record
def test_a_half_written_last_line_is_dropped_with_a_message_and_done_again(tmp_path, cut):
    out = tmp_path / "runs.jsonl"
    runs = quick_runs()[:3]
    whole = train.sweep(runs, out)
    out.write_bytes(out.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="half-written"):
        again = train.sweep(runs, out)
    assert timeless(again) == timeless(whole)
    assert len(read_runs(out)) == 3


def test_a_damaged_line_that_is_not_the_last_is_refused_and_named(tmp_path):
    out = tmp_path / "runs.jsonl"
    good = json.dumps(foreign()).encode() + b"\n"
    for line in (b'{"run": {"task"', b"[1, 2]", b'{"a": 1}'):
        out.write_bytes(good + line + b"\n")
        with pytest.raises(ValueError, match="line 2"):
            train.sweep(quick_runs(), out)
        assert out.read_bytes() == good + line + b"\n"


def foreign(**changes):
    """Make a record of another run than those swept here."""
    run = dataclasses.asdict(Run("mlp", "sgd", 32, 0.1, 99))
    scores = {"val_accuracy": 0.5, "test_accuracy": 0.25, "val_loss": 1.0, "test_loss": None}
    return {"run": run, "metric": "accuracy", **scores, "diverged": None} | changes


def without(record, name):
    return {k: v for k, v in record.items() if k != name}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"run": {}}, "no task"),
        (foreign(run=without(foreign()["run"], "seed")), "no seed"),
        (foreign(run=foreign()["run"] | {"batch_size": "32"}), "batch_size='32'"),
        (foreign(run=foreign()["run"] | {"learning_rate": None}), "learning_rate=None"),
        (without(foreign(), "val_accuracy"), "no val_accuracy"),
        (without(foreign(), "test_accuracy"), "no test_accuracy"),
        (foreign(test_accuracy=None), "test_accuracy=None"),
        (without(foreign(metric="loss"), "val_loss"), "no val_loss"),
        (foreign(metric="bleu"), "bleu"),
        (without(foreign(), "diverged"), "no diverged"),
        (foreign(diverged=True), "diverged=True"),
    ],
)
def test_a_foreign_record_is_refused_and_what_it_lacks_is_named(tmp_path, record, words):
    out = tmp_path / "runs.jsonl"
    out.write_text(json.dumps(foreign()) + "\n" + json.dumps(record) + "\n")
    with pytest.raises(ValueError, match=rf"runs\.jsonl, line 2 is no record of a run: .*{words}"):
        read_runs(out)


def test_every_field_of_a_run_is_needed_and_a_loss_may_be_infinite(tmp_path):
    assert list(results.RUN_FIELDS) == [field.name for field in dataclasses.fields(Run)]
    out = tmp_path / "runs.jsonl"
    record = foreign(metric="loss")
    out.write_text(json.dumps(record) + "\n")
    assert read_runs(out) == [record]


def test_records_that_are_not_finite_are_never_written(tmp_path):
    with append_to(tmp_path / "a") as write, pytest.raises(ValueError):
        write(foreign(val_loss=float("nan")))
    assert read_runs(tmp_path / "a") == []


def test_a_sweep_that_cannot_be_is_refused_before_it_begins(tmp_path):
    out = tmp_path / "runs.jsonl"
    run = quick_runs()[0]
    with pytest.raises(ValueError, match="more than once"):
        train.sweep([run, run], out)
    with pytest.raises(ValueError, match="workers"):
        train.sweep([run], out, workers=0)
    assert not out.exists()


def test_a_run_that_fails_is_named_and_the_finished_ones_are_kept(tmp_path, monkeypatch):
    real, out = experiment.run_one, tmp_path / "runs.jsonl"

    def fail_on_seed_1(run):
        if run.seed == 1:
            raise MemoryError("no room")
        return real(run)

    monkeypatch.setattr(experiment, "run_one", fail_on_seed_1)
    with pytest.raises(RuntimeError, match=r"mlp nesterov .* seed 1 failed: no room"):
        train.sweep(quick_runs(), out)
    assert [r["run"]["seed"] for r in read_runs(out)] == [0]


# --- records of other code --------------------------------------------------------------------


def test_runs_of_other_code_are_done_again_and_their_last_record_counts(
    tmp_path, monkeypatch, capsys
):
    out, runs = tmp_path / "runs.jsonl", quick_runs(3)[:3]
    other = {"python": "3", "numpy": "2", "lbopt": "0", "code": "old"}
    monkeypatch.setattr(experiment, "versions", lambda: other)
    old = train.sweep(runs, out)
    assert [r["versions"] for r in old] == [other] * 3
    monkeypatch.setattr(experiment, "versions", lambda: other | {"code": "new"})
    monkeypatch.setattr(experiment, "run_one", lambda run: again(run, "new"))
    train.sweep(runs[:2], out, progress=True)
    assert f"2 runs in {out} are from other code; they are done again" in capsys.readouterr().out
    new = train.sweep(runs, out, progress=True)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"2 of 3 runs found in {out}",
        f"1 run in {out} is from other code; it is done again",
    ]
    assert [r["val_accuracy"] for r in new] == [0.125] * 3
    assert read_runs(out) == new
    assert out.read_text().count("\n") == 6, "nothing is taken out of the file"
    assert [row.val_mean for row in train.choose(read_runs(out))] == [0.125]


def again(run, code):
    record = foreign(run=dataclasses.asdict(run), val_accuracy=0.125)
    return record | {"versions": {"python": "3", "numpy": "2", "lbopt": "0", "code": code}}


@pytest.mark.parametrize("what", ["python", "numpy", "lbopt", "code"])
def test_each_version_counts(tmp_path, monkeypatch, what):
    out, run = tmp_path / "runs.jsonl", quick_runs()[0]
    (record,) = train.sweep([run], out)
    changed = record["versions"] | {what: "another"}
    monkeypatch.setattr(experiment, "versions", lambda: changed)
    train.sweep([run], out)
    assert out.read_text().count("\n") == 2


def test_all_found_says_so_and_without_progress_nothing_is_printed(tmp_path, capsys):
    out, run = tmp_path / "runs.jsonl", quick_runs()[0]
    train.sweep([run], out)
    train.sweep([run], out)
    assert capsys.readouterr().out == ""
    train.sweep([run], out, progress=True)
    assert capsys.readouterr().out == f"1 of 1 runs found in {out}\n"


def test_the_hash_sees_the_code_that_matters_and_no_other(tmp_path):
    for name in ("__main__.py", "ops/conv.py", "optim/lars.py", "observe/plots.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a = 1\nb = 2\n")
    seen = [code_hash(tmp_path)]

    def now():
        seen.append(code_hash(tmp_path))
        return len(seen) - len(set(seen))

    (tmp_path / "observe/plots.py").write_text("c = 3\n")
    (tmp_path / "__main__.py").write_text("c = 3\n")
    (tmp_path / "notes.txt").write_text("c = 3\n")
    (tmp_path / "ops/conv.py").write_bytes(b"a = 1\r\nb = 2\r\n")  # a checkout on Windows
    assert now() == 1
    (tmp_path / "ops/conv.py").write_text("a = 1\nb = 3\n")
    assert now() == 1
    (tmp_path / "optim/lars.py").rename(tmp_path / "optim/lamb.py")
    assert now() == 1
    (tmp_path / "new.py").write_text("")
    assert now() == 1
