"""Points and gradients are tuples of arrays, one per layer: how they are made, split and joined.

Every array has its layer's coordinates on the last axis, ``(..., d_i)``. Axes in front are
replicates: independent copies of the same run, computed together.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from numbers import Real
from operator import index
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray
Layers: TypeAlias = tuple[Array, ...]  # one array (..., d_i) per layer
PerLayer: TypeAlias = float | Sequence[Any]  # one number, or per layer a number or d_i numbers


def spread(name: str, value: PerLayer, dims: Sequence[int]) -> Layers:
    """Return one array of length ``dims[i]`` per layer.

    Parameters
    ----------
    name : str
        What ``value`` is called in an error.
    value : float or sequence
        A number for every coordinate of every layer; or, per layer, a number or its coordinates.
    dims : sequence of int
        Sizes d_i of the layers.

    Examples
    --------
    >>> spread("start", [1.0, [2.0, 3.0, 4.0]], dims=(2, 3))
    (array([1., 1.]), array([2., 3., 4.]))
    >>> spread("start", [1.0, [2.0, 3.0]], dims=(2, 3))
    Traceback (most recent call last):
    ...
    ValueError: start[1] has shape (2,); layer 1 has 3 coordinates: give 1 number or 3
    """
    per_layer = [value] * len(dims) if isinstance(value, int | float) else list(value)
    if len(per_layer) != len(dims):
        raise ValueError(
            f"{name} has {len(per_layer)} entries for {len(dims)} layers: give one per layer"
        )
    out = []
    for i, (v, d) in enumerate(zip(per_layer, dims, strict=True)):
        a = np.asarray(v, dtype=np.float64)
        if a.shape not in ((), (1,), (d,)):
            raise ValueError(
                f"{name}[{i}] has shape {a.shape}; layer {i} has {d} coordinates: "
                f"give 1 number or {d}"
            )
        if not np.all(np.isfinite(a)):
            raise ValueError(f"{name}[{i}]={v!r} must be finite")
        out.append(np.broadcast_to(a, (d,)).copy())
    return tuple(out)


def join(layers: Sequence[Array]) -> Array:
    """Put the layers side by side on the last axis: shape (..., d), d the sum of d_i.

    Examples
    --------
    >>> join((np.array([1.0]), np.array([2.0, 3.0])))
    array([1., 2., 3.])
    """
    return np.concatenate(layers, axis=-1)


def split(joined: Array, dims: Sequence[int]) -> Layers:
    """Cut the last axis into layers: the inverse of `join`.

    Examples
    --------
    >>> split(np.array([1.0, 2.0, 3.0]), dims=(1, 2))
    (array([1.]), array([2., 3.]))
    """
    return tuple(np.split(joined, np.cumsum(dims)[:-1], axis=-1))


def sizes(layers: Sequence[Array]) -> tuple[int, ...]:
    """Return d_i, the length of the last axis of every layer.

    Examples
    --------
    >>> sizes((np.zeros((7, 1)), np.zeros((7, 4))))
    (1, 4)
    """
    return tuple(a.shape[-1] for a in layers)


def check_number(name: str, value: Any, low: float, *, above: bool = False) -> float:
    """Return ``value`` as a float if it is finite and at least ``low`` (``above``: more than).

    Examples
    --------
    >>> check_number("step_size", 0.0, 0, above=True)
    Traceback (most recent call last):
    ...
    ValueError: step_size=0.0 must be a finite number > 0
    """
    ok = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not ok or value < low or (above and value == low) or value == inf:
        raise ValueError(f"{name}={value!r} must be a finite number {'>' if above else '>='} {low}")
    return float(value)


def check_integer(name: str, value: Any, low: int) -> int:
    """Return ``value`` as an int if it is one and at least ``low``.

    Examples
    --------
    >>> check_integer("steps", 2.5, 1)
    Traceback (most recent call last):
    ...
    ValueError: steps=2.5 must be an integer >= 1
    """
    try:
        number = index(value)
    except TypeError:
        number = low - 1
    if number < low or isinstance(value, bool):
        raise ValueError(f"{name}={value!r} must be an integer >= {low}")
    return number


def check_layers(
    smoothness: Sequence[float], dims: Sequence[int] | None
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return ``smoothness`` as floats > 0 and ``dims`` as ints >= 1 (None: one coordinate each).

    Examples
    --------
    >>> check_layers([4, 1.5], None)
    ((4.0, 1.5), (1, 1))
    """
    if not isinstance(smoothness, Sequence | np.ndarray) or not len(smoothness):
        raise ValueError(f"smoothness={smoothness!r} must be a sequence with one L_i per layer")
    constants = tuple(
        check_number(f"smoothness[{i}]", float(v), 0, above=True) for i, v in enumerate(smoothness)
    )
    sizes_ = (1,) * len(constants) if dims is None else tuple(dims)
    if len(sizes_) != len(constants):
        raise ValueError(
            f"smoothness has {len(constants)} entries and dims has {len(sizes_)}: "
            "give one of each per layer"
        )
    return constants, tuple(check_integer(f"dims[{i}]", d, 1) for i, d in enumerate(sizes_))
