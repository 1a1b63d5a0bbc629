"""The command line as a person uses it: good input, wrong input, an interruption."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lbopt.__main__ import main, rates
from tests.train.sweep_cases import with_ctrl_c

SWEEP = "sweep --task mlp --optimizers nesterov,lars --batch-sizes 512,full --grid 0.03,0.1"


def run(line, capsys):
    try:
        code = main(line.split())
    except SystemExit as e:
        code = e.code
    out = capsys.readouterr()
    return code, out.out, out.err


def test_list_names_every_task_optimizer_and_part(capsys):
    from lbopt.train.letters import PARTS
    from lbopt.train.tasks import RECIPES, TASKS

    code, out, _ = run("list", capsys)
    assert code == 0
    for name in [*TASKS, *RECIPES, *PARTS]:
        assert f"\n  {name} " in out


@pytest.mark.parametrize(
    "command", ["", "demo", "letters", "bert", "landscape", "sweep", "report", "list"]
)
def test_help_is_complete(command, capsys):
    code, out, _ = run(f"{command} --help", capsys)
    assert code == 0
    wanted = {
        "": ["demo", "letters", "bert", "landscape", "sweep", "report", "list"],
        "demo": ["--out", "--tune", "--seeds", "--workers", "--studies"],
        "letters": ["--out", "--tune", "--seeds", "--workers", "--parts"],
        "bert": ["--out", "--seeds", "--workers"],
        "landscape": ["--out", "--seeds", "--workers"],
        "sweep": ["--task", "--optimizers", "--batch-sizes", "--grid", "--seeds", "--epochs",
                  "--out", "--workers"],
        "report": ["DIR"],
        "list": [],
    }[command]  # fmt: skip
    assert [word for word in wanted if word not in out] == []


@pytest.mark.parametrize(
    ("line", "culprit"),
    [
        ("", "COMMAND"),
        ("fly", "fly"),
        ("demo --seeds 0", "--seeds"),
        ("demo --studies mlp,nonsense", "nonsense"),
        ("bert --seeds 0 --out OUT", "--seeds"),
        ("landscape --workers none --out OUT", "--workers"),
        ("letters --parts batches,nonsense --out OUT", "nonsense"),
        ("letters --parts setting,setting --out OUT", "setting,setting"),
        ("letters --seeds 0 --out OUT", "--seeds"),
        ("sweep --task mlp", "--optimizers"),
        (SWEEP.replace("mlp", "mpl") + " --out OUT", "mpl"),
        (SWEEP.replace("lars", "larz") + " --out OUT", "larz"),
        (SWEEP.replace("512", "5120") + " --out OUT", "5120"),
        (SWEEP.replace("512", "many") + " --out OUT", "many"),
        (SWEEP.replace("0.03,0.1", "0,2") + " --out OUT", "0,2"),
        (SWEEP.replace("0.03,0.1", "1:0.1:3") + " --out OUT", "1:0.1:3"),
        (SWEEP.replace("0.03,0.1", "nan,1") + " --out OUT", "nan,1"),
        (SWEEP.replace("nesterov,lars", "lars,lars") + " --out OUT", "lars,lars"),
        ("report OUT", "OUT"),
    ],
)
def test_wrong_input_is_one_line_that_names_the_culprit_and_exit_code_2(
    line, culprit, capsys, tmp_path
):
    out_dir = tmp_path / "out"
    code, out, err = run(line.replace("OUT", str(out_dir)), capsys)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert culprit.replace("OUT", str(out_dir)) in err
    assert "Traceback" not in err
    assert not out_dir.exists(), "nothing is half-written"


@pytest.mark.parametrize("command", ["demo", "letters", "bert", "landscape", SWEEP])
def test_a_file_in_the_way_of_the_folder_is_told_before_any_work(command, capsys, tmp_path):
    (tmp_path / "there").write_text("mine")
    code, out, err = run(f"{command} --out {tmp_path / 'there' / 'new'}", capsys)
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'there'} is a file" in err
    assert (tmp_path / "there").read_text() == "mine"


def test_a_folder_that_cannot_be_written_into_is_told_before_any_work(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    code, out, err = run(f"landscape --out {tmp_path / 'new'}", capsys)
    assert (code, out) == (2, "")
    assert f"nothing can be written into {tmp_path}" in err


def test_grid_is_read_in_equal_ratios_with_its_ends():
    assert rates("0.01:1:5") == [0.01, 0.0316, 0.1, 0.316, 1.0]
    assert rates("0.3,0.1") == [0.1, 0.3]


def test_sweep_prints_the_table_and_report_prints_it_again(capsys, tmp_path):
    line = f"{SWEEP} --seeds 1 --epochs 2 --workers 1 --out {tmp_path / 'a'}"
    code, first, _ = run(line, capsys)
    assert code == 0
    assert "| Nesterov |" in first
    assert "| LARS     |" in first
    assert (tmp_path / "a" / "report.html").read_text().count("data:image/png") == 3
    assert (tmp_path / "a" / "figures" / "mlp_rates_512.png").stat().st_size > 5000
    code, again, _ = run(f"report {tmp_path / 'a'}", capsys)
    assert (code, again) == (0, first)
    lines = (tmp_path / "a" / "runs.jsonl").read_text().splitlines()
    assert len(lines) == 2 * 2 * 2
    assert json.loads(lines[0])["run"]["epochs"] == 2


@pytest.mark.parametrize("command", ["report", "sweep"])
@pytest.mark.parametrize("line", ['{"run": {}}', '{"a": 1}', "[1]"])
def test_foreign_records_are_one_line_that_names_file_and_line(command, line, capsys, tmp_path):
    (tmp_path / "runs.jsonl").write_text(line + "\n")
    given = f"report {tmp_path}" if command == "report" else f"{SWEEP} --out {tmp_path}"
    code, out, err = run(given, capsys)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"{tmp_path / 'runs.jsonl'}, line 1" in err
    assert (tmp_path / "runs.jsonl").read_text() == line + "\n"


def test_a_sweep_into_a_folder_with_other_runs_gives_its_own_table(capsys, tmp_path):
    line = "sweep --task mlp --optimizers lars --batch-sizes full --grid 0.1,0.2 --workers 1"
    assert run(f"{line} --seeds 2 --epochs 1 --out {tmp_path}", capsys)[0] == 0
    # a rate with fewer seeds: all of the folder together are no whole table
    third = f"{line.replace('0.1,0.2', '0.2,0.3')} --seeds 1 --epochs 1 --out {tmp_path}"
    code, out, _ = run(third, capsys)
    assert code == 0
    assert f"1 of 2 runs found in {tmp_path / 'runs.jsonl'}" in out
    assert "(1 seed) and learning rate, 1 epochs" in out
    code, _, err = run(f"report {tmp_path}", capsys)
    assert code == 2
    assert "finish the sweep first" in err


def test_report_of_two_sweeps_shows_both(capsys, tmp_path):
    line = "sweep --task mlp --optimizers lars --batch-sizes full --grid 0.1,0.2 --workers 1"
    for epochs in (1, 2):
        code, out, _ = run(f"{line} --seeds 1 --epochs {epochs} --out {tmp_path}", capsys)
        assert code == 0
        assert f"{epochs} epochs" in out
    code, out, _ = run(f"report {tmp_path}", capsys)
    assert code == 0
    assert "1 epochs, warm-up 0.1" in out
    assert "2 epochs, warm-up 0.1" in out


def test_sweep_help_says_that_a_task_includes_its_model(capsys):
    _, out, _ = run("sweep --help", capsys)
    assert "data and model in one" in " ".join(out.split())


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path):
    command = [sys.executable, "-m", "lbopt", *SWEEP.split(), "--seeds", "3", "--epochs", "8"]
    command += ["--workers", "1", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=with_ctrl_c,
    )  # fmt: skip
    results = tmp_path / "runs.jsonl"
    for _ in range(600):
        if results.exists() and results.read_text().count("\n") >= 2:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    kept = results.read_text().splitlines()
    assert 2 <= len(kept) < 12 * 2
    assert f"{len(kept)} of 24 runs are kept" in err
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "| LARS" in done.stdout
    assert results.read_text().splitlines()[: len(kept)] == kept
    assert results.read_text().count("\n") == 24
