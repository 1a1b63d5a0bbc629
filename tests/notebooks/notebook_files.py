"""The notebooks as the tests see them: cells, stubs, exercises, and a kernel of this Python."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
NAMES = [path.stem for path in PATHS]
EXERCISE = re.compile(r"^\*\*Exercise (\d)\*\* \((★+)\)\.", re.MULTILINE)

if str(FOLDER) not in sys.path:  # where a kernel stands when it runs a notebook
    sys.path.insert(0, str(FOLDER))


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def is_live(cell: Any) -> bool:
    """Whether a cell makes sliders: they need a kernel, so it keeps no output."""
    return cell.metadata.get("tags") == ["live"]


def lines_of_code(cell: Any) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def printed(outputs: list[Any]) -> str:
    """All text of some outputs: streams, and what a value is shown as."""
    texts = [out.get("text", "") for out in outputs]
    texts += [out["data"].get("text/plain", "") for out in outputs if "data" in out]
    return "\n".join(texts)


def figures(notebook: Any) -> list[str]:
    outputs = [out for cell in code_cells(notebook) for out in cell.outputs]
    return [out["data"]["image/png"] for out in outputs if "image/png" in out.get("data", {})]


def stubs(notebook: Any) -> dict[int, str]:
    """The source of each exercise's stub, by number: the cell that ends in ``check_N(...)``."""
    found = {}
    for cell in code_cells(notebook):
        if match := re.search(r"^check_(\d)\((\w+)\)$", cell.source, re.MULTILINE):
            found[int(match[1])] = cell.source
    return found


def stub_function(source: str) -> Callable:
    """Define the stub alone, without calling its check."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    space: dict[str, Any] = {}
    exec(compile(tree, "<stub>", "exec"), space)
    return space[tree.body[0].name]


def check(name: str, number: int) -> Callable[[Callable], bool]:
    return getattr(importlib.import_module(f"checks_{name[:2]}"), f"check_{number}")


def solutions(name: str) -> ModuleType:
    path = FOLDER / "solutions" / f"{name[:2]}_solutions.py"
    spec = importlib.util.spec_from_file_location(f"solutions_{name[:2]}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict(name: str, number: int, answer: Callable) -> tuple[bool, str]:
    """Check an answer: what the check returns, and what it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        passed = check(name, number)(answer)
    return passed, said.getvalue()


ON_THE_CPU = {"CUDA_VISIBLE_DEVICES": ""}  # the switch to CuPy finds no device: the same everywhere
STAND_IN = FOLDER.parent / "tests" / "notebooks" / "stand_in"  # a package named cupy


def execute(
    name: str,
    scratch: Path,
    *,
    timeout: int,
    environment: dict[str, str] = ON_THE_CPU,
    and_then: str = "",
) -> tuple[Any, float]:
    """Run all cells in order in a fresh kernel of this Python: (notebook, seconds).

    The code ``and_then`` is run as a last cell. The kernel spec is written here, so that no other
    one of the user's can be picked up.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    spec = scratch / "kernels" / "this"
    spec.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": argv, "display_name": "this", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(about))
    specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
    notebook = read(name)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    if and_then:
        notebook.cells.append(nbformat.v4.new_code_cell(and_then))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(
        prefix="nb"
    ) as sockets:  # short: a socket's name has 100 bytes
        km = AsyncKernelManager(kernel_name="this", kernel_spec_manager=specs)
        if os.name == "posix":  # no ports, which kernels started at one time could both pick
            km.transport, km.ip = "ipc", f"{sockets}/k"
        where = {"metadata": {"path": str(FOLDER)}}
        client = NotebookClient(notebook, km=km, timeout=timeout, resources=where)
        client.execute(env=os.environ | environment, cleanup_kc=True)
    return notebook, time.perf_counter() - began
