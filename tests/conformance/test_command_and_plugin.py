"""The command's exit codes, and the pytest line from an empty directory."""

import importlib.metadata
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lbopt.__main__ import main

ROOT = Path(__file__).parents[2]
MINE = """
from lbopt import optim
from lbopt.conformance import from_lbopt

right = from_lbopt(optim.sgd)
wrong = from_lbopt(lambda lr, **h: optim.sgd(lr, **h | {"weight_decay": 0.0}),
                   names={"momentum": "momentum", "weight_decay": "weight_decay"})
number = 3
"""


@pytest.fixture
def empty(tmp_path, monkeypatch):
    (tmp_path / "mine_for_lbopt.py").write_text(MINE)
    (tmp_path / "spoiled_for_lbopt.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("mine_for_lbopt", None)
    yield tmp_path
    sys.modules.pop("mine_for_lbopt", None)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["mine_for_lbopt:right", "--claims", "sgd"], 0, "PASSED: SGD"),
        (["mine_for_lbopt:wrong", "--claims", "sgd"], 1, "weight_decay is ignored"),
        (["mine_for_lbopt:right", "--claims", "sgd", "--identify"], 0, "identified: SGD with"),
        (["lbopt.optim:sgd", "--claims", "sgd", "--dtype", "float32"], 0, "in float32"),
    ],
)
def test_exit_code_tells_whether_every_law_is_kept(empty, capsys, args, code, words):
    assert main(["conformance", *args]) == code
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("mine_for_lbopt", "is not MODULE:FACTORY"),
        ("mine_for_lbopt:right:x", "is not MODULE:FACTORY"),
        ("spoiled_for_lbopt:make", "importing spoiled_for_lbopt raised ZeroDivisionError"),
        ("mine_for_lbopt:none", "mine_for_lbopt has no 'none'"),
        ("mine_for_lbopt:number", "is int, not a function or class"),
        ("no_such_module:make", "No module named 'no_such_module'"),
    ],
)
def test_wrong_input_is_exit_code_two_in_one_line(empty, capsys, spec, words):
    assert main(["conformance", spec]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_unknown_claim_is_exit_code_two(capsys):
    with pytest.raises(SystemExit) as left:
        main(["conformance", "lbopt.optim:sgd", "--claims", "lion"])
    assert left.value.code == 2


def run_pytest(folder, *options):
    """A pytest of its own, as a stranger runs it; the plugin is named where it is not installed."""
    points = importlib.metadata.entry_points(group="pytest11")
    named = [] if any(p.value == "lbopt_pytest" for p in points) else ["-p", "lbopt_pytest"]
    command = [sys.executable, "-m", "pytest", "--pyargs", "lbopt.conformance", "-q", *named]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", *options],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_plugin_runs_the_laws_from_an_empty_directory(empty):
    code, out = run_pytest(empty, "--lbopt-optimizer", "mine_for_lbopt:right",
                           "--lbopt-claims", "sgd", "--lbopt-strict")  # fmt: skip
    assert code == 0, out
    assert "passed" in out
    assert "failed" not in out


def test_plugin_fails_the_broken_laws_and_says_why(empty):
    code, out = run_pytest(empty, "--lbopt-optimizer", "mine_for_lbopt:wrong",
                           "--lbopt-claims", "sgd")  # fmt: skip
    assert code == 1, out
    assert "decay_reaches_every_layer" in out
    assert "what it does instead, by probing: weight_decay is ignored" in out


def test_plugin_skips_politely_without_an_optimizer(empty):
    code, out = run_pytest(empty, "-rs")
    assert code == 0, out
    assert "1 skipped" in out
    assert "no --lbopt-optimizer MODULE:FACTORY was given" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lbopt-optimizer", "mine_for_lbopt:none"], "mine_for_lbopt has no 'none'"),
        (["--lbopt-optimizer", "mine_for_lbopt:right", "--lbopt-claims", "lion"], "unknown claim"),
    ],
)
def test_plugin_names_wrong_options(empty, options, words):
    code, out = run_pytest(empty, *options)
    assert code == 4, out
    assert words in out
    assert "Traceback" not in out
    assert out.count("ERROR:") == 1


def test_plugin_module_imports_nothing_heavy():
    code = (
        "import sys, lbopt_pytest; print(sorted({'numpy', 'lbopt', 'pytest'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert out.stdout.strip() == "[]", out.stdout + out.stderr


def test_wheel_carries_the_plugin():
    import tomllib

    meta = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert meta["project"]["entry-points"]["pytest11"] == {"lbopt": "lbopt_pytest"}
    assert "lbopt_pytest.py" in meta["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_ten_lines_make_an_adapter():
    """The example of the docstring of `check`, as long as it says."""
    from lbopt.conformance import check

    text = textwrap.dedent(check.__doc__)
    lines = [x for x in text.splitlines() if x.strip().startswith((">>> def make", "... "))]
    assert 0 < len(lines) <= 10
