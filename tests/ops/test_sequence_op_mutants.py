"""Ops of language models with one mistake each, of the kind people make, and what kills them.

As in wrong_ops.py: caught by "adjoint" (back is not the transpose of the derivative) or by "loops"
(the value itself is wrong, which the adjoint check cannot see).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from lbopt import ops
from tests.adjoint import adjoint_gaps
from tests.ops import sequence_loops as loops
from tests.ops.sequence_cases import IDS, KEYS, QKV


def embedding_gradient_of_the_last_place_only(table):
    """dtable[ids] += dy: NumPy adds once for an id that comes twice."""
    y, _ = ops.embedding(table, IDS)

    def back(dy):
        dtable = np.zeros_like(table)
        dtable[IDS] += dy
        return dtable

    return y, back


def layer_norm_without_mean_terms(x, gamma, beta):
    """mean and var of the row taken for constants."""
    y, back = ops.layer_norm(x, gamma, beta, eps=1e-3)
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    return y, lambda dy: (dy * gamma * s, *back(dy)[1:])


def layer_norm_without_the_variance_term(x, gamma, beta):
    """Through the mean, not through the variance; the rows of dx still sum to zero."""
    y, back = ops.layer_norm(x, gamma, beta, eps=1e-3)
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-3)

    def wrong(dy):
        dn = dy * gamma
        return s * (dn - dn.mean(-1, keepdims=True)), *back(dy)[1:]

    return y, wrong


def layer_norm_means_of_dy_instead_of_dn(x, gamma, beta):
    """The mean terms without gamma: right as long as gamma is 1, as it is at the start."""
    y, back = ops.layer_norm(x, gamma, beta, eps=1e-3)
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    n = (x - x.mean(-1, keepdims=True)) * s

    def wrong(dy):
        means = dy.mean(-1, keepdims=True) + n * (dy * n).mean(-1, keepdims=True)
        return s * gamma * (dy - means), *back(dy)[1:]

    return y, wrong


def layer_norm_over_the_batch(x, gamma, beta):
    """Batch norm's axis: the mean over the examples."""
    (y, _), back = ops.batch_norm(x, gamma, beta, eps=1e-3)
    return y, back


def layer_norm_with_eps_outside_the_root(x, gamma, beta):
    """/ (sd + eps) instead of / sqrt(var + eps)."""
    sd = x.std(-1, keepdims=True)
    y, back = ops.layer_norm(x, gamma, beta, eps=1e-30)
    shrink = sd / (sd + 1e-3)
    return (y - beta) * shrink + beta, back


def gelu_slope_without_the_inner_derivative(x):
    """The derivative of tanh's argument forgotten: the chain rule stops half-way."""
    y, _ = ops.gelu(x)
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
    return y, lambda dy: dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t))


def gelu_with_a_sigmoid(x):
    """x sigmoid(1.702 x): another approximation under the same name."""
    g = 1 / (1 + np.exp(-1.702 * x))
    return x * g, lambda dy: dy * (g + 1.702 * x * g * (1 - g))


def softmax_gradient_of_independent_numbers(x):
    """p (1 - p) dy: the diagonal of the Jacobian alone."""
    p, _ = ops.softmax(x)
    return p, lambda dy: p * (1 - p) * dy


def attention_without_scale(q, k, v):
    """1 / sqrt(D) forgotten."""
    return ops.attention(math.sqrt(q.shape[-1]) * q, k, v, KEYS)


def attention_scaled_by_the_width_of_all_heads(q, k, v):
    """1 / sqrt(H D) instead of 1 / sqrt(D)."""
    return ops.attention(q / math.sqrt(q.shape[1]), k, v, KEYS)


def attention_scale_forgotten_in_back(q, k, v):
    """Forward scaled, dq and dk not."""
    o, back = ops.attention(q, k, v, KEYS)

    def wrong(do):
        dq, dk, dv = back(do)
        return math.sqrt(q.shape[-1]) * dq, math.sqrt(q.shape[-1]) * dk, dv

    return o, wrong


def attention_mask_ignored_in_back(q, k, v):
    """The weights are recomputed for the backward pass, without the mask."""
    o, _ = ops.attention(q, k, v, KEYS)
    return o, ops.attention(q, k, v)[1]


def attention_mask_ignored(q, k, v):
    """The mask is accepted and not used."""
    return ops.attention(q, k, v)


def attention_mask_the_wrong_way_round(q, k, v):
    """True means hidden in some libraries (torch's key_padding_mask)."""
    return ops.attention(q, k, v, ~KEYS)


