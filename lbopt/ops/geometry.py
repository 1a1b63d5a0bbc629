"""Where windows lie on images: strides, paddings and the sizes that follow from them.

Shared by conv.py and pool.py. Along one axis, with `before` and `after` pixels of padding, windows
of `size` pixels start at 0, stride, 2 stride, ... of the padded image and never reach past its end.
So there are

    (length + before + after - size) // stride + 1

of them; pixels that are left over at the end belong to no window (and get a zero gradient).
"""

from __future__ import annotations

from operator import index
from typing import NamedTuple

from lbopt.backend import Array, Namespace

Pair = tuple[int, int]
Margins = tuple[
    Pair, Pair
]  # ((top, bottom), (left, right)); negative: that many pixels are cut off
NO_MARGINS: Margins = ((0, 0), (0, 0))


class Grid(NamedTuple):
    """Where the windows lie: ``out`` of them down and across, read off by `grid`."""

    size: Pair
    stride: Pair
    pads: Margins
    out: Pair


def pair(op: str, name: str, value: object, least: int = 1) -> Pair:
    """Read an int, used for both axes, or (vertical, horizontal).

    Examples
    --------
    >>> pair("conv2d", "stride", 2)
    (2, 2)
    >>> pair("conv2d", "stride", (0, 1))
    Traceback (most recent call last):
    ...
    ValueError: conv2d: stride must be an int or two ints, each at least 1, got (0, 1)
    """
    try:
        if isinstance(value, tuple | list):
            a, b = map(index, value)
        else:
            a = b = index(value)  # type: ignore[arg-type]
        if min(a, b) >= least:
            return a, b
    except (TypeError, ValueError):
        pass
    raise ValueError(f"{op}: {name} must be an int or two ints, each at least {least}, got {value}")


def margins(op: str, padding: object) -> Margins:
    """Read a padding: an int, (vertical, horizontal), or ((top, bottom), (left, right)).

    Examples
    --------
    >>> margins("conv2d", (1, 2))
    ((1, 1), (2, 2))
    >>> margins("conv2d", ((0, 1), (2, 3)))
    ((0, 1), (2, 3))
    """
    if isinstance(padding, tuple | list) and any(isinstance(p, tuple | list) for p in padding):
        if len(padding) != 2:
            raise ValueError(
                f"{op}: padding must be an int, (vertical, horizontal) or "
                f"((top, bottom), (left, right)), got {padding}"
            )
        return pair(op, "padding", padding[0], 0), pair(op, "padding", padding[1], 0)
    v, h = pair(op, "padding", padding, 0)
    return (v, v), (h, h)


def grid(op: str, shape: tuple[int, ...], size: Pair, stride: Pair, pads: Margins) -> Grid:
    """Lay windows on images of ``shape`` (N, H, W, C).

    Examples
    --------
    >>> grid("conv2d", (1, 8, 9, 3), (3, 3), (2, 2), ((1, 1), (0, 0))).out
    (4, 4)
    """
    _, H, W, _ = shape
    (top, bottom), (left, right) = pads
    height, width = H + top + bottom, W + left + right
    if height < size[0] or width < size[1]:
        raise ValueError(
            f"{op}: the window {size} is larger than the padded images ({height}, {width}) of x "
            f"with shape {tuple(shape)}; take a smaller window or more padding"
        )
    out = (height - size[0]) // stride[0] + 1, (width - size[1]) // stride[1] + 1
    return Grid(size, stride, pads, out)


def pixel(i: int, j: int, g: Grid) -> tuple[slice, slice, slice]:
    """Index pixel (i, j) of every window in the padded images: always a plain strided slice.

    Examples
    --------
    >>> pixel(1, 0, Grid((3, 3), (2, 2), NO_MARGINS, (4, 4)))
    (slice(None, None, None), slice(1, 8, 2), slice(0, 7, 2))
    """
    (OH, OW), (sh, sw) = g.out, g.stride
    return (
        slice(None),
        slice(i, i + sh * (OH - 1) + 1, sh),
        slice(j, j + sw * (OW - 1) + 1, sw),
    )


def pad(xp: Namespace, x: Array, pads: Margins, value: float = 0.0) -> Array:
    """Put margins of ``value`` around images, in a new array; without margins return ``x``."""
    if pads == NO_MARGINS:
        return x
    N, H, W, C = x.shape
    (top, bottom), (left, right) = pads
    padded = xp.full((N, H + top + bottom, W + left + right, C), value, dtype=x.dtype)
    padded[:, top : top + H, left : left + W] = x
    return padded


def unpad(padded: Array, pads: Margins) -> Array:
    """Cut the margins off again: the transpose of `pad` with zeros. A view."""
    (top, bottom), (left, right) = pads
    _, H, W, _ = padded.shape
    return padded[:, top : H - bottom, left : W - right]
