"""Saving and loading: any nest of tuples, dicts, arrays and numbers, in one .npz file.

The arrays are stored as a0, a1, ... (names of layers need not be file names) beside a JSON list
of where each belongs. No pickle: loading a file never runs code. zip checks every member's CRC,
so that a flipped bit is found.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lbopt.backend import asarray_like, to_numpy

FORMAT = "lbopt checkpoint 1"


def save(path: str | os.PathLike[str], tree: Any) -> None:
    """Write ``tree`` to ``path``, whole or not at all.

    The file is written beside ``path``, forced to the disk and renamed: at every moment there is
    either the old checkpoint or the new one, also if the process is killed.

    Parameters
    ----------
    path : path
        Its folder must exist; an existing file is replaced.
    tree : nest of tuples, NamedTuples, lists and dicts with string keys
        Its leaves are arrays (NumPy, CuPy, ...), int, float, bool, str or None.

    Raises
    ------
    FileNotFoundError
        The folder does not exist.
    TypeError
        A leaf is something else; it is named by its place, e.g. ``[0]['fc1.W']``.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.npz"
    >>> save(path, ({"W": np.array([1.0, 2.0])}, 7))
    >>> load(path, like=({"W": np.zeros(2)}, 0))
    ({'W': array([1., 2.])}, 7)
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")
    places: list[list[Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for place, leaf in _leaves(tree):
        if isinstance(leaf, bool | int | float | str | None) and not isinstance(leaf, np.generic):
            places.append([place, type(leaf).__name__, leaf])
            continue
        try:
            array = to_numpy(leaf)
        except (TypeError, AttributeError, ValueError):
            array = np.array(None)
        if array.dtype.kind not in "biufc":
            raise TypeError(
                f"cannot save {type(leaf).__name__} at {place}: only arrays and numbers"
            )
        places.append([place, "array", f"a{len(arrays)}"])
        arrays[f"a{len(arrays)}"] = array
    meta = json.dumps({"format": FORMAT, "places": places}).encode()
    members: Any = {"meta": np.frombuffer(meta, np.uint8)} | arrays
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as f:
            np.savez(f, **members)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def load(path: str | os.PathLike[str], like: Any) -> Any:
    """Read what `save` wrote, in the structure of ``like``.

    Parameters
    ----------
    path : path
    like : nest
        The same nest with arrays of the same shapes and dtypes, e.g. ``(params,
        optimizer.init(params))`` of a fresh model: only its structure, and the module and device
        of its arrays are used.

    Returns
    -------
    nest
        Bit for bit what was saved.

    Raises
    ------
    FileNotFoundError
    ValueError
        The file is cut short, damaged or no checkpoint, or it does not fit ``like``: the first
        place that differs is named.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        meta = json.loads(stored.pop("meta").tobytes())
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']!r}, expected {FORMAT!r}")
        places = {place: (kind, value) for place, kind, value in meta["places"]}
    except (
        zipfile.BadZipFile,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        NotImplementedError,
    ) as e:
        raise ValueError(
            f"{path} is cut short, damaged or no lbopt checkpoint ({e}); go back to an earlier one"
        ) from e
    wanted = dict(_leaves(like))
    if wanted.keys() != places.keys():
        missing = [p for p in wanted if p not in places][:3]
        extra = [p for p in places if p not in wanted][:3]
        raise ValueError(f"{path} does not have the structure of `like`: {missing=}, {extra=}")
    values = {}
    for place, leaf in wanted.items():
        kind, value = places[place]
        values[place] = _fit(path, place, kind, stored[value] if kind == "array" else value, leaf)
    return _rebuild(like, iter(values.values()))


def _fit(path: Any, place: str, kind: str, value: Any, leaf: Any) -> Any:
    """Return ``value`` as an array where ``leaf`` is, or raise if it is not such a value."""
    is_array = hasattr(leaf, "dtype")
    if kind != "array":
        if is_array or kind != type(leaf).__name__:
            raise ValueError(f"{path}: {place} is of type {kind}, in `like` {type(leaf).__name__}")
        return value
    if not is_array:
        raise ValueError(f"{path}: {place} is an array, in `like` {type(leaf).__name__}")
    dtype = str(leaf.dtype).split(".")[-1]
    if value.shape != tuple(leaf.shape) or str(value.dtype) != dtype:
        raise ValueError(
            f"{path}: {place} is {value.dtype} of shape {value.shape}, "
            f"in `like` {dtype} of shape {tuple(leaf.shape)}"
        )
    if isinstance(leaf, np.generic):
        return value[()]
    return value if isinstance(leaf, np.ndarray) else asarray_like(value, leaf)


def _leaves(tree: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (place, leaf) in order; empty containers have none."""
    if isinstance(tree, Mapping):
        for key in tree:
            if not isinstance(key, str):
                raise TypeError(
                    f"cannot save the dict at {place or 'the top'}: key {key!r} is no string"
                )
        for key, value in tree.items():
            yield from _leaves(value, f"{place}[{key!r}]")
    elif isinstance(tree, tuple | list):
        for i, value in enumerate(tree):
            yield from _leaves(value, f"{place}[{i}]")
    else:
        yield place or "the top", tree


def _rebuild(like: Any, values: Iterator[Any]) -> Any:
    if isinstance(like, Mapping):
        return {key: _rebuild(value, values) for key, value in like.items()}
    if isinstance(like, tuple | list):
        parts = [_rebuild(value, values) for value in like]
        # a NamedTuple takes its fields one by one, a tuple or list takes them together
        return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)
    return next(values)


def _sync_folder(folder: Path) -> None:
    """Force the rename itself to the disk, where the system can open folders (not Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
