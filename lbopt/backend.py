"""The array-module interface: whose array is this, where does it live, and what the standard lacks.

Everything in lbopt asks here, once per function, and then speaks to that module only. What the
array-API standard has no word for (window views, random draws, host copies) lives in this file
and nowhere else. CuPy is never imported: it is found because somebody handed us a CuPy array.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import array_api_compat
import numpy as np

Array = (
    Any  # an array of NumPy, CuPy, JAX, torch, array_api_strict: the standard has no common base
)
Namespace = Any  # an array module with the standard's functions


def array_namespace(*arrays: Array) -> Namespace:
    """Return the one array module that all ``arrays`` belong to.

    Raises
    ------
    TypeError
        If they belong to different modules (both are named) or one is not an array.

    Examples
    --------
    >>> import numpy as np
    >>> array_namespace(np.ones(2)).__name__
    'array_api_compat.numpy'
    >>> array_namespace([1.0, 2.0])
    Traceback (most recent call last):
    ...
    TypeError: expected an array (NumPy, CuPy, ...), got list; convert it, e.g. by numpy.asarray
    """
    if len(arrays) == 1 and type(arrays[0]) is np.ndarray:
        return _numpy()  # small layers ask thousands of times a second: 0.2 us instead of 3
    spaces = {}
    for a in arrays:
        if not array_api_compat.is_array_api_obj(a):
            raise TypeError(
                f"expected an array (NumPy, CuPy, ...), got {type(a).__name__}; "
                "convert it, e.g. by numpy.asarray"
            )
        spaces[module_name(a)] = array_api_compat.array_namespace(a)
    if len(spaces) != 1:
        names = " and ".join(sorted(spaces)) or "no arrays at all"
        raise TypeError(f"all arrays must come from one module, got {names}; move them to one")
    return next(iter(spaces.values()))


@cache
def _numpy() -> Namespace:
    return array_api_compat.array_namespace(np.empty(0))


def module_name(x: Array) -> str:
    """Name the module an array comes from: ``"numpy"``, ``"cupy"``, ``"torch"`` ..."""
    return _short(array_api_compat.array_namespace(x).__name__)


def _short(namespace_name: str) -> str:
    return namespace_name.removeprefix("array_api_compat.")


def device(x: Array) -> Any:
    """Return the device of ``x`` (for NumPy always ``"cpu"``)."""
    return "cpu" if isinstance(x, np.ndarray) else array_api_compat.device(x)


def to_numpy(x: Array) -> np.ndarray:
    """Copy ``x`` to the host, whatever it is.

    Examples
    --------
    >>> to_numpy(np.float32([1, 2]))
    array([1., 2.], dtype=float32)
    """
    if isinstance(x, np.ndarray | np.generic):
        return np.array(x)
    if hasattr(x, "get"):  # CuPy refuses implicit copies to the host, for good reason
        return np.array(x.get())
    return np.array(array_api_compat.to_device(x, "cpu"))


def asarray_like(values: Any, like: Array, dtype: Any = None) -> Array:
    """Move host ``values`` to the module and device of ``like``; dtype ``like``'s unless given."""
    xp = array_namespace(like)
    return xp.asarray(values, dtype=like.dtype if dtype is None else dtype, device=device(like))


def uniform_like(rng: Any, like: Array) -> Array:
    """Draw uniforms on [0, 1) with the shape, dtype, module and device of ``like``.

    ``rng`` is a ``numpy.random.Generator`` (the same numbers on every device) or, to draw on the
    GPU, a ``cupy.random.Generator``.
    """
    if not hasattr(rng, "random"):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}; "
            "write numpy.random.default_rng(seed)"
        )
    draw_dtype = np.float64 if str(like.dtype) == "float64" else np.float32
    return asarray_like(rng.random(tuple(like.shape), dtype=draw_dtype), like)


