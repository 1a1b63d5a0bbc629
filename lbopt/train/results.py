"""Results on disk: one JSON object per line, appended as runs finish and forced to the disk."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from numbers import Real
from pathlib import Path
from typing import IO, Any

from lbopt.train.run import Run, fields_key

KINDS: dict[Any, Any] = {"str": str, "int": int, "float": Real}
RUN_FIELDS = {field.name: KINDS[field.type] for field in fields(Run)}


def read_runs(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the records that sweeps wrote to ``path``, one for each run; no file: none.

    A run that was done again (by other code) has several: the last one counts. A last line
    without its newline was being written when the process was killed: it is left out with a
    warning (`append_to` also cuts it off).

    Raises
    ------
    ValueError
        Another line is no record of a run: the file is damaged or not ours; the line and what it
        lacks are named.
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
    records = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as e:
            raise ValueError(
                f"{path}, line {number} is no JSON ({e}); repair or remove it"
            ) from None
        if wrong := _wrong(record):
            raise ValueError(f"{path}, line {number} is no record of a run: {wrong}")
        records[fields_key(record["run"])] = record
    return list(records.values())


def _wrong(record: Any) -> str:
    """Say what keeps ``record`` from being one of `run_one`'s; "" if nothing does."""
    if not isinstance(record, dict) or not isinstance(record.get("run"), dict):
        return "it has no run"
    if wrong := _wrong_entries(record["run"], RUN_FIELDS, "its run"):
        return wrong
    metric = record.get("metric", "accuracy")
    if metric not in ("accuracy", "loss"):
        return f"its metric is {metric!r}, not 'accuracy' or 'loss'"
    score = Real if metric == "accuracy" else Real | None
    needed = {f"val_{metric}": score, f"test_{metric}": score}
    return _wrong_entries(record, needed | {"diverged": dict | None}, "it")


def _wrong_entries(entries: Mapping[str, Any], kinds: Mapping[str, Any], whose: str) -> str:
    for name, kind in kinds.items():
        if name not in entries:
            return f"{whose} has no {name}"
        if not isinstance(entries[name], kind):
            return f"{whose} has {name}={entries[name]!r}"
    return ""


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