def attention_mask_of_the_queries(q, k, v):
    """The rows of a hidden token are zeroed instead of its columns."""
    o, back = ops.attention(q, k, v)
    seen = KEYS[:, None, : q.shape[2], None]
    return o * seen, lambda do: back(do * seen)


def attention_softmax_over_the_queries(q, k, v):
    """axis=-2: every key's weights sum to one."""
    s = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1])
    a = np.exp(s) / np.exp(s).sum(2, keepdims=True)
    return a @ v, lambda do: ops.attention(q, k, v)[1](do)


def attention_gradient_without_the_row_term(q, k, v):
    """ds = a da: softmax differentiated as if it were exp."""
    o, back = ops.attention(q, k, v, KEYS)
    s = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1]) + np.where(KEYS, 0, -np.inf)[:, None, None]
    a = ops.softmax(s)[0]

    def wrong(do):
        ds = a * (do @ v.swapaxes(2, 3)) / math.sqrt(q.shape[-1])
        return ds @ k, ds.swapaxes(2, 3) @ q, back(do)[2]

    return o, wrong


def unembedding_gradient_without_the_bias(x, table, b):
    """db averaged instead of summed."""
    y, back = ops.unembedding(x, table, b)
    return y, lambda dy: (*back(dy)[:2], dy.mean(0))


class Mutant(NamedTuple):
    op: Callable
    arrays: tuple[np.ndarray, ...]
    truth: Callable
    caught_by: str = "adjoint"


def _normal(*shapes):
    rng = np.random.default_rng(11)
    return tuple(rng.standard_normal(shape) for shape in shapes)


ROWS = _normal((4, 6), (6,), (6,))
NUMBERS = (2 * _normal((4, 5))[0],)


def norm_truth(x, gamma, beta):
    return loops.layer_norm(x, gamma, beta, 1e-3)


def attention_truth(q, k, v):
    return loops.attention(q, k, v, lambda b, t, s: KEYS[b, s])


MUTANTS = (
    Mutant(embedding_gradient_of_the_last_place_only, _normal((5, 3)), lambda t: t[IDS]),
    Mutant(layer_norm_without_mean_terms, ROWS, norm_truth),
    Mutant(layer_norm_without_the_variance_term, ROWS, norm_truth),
    Mutant(layer_norm_means_of_dy_instead_of_dn, ROWS, norm_truth),
    Mutant(layer_norm_over_the_batch, ROWS, norm_truth, "loops"),
    Mutant(
        layer_norm_with_eps_outside_the_root,
        (0.1 * ROWS[0], *ROWS[1:]),
        norm_truth,
        "loops",
    ),
    Mutant(gelu_slope_without_the_inner_derivative, NUMBERS, loops.gelu),
    Mutant(gelu_with_a_sigmoid, NUMBERS, loops.gelu, "loops"),
    Mutant(softmax_gradient_of_independent_numbers, NUMBERS, loops.softmax),
    Mutant(attention_without_scale, QKV, attention_truth, "loops"),
    Mutant(attention_scaled_by_the_width_of_all_heads, QKV, attention_truth, "loops"),
    Mutant(attention_scale_forgotten_in_back, QKV, attention_truth),
    Mutant(attention_mask_ignored_in_back, QKV, attention_truth),
    Mutant(attention_mask_ignored, QKV, attention_truth, "loops"),
    Mutant(attention_mask_the_wrong_way_round, QKV, attention_truth, "loops"),
    Mutant(attention_mask_of_the_queries, QKV, attention_truth, "loops"),
    Mutant(attention_softmax_over_the_queries, QKV, attention_truth, "loops"),
    Mutant(attention_gradient_without_the_row_term, QKV, attention_truth),
    Mutant(unembedding_gradient_without_the_bias, _normal((4, 3), (6, 3), (6,)), loops.unembedding),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.op.__name__)
def test_mutant_is_caught_by_the_check_its_story_names(mutant):
    y, _ = mutant.op(*mutant.arrays)
    truth = mutant.truth(*mutant.arrays)
    error = np.abs(y - truth).max() / np.abs(truth).max()
    print(f"forward error {error:.1e}")
    if mutant.caught_by == "loops":
        assert error > 1e-3
        return
    assert error < 1e-12  # the value is right: only the adjoint check can know
    gaps = adjoint_gaps(mutant.op, *mutant.arrays)
    print(*gaps, sep="\n")
    worst = max(gaps, key=lambda gap: gap.error / gap.tolerance)
    assert worst.error > 1000 * worst.tolerance