def windows(x: Array, size: Sequence[int], stride: Sequence[int]) -> Array:
    """View every ``size`` window of NHWC images ``x``, ``stride`` apart, without copying.

    Parameters
    ----------
    x : array, shape (N, H, W, C)
    size, stride : (int, int)

    Returns
    -------
    array, shape (N, OH, OW, C, KH, KW)
        Read-only view; OH = (H - KH) // SH + 1.
    """
    xp = array_namespace(x)
    view = xp.lib.stride_tricks.sliding_window_view(x, tuple(size), axis=(1, 2))
    return view[:, :: stride[0], :: stride[1]]


def take_rows(x: Array, rows: Array) -> Array:
    """Copy ``x[rows]``; the row numbers must have been checked to be in range.

    Examples
    --------
    >>> take_rows(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0, 2])).ravel()
    array([3., 1., 3.])
    """
    # NumPy checks indices a second time and slowly, unless it is told to clip them
    return x.take(rows, axis=0, mode="clip") if isinstance(x, np.ndarray) else x[rows]


def scatter_add(rows: Array, values: Array, n: int) -> Array:
    """Add ``values[i]`` to row ``rows[i]`` of an array of zeros: the transpose of taking rows.

    Every row is summed in an order that depends on ``rows`` alone, so the result is the same to the
    last bit each time, on a GPU too (where atomic additions are not).

    Parameters
    ----------
    rows : integer array, shape (N,)
        Row numbers, checked to be in 0 ... n - 1.
    values : array, shape (N, C)
    n : int

    Returns
    -------
    array, shape (n, C)
        In small problems a value that is not finite spoils its whole column.

    Notes
    -----
    The i are sorted by row and cut into pieces of at most 16 that belong to one row. Pieces are
    summed side by side, the long ones first, so that the k-th addition is that of two blocks
    without a gap; what is left, one sum per piece, goes through the same again.
    ``numpy.add.at`` adds one number at a time, a product with a one-hot matrix N times n.

    Examples
    --------
    >>> scatter_add(np.array([2, 0, 2]), np.array([[1.0], [10.0], [100.0]]), 3).ravel()
    array([ 10., 0., 101.])
    """
    xp = array_namespace(rows, values)
    N = rows.shape[0]
    if N * n <= 2**16:  # one product is faster than what follows
        return xp.astype(xp.arange(n, dtype=rows.dtype)[:, None] == rows, values.dtype) @ values
    keys = xp.astype(rows, xp.uint16) if n <= 2**16 else rows  # short keys are sorted by radix
    where = xp.argsort(keys, stable=True)  # values[where] is sorted by row
    counts = xp.bincount(rows, minlength=n)
    present = xp.nonzero(counts)[0]
    counts = counts[present]
    while True:
        pieces = -(-counts // _PIECE)  # of each row
        begins = xp.cumsum(pieces) - pieces
        mark = xp.zeros(int(pieces.sum()), dtype=counts.dtype)
        mark[begins] = 1
        row = xp.cumsum(mark) - 1  # of each piece; CuPy has no `repeat` by an array
        skip = _PIECE * (xp.arange(len(row)) - begins[row])
        first = (xp.cumsum(counts) - counts)[row] + skip
        size = xp.minimum(_PIECE, counts[row] - skip)
        longest_first = xp.argsort(xp.astype(_PIECE - size, xp.uint8), stable=True)
        first = first[longest_first]
        longer = len(first) - xp.cumsum(xp.bincount(size, minlength=_PIECE + 1))
        sums = take_rows(values, where[first])
        for k, m in enumerate(longer[1:_PIECE].tolist(), start=1):  # m pieces have a k-th value
            if m:
                sums[:m] += take_rows(values, where[first[:m] + k])
        if len(first) == len(present):
            break
        values, counts = sums, pieces
        where = xp.empty_like(longest_first)
        where[longest_first] = xp.arange(len(first))  # back to the order of the rows
    total = xp.zeros((n, values.shape[1]), dtype=values.dtype)
    total[present[longest_first]] = sums
    return total


_PIECE = 16
