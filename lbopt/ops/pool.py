"""Pooling: the largest or the average pixel of each window, channel by channel. NHWC."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array
from lbopt.ops.checks import check_cotangent, check_ndim, float_namespace
from lbopt.ops.geometry import Grid, Margins, Pair, grid, margins, pad, pair, pixel, unpad


def max_pool2d(
    x: Array,
    size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: int | Pair | Margins = 0,
) -> tuple[Array, Callable]:
    """Take the largest pixel of each window.

    Parameters
    ----------
    x : array, shape (N, H, W, C)
    size : int or (KH, KW)
    stride : int or (sh, sw), optional
        None: ``size``, windows side by side. Smaller strides overlap (AlexNet: size 3, stride 2).
    padding : int, (vertical, horizontal) or ((top, bottom), (left, right))
        Less than ``size``; padding is never the largest.

    Returns
    -------
    y : array, shape (N, OH, OW, C)
    back : function
        ``back(dy) -> dx``: dy goes to the first of the largest pixels, row by row.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 5.0, 2.0], [3.0, 4.0, 0.0]]).reshape(1, 2, 3, 1)
    >>> y, back = max_pool2d(x, 2, stride=1)
    >>> y.ravel()
    array([5., 5.])
    >>> back(np.array([1.0, 10.0]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[ 0., 11., 0.],
           [ 0., 0., 0.]])
    """
    xp = float_namespace("max_pool2d", x=x)
    g = _pool_grid("max_pool2d", x, size, stride, padding)
    offsets = [(i, j) for i in range(g.size[0]) for j in range(g.size[1])]
    xpad = pad(xp, x, g.pads, -xp.inf)
    y = xpad[pixel(0, 0, g)]  # (N, OH, OW, C)
    for i, j in offsets:
        y = xp.maximum(y, xpad[pixel(i, j, g)])

    def back(dy: Array) -> Array:
        check_cotangent("max_pool2d", dy, (x.shape[0], *g.out, x.shape[3]), x)
        dxpad = xp.zeros_like(xpad)
        unmet = xp.ones(dy.shape, dtype=xp.bool)  # windows whose largest pixel is yet to come
        for i, j in offsets:
            here = unmet & (xpad[pixel(i, j, g)] == y)
            dxpad[pixel(i, j, g)] += dy * here  # overlapping windows: gradients add
            unmet = unmet & ~here
        return unpad(dxpad, g.pads)

    return y, back


def avg_pool2d(
    x: Array,
    size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: int | Pair | Margins = 0,
) -> tuple[Array, Callable]:
    """Average each window; pixels of the padding count as zeros.

    Parameters
    ----------
    x : array, shape (N, H, W, C)
    size : int or (KH, KW)
    stride : int or (sh, sw), optional
        None: ``size``, windows side by side.
    padding : int, (vertical, horizontal) or ((top, bottom), (left, right))
        Less than ``size``. The sum is divided by KH KW everywhere, as torch does by default;
        Keras divides by the number of pixels inside the image.

    Returns
    -------
    y : array, shape (N, OH, OW, C)
    back : function
        ``back(dy) -> dx``: each pixel of a window gets dy / (KH KW).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 5.0], [3.0, 7.0]]).reshape(1, 2, 2, 1)
    >>> avg_pool2d(x, 2)[0].ravel(), avg_pool2d(x, 2, padding=1)[0].ravel()
    (array([4.]), array([0.25, 1.25, 0.75, 1.75]))
    >>> avg_pool2d(x, 2)[1](np.full((1, 1, 1, 1), 8.0)).ravel()
    array([2., 2., 2., 2.])
    """
    xp = float_namespace("avg_pool2d", x=x)
    g = _pool_grid("avg_pool2d", x, size, stride, padding)
    offsets = [(i, j) for i in range(g.size[0]) for j in range(g.size[1])]
    xpad = pad(xp, x, g.pads)
    y = xp.zeros((x.shape[0], *g.out, x.shape[3]), dtype=x.dtype)  # (N, OH, OW, C)
    for i, j in offsets:
        y += xpad[pixel(i, j, g)]
    y /= len(offsets)
    padded_shape = xpad.shape

    def back(dy: Array) -> Array:
        check_cotangent("avg_pool2d", dy, (x.shape[0], *g.out, x.shape[3]), x)
        share = dy / len(offsets)  # (N, OH, OW, C)
        dxpad = xp.zeros(padded_shape, dtype=dy.dtype)
        for i, j in offsets:
            dxpad[pixel(i, j, g)] += share  # overlapping windows: gradients add
        return unpad(dxpad, g.pads)

    return y, back


def global_avg_pool2d(x: Array) -> tuple[Array, Callable]:
    """Average each channel over the whole image: (N, H, W, C) to (N, C).

    Returns
    -------
    y : array, shape (N, C)
    back : function
        ``back(dy) -> dx``, dy / (H W) for every pixel.

    Examples
    --------
    >>> import numpy as np
    >>> y, back = global_avg_pool2d(np.arange(8.0).reshape(1, 2, 2, 2))
    >>> y
    array([[3., 4.]])
    >>> back(np.array([[4.0, 8.0]]))[0, 0]
    array([[1., 2.],
           [1., 2.]])
    """
    xp = float_namespace("global_avg_pool2d", x=x)
    check_ndim("global_avg_pool2d", "x", x, "NHWC")
    N, H, W, C = x.shape
    if H * W == 0:
        raise ValueError(f"global_avg_pool2d: x has shape {tuple(x.shape)}: images without pixels")

    def back(dy: Array) -> Array:
        check_cotangent("global_avg_pool2d", dy, (N, C), x)
        return xp.broadcast_to(dy[:, None, None, :] / (H * W), x.shape) + 0  # (N, H, W, C), owned

    return xp.sum(x, axis=(1, 2)) / (H * W), back


def _pool_grid(op: str, x: Array, size: object, stride: object, padding: object) -> Grid:
    check_ndim(op, "x", x, "NHWC")
    size = pair(op, "size", size)
    stride = size if stride is None else pair(op, "stride", stride)
    pads = margins(op, padding)
    if max(pads[0]) >= size[0] or max(pads[1]) >= size[1]:
        raise ValueError(
            f"{op}: padding must be less than size, so that every window holds a pixel of the "
            f"image; got padding {pads} with size {size}"
        )
    return grid(op, x.shape, size, stride, pads)
