"""Products of tall, thin matrices (many pixels, few channels), cut into pieces that BLAS likes.

A general matrix product first packs its operands; for thin ones that costs as much as the sums.
With AVX-512, OpenBLAS multiplies small matrices (rows K O <= 100^3) without packing: a tall product
done as a stack of short ones is then faster (``make bench``). With AVX2 kernels it is a little
slower, and a stack runs on one thread: experiments here run in parallel processes instead.
"""

from __future__ import annotations

from array_api_compat import is_numpy_namespace

from lbopt.backend import Array, Namespace

SMALL = 100**3  # multiplications in one product


def piece_rows(xp: Namespace, rows: int, pixels: int, KO: int, least: int) -> int:
    """Choose the rows per piece: the largest divisor of ``pixels`` that makes a small product.

    All ``rows`` (a multiple of ``pixels``) stay in one piece if that is fewer than ``least``, and
    on a GPU.

    Examples
    --------
    >>> import array_api_compat.numpy as xp
    >>> piece_rows(xp, 4096, 32 * 32, 9 * 16 * 16, 16), piece_rows(xp, 4096, 64, 9 * 512 * 512, 16)
    (256, 4096)
    """
    if is_numpy_namespace(xp):
        for r in range(min(pixels, SMALL // max(1, KO)), least - 1, -1):
            if pixels % r == 0:
                return r
    return rows


def rows_times(xp: Namespace, A: Array, B: Array, out: Array, pixels: int) -> None:
    """Write A B into ``out``: (G, M, K) (G, K, O) to (G, M, O), M a multiple of ``pixels``."""
    (G, M, K), outs = A.shape, B.shape[2]
    r = piece_rows(xp, M, pixels, K * outs, least=16)
    pieces = out.reshape(G, M // r, r, outs)  # a view: splitting an axis never copies
    xp.matmul(A.reshape(G, M // r, r, K), B[:, None], out=pieces)


def rows_transposed_times(xp: Namespace, A: Array, D: Array, pixels: int) -> Array:
    """Return A' D, (G, M, K) and (G, M, O) to (G, K, O): a sum over the pieces."""
    (G, M, K), outs = A.shape, D.shape[2]
    r = piece_rows(xp, M, pixels, K * outs, least=64)  # every piece costs K O additions
    A = A.reshape(G, M // r, r, K).transpose(0, 1, 3, 2)  # (G, pieces, K, r)
    return xp.sum(A @ D.reshape(G, M // r, r, outs), axis=1)
