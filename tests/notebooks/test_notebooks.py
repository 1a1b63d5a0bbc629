"""The notebooks run from top to bottom, keep their outputs, and are built as promised."""

import os
import re
from collections import Counter
from itertools import groupby, pairwise

import pytest

from tests.notebooks.notebook_files import (
    EXERCISE,
    FOLDER,
    NAMES,
    PATHS,
    ROOT,
    code_cells,
    execute,
    figures,
    lines_of_code,
    printed,
    prose,
    read,
    stubs,
)

SECONDS = 120  # for one notebook; a quiet machine with two cores needs about 30
PARTS = (
    "**Question.**",
    "**After this notebook you can**",
    "**Prerequisites.**",
    "**Running time.**",
    "## Predict",
    "## Break it",
    "## Exercises",
    "## What we did not show",
    "**Sources.**",
)
MACHINE = re.compile(r"(/(home|root|work|Users|tmp|var|opt|usr)/)|([A-Z]:\\)|\.venv|site-packages")

each_notebook = pytest.mark.parametrize("name", NAMES)


def allowed():
    """Seconds for one notebook here and now: more where others keep the cores busy."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 1.0
    return SECONDS * max(1.0, busy)


def kinds(cell):
    """Kinds of outputs in order; what one cell prints may arrive in several pieces."""
    return [kind for kind, _ in groupby(out.output_type for out in cell.outputs)]


def test_all_notebooks_are_there():
    wanted = {"00_reading_guide", "01_backward_by_hand", "02_cnn_and_transformer"}
    wanted |= {
        "03_large_batches_break_sgd",
        "04_lars_two_of_them",
        "05_lamb",
        "06_descent_lemma_layer_by_layer",
    }
    wanted |= {"07_rates_slack_and_broken_hypotheses", "08_museum_of_wrong_lambs"}
    assert wanted <= set(NAMES)


@each_notebook
def test_a_fresh_run_goes_through_in_time_and_shows_what_the_kept_one_shows(name, tmp_path):
    kept, (notebook, seconds) = read(name), execute(name, tmp_path, timeout=int(allowed()))
    assert seconds < allowed(), f"{name} took {seconds:.0f} s"
    assert all(out.output_type != "error" for cell in code_cells(notebook) for out in cell.outputs)
    for old, new in zip(code_cells(kept), code_cells(notebook), strict=True):
        assert kinds(new) == kinds(old)
    assert len(figures(notebook)) == len(figures(kept))


@each_notebook
def test_kept_outputs_are_of_one_run_in_order(name):
    notebook = read(name)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [out for cell in cells for out in cell.outputs]
    assert outputs
    assert all(out.output_type != "error" for out in outputs)
    assert not any(out.get("name") == "stderr" for out in outputs)
    assert 1 <= len(figures(notebook)) <= 6


@each_notebook
def test_file_is_small_and_names_no_machine(name):
    path = FOLDER / f"{name}.ipynb"
    assert path.stat().st_size < 600_000
    notebook = read(name)
    assert not (found := MACHINE.search(prose(notebook))), found
    for cell in code_cells(notebook):
        shown = cell.source + printed(cell.outputs)
        assert not (found := MACHINE.search(shown)), found
        assert not cell.metadata
    assert notebook.metadata.kernelspec.name == "python3"


@each_notebook
def test_sizes_keep_to_the_plan(name):
    notebook = read(name)
    cells = code_cells(notebook)
    lines = [lines_of_code(cell) for cell in cells]
    words = len(prose(notebook).split())
    assert 25 <= len(notebook.cells) <= 45
    assert 120 <= sum(lines) <= 220
    assert max(lines) <= 20
    assert 1000 <= words <= 2000
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    magics = [line for cell in cells for line in cell.source.splitlines() if line[:1] in ("%", "!")]
    assert set(magics) <= {"%matplotlib inline"}


@each_notebook
def test_parts_come_in_their_order(name):
    notebook = read(name)
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {name[:2]} ")
    text = prose(notebook)
    places = [text.find(part) for part in PARTS]
    assert -1 not in places, dict(zip(PARTS, places, strict=True))
    assert places == sorted(places)


@each_notebook
def test_prose_is_plain_commonmark_with_dollar_maths(name):
    text = prose(read(name))
    assert not re.search(r"\{(eq|ref|cite|math|numref)\}`", text)
    assert not re.search(r"\\begin\{(equation|align)\}(?![^$]*\$)", text)
    assert text.count("$$") % 2 == 0
    for block in text.split("\n\n"):  # a single $ would swallow the paragraph
        assert block.replace("$$", "").count("$") % 2 == 0, block


@each_notebook
def test_exercises_have_stars_hint_stub_length_and_check(name):
    notebook = read(name)
    text = prose(notebook)
    numbers = [int(number) for number, _ in EXERCISE.findall(text)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 4 <= len(numbers) <= 6
    assert list(stubs(notebook)) == numbers
    hints = re.findall(r"<details><summary>Hint</summary>\n\n.+?\n\n</details>", text, re.DOTALL)
    assert len(hints) == len(numbers)
    for number, source in stubs(notebook).items():
        assert re.search(r"^def \w+\(.*\):  # about \d+ lines?$", source, re.MULTILINE), source
        shown = next(c for c in code_cells(notebook) if c.source == source)
        assert f"exercise {number}: not yet" in printed(shown.outputs)


@each_notebook
def test_relative_links_and_named_files_exist(name):
    text = prose(read(name))
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("https://")]
    assert links
    for link in links:
        assert (FOLDER / link).is_file(), link
    for path in re.findall(r"`((?:lbopt|theory|docs|tests)/[\w/.]+)`", text):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"`(solutions/\w+\.py|\w+_\w+\.py)`", text):
        assert (FOLDER / path).is_file(), path


def test_notebooks_are_linked_in_their_order():
    for before, after in pairwise(NAMES):
        assert f"({after}.ipynb)" in read(before).cells[0].source
        assert f"({before}.ipynb)" in read(after).cells[0].source


def test_no_two_figures_are_the_same():
    counted = Counter(png for path in PATHS for png in figures(read(path.stem)))
    assert max(counted.values()) == 1
