"""Checks of the exercises in 02_cnn_and_transformer.ipynb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from checks import demand, judge
from network_laws import gap

from lbopt import models, ops
from lbopt.params import count


def check_1(pre_norm_back: Callable) -> bool:
    """``pre_norm_back(dy, back_norm, back_body)``: dx of y = x + body(norm(x))."""

    def examine(pre_norm_back: Callable) -> None:
        rng = np.random.default_rng(1)
        x, dy, gamma = rng.standard_normal((4, 6)), rng.standard_normal((4, 6)), np.full(6, 1.5)
        W = rng.standard_normal((6, 6))

        def residual(x: np.ndarray, W: np.ndarray = W) -> tuple[np.ndarray, Callable]:
            n, back_norm = ops.layer_norm(x, gamma, np.zeros(6))
            f, back_body = ops.linear(n, W)

            def back(dy: np.ndarray) -> np.ndarray:
                return pre_norm_back(dy, lambda dn: back_norm(dn)[0], lambda df: back_body(df)[0])

            return x + f, back

        dx = residual(x)[1](dy)
        demand(np.shape(dx) == x.shape, "the shape law", f"dx has shape {np.shape(dx)}")
        silent = residual(x, np.zeros((6, 6)))[1](dy)
        demand(
            np.allclose(silent, dy),
            "the open-way law",
            "with a body that is zero, y = x, and dx should be dy",
        )
        error = gap(residual, x)
        demand(error < 1e-6, "the adjoint law", f"<u, J v> and <J'u, v> differ by {error:.1%}")

    return judge(1, pre_norm_back, (np.ones(2), lambda a: a, lambda a: a), examine)


def check_2(masked_head_count: Callable) -> bool:
    """``masked_head_count(V, C)``: what the head adds; the table is tied."""

    def examine(masked_head_count: Callable) -> None:
        rng = np.random.default_rng(2)
        for V, C in ((70, 8), (71, 8), (70, 12)):
            masked, encoder = (
                count(models.bert(V, width=C, head=head).init(rng))
                for head in ("masked", "encoder")
            )
            want = masked - (encoder - (C + 1) * C)  # the encoder's head is the pooler
            got = masked_head_count(V, C)
            demand(
                got < want + V * (C - 1),  # with E it is too large, even if b_V was forgotten
                "the tied-table law",
                f"V = {V}, C = {C}: {got} is {got - want} too many, the table E is there already",
            )
            demand(
                got == want,
                "the counting law",
                f"V = {V}, C = {C}: the package's head has {want} parameters, you say {got}",
            )

    return judge(2, masked_head_count, (70, 8), examine)


def check_3(softmax_back: Callable) -> bool:
    """``softmax_back(p, dp)``: the cotangent of the scores."""

    def examine(softmax_back: Callable) -> None:
        rng = np.random.default_rng(3)
        s, dp = rng.standard_normal((2, 3, 5))
        p = ops.softmax(s)[0]
        ds = softmax_back(p, dp)
        demand(np.shape(ds) == s.shape, "the shape law", f"ds has shape {np.shape(ds)}")
        total = abs(ds.sum(-1)).max()
        demand(
            total < 1e-12,
            "the shift law",
            f"a row of ds sums to {total:.3f}, not 0: raising all its scores should change nothing",
        )
        sure = np.array([[1.0, 0.0, 0.0]])
        demand(
            not np.any(softmax_back(sure, rng.standard_normal((1, 3)))),
            "the saturation law",
            "where one weight is 1, small changes of the scores change nothing: ds is 0",
        )
        error = gap(
            lambda s: (ops.softmax(s)[0], lambda dp: softmax_back(ops.softmax(s)[0], dp)), s
        )
        demand(error < 1e-6, "the adjoint law", f"<u, J v> and <J'u, v> differ by {error:.1%}")

    return judge(3, softmax_back, (np.ones((1, 1)), np.ones((1, 1))), examine)


def check_4(may_see: Callable) -> bool:
    """``may_see(lengths, T)``: (B, T, T), causal and without padding."""

    def examine(may_see: Callable) -> None:
        T, lengths = 5, np.array([5, 3, 1])
        mask = may_see(lengths, T)
        fits = getattr(mask, "shape", None) == (3, T, T) and mask.dtype == bool
        got = f"{getattr(mask, 'shape', type(mask).__name__)} {getattr(mask, 'dtype', '')}"
        demand(fits, "the shape law", f"wanted (3, 5, 5) bool, got {got}")
        blind = [(i, t) for i, n in enumerate(lengths) for t in range(n) if not mask[i, t, t]]
        demand(
            not blind, "the see-yourself law", f"sequence, token {blind[:1]} does not see itself"
        )
        future = np.argwhere(mask & ~np.tri(T, dtype=bool))
        demand(
            not len(future),
            "the no-future law",
            f"sequence, query, key {future[:1].tolist()}: the query sees a later key",
        )
        pairs = [int(m[:n].sum()) for m, n in zip(mask, lengths, strict=True)]
        demand(
            pairs == [15, 6, 1],
            "the counting law",
            f"1 + 2 + ... + n real pairs may be seen, 15, 6 and 1; with yours {pairs}",
        )
        empty = np.argwhere(~mask.any(axis=2))
        demand(
            not len(empty),
            "the no-empty-row law",
            f"sequence, query {empty[:1].tolist()} sees nothing, and a softmax over nothing is "
            "0 / 0; padding is hidden as a key, not as a query",
        )
        q, k, v = np.random.default_rng(4).standard_normal((3, 3, 1, T, 4))
        padded = k.copy()
        padded[1, 0, 3:] += 1  # sequence 1 has three real tokens
        o, o_padded = (ops.attention(q, keys, v, mask)[0] for keys in (k, padded))
        demand(
            np.array_equal(o, o_padded),
            "the padding law",
            "changing a key that is padding changes somebody's output",
        )

    return judge(4, may_see, (np.array([2]), 2), examine)


def check_5(layer_norm_back: Callable) -> bool:
    """``layer_norm_back(dn, n, s)``: dx of n = s (x - mean), s the inverse deviation."""

    def examine(layer_norm_back: Callable) -> None:
        x, dn = np.random.default_rng(5).standard_normal((2, 4, 7))

        def norm(x: np.ndarray) -> tuple[np.ndarray, Callable]:
            s = 1 / x.std(axis=1, keepdims=True)
            n = s * (x - x.mean(axis=1, keepdims=True))
            return n, lambda dn: layer_norm_back(dn, n, s)

        n, back = norm(x)
        dx = back(dn)
        demand(np.shape(dx) == x.shape, "the shape law", f"dx has shape {np.shape(dx)}")
        along = abs(dx.sum(axis=1)).max()
        demand(
            along < 1e-10,
            "the shift law",
            f"a row of dx sums to {along:.3f}, not 0: a shift of the row should change nothing",
        )
        along = abs((dx * n).sum(axis=1)).max()
        demand(
            along < 1e-10,
            "the scale law",
            f"a row of dx has the product {along:.3f} with n, not 0: a rescaling changes nothing",
        )
        error = gap(norm, x)
        demand(error < 1e-6, "the adjoint law", f"<u, J v> and <J'u, v> differ by {error:.1%}")

    return judge(5, layer_norm_back, (np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 1))), examine)
