"""What every op demands of its arrays before it computes anything.

One call per op, a few microseconds: the training runs of this project are thousands of small steps.
"""

from __future__ import annotations

from lbopt.backend import Array, Namespace, array_namespace

Shape = tuple[int, ...]


def float_namespace(op: str, **arrays: Array | None) -> Namespace:
    """Return the one module of ``arrays`` after checking that they share one floating dtype.

    ``op`` and the keywords are the names used in errors; an array that is None is left out.

    Raises
    ------
    TypeError
        Modules or dtypes are mixed (both are named), or the dtype is not real floating.

    Examples
    --------
    >>> import numpy as np
    >>> x, W = np.ones((2, 3), np.float32), np.ones((3, 4))
    >>> float_namespace("linear", x=x, W=W)
    Traceback (most recent call last):
    ...
    TypeError: linear: x has dtype float32 but W has dtype float64; convert one of them
    """
    named = {name: a for name, a in arrays.items() if a is not None}
    try:
        xp = one_namespace(*named.values())
    except TypeError as error:
        raise TypeError(f"{op}({', '.join(named)}): {error}") from None
    first, *others = named
    dtype = named[first].dtype
    if not xp.isdtype(dtype, "real floating"):
        raise TypeError(f"{op}: {first} has dtype {dtype}; convert it to float32 or float64")
    for name in others:
        if named[name].dtype != dtype:
            raise TypeError(
                f"{op}: {first} has dtype {dtype} but {name} has dtype {named[name].dtype}; "
                "convert one of them"
            )
    return xp


def one_namespace(*arrays: Array) -> Namespace:
    """Ask `array_namespace` once if all arrays are of one type, as they nearly always are."""
    return array_namespace(*(arrays[:1] if len(set(map(type, arrays))) == 1 else arrays))


def check_shape(op: str, name: str, a: Array, expected: Shape) -> None:
    """Demand that ``a``, the argument called ``name`` of ``op``, has the shape ``expected``."""
    if a.shape != expected:
        raise ValueError(f"{op}: {name} has shape {tuple(a.shape)}, expected {expected}")


def check_ndim(op: str, name: str, a: Array, axes: str) -> None:
    """Demand one axis per letter of ``axes``, e.g. ``"NHWC"``."""
    if a.ndim != len(axes):
        raise ValueError(
            f"{op}: {name} has shape {tuple(a.shape)}, "
            f"expected {len(axes)} axes ({', '.join(axes)})"
        )


def check_cotangent(op: str, dy: Array, shape: Shape, like: Array) -> None:
    """Demand that ``dy`` is a cotangent of an output of this ``shape``: nothing is broadcast.

    ``like`` is an argument of the forward pass: dtype and module must be the same.
    """
    try:
        one_namespace(dy, like)
    except TypeError as error:
        raise TypeError(f"{op}: dy is no cotangent of the output: {error}") from None
    if dy.shape != shape:
        raise ValueError(f"{op}: dy has shape {tuple(dy.shape)}, the output has shape {shape}")
    if dy.dtype != like.dtype:
        raise TypeError(f"{op}: dy has dtype {dy.dtype}, the output has dtype {like.dtype}")
