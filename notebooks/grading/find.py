"""The answer to an exercise in a copy of a notebook: where it is, and what has to run for it.

A copy is read, not run. Its cells are cut into top-level statements; from the names that an answer
reads, `needed` goes back to the statements that set them. A training run that the answer does not
need is not run.
"""

from __future__ import annotations

import ast
import builtins
import dis
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

# A statement of these kinds gives a name its value whatever stood before; an `if` only may.
PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom)
PLAIN += (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# IPython's own lines, and those first lines of a cell that leave the rest Python.
MAGICS = (
    (re.compile(r"^(\s*[\w., ]+=)\s*[!%].*$"), r"\1 None"),
    (re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?+\s*)$"), r"\1pass"),
)
TRANSPARENT = re.compile(r"\s*%%(time|timeit|capture|prun)\b")


@dataclass(frozen=True)
class Cell:
    """A code cell of a copy: its place among all cells, its Python, and why it is none."""

    place: int
    id: str
    source: str
    tree: ast.Module
    error: str = ""


@dataclass(frozen=True)
class Statement:
    """A top-level statement: what it sets, what it may change, what it reads now and later."""

    cell: Cell
    k: int
    sets: frozenset[str]
    changes: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]

    @property
    def node(self) -> ast.stmt:
        """The statement itself."""
        return self.cell.tree.body[self.k]


@dataclass(frozen=True)
class Answer:
    """What has to run, and the expression that is then judged; or what is to be said instead."""

    place: int
    verdict: str = ""
    message: str = ""
    expression: str = ""
    pieces: tuple[tuple[int, str, int], ...] = ()  # place and source of a cell, which statement
    note: str = ""


def code_cells(cells: list[tuple[str, str, str]]) -> list[Cell]:
    """Return the code cells of a notebook, given as kind, id and text of all its cells."""
    return [parsed(i, c[1], c[2]) for i, c in enumerate(cells, 1) if c[0] == "code"]


def parsed(place: int, id_: str, source: str) -> Cell:
    """Return the cell as Python, line for line; its magics become ``pass``."""
    plain = source
    if source.lstrip().startswith("%%") and not TRANSPARENT.match(source):
        plain = ""  # another language, or a file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for attempt in (plain, "\n".join(without_magic(line) for line in plain.split("\n"))):
            try:
                compile(attempt, "<cell>", "exec", dont_inherit=True)
                return Cell(place, id_, attempt, ast.parse(attempt))
            except SyntaxError as e:
                lines = attempt.split("\n")
                at = min(e.lineno or 1, len(lines))
                error = f"line {at} is not Python ({e.msg}): {lines[at - 1].strip()}"
            except (ValueError, RecursionError, MemoryError) as e:
                error = f"it is not Python ({e})"
    return Cell(place, id_, source, ast.Module([], []), error)


def without_magic(line: str) -> str:
    """Return the line, or ``pass`` where IPython alone could read it."""
    for pattern, instead in MAGICS:
        line = pattern.sub(instead, line)
    return line


def statements_of(cells: list[Cell]) -> list[Statement]:
    """All top-level statements in order, with the names that tie them together."""
    return [
        Statement(cell, k, *map(frozenset, names_of(node)))
        for cell in cells
        for k, node in enumerate(cell.tree.body)
    ]


