"""Results on disk: one JSON object per line, appended as runs finish and forced to the disk."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def read_runs(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the records that sweeps wrote to ``path``; no file: none.

    A last line without its newline was being written when the process was killed: it is left out
    with a warning (`append_to` also cuts it off).

    Raises
    ------
    ValueError
        Another line is no record of a run: the file is damaged or not ours; the line is named.
    """
    path = Path(path)
    if not path.exists():
        return []
    *lines, half = path.read_bytes().split(b"\n")
    if half:
        warnings.warn(
            f"{path}: the last line was half-written when a run was killed; it is dropped and "
            "that run will be done again",
            stacklevel=2,
        )
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as e:
            raise ValueError(
                f"{path}, line {number} is no JSON ({e}); repair or remove it"
            ) from None
        if not isinstance(record, dict) or not isinstance(record.get("run"), dict):
            raise ValueError(f"{path}, line {number} is no record of a run: {line[:60]!r}")
        records.append(record)
    return records


@contextmanager
def append_to(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open ``path`` for whole lines; the value is a function that writes one record.

    A half-written last line is cut off first. Each record is on the disk when the function
    returns.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as f:
        _cut_half_line(f)

        def write(record: dict[str, Any]) -> None:
            f.write(json.dumps(record, allow_nan=False).encode() + b"\n")
            f.flush()
            os.fsync(f.fileno())

        yield write


def _cut_half_line(f: IO[bytes]) -> None:
    f.seek(0)
    whole = f.read().rfind(b"\n") + 1
    f.truncate(whole)
    f.seek(0, os.SEEK_END)
