"""A few rows at a time: what one pass over a block writes, the next one finds in the cache."""

from __future__ import annotations

from collections.abc import Iterator

from array_api_compat import is_numpy_namespace

from lbopt.backend import Namespace

BLOCK = 2**16  # numbers: 256 KiB of float32


def row_blocks(xp: Namespace, rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` rows into blocks of about 2^16 numbers; on a GPU all rows are one block.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> list(row_blocks(xp, 200, 768))
    [slice(0, 85, None), slice(85, 170, None), slice(170, 200, None)]
    """
    step = max(1, BLOCK // max(1, columns)) if is_numpy_namespace(xp) else max(1, rows)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
