"""Run notebooks and keep their outputs: ``python -m tests.notebooks.keep 03 04`` (none: all)."""

import sys
import tempfile
from pathlib import Path

import nbformat

from tests.notebooks.notebook_files import FOLDER, NAMES, code_cells, execute, is_live


def keep(name: str) -> float:
    """Run one notebook on the CPU and write it back with what it shows; return the seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        notebook, seconds = execute(name, Path(scratch), timeout=1200)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for i, cell in enumerate(notebook.cells):
        cell.id = f"nb{name[:2]}-{i:02d}"
        cell.metadata = {"tags": ["live"]} if is_live(cell) else {}
    for cell in code_cells(notebook):
        cell.outputs = [] if is_live(cell) else joined(cell.outputs)
    nbformat.write(notebook, FOLDER / f"{name}.ipynb")
    return seconds


def joined(outputs: list) -> list:
    """Join what one cell printed in several pieces."""
    whole: list = []
    for out in outputs:
        if whole and out.output_type == "stream" and whole[-1].get("name") == out.get("name"):
            whole[-1].text += out.text
        else:
            whole.append(out)
    return whole


if __name__ == "__main__":
    for name in NAMES:
        if name[:2] in (sys.argv[1:] or [name[:2]]):
            print(f"{name}: {keep(name):.0f} s", flush=True)
