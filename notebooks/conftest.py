"""Grade the exercises: ``pytest notebooks --exercises``, or ``make exercises``.

One's own answers, in the notebooks of this folder::

    make exercises                           # all of them; or: pytest notebooks --exercises
    make exercises ARGS="-k 03"              # notebook 03

A class: put the copies that were handed in below one folder, one folder for each learner, at any
depth (``copies/alice/03_large_batches_break_sgd.ipynb``). What a copy is a copy of is told by its
cells' ids, its heading or its name, so that files may be renamed::

    pytest notebooks --exercises=copies
    pytest notebooks --exercises=copies --exercises-csv=marks.csv -n auto --dist loadfile

An answer is right, wrong, or "not yet" (the stub, which is no failure). A wrong one fails with the
law that it breaks, the exercise's hint and the section to read. No copy is run from top to bottom:
an answer gets the cells above it that it needs, in another process, with a time limit of
``--exercises-timeout`` seconds (60). The checks are always those of this folder. The exit status is
0 if nothing is wrong. Grading runs the learners' code with your rights: for strangers' code, use a
machine that you can lose.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from grading import course, find  # noqa: E402
from grading.judge import Judge  # noqa: E402

COLUMNS = ("learner", "notebook", "file", "exercise", "function")
COLUMNS += ("stars", "out_of", "verdict", "message")
SIGNS = {"right": "+", "wrong": "x", "not yet": "-"}


class Wrong(Exception):
    """What a learner is told; shown without a traceback."""


def pytest_addoption(parser: Any) -> None:
    """Add the options."""
    group = parser.getgroup("exercises", "the exercises of lbopt's notebooks")
    group.addoption(
        "--exercises",
        action="append",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="grade the answers in notebooks/, or in all copies below FOLDER (may be repeated)",
    )
    group.addoption(
        "--exercises-csv", metavar="FILE", help="write learner, notebook, exercise, stars, verdict"
    )
    group.addoption(
        "--exercises-timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="for one answer, and for the cells that it builds on (default 60)",
    )


def asked(config: Any) -> bool:
    """Whether exercises are to be graded; the option is unknown if pytest came here by chance."""
    return config.getoption("exercises", None) is not None


def pytest_configure(config: Any) -> None:
    """With ``--exercises`` nothing but exercises is run, and what they say is said once."""
    if not asked(config):
        return
    config.args[:] = [str(HERE)]
    config.option.reportchars = ""
    start = config.invocation_params.dir
    folders = [start / folder for folder in config.option.exercises if folder] or [HERE]
    for folder in folders:
        if not folder.exists():
            raise pytest.UsageError(f"--exercises={folder}: there is no such file or folder")
        if not course.copies(folder):
            raise pytest.UsageError(f"--exercises={folder}: no notebook (.ipynb) below it")
    table = config.option.exercises_csv
    if table and not (start / table).parent.is_dir():
        raise pytest.UsageError(f"--exercises-csv={table}: there is no such folder")
    config.lbopt_folders = folders


def pytest_ignore_collect(collection_path: Path, config: Any) -> bool | None:
    """Keep pytest, doctests included, away from the files here; `Copies` stands for them all."""
    if HERE not in collection_path.parents:
        return None
    return not (asked(config) and collection_path == HERE / "conftest.py")


def pytest_collect_file(file_path: Path, parent: Any) -> Any:
    """Collect all copies in the place of this file."""
    if asked(parent.config) and file_path == HERE / "conftest.py":
        return Copies.from_parent(parent, path=file_path)
    return None


# The three kinds of nodes of pytest's tree can only be made by inheriting from pytest's.
class Copies(pytest.File):
    """All copies below all folders that were given."""

    def collect(self) -> Iterator[Any]:
        """Yield a `Copy` for each."""
        folders = self.config.lbopt_folders
        for folder in folders:
            for learner, path in course.copies(folder):
                if folder == HERE and learner == HERE.name:
                    learner = "you"
                elif len(folders) > 1 and folder.is_dir() and learner != folder.resolve().name:
                    learner = f"{folder.resolve().name}/{learner}"
                yield Copy.from_parent(self, path=path, learner=learner)


class Copy(pytest.File):
    """One copy of one notebook, with the process that judges its answers."""

    def __init__(self, *, learner: str, path: Path, **given: Any) -> None:
        path, root = path.resolve(), given["parent"].config.rootpath
        nodeid = path.relative_to(root) if path.is_relative_to(root) else path
        super().__init__(path=path, name=path.name, nodeid=nodeid.as_posix(), **given)
        self.learner = learner
        self.judge: Judge | None = None

    def collect(self) -> Iterator[Any]:
        """Yield an item for each exercise, or one that says why there is none."""
        cells, trouble = [], ""
        try:
            cells = course.cells_of(self.path)
        except ValueError as e:
            trouble = str(e)
        number = course.number_of(self.path, cells)
        self.notebook = course.STEMS[number] if number else self.path.stem
        if trouble or number is None:
            trouble = trouble or (
                f"{self.path.name} is not graded: neither its cells' ids nor its heading nor name "
                "say of which notebook it is a copy"
            )
            yield Item.from_parent(self, name="file", exercise=None, trouble=trouble)
            return
        self.cells = find.code_cells(cells)
        self.judge = Judge(number, self.path.parent)
        for exercise in course.exercises(number):
            yield Item.from_parent(self, name=f"exercise {exercise.number}", exercise=exercise)

    def teardown(self) -> None:
        """End the process."""
        if self.judge:
            self.judge.stop()


class Item(pytest.Item):
    """One exercise in one copy; or, without an exercise, a file that cannot be graded."""

    def __init__(
        self, *, exercise: course.Exercise | None, trouble: str = "", **given: Any
    ) -> None:
        super().__init__(**given)
        self.exercise, self.trouble, self.place = exercise, trouble, 0
        more = {self.parent.learner, self.parent.notebook, exercise.name if exercise else ""}
        self.extra_keyword_matches.update(more - {""})  # for -k

    def runtest(self) -> None:
        """Judge the answer, note the verdict for the table, and fail where it is wrong."""
        verdict, said = self.graded()
        e = self.exercise
        row = (self.parent.learner, self.parent.notebook, self.parent.name)
        row += (e.number if e else "", e.name if e else "")
        row += (e.stars if e and verdict == "right" else 0, e.stars if e else 0, verdict, said)
        self.user_properties.append(("exercise", dict(zip(COLUMNS, row, strict=True))))
        if verdict == "wrong":
            raise Wrong("\n".join([said, *self.more()]))
        if verdict != "right":
            pytest.skip(said)

    def graded(self) -> tuple[str, str]:
        """Return the verdict and one line."""
        if self.exercise is None:
            return "wrong" if "cannot be read" in self.trouble else "not graded", self.trouble
        e, copy = self.exercise, self.parent
        answer = find.find(copy.cells, e.number, e.name, e.stub_id)
        self.place = answer.place
        if answer.verdict:
            return answer.verdict, f"exercise {e.number}: {answer.message}"
        try:
            verdict, said = copy.judge.ask(e.number, answer, self.config.option.exercises_timeout)
        except RuntimeError as trouble:
            return "wrong", f"exercise {e.number}: not graded, {trouble}"
        if "NameError" in said:
            lost = [f"; cell {c.place} was left out: {c.error}" for c in copy.cells if c.error]
            said += "".join(lost[:1])
        return verdict, said + answer.note

    def more(self) -> list[str]:
        """Return what was asked, the hint, the section to read, and where the answer stands."""
        if self.exercise is None:
            return []
        e = self.exercise
        section = f', "{e.section}"' if e.section else ""
        lines = [f"  asked:  {e.asked}", f"  hint:   {e.hint}" if e.hint else ""]
        lines += [f"  read:   {self.parent.notebook}.ipynb{section}"]
        path = os.path.relpath(self.parent.path, self.config.invocation_params.dir)
        lines += [f"  yours:  {path}" + (f", cell {self.place} from the top" if self.place else "")]
        return [line for line in lines if line]

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return what the learner is told; a traceback only where the grading itself is broken."""
        if isinstance(excinfo.value, Wrong):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the title over a failure."""
        e = self.exercise
        title = f"exercise {e.number} ({'★' * e.stars}), {e.name}" if e else "file"
        return self.path, None, f"{self.parent.learner}, {self.parent.notebook}, {title}"


def row_of(report: Any) -> dict[str, Any] | None:
    """Return the row of the table that a report carries, also from another process."""
    return dict(report.user_properties).get("exercise") if report.when == "call" else None


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """Show the verdicts in their own words and signs."""
    row = row_of(report)
    if row is None:
        return None
    return report.outcome, SIGNS.get(row["verdict"], "?"), row["verdict"].upper()


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: Any) -> None:
    """Print the table and write the file; or say how to grade, if that was not asked for."""
    if not asked(config):
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            terminalreporter.line("The exercises are graded by: pytest notebooks --exercises")
            terminalreporter.line(
                "A class's copies of them by: pytest notebooks --exercises=FOLDER"
            )
        return
    kinds = ("passed", "failed", "skipped")
    reports = [r for kind in kinds for r in terminalreporter.stats.get(kind, [])]
    rows = [row for report in reports if (row := row_of(report))]
    rows.sort(key=lambda row: (row["learner"], row["notebook"], row["file"], row["exercise"] or 0))
    if rows:
        terminalreporter.section("exercises")
        for line in table(rows):
            terminalreporter.line(line)
    if config.option.exercises_csv:
        path = config.invocation_params.dir / config.option.exercises_csv
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        terminalreporter.line(f"written: {config.option.exercises_csv}")


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table: for each learner and notebook the verdicts and the stars."""
    graded = [row for row in rows if row["exercise"]]
    whose: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in graded:
        whose.setdefault((row["learner"], row["notebook"], row["file"]), []).append(row)
    lines = [("learner", "notebook", "1, 2, ...", "right", "wrong", "not yet", "stars")]
    for learner in sorted({row["learner"] for row in graded}):
        own = {key[1:]: found for key, found in whose.items() if key[0] == learner}
        twice = Counter(book for book, _ in own)
        for (book, file), found in own.items():
            lines.append(counted(learner, file if twice[book] > 1 else book, found))
        if len(own) > 1:
            everything = counted(learner, "all", [row for found in own.values() for row in found])
            lines.append((*everything[:2], "", *everything[3:]))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines if graded]
    shown += [f"{row['learner']}: {row['message']}" for row in rows if not row["exercise"]]
    return [*shown, "+ right   x wrong   - not yet"] if graded else shown


def counted(learner: str, book: str, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return one line of the table."""
    verdicts = [row["verdict"] for row in rows]
    counts = [str(verdicts.count(verdict)) for verdict in SIGNS]
    stars = f"{sum(row['stars'] for row in rows)} of {sum(row['out_of'] for row in rows)}"
    return learner, book, "".join(SIGNS[verdict] for verdict in verdicts), *counts, stars
