"""Rows of a table by number, and the scores of all rows: the two ends of a language model."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array, scatter_add, take_rows
from lbopt.ops.channel_sum import channel_sum
from lbopt.ops.checks import (
    check_cotangent,
    check_ndim,
    check_shape,
    float_namespace,
    one_namespace,
)


def embedding(table: Array, ids: Array) -> tuple[Array, Callable]:
    """Take the rows of ``table`` that ``ids`` number: y[...] = table[ids[...]].

    Parameters
    ----------
    table : array, shape (V, C)
    ids : integer array, any shape
        0 ... V - 1; negative numbers do not count from the end.

    Returns
    -------
    y : array, shape (*ids.shape, C)
    back : function
        ``back(dy) -> dtable``: row r is the sum of dy over all places where ids is r. The order of
        the additions depends on ``ids`` alone: the same bits every time (`backend.scatter_add`).

    Raises
    ------
    TypeError
        ``ids`` are not integers.
    ValueError
        An id is out of range: the first is named with its place and the size of the table.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> y, back = embedding(table, np.array([2, 0, 2]))
    >>> y
    array([[5., 6.],
           [1., 2.],
           [5., 6.]])
    >>> back(np.array([[1.0, 0.0], [10.0, 0.0], [100.0, 0.0]]))[:, 0]
    array([ 10., 0., 101.])
    """
    float_namespace("embedding", table=table)
    check_ndim("embedding", "table", table, "VC")
    check_ids("embedding", "ids", ids, table)
    V, C = table.shape
    flat = ids.reshape(-1)  # (N,)
    y = take_rows(table, flat).reshape(*ids.shape, C)  # (..., C)

    def back(dy: Array) -> Array:
        check_cotangent("embedding", dy, (*ids.shape, C), table)
        return scatter_add(flat, dy.reshape(-1, C), V)  # a row taken twice: gradients add

    return y, back


def unembedding(x: Array, table: Array, b: Array) -> tuple[Array, Callable]:
    """Score every row of ``table``: y = x table' + b, a linear layer with an embedding's table.

    Parameters
    ----------
    x : array, shape (M, C)
    table : array, shape (V, C)
    b : array, shape (V,)

    Returns
    -------
    y : array, shape (M, V)
    back : function
        ``back(dy) -> dx, dtable, db``. Where the table is also an `embedding`'s (tied weights),
        the two gradients of the table add.

    Notes
    -----
    Press and Wolf 2017 (arXiv 1608.05859) tie the two; so does BERT (Devlin et al. 2018).

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> y, back = unembedding(np.array([[2.0, 3.0]]), table, np.array([0.0, 0.0, 10.0]))
    >>> y
    array([[ 2., 3., 15.]])
    >>> back(np.array([[0.0, 0.0, 1.0]]))[1]
    array([[0., 0.],
           [0., 0.],
           [2., 3.]])
    """
    xp = float_namespace("unembedding", x=x, table=table, b=b)
    check_ndim("unembedding", "x", x, "MC")
    check_ndim("unembedding", "table", table, "VC")
    if x.shape[1] != table.shape[1]:
        raise ValueError(
            f"unembedding: x has shape {tuple(x.shape)} and table has shape {tuple(table.shape)}, "
            "expected (M, C) and (V, C)"
        )
    check_shape("unembedding", "b", b, table.shape[:1])
    y = x @ table.T  # (M, V)
    y += b

    def back(dy: Array) -> tuple[Array, Array, Array]:
        check_cotangent("unembedding", dy, (x.shape[0], table.shape[0]), x)
        return dy @ table, dy.T @ x, channel_sum(xp, dy)  # (M, C), (V, C), (V,)

    return y, back


def check_ids(op: str, name: str, ids: Array, table: Array) -> None:
    """Demand that ``ids``, the argument called ``name`` of ``op``, number rows of ``table``."""
    xp = one_namespace(table, ids)
    if not xp.isdtype(ids.dtype, "integral"):
        raise TypeError(f"{op}: {name} must be integers, got dtype {ids.dtype}")
    V = table.shape[0]
    if 0 in ids.shape or (int(xp.min(ids)) >= 0 and int(xp.max(ids)) < V):
        return
    place = tuple(int(i[0]) for i in xp.nonzero((ids < 0) | (ids >= V))) if ids.ndim else ()
    raise ValueError(
        f"{op}: {name}[{', '.join(map(str, place))}] is {int(ids[place])}, "
        f"which is not one of the {V} rows 0 ... {V - 1} of table"
    )
