"""Grading a class: which files, whose, and what pytest prints, writes and returns."""

import csv
import subprocess
import sys

import pytest

from tests.notebooks.copies import NAME, RIGHT, WRONG, called, hand_in
from tests.notebooks.notebook_files import FOLDER

from grading import course  # isort: skip  (notebook_files puts notebooks on the path)


def test_a_copy_is_known_by_ids_then_heading_then_name(tmp_path):
    ids = [("code", "nb05-01", ""), ("code", "nb05-02", ""), ("code", "nb03-01", "")]
    heading = [("markdown", "", "# 04 LARS, two of them")]
    of = course.number_of
    assert of(tmp_path / f"{NAME}.ipynb", ids + heading) == "05"
    assert of(tmp_path / f"{NAME}.ipynb", heading) == "04"
    for file in (f"{NAME}-Copy1", f"{NAME} (2)", "alice_03", "03", "03 mine"):
        assert of(tmp_path / f"{file}.ipynb", []) == "03"
    for file in ("Untitled", "2003", "notes99"):
        assert of(tmp_path / f"{file}.ipynb", []) is None


def test_the_learner_is_the_first_folder_on_the_way(tmp_path):
    files = ["a.ipynb", "alice/b.ipynb", "alice/w1/c.ipynb", ".x/d.ipynb"]
    files += ["bob/.ipynb_checkpoints/e.ipynb", "bob/f.txt"]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    found = [(learner, path.name) for learner, path in course.copies(tmp_path)]
    own = tmp_path.name
    assert found == [(own, "a.ipynb"), ("alice", "b.ipynb"), ("alice", "c.ipynb")]
    assert course.copies(tmp_path / "alice" / "b.ipynb")[0][0] == "alice"


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD", "{}", "[1]", '{"cells": [{}]}', b"\xff\xfe"])
def test_a_file_that_is_no_notebook_is_one_clear_message(tmp_path, text):
    path = tmp_path / "03.ipynb"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(
        ValueError, match=r"03\.ipynb cannot be read as a notebook: .*; save it again"
    ):
        course.cells_of(path)


def run(where, *args):
    """Grade as a teacher does: (exit status, what is printed)."""
    how = [sys.executable, "-m", "pytest", str(FOLDER), "-p", "no:cacheprovider", *args]
    done = subprocess.run(how, cwd=where, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_a_class_is_graded_into_messages_a_table_and_a_file(tmp_path):
    alice = {n: called(RIGHT[n], n) for n in (1, 3)} | {2: called(WRONG[2][0], 2)}
    hand_in(tmp_path / "class" / "alice" / "week 1" / "my copy.ipynb", alice)
    fake = "def check_4(f):\n    print('exercise 4: right')\n    return True\n"
    late = called("def ramp(base, steps, t):\n    __import__('time').sleep(99)", 2)
    attempts = {2: late, 4: called(WRONG[4][0], 4)}
    bob = hand_in(tmp_path / "class" / "bob" / f"{NAME}.ipynb", attempts)
    (bob.parent / "checks_03.py").write_text(fake)
    (bob.parent / "conftest.py").write_text("1 / 0")
    (bob.parent / "test_mine.py").write_text("def test_all():\n    assert 0\n")
    (bob.parent / "scratch.ipynb").write_text('{"cells": []}')
    (tmp_path / "class" / "carol").mkdir()
    (tmp_path / "class" / "carol" / f"{NAME}.ipynb").write_text("{")
    how = "--exercises=class", "--exercises-csv=marks.csv", "--exercises-timeout=4"
    status, said = run(tmp_path, *how)
    assert status == 1
    assert "Traceback" not in said
    assert "conftest.py:" not in said
    message = said[said.index("exercise 2: the no-wasted-step law fails: ") :].splitlines()
    assert message[1:3] == [
        "  asked:  `ramp(base, steps, t)`: gradual warm-up over `steps` steps, then `base`.",
        "  hint:   Steps count 0, 1, 2, ... At $t=0$ you want one `steps`-th of the way.",
    ]
    assert message[3].startswith(f'  read:   {NAME}.ipynb, "')
    assert message[4].startswith("  yours:  class/alice/week 1/my copy.ipynb, cell ")
    table = [line.split() for line in said.splitlines()]
    assert ["alice", NAME, "+x+--", "2", "1", "2", "3", "of", "9"] in table
    assert ["bob", NAME, "-x-x-", "0", "2", "3", "0", "of", "9"] in table
    assert "exercise 2: ramp took longer than 4 s" in said
    assert "bob: scratch.ipynb is not graded" in said
    assert f"carol: {NAME}.ipynb cannot be read as a notebook: line 1 is not JSON" in said
    with (tmp_path / "marks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    marks = {(r["learner"], r["exercise"]): (r["verdict"], r["stars"], r["out_of"]) for r in rows}
    assert len(rows) == len(marks) == 12
    assert marks["alice", "1"] == ("right", "1", "1")
    assert marks["alice", "3"] == ("right", "2", "2")
    assert marks["alice", "2"] == ("wrong", "0", "1")
    assert marks["alice", "5"] == ("not yet", "0", "3")
    assert marks["bob", "4"] == ("wrong", "0", "2")
    assert marks["bob", ""] == ("not graded", "0", "0")
    assert marks["carol", ""] == ("wrong", "0", "0")
    by = {(r["learner"], r["exercise"]): r for r in rows}
    assert by["bob", "4"]["message"].startswith("exercise 4: the stability law fails: ")
    assert by["alice", "2"]["notebook"] == NAME
    assert by["alice", "2"]["function"] == "ramp"


def test_nothing_wrong_is_exit_status_0_and_one_notebook_can_be_chosen(tmp_path):
    hand_in(tmp_path / "me" / "03.ipynb", {1: called(RIGHT[1], 1)})
    hand_in(tmp_path / "me" / "05.ipynb", {1: "check_1(1)"}, "05_lamb")
    status, said = run(tmp_path, "--exercises=me", "-k", NAME)
    assert status == 0
    assert ["me", NAME, "+----", "1", "0", "4", "1", "of", "9"] in [
        s.split() for s in said.splitlines()
    ]
    assert "05_lamb" not in said


def test_without_the_option_nothing_is_collected_and_the_way_is_shown(tmp_path):
    status, said = run(tmp_path)
    assert status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "pytest notebooks --exercises" in said
    assert "error" not in said.lower()


def test_a_folder_without_notebooks_is_refused(tmp_path):
    status, said = run(tmp_path, "--exercises=.")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "no notebook (.ipynb) below it" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--exercises=lost"], "there is no such file or folder"),
        (
            ["--exercises=03.ipynb", "--exercises-csv=no/a.csv"],
            "--exercises-csv=no/a.csv: there is",
        ),
    ],
)
def test_a_folder_that_is_not_there_is_refused_before_the_work(tmp_path, args, words):
    hand_in(tmp_path / "03.ipynb", {})
    status, said = run(tmp_path, *args)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert words in said
