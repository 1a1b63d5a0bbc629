"""im2col in blocks: the windows of a few images at a time, laid out as the rows of a matrix.

A convolution is then a matrix product. The columns of a whole batch are KH KW times larger than
the batch: written to memory and read back they cost more than the product itself. A block's columns
stay in the cache, and are made again in the backward pass rather than kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from array_api_compat import is_numpy_namespace

from lbopt.backend import Array, Namespace, windows
from lbopt.ops.geometry import NO_MARGINS, Grid

CACHE = 1 << 21  # bytes of columns per block on a CPU: L2 or a fair share of L3


def images_per_block(xp: Namespace, N: int, image_bytes: int, block: int | None) -> int:
    """Choose how many of ``N`` images to do at a time, if the columns of one take ``image_bytes``.

    On a GPU the whole batch, because there the number of launches counts.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> images_per_block(xp, 128, 16 * 16 * 9 * 32 * 4, None)
    7
    """
    if block is None:
        block = max(1, CACHE // max(1, image_bytes)) if is_numpy_namespace(xp) else N
    return max(1, min(N, block))


def as_groups(a: Array, groups: int) -> Array:
    """View pixels (N, H, W, C) as one matrix of rows per group of channels: (G, N H W, C / G)."""
    return a.reshape(-1, groups, a.shape[-1] // groups).transpose(1, 0, 2)


def column_blocks(
    xp: Namespace, x: Array, grid: Grid, groups: int, block: int | None
) -> Iterator[tuple[slice, Array]]:
    """Yield ``(images, columns)`` for block after block of images.

    ``images`` is the slice of the batch, ``columns`` has the shape (G, n OH OW, KH KW C/G).
    It is scratch: the next block is written into the same memory. Negative margins cut pixels off.
    """
    size, stride, pads, out = grid
    (top, bottom), (left, right) = pads
    x = x[:, max(0, -top) : x.shape[1] - max(0, -bottom)]
    x = x[:, :, max(0, -left) : x.shape[2] - max(0, -right)]
    top, bottom, left, right = (max(0, p) for p in (top, bottom, left, right))
    N, H, W, C = x.shape
    G, Cg, K = groups, C // groups, size[0] * size[1] * (C // groups)
    n = images_per_block(xp, N, out[0] * out[1] * K * G * x.dtype.itemsize, block)
    if size == stride == (1, 1) and pads == NO_MARGINS:  # a pixel is its own window
        for start in range(0, N, n):
            yield (images := slice(start, start + n)), as_groups(x[images], groups)
        return

    padded = x
    if top or bottom or left or right:  # the border of the scratch is zero and stays zero
        padded = xp.zeros((n, H + top + bottom, W + left + right, C), dtype=x.dtype)
    view = windows(padded, size, stride)  # (n, OH, OW, C, KH, KW)
    view = view.reshape(*view.shape[:3], G, Cg, *size).transpose(3, 0, 1, 2, 5, 6, 4)
    columns = xp.empty((G, n, *out, *size, Cg), dtype=x.dtype)
    for start in range(0, N, n):
        images = slice(start, min(start + n, N))
        m = images.stop - start
        if padded is x:
            columns[:, :m] = view[:, images]
        else:
            padded[:m, top : top + H, left : left + W] = x[images]
            columns[:, :m] = view[:, :m]
        yield images, columns[:, :m].reshape(G, m * out[0] * out[1], K)
