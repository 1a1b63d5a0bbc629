"""The notebooks run from top to bottom, keep their outputs, and are built as promised."""

import ast
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
    STAND_IN,
    code_cells,
    execute,
    figures,
    is_live,
    lines_of_code,
    printed,
    prose,
    read,
    stubs,
)

SECONDS = 120  # after which a cell hangs; a whole notebook needs at most 60 on a quiet machine
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
SWITCH = "xp = show.array_module()  # CuPy where a GPU answers, else NumPy"
NO_SWITCH = "  # no switch to a GPU here: "  # and why
NUMPY_ALONE = ("06", "07", "08")
MACHINE = re.compile(r"(/(home|root|work|Users|tmp|var|opt|usr)/)|([A-Z]:\\)|\.venv|site-packages")

each_notebook = pytest.mark.parametrize("name", NAMES)


def allowed():
    """Seconds before a cell is taken to hang: more where others keep the cores busy."""
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 1.0
    return SECONDS * max(1.0, busy)


def kinds(cell):
    """Kinds of outputs in order; what one cell prints may arrive in several pieces."""
    return [kind for kind, _ in groupby(out.output_type for out in cell.outputs)]


def test_all_notebooks_are_there():
    wanted = {"00_reading_guide", "01_backward_by_hand", "02_cnn_and_transformer"}
    wanted |= {"03_large_batches_break_sgd", "04_lars_two_of_them", "05_lamb"}
    wanted |= {"06_descent_lemma_layer_by_layer", "07_rates_slack_and_broken_hypotheses"}
    assert wanted | {"08_museum_of_wrong_lambs"} <= set(NAMES)


def slider_calls(cell):
    """The source of (draw, choices) of each call of show.slider in a cell."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    calls = [node for node in calls if ast.unparse(node.func) == "show.slider"]
    return [tuple(map(ast.unparse, call.args)) for call in calls]


def move_sliders(notebook):
    """Code that redraws what each slider shows at its ends, and prints how often it did.

    It runs after the last cell: whoever moves a slider has often run the rest of the notebook.
    """
    calls = [call for cell in code_cells(notebook) for call in slider_calls(cell)]
    if not calls:
        return ""
    listed = ", ".join(f"({draw}, {choices})" for draw, choices in calls)
    return f"""
import itertools
import matplotlib.pyplot as plt
redrawn = 0
for draw, choices in [{listed}]:
    for values in itertools.product(*((c[0], c[-1]) for c in choices.values())):
        draw(*values)
        plt.gcf().canvas.draw()
        plt.close("all")
        redrawn += 1
print(redrawn)
"""


@each_notebook
def test_a_fresh_run_goes_through_and_shows_what_the_kept_one_shows(name, tmp_path):
    kept = read(name)
    moves = move_sliders(kept)
    notebook, _ = execute(name, tmp_path, timeout=int(allowed()), and_then=moves)
    cells = code_cells(notebook)
    assert all(out.output_type != "error" for cell in cells for out in cell.outputs)
    if moves:
        assert int(printed(cells.pop().outputs)) >= 2  # both ends of a slider at least
    for old, new in zip(code_cells(kept), cells, strict=True):
        if is_live(old):
            shown = [kind for out in new.outputs for kind in out.get("data", {})]
            assert "application/vnd.jupyter.widget-view+json" in shown
            assert printed(new.outputs).count("VBox") == len(slider_calls(new))
        else:
            assert kinds(new) == kinds(old)


def runs_on_cupy(name, scratch, environment):
    """Run a notebook with four times the usual seconds: small arrays are slow on a device."""
    how = {"environment": environment, "timeout": 4 * int(allowed())}
    notebook, _ = execute(name, scratch, and_then="print(xp.__name__)", **how)
    return printed(notebook.cells[-1].outputs).strip() == "cupy"


each_with_a_switch = pytest.mark.parametrize("name", [n for n in NAMES if n[:2] not in NUMPY_ALONE])


@pytest.mark.slow
@each_with_a_switch
def test_arrays_of_a_gpu_are_never_taken_for_numpys(name, tmp_path):
    path = os.pathsep.join([str(STAND_IN), str(ROOT)])
    assert runs_on_cupy(name, tmp_path, {"PYTHONPATH": path})


@pytest.mark.gpu
@each_with_a_switch
def test_a_gpu_runs_it_from_top_to_bottom(name, tmp_path):
    pytest.importorskip("cupy")
    assert runs_on_cupy(name, tmp_path, {})


@each_notebook
def test_the_first_code_cell_switches_to_a_gpu_or_says_why_not(name):
    first, *others = [cell.source for cell in code_cells(read(name))]
    if name[:2] in NUMPY_ALONE:
        assert NO_SWITCH in first
        return
    assert SWITCH in first.splitlines()
    code = "\n".join(others)
    assert re.search(r"\bxp\.", code), "nothing is made with xp"
    assert not re.search(r"^xp = |import cupy", code, re.MULTILINE)


@each_notebook
def test_cells_with_sliders_are_tagged_live_and_keep_no_output(name):
    for before, cell in pairwise(code_cells(read(name))):
        assert is_live(cell) == bool(slider_calls(cell)), cell.id
        if is_live(cell):
            assert cell.outputs == []
            shown = [kind for out in before.outputs for kind in out.get("data", {})]
            assert "image/png" in shown, f"{cell.id}: readers without a kernel see nothing"


def test_there_is_a_slider_for_the_ratio_the_noise_and_the_warm_up():
    words = " ".join(
        choices for name in NAMES for cell in code_cells(read(name))
        for _, choices in slider_calls(cell)
    )  # fmt: skip
    assert all(word in words for word in ("‖w‖", "‖g‖", "decay", "batch size", "warm-up"))


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
        assert cell.metadata in ({}, {"tags": ["live"]})
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
    heads = [read(name).cells[0].source.split("**Next:**") for name in NAMES]
    for name, (_, onward) in zip(NAMES[1:], heads, strict=False):
        assert f"]({name}.ipynb)" in onward
    for name, (head, _) in zip(NAMES, heads[1:], strict=False):
        assert f"]({name}.ipynb)" in head.split("**Previous:**")[1]
    assert "**Previous:**" not in heads[0][0]
    assert "](../docs/" in heads[-1][1]  # where to go on


def test_no_two_figures_are_the_same():
    counted = Counter(png for path in PATHS for png in figures(read(path.stem)))
    assert max(counted.values()) == 1
