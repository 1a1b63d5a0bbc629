"""The order in which an epoch visits the examples."""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any

import numpy as np


def batches(
    n: int, batch_size: int, rng: np.random.Generator, *, last: str
) -> Iterator[np.ndarray]:
    """Split a shuffle of 0..n-1 into batches: one epoch, every example at most once.

    The arguments are checked and the permutation is drawn when the function is called, not when
    the first batch is asked for.

    Parameters
    ----------
    n : int
        Number of examples, at least 1.
    batch_size : int
        Between 1 and ``n``.
    rng : numpy.random.Generator
        Source of the permutation; one call draws one permutation.
    last : {"drop", "keep"}
        What happens to the ``n % batch_size`` examples that do not fill a batch. There is no
        default, because both are surprising: "drop" leaves them out of this epoch (the next one
        shuffles again), "keep" yields a smaller batch whose gradient is noisier.

    Returns
    -------
    iterator of integer arrays, shape (batch_size,)
        With "keep" the last one may be shorter.

    Raises
    ------
    TypeError
        If ``n`` or ``batch_size`` is no integer.
    ValueError
        If ``n`` or ``batch_size`` is less than 1, the batch is larger than the data, or ``last``
        is neither word.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> for batch in batches(5, 2, rng, last="keep"):
    ...     print(batch)
    [2 4]
    [3 0]
    [1]
    >>> [len(batch) for batch in batches(5, 2, rng, last="drop")]
    [2, 2]
    """
    count = steps_per_epoch(n, batch_size, last=last)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}; "
            "write numpy.random.default_rng(seed)"
        )
    order = rng.permutation(n)
    return (order[i * batch_size : (i + 1) * batch_size] for i in range(count))


def steps_per_epoch(n: int, batch_size: int, *, last: str) -> int:
    """Count the batches of one epoch; the arguments and errors are those of `batches`.

    Examples
    --------
    >>> steps_per_epoch(1077, 512, last="drop"), steps_per_epoch(1077, 512, last="keep")
    (2, 3)
    """
    n, batch_size = integer("n", n), integer("batch_size", batch_size)
    if n < 1:
        raise ValueError(f"there is no data to split into batches: n={n}, batch_size={batch_size}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be between 1 and n={n}, got {batch_size}")
    if batch_size > n:
        raise ValueError(
            f"batch_size={batch_size} is larger than the n={n} examples; "
            f"take batch_size={n} for the full batch"
        )
    if last not in ("drop", "keep"):
        raise ValueError(
            f'last must be "drop" or "keep" (the batch that is not filled), got {last!r}'
        )
    return n // batch_size if last == "drop" else -(-n // batch_size)


def integer(name: str, value: Any) -> int:
    """Return ``value`` as an int, or say which argument is none.

    Examples
    --------
    >>> integer("batch_size", 32)
    32
    >>> integer("batch_size", 2.5)
    Traceback (most recent call last):
    ...
    TypeError: batch_size must be an integer, got 2.5
    """
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
