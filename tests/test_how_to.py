"""The how-to pages are followed: blocks run in order, files fit, the tests of a copy turn green."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from types import ModuleType

import pytest

from tests.pages import ROOT, blocks, changed

PAGES = sorted((ROOT / "docs" / "how_to").glob("add_*.md"))
START = ROOT / "docs" / "start_here.md"
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
FRAMEWORKS = ("torch", "jax", "cupy")


def imported(path, text, monkeypatch):
    """Make a new file importable without writing it, and run what it says of itself."""
    name = path.removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    module.__file__ = str(ROOT / path)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(text, path, "exec"), vars(module))
    parent, _, child = name.rpartition(".")
    monkeypatch.setattr(importlib.import_module(parent), child, module, raising=False)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder().find(module, name):
        runner.run(test)
    assert runner.failures == 0, f"{path}: a doctest fails, see above"
    for test in [f for k, f in vars(module).items() if k.startswith("test_")]:
        if not hasattr(test, "pytestmark"):  # parametrized ones are left to the copy below
            test()


def framework(block):
    """Name the framework that a block of its own is about, None if it needs NumPy alone."""
    return next((f for f in FRAMEWORKS if f"import {f}\n" in block.text), None)


def run(found, monkeypatch, page):
    names, printed = {"__name__": page.stem}, None
    for block in found:
        where = f"{page.name}:{block.line}"
        if block.language == "python" and block.path:
            imported(block.path, block.text, monkeypatch)
        elif block.language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
            printed = out.getvalue()
        elif block.language == "text":
            assert printed.endswith(block.text), f"{where} prints\n{printed}"


@pytest.mark.parametrize("page", [START, *PAGES], ids=lambda p: p.stem)
def test_the_code_of_a_page_runs_in_order_and_prints_what_it_says(page, monkeypatch):
    found = blocks(page)
    apart = {k for k, b in enumerate(found) if framework(b)}
    apart |= {k + 1 for k in apart}  # what it prints
    run([b for k, b in enumerate(found) if k not in apart], monkeypatch, page)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("torch", marks=pytest.mark.peers),
        pytest.param("jax", marks=pytest.mark.peers),
        pytest.param("cupy", marks=pytest.mark.gpu),
    ],
)
def test_the_first_step_on_arrays_of_a_framework_prints_what_start_here_says(name, monkeypatch):
    pytest.importorskip(name)
    found = blocks(START)
    (at,) = [k for k, b in enumerate(found) if framework(b) == name]
    assert found[at + 1].language == "text"
    run(found[at : at + 2], monkeypatch, START)


@every_page
def test_a_page_writes_new_files_and_changes_files_that_fit(page):
    files = {}
    found = [b for b in blocks(page) if b.path]
    assert any(b.new for b in found)
    for b in found:
        path = ROOT / b.path
        if b.language == "diff":
            old = files.get(b.path) or path.read_text(encoding="utf-8")
            files[b.path] = changed(old, b.text, b.path)
        else:
            assert b.new, f"{b.path}: a whole file that is not new"
            assert not path.exists(), f"{b.path} is there already"
            files[b.path] = b.text


@pytest.mark.slow
@every_page
def test_following_a_page_in_a_copy_turns_its_tests_green(page, tmp_path):
    for name in ("lbopt", "theory", "tests", "docs", "notebooks"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "_build")
        )
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, tmp_path)
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    ran = 0
    for b in blocks(page):
        path = tmp_path / b.path
        if b.path and b.language == "diff":
            path.write_text(changed(path.read_text("utf-8"), b.text, b.path), "utf-8")
        elif b.path:
            path.write_text(b.text, "utf-8")
        elif b.language == "sh":
            for line in b.text.splitlines():
                command = [sys.executable, *shlex.split(line)[1:]]
                done = subprocess.run(
                    command, cwd=tmp_path, env=env, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
                ran += 1
    assert ran
    for way in (["format", "--check"], ["check"]):
        files = sorted({b.path for b in blocks(page) if b.path.endswith(".py")})
        command = [sys.executable, "-m", "ruff", *way, *files]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