def names_of(node: ast.stmt) -> tuple[set[str], set[str], set[str], set[str]]:
    """Return names set, perhaps changed in place, read at once, and read when a function runs."""
    sets: set[str] = set()
    now: set[str] = set()
    later: set[str] = set()

    def visit(code: types.CodeType, inside: bool) -> None:
        for i in dis.get_instructions(code):
            if i.opname == "STORE_GLOBAL" or (i.opname == "STORE_NAME" and not inside):
                sets.add(i.argval)
            elif i.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
                (later if inside else now).add(i.argval)
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                visit(inner, True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        visit(compile(ast.Module([node], []), "<cell>", "exec", dont_inherit=True), False)
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        sets.add("*")
    changes = set() if isinstance(node, DEFINES) else set(changed_in_place(node))
    return sets, changes, now | later, later


def changed_in_place(node: ast.stmt) -> Iterator[str]:
    """Names as in ``a[0] = ...``, ``a.b = ...``, ``a.append(...)``, ``shuffle(a)``."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            roots = [part]
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            if re.fullmatch(r"print|display|check_\d+", called_name(part.value)):
                continue
            roots = [part.value.func, *part.value.args]
        else:
            continue
        for root in roots:
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name):
                yield root.id


def called_name(call: ast.Call) -> str:
    """``f`` of ``f(...)`` and of ``module.f(...)``."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def needed(statements: list[Statement], uses: set[str], at: int) -> list[int]:
    """Which of the statements before ``at`` give the names in ``uses`` their values there.

    From each name back to the last statement that sets it plainly, with all that change it in
    between; then the same for the names which those read.
    """
    chosen: set[int] = set()
    asked: set[tuple[str, int]] = set()
    todo = [(name, at) for name in (*uses, "*")]
    while todo:
        name, before = todo.pop()
        if (name, before) in asked:
            continue
        asked.add((name, before))
        found = []
        for i in reversed(range(before)):
            s = statements[i]
            if name in s.sets or name in s.changes:
                found.append(i)
            if name in s.sets and name != "*" and isinstance(s.node, PLAIN):
                if isinstance(s.node, ast.Import | ast.ImportFrom):
                    found = [i]  # nobody changes a module by calling what is in it
                break
        for i in set(found) - chosen:
            chosen.add(i)
            todo += [(n, i) for n in statements[i].now] + [(n, at) for n in statements[i].later]
    return sorted(chosen)


def find(cells: list[Cell], number: int, name: str, stub_id: str) -> Answer:
    """Find the answer to exercise ``number``: what ``check_N(...)`` is called with.

    If that is the stub only, the function ``name`` where it is defined from there on. Of several
    attempts the last one counts. ``stub_id`` is the id of the stub's cell.
    """
    check, statements = f"check_{number}", statements_of(cells)
    there = [c for c in cells if f"{check}(" in c.source or stub_id == c.id != ""]
    start = there[0].place if there else 0  # further up, the notebook may use the name for its own
    called = [
        answer_at(statements, at, ast.unparse(call.args[0]))
        for at, s in enumerate(statements)
        for call in ([] if isinstance(s.node, DEFINES) else ast.walk(s.node))
        if isinstance(call, ast.Call) and call.args and called_name(call) == check
    ]
    defined = [
        answer_at(statements, at, name)
        for at, s in enumerate(statements)
        if name in s.sets and s.cell.place >= start
    ]
    for tried in (called, defined):
        written = [answer for answer in tried if answer.verdict != "not yet"]
        places = sorted({answer.place for answer in written})
        if len(places) > 1:
            note = f" (of the attempts in cells {' and '.join(map(str, places))} the last counts)"
            return replace(written[-1], note=note)
        if written:
            return written[-1]
    for c in there:
        if c.error:
            return Answer(c.place, "wrong", f"its cell {c.place} does not run: {c.error}")
    if called or defined:
        return (called or defined)[-1]
    lost = f"no cell calls {check} or defines {name}: its cell is gone, copy it from the original"
    return Answer(0, "wrong", lost)


def answer_at(statements: list[Statement], at: int, expression: str) -> Answer:
    """Return the answer that ``expression`` is after statement ``at``."""
    uses = names_of(ast.parse(expression).body[0])[2]
    chosen = [statements[i] for i in needed(statements, uses, at + 1)]
    own = [s for s in chosen if expression in s.sets or "*" in s.sets]
    if expression.isidentifier() and not own and not hasattr(builtins, expression):
        return Answer(statements[at].cell.place, "wrong", undefined(statements, at, expression))
    place = (own or statements[at : at + 1])[-1].cell.place
    if own and expression in own[-1].sets and is_stub(own[-1].node):
        return Answer(place, "not yet", f"{expression} is still the stub")
    pieces = tuple((s.cell.place, s.cell.source, s.k) for s in chosen)
    return Answer(place, "", "", expression, pieces)


def undefined(statements: list[Statement], at: int, name: str) -> str:
    """Say that the check is asked about something that is not there, and what is."""
    asking = statements[at].cell
    later = [s.cell.place for s in statements[at:] if name in s.sets]
    if later:
        return f"the check is asked about {name}, which is defined further down, in cell {later[0]}"
    there = [getattr(n, "name", "") for n in asking.tree.body if isinstance(n, DEFINES)]
    instead = f"; its cell defines {' and '.join(there)}" if there else ""
    return f"the check is asked about {name}, which no cell defines{instead}"


def is_stub(node: ast.stmt) -> bool:
    """Whether a function's body is nothing but ``...``, ``pass`` and a docstring."""
    return isinstance(node, ast.FunctionDef) and all(
        isinstance(s, ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in node.body
    )
