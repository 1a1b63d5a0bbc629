"""The exercises of the course, and which files are copies of which notebook."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]  # notebooks
# Number and name of each notebook, as its checks give them: a learner may have added notebooks.
FIRST_LINES = [path.read_text(encoding="utf-8")[:200] for path in sorted(HERE.glob("checks_*.py"))]
STEMS = {m[1]: m[0] for line in FIRST_LINES if (m := re.search(r"(\d\d)_\w+(?=\.ipynb)", line))}
TASK = re.compile(r"^\*\*Exercise (\d+)\*\* \((★+)\)\.(.*?)(?=^\*\*Exercise|\Z)", re.M | re.S)
HINT = re.compile(r"<summary>Hint</summary>\s*(.*?)\s*</details>", re.S)
# The section to read again, for exercises 1, 2, ... of each notebook: how its title begins.
SECTIONS = {
    "00": ("An op returns", "Trust ratios", "An optimizer is a chain", "Trust ratios"),
    "01": ("Linear", "Convolution", "Layer norm", "Convolution", "Composition"),
    "02": (
        "A residual block",
        "Parameters from shapes",
        "Attention, plainly",
        "Attention, plainly",
        "Break it",
    ),
    "03": (
        "What a larger batch buys",
        "Why: the rate",
        "Break it",
        "Why: the rate",
        "What a larger batch buys",
    ),
    "04": (
        "LARS of 2017",
        "LARS of 2020",
        "What a layerwise rule",
        "The same links",
        "How long is a step",
    ),
    "05": (
        "The first step",
        "Bias correction",
        "What $\\phi$ does",
        "LAMB, plainly",
        "The step-length law",
    ),
    "06": ("The lemma", "Theorem 2", "The best step size", "What $L_i$", "The lemma"),
    "07": ("Rates", "Broken hypotheses", "Slack", "Where square-root", "Both sides"),
    "08": ("An adapter", "The doors open", "A law, plainly", "The doors open", "Break it"),
}


@dataclass(frozen=True)
class Exercise:
    """One exercise as the check and the notebook of this folder state it."""

    number: int
    name: str  # of the stub's function
    stars: int
    asked: str
    hint: str
    section: str
    stub_id: str


def exercises(number: str) -> list[Exercise]:
    """Return the exercises of notebook ``number``: one for each check, whatever became of its cell.

    (Who checks their own work has edited the notebook of this folder.)
    """
    source = (HERE / f"checks_{number}.py").read_text(encoding="utf-8")
    try:
        cells = cells_of(HERE / f"{STEMS[number]}.ipynb")
    except ValueError:
        cells = []
    prose = "\n\n".join(text for kind, _, text in cells if kind == "markdown")
    tasks = {int(task[1]): (len(task[2]), task[3]) for task in TASK.finditer(prose)}
    titles = re.findall(r"^## (.+)$", prose, re.M)
    found = []
    for node in ast.parse(source).body:
        match = re.fullmatch(r"check_(\d+)", getattr(node, "name", ""))
        if not match or not isinstance(node, ast.FunctionDef):
            continue
        k = int(match[1])
        stars, text = tasks.get(k, (1, ""))
        hint = HINT.search(text)
        again = dict(enumerate(SECTIONS.get(number, ()), 1)).get(k)
        found.append(
            Exercise(
                number=k,
                name=node.args.args[0].arg,
                stars=stars,
                asked=" ".join((ast.get_docstring(node) or "").replace("``", "`").split()),
                hint=" ".join(hint[1].split()) if hint else "",
                section=next((t for t in titles if again and t.startswith(again)), ""),
                stub_id=next((i for _, i, text in cells if f"\ncheck_{k}(" in text), ""),
            )
        )
    return found


def cells_of(path: Path) -> list[tuple[str, str, str]]:
    """Return kind, id and text of each cell, or a ValueError that says why the file has none."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(c["cell_type"], str(c.get("id", "")), "".join(c["source"])) for c in cells]
    except json.JSONDecodeError as e:
        why = f"line {e.lineno} is not JSON ({e.msg})"
    except UnicodeDecodeError:
        why = "it is not text in UTF-8"
    except OSError as e:
        why = e.strerror or type(e).__name__
    except (KeyError, TypeError, AttributeError, RecursionError):
        why = "it has no list of cells as format 4 has"
    raise ValueError(
        f"{path.name} cannot be read as a notebook: {why}; save it again in JupyterLab"
    )


def number_of(path: Path, cells: list[tuple[str, str, str]]) -> str | None:
    """Of which notebook this is a copy: by its cells' ids, else its heading, else its name."""
    ids = Counter(m[1] for _, i, _ in cells if (m := re.match(r"nb(\d\d)-", i)) and m[1] in STEMS)
    if ids:
        return ids.most_common(1)[0][0]
    headings = [text for kind, _, text in cells if kind == "markdown"][:3]
    for text in headings:
        if (m := re.match(r"# (\d\d) ", text)) and m[1] in STEMS:
            return m[1]
    return next((n for n in STEMS if re.search(rf"(?<!\d){n}(?!\d)", path.stem)), None)


def copies(folder: Path) -> list[tuple[str, Path]]:
    """All notebooks below ``folder``, with their learner: the first folder on the way to them."""
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.ipynb"))
    top = folder.parent if folder.is_file() else folder
    found: list[Any] = []
    for path in paths:
        inside = path.relative_to(top)
        if not any(part.startswith(".") for part in inside.parts):
            found.append((inside.parts[0] if len(inside.parts) > 1 else top.resolve().name, path))
    return found
