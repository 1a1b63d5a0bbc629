"""What a split's examples are: the rows of one array, or of every array of a `models.Batch`.

A Batch is a NamedTuple of arrays of equal length, some of them None. The loop, the evaluation and
the micro-batches ask here, so that they need not know which of the two they hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lbopt.backend import Array, array_namespace

Examples = Any  # an array (N, ...), or a NamedTuple of arrays (N, ...) and Nones


def arrays_of(x: Examples, name: str = "x") -> dict[str, Array]:
    """Return the arrays of ``x`` by what messages call them.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.models import Batch
    >>> list(arrays_of(np.ones((2, 3)), "train.x"))
    ['train.x']
    >>> list(arrays_of(Batch(np.ones((2, 8), int), positions=np.ones((2, 1), int))))
    ['x.tokens', 'x.positions']
    """
    if not isinstance(x, tuple):
        return {name: x}
    fields = getattr(x, "_fields", range(len(x)))
    return {f"{name}.{k}": a for k, a in zip(fields, x, strict=True) if a is not None}


def first_array(x: Examples) -> Array:
    """Return the array of ``x`` that is never None: x itself, or the tokens."""
    return next(iter(arrays_of(x).values()))


def number_of_examples(x: Examples) -> int:
    """Return N."""
    return first_array(x).shape[0]


def map_arrays(change: Callable[[Array], Array], x: Examples) -> Examples:
    """Apply ``change`` to each array of ``x``; what is None stays None."""
    if not isinstance(x, tuple):
        return change(x)
    kind: Any = type(x)
    return kind(*(None if a is None else change(a) for a in x))


def rows_of(x: Examples, rows: Any) -> Examples:
    """Return the examples ``rows``, a slice or an array of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.models import Batch
    >>> x = Batch(np.array([[5, 6], [7, 8], [9, 9]]), positions=np.array([[0], [1], [0]]))
    >>> rows_of(x, np.array([2, 0]))
    Batch(tokens=array([[9, 9],
           [5, 6]]), positions=array([[0],
           [0]]), segments=None, mask=None)
    """
    return map_arrays(lambda a: a[rows], x)


def holds_numbers(x: Examples) -> bool:
    """Tell numbers, whose dtype the parameters share, from tokens, which have none to share."""
    a = first_array(x)
    return bool(array_namespace(a).isdtype(a.dtype, "real floating"))
