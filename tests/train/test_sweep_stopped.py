import json
import os
import signal
import subprocess
import sys

import pytest

from lbopt import train
from lbopt.train import Run
from lbopt.train.results import read_runs
from tests.train.sweep_cases import ROOT, nobody_left, timeless, wait_for, with_ctrl_c

SCRIPT = """
import sys
from lbopt.train import Run, sweep

if __name__ == "__main__":
    runs = [
        Run("mlp", optimizer, 128, rate, seed, epochs=8)
        for optimizer in ("nesterov", "lars") for rate in (0.01, 0.1) for seed in (0, 1)
    ]
    sweep(runs, sys.argv[1], workers=int(sys.argv[2]))
"""


def start(tmp_path, out, number):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), str(out), str(number)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        stderr=subprocess.PIPE, text=True, preexec_fn=with_ctrl_c,
    )  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    runs = [
        Run("mlp", optimizer, 128, rate, seed, epochs=8)
        for optimizer in ("nesterov", "lars")
        for rate in (0.01, 0.1)
        for seed in (0, 1)
    ]
    records = train.sweep(runs, tmp_path_factory.mktemp("whole") / "runs.jsonl")
    return sorted(timeless(records), key=lambda r: json.dumps(r["run"]))


@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("SIGINT", 1),
        pytest.param("SIGINT", 2, marks=pytest.mark.slow),  # the command's Ctrl-C test does this
        ("SIGKILL", 2),
    ],
)
def test_a_sweep_stopped_in_the_middle_goes_on_to_the_same_table(
    tmp_path, uninterrupted, how, number
):
    out = tmp_path / "runs.jsonl"
    process = start(tmp_path, out, number)
    try:
        wait_for(lambda: out.exists() and out.read_bytes().count(b"\n") >= 2, 60, "two runs")
        if how == "SIGINT":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody
        else:
            process.kill()  # the parent alone: the others must notice
        _, err = process.communicate(timeout=20)
        assert process.returncode != 0
        wait_for(lambda: nobody_left(process.pid), 5, "the workers to end")
    finally:
        if not nobody_left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    kept = out.read_bytes()
    stopped_at = kept.count(b"\n")
    assert 2 <= stopped_at < 8, "it was not stopped in the middle"
    if how == "SIGINT":
        assert f"stopped: {stopped_at} of 8 runs are kept in {out}" in err
        assert "the same command goes on from there" in err
        assert err.count("Traceback") == 1, "the workers are to be silent"

    again = start(tmp_path, out, number)
    assert again.wait(60) == 0
    assert out.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1]), "finished runs were redone"
    got = sorted(timeless(read_runs(out)), key=lambda r: json.dumps(r["run"]))
    assert got == uninterrupted
