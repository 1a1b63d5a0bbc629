"""Convolution of images, NHWC: im2col in blocks and matrix products (im2col.py)."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array, Namespace
from lbopt.checks import check_integer
from lbopt.ops.channel_sum import channel_sum
from lbopt.ops.checks import check_cotangent, check_ndim, check_shape, float_namespace
from lbopt.ops.geometry import Grid, Margins, Pair, grid, margins, pair, pixel, unpad
from lbopt.ops.im2col import as_groups, column_blocks, images_per_block
from lbopt.ops.tall_product import rows_times, rows_transposed_times


def conv2d(
    x: Array,
    W: Array,
    b: Array | None = None,
    *,
    stride: int | Pair = 1,
    padding: int | Pair | Margins = 0,
    groups: int = 1,
    block: int | None = None,
) -> tuple[Array, Callable]:
    r"""Slide the kernels ``W`` over the images ``x``, without flipping them, as networks do.

    With zeros outside the image, for one group,

    .. math::

        y_{n,p,q,o} &= b_o
        + \sum_{i,j,c} x_{n,\, s_h p + i - t,\, s_w q + j - l,\, c}\,W_{i,j,c,o} \\
        dW_{i,j,c,o} &= \sum_{n,p,q} x_{n,\, s_h p + i - t,\, s_w q + j - l,\, c}\,dy_{n,p,q,o} \\
        dx_{n,u,v,c} &= \sum_{p,q,o} W_{u + t - s_h p,\, v + l - s_w q,\, c,\, o}\,dy_{n,p,q,o},
        \qquad db_o = \sum_{n,p,q} dy_{n,p,q,o}

    where t and l are the padding at the top and at the left, and W is zero outside its window.

    Parameters
    ----------
    x : array, shape (N, H, W, C)
    W : array, shape (KH, KW, C / groups, O)
    b : array, shape (O,), optional
    stride : int or (sh, sw)
    padding : int, (vertical, horizontal) or ((top, bottom), (left, right))
    groups : int
        Channels and kernels are cut into so many groups; kernels see the channels of their group
        only. AlexNet's two columns are 2 groups; ``groups=C`` is a depthwise convolution.
    block : int, optional
        Images per im2col block. None: so many that the columns fit in the cache on NumPy, the whole
        batch on CuPy. It changes speed and memory, and the result by rounding only.

    Returns
    -------
    y : array, shape (N, OH, OW, O), OH = (H + top + bottom - KH) // sh + 1, OW likewise
    back : function
        ``back(dy) -> dx, dW, db`` (``dx, dW`` if ``b`` is None).

    Raises
    ------
    TypeError
        Array modules or dtypes differ.
    ValueError
        Shapes do not fit, or the window is larger than the padded image.

    Examples
    --------
    >>> import numpy as np
    >>> x, W = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> y, back = conv2d(x, W)
    >>> y[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    >>> dx, dW = back(np.ones((1, 2, 2, 1)))
    >>> dx[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> conv2d(x, W, stride=2, padding=1)[0][0, :, :, 0]
    array([[ 0., 3.],
           [ 9., 24.]])
    """
    xp = float_namespace("conv2d", x=x, W=W, b=b)
    _check_shapes(x, W, b, groups, block)
    stride, pads = pair("conv2d", "stride", stride), margins("conv2d", padding)
    g = grid("conv2d", x.shape, W.shape[:2], stride, pads)
    y = _correlate(xp, x, W, g, groups, block)  # (N, OH, OW, O)
    if b is not None:
        y += b
    shape = y.shape

    def back(dy: Array) -> tuple[Array, ...]:
        check_cotangent("conv2d", dy, shape, x)
        dW = _correlate_dW(xp, x, W, dy, g, groups, block)  # (KH, KW, C / G, O)
        if g.stride == (1, 1):
            dx = _correlate_dx_gather(xp, x, W, dy, g, groups, block)  # (N, H, W, C)
        else:
            dx = _correlate_dx_scatter(xp, x, W, dy, g, groups, block)  # (N, H, W, C)
        return (dx, dW) if b is None else (dx, dW, channel_sum(xp, dy))

    return y, back


def _correlate(xp: Namespace, x: Array, W: Array, g: Grid, groups: int, block: int | None) -> Array:
    y = xp.empty((x.shape[0], *g.out, W.shape[3]), dtype=x.dtype)  # (N, OH, OW, O)
    kernels = as_groups(W, groups).copy()  # (G, K, O / G), K = KH KW C / G; BLAS likes C order
    pixels = g.out[0] * g.out[1]
    for images, columns in column_blocks(xp, x, g, groups, block):
        rows_times(xp, columns, kernels, as_groups(y[images], groups), pixels)  # (G, M, O / G)
    return y


def _correlate_dW(
    xp: Namespace, x: Array, W: Array, dy: Array, g: Grid, groups: int, block: int | None
) -> Array:
    dkernels = xp.zeros_like(as_groups(W, groups))  # (G, K, O / G)
    pixels = g.out[0] * g.out[1]
    for images, columns in column_blocks(xp, x, g, groups, block):
        rows = as_groups(dy[images], groups)  # (G, M, O / G)
        dkernels += rows_transposed_times(xp, columns, rows, pixels)  # gradients add
    return dkernels.transpose(1, 0, 2).reshape(W.shape)


def _correlate_dx_gather(
    xp: Namespace, x: Array, W: Array, dy: Array, g: Grid, groups: int, block: int | None
) -> Array:
    """At stride 1, dx is the correlation of dy with the kernels flipped, C and O exchanged.

    The windows over pixel h of x begin at rows h + top - (KH - 1) ... h + top: a window on dy.
    """
    KH, KW, Cg, _ = W.shape
    (top, bottom), (left, right) = g.pads
    pads = (KH - 1 - top, KH - 1 - bottom), (KW - 1 - left, KW - 1 - right)
    flipped = W[::-1, ::-1].reshape(KH, KW, Cg, groups, -1).transpose(0, 1, 4, 3, 2)
    flipped = flipped.reshape(KH, KW, -1, groups * Cg)  # (KH, KW, O / G, C)
    back_grid = Grid((KH, KW), (1, 1), pads, (x.shape[1], x.shape[2]))
    return _correlate(xp, dy, flipped, back_grid, groups, block)


def _correlate_dx_scatter(
    xp: Namespace, x: Array, W: Array, dy: Array, g: Grid, groups: int, block: int | None
) -> Array:
    """At any stride, each window gives its pixels their share: KH KW strided slices add up."""
    (KH, KW, Cg, _), (N, H, width, C) = W.shape, x.shape
    (top, bottom), (left, right) = g.pads
    pixels = g.out[0] * g.out[1]
    n = images_per_block(xp, N, pixels * KH * KW * C * x.dtype.itemsize, block)
    dx = xp.empty_like(x)  # (N, H, W, C)
    kernels = as_groups(W, groups).transpose(0, 2, 1).copy()  # (G, O / G, K)
    columns = xp.empty((groups, n, *g.out, KH, KW, Cg), dtype=x.dtype)  # scratch
    padded = xp.empty((n, H + top + bottom, width + left + right, groups, Cg), dtype=x.dtype)
    for start in range(0, N, n):
        images = slice(start, min(start + n, N))
        m = images.stop - start
        dcolumns, dpadded = columns[:, :m], padded[:m]
        rows = dcolumns.reshape(groups, m * pixels, KH * KW * Cg)
        rows_times(xp, as_groups(dy[images], groups), kernels, rows, pixels)
        dpadded[...] = 0
        for i in range(KH):
            for j in range(KW):  # pixels under several windows: gradients add
                dpadded[pixel(i, j, g)] += dcolumns[..., i, j, :].transpose(1, 2, 3, 0, 4)
        dx[images] = unpad(dpadded.reshape(*dpadded.shape[:3], C), g.pads)
    return dx


def _check_shapes(x: Array, W: Array, b: Array | None, groups: int, block: int | None) -> None:
    check_ndim("conv2d", "x", x, "NHWC")
    if W.ndim != 4:
        raise ValueError(f"conv2d: W has shape {tuple(W.shape)}, expected (KH, KW, C / groups, O)")
    check_integer("conv2d: groups", groups, 1)
    if W.shape[3] == 0 or W.shape[3] % groups:
        raise ValueError(f"conv2d: groups must divide the {W.shape[3]} kernels, got {groups}")
    if x.shape[3] != W.shape[2] * groups:
        raise ValueError(
            f"conv2d: x has shape {tuple(x.shape)}, so {x.shape[3]} channels; W has shape "
            f"{tuple(W.shape)}, so with groups={groups} expects {W.shape[2] * groups}"
        )
    if b is not None:
        check_shape("conv2d", "b", b, W.shape[3:])
    if block is not None:
        check_integer("conv2d: block", block, 1)
