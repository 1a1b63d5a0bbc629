"""Scaled dot-product attention: every query asks all keys and takes a mean of their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from array_api_compat import is_numpy_namespace

from lbopt.backend import Array, Namespace, uniform_like
from lbopt.ops.checks import check_cotangent, check_ndim, float_namespace, one_namespace
from lbopt.ops.softmax import softmax_in_place


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    *,
    dropout: float = 0.0,
    rng: Any = None,
) -> tuple[Array, Callable]:
    r"""Average the values by the match of query and key: o = softmax(q k' / sqrt(D)) v.

    .. math::

        a &= \mathrm{softmax}\big(q k^\top / \sqrt D\big), \quad o = a v \\
        da &= do\,v^\top, \quad ds_{ij} = a_{ij}\Big(da_{ij} - \sum_k a_{ik}\,da_{ik}\Big) \\
        dq &= ds\,k / \sqrt D, \quad dk = ds^\top q / \sqrt D, \quad dv = a^\top do

    Parameters
    ----------
    q : array, shape (B, H, T, D)
        B examples, H heads, T queries.
    k : array, shape (B, H, S, D)
    v : array, shape (B, H, S, E)
    mask : boolean array, shape (B, S) or (B, T, S), optional
        True where a key may be seen, by all queries of its example or by each its own. A key that
        may not be seen gets weight 0, exactly. (An additive mask of 0 and -10000 is ``mask == 0``.)
    dropout : float
        In [0, 1); share of the weights that are zeroed (the others are divided by 1 - dropout, as
        in `ops.dropout`) where an ``rng`` is given.
    rng : numpy.random.Generator, optional

    Returns
    -------
    o : array, shape (B, H, T, E)
    back : function
        ``back(do) -> dq, dk, dv``.

    Raises
    ------
    ValueError
        The shapes do not fit, or a query may see no key at all (the first is named).

    Notes
    -----
    Vaswani et al. 2017 (arXiv 1706.03762), eq. 1, for all heads at once. BERT drops weights.
    Heads may be strided views of a (B, T, H D) array; so are the results. On a CPU one example is
    done after the other, so that its weights (H, T, S) stay in the cache.

    Examples
    --------
    >>> import numpy as np
    >>> q, k = np.zeros((1, 1, 1, 4)), np.ones((1, 1, 2, 4))
    >>> v = np.array([[1.0], [3.0]]).reshape(1, 1, 2, 1)
    >>> attention(q, k, v)[0].item()
    2.0
    >>> o, back = attention(q, k, v, np.array([[True, False]]))
    >>> o.item(), back(np.ones((1, 1, 1, 1)))[2].ravel()
    (1.0, array([1., 0.]))
    """
    xp = float_namespace("attention", q=q, k=k, v=v)
    _check_shapes(q, k, v)
    (B, H, T, D), S, E = q.shape, k.shape[2], v.shape[3]
    if not 0 <= dropout < 1:
        raise ValueError(f"attention: dropout must be in [0, 1), got {dropout}")
    bias = None if mask is None else _bias(q, mask, S)  # (B, 1, 1 or T, S): 0 or -inf
    drop = dropout > 0 and rng is not None
    scale = 1 / math.sqrt(D)
    step = 1 if is_numpy_namespace(xp) else B  # examples at a time
    examples = [slice(i, min(i + step, B)) for i in range(0, B, step)]
    a = xp.empty((B, H, T, S), dtype=q.dtype)
    keep: Array = xp.empty_like(a) if drop else None  # 0 or 1 / (1 - dropout)
    o = _heads(xp, q, T, E)
    for e in examples:
        # copying k' into its own rows costs less than what a small product with a transpose loses
        w = xp.matmul(
            q[e] * scale, xp.ascontiguousarray(k[e].swapaxes(2, 3)), out=a[e]
        )  # (e, H, T, S)
        if bias is not None:
            w += bias[e]
        softmax_in_place(xp, w)
        if drop:
            keep[e] = xp.astype(uniform_like(rng, w) >= dropout, w.dtype) * (1 / (1 - dropout))
            w = w * keep[e]
        xp.matmul(w, v[e], out=o[e])

    def back(do: Array) -> tuple[Array, Array, Array]:
        check_cotangent("attention", do, (B, H, T, E), q)
        dq, dk, dv = _heads(xp, q, T, D), _heads(xp, q, S, D), _heads(xp, q, S, E)
        for e in examples:
            w = a[e] * keep[e] if drop else a[e]  # (e, H, T, S)
            xp.matmul(w.swapaxes(2, 3), do[e], out=dv[e])
            ds = do[e] @ xp.ascontiguousarray(v[e].swapaxes(2, 3))  # (e, H, T, S)
            if drop:
                ds *= keep[e]
            # r_i = sum_j a_ij da_ij = do_i . o_i, because o_i = sum_j w_ij v_j
            ds -= xp.sum(do[e] * o[e], axis=3, keepdims=True)
            ds *= a[e]
            ds *= scale
            xp.matmul(ds, k[e], out=dq[e])
            xp.matmul(ds.swapaxes(2, 3), q[e], out=dk[e])
        return dq, dk, dv

    return o, back


def _heads(xp: Namespace, like: Array, length: int, width: int) -> Array:
    """Make room for (B, H, length, width) that lies in memory as (B, length, H width)."""
    B, H = like.shape[:2]
    return xp.empty((B, length, H, width), dtype=like.dtype).swapaxes(1, 2)


def _bias(q: Array, mask: Array, S: int) -> Array:
    """Turn the mask into what is added to the scores: 0 for a key that may be seen, else -inf."""
    xp = one_namespace(q, mask)
    B, _, T, _ = q.shape
    if not xp.isdtype(mask.dtype, "bool"):
        raise TypeError(
            f"attention: mask must be boolean, True where a key may be seen; got {mask.dtype} "
            "(of 0 and 1: write mask != 0; of 0 and -10000: write mask == 0)"
        )
    if mask.shape not in ((B, S), (B, T, S)):
        raise ValueError(
            f"attention: mask has shape {tuple(mask.shape)}, expected {(B, S)} or {(B, T, S)}"
        )
    blind = ~xp.any(mask, axis=-1)  # (B,) or (B, T)
    if bool(xp.any(blind)):
        place = ", ".join(str(int(i[0])) for i in xp.nonzero(blind))
        raise ValueError(f"attention: mask[{place}] hides every key; let at least one be seen")
    bias = xp.where(mask, xp.zeros((), dtype=q.dtype), xp.asarray(-xp.inf, dtype=q.dtype))
    return bias.reshape(B, 1, -1, S)


def _check_shapes(q: Array, k: Array, v: Array) -> None:
    for name, a, axes in (("q", q, "BHTD"), ("k", k, "BHSD"), ("v", v, "BHSE")):
        check_ndim("attention", name, a, axes)
    fits = q.shape[:2] == k.shape[:2] == v.shape[:2] and q.shape[3] == k.shape[3]
    if not fits or k.shape[2] != v.shape[2] or 0 in (k.shape[2], k.shape[3]):
        shapes = ", ".join(f"{n} {tuple(a.shape)}" for n, a in (("q", q), ("k", k), ("v", v)))
        raise ValueError(
            f"attention: got shapes {shapes}; expected (B, H, T, D), (B, H, S, D), (B, H, S, E)"
        )
