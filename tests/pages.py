"""Pages with code in them: their blocks in order, and what each is for.

A fenced block is *tried* in the page's own namespace (python), is what the block above it *prints*
last (text), or belongs to a file: then the line above it is the file's path, " (new)" where it is
new, and a colon. python is the whole text of a new file, diff a change of an old one. sh is for the
reader's terminal; the slow test types it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"(?:^`([\w./]+)`( \(new\))?:\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """One fenced block; ``path`` is the file that it is about, if it is about one."""

    path: str
    new: bool
    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(m[1] or "", bool(m[2]), m[3], m[4], text[: m.start(4)].count("\n"))
        for m in BLOCK.finditer(text)
    ]


def changed(old: str, diff: str, path: str) -> str:
    """Apply a diff without line numbers: its old lines must stand in the file once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    assert old.count(before) == 1, f"{path} has {old.count(before)} times:\n{before}"
    return old.replace(before, after)
