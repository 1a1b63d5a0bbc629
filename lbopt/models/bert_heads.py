"""What BERT is asked while it is trained: the hidden tokens, and whether two sentences belong.

A head is a layout and ``run(params, h, x) -> y, back`` with ``back(dy) -> grads, dh``; h (B, T, C)
is what the encoder made of the batch x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lbopt.backend import Array, array_namespace
from lbopt.models.bert_input import TOKEN, Batch
from lbopt.models.init import Initialiser, Layout, Tensor, joined, ones, zeros
from lbopt.models.transformer import Activation, weight_and_bias
from lbopt.ops import embedding, layer_norm, linear, unembedding
from lbopt.params import Params

HeadRun = Callable[[Mapping[str, Array], Array, Batch], tuple[Any, Callable]]


class Head(NamedTuple):
    """The parameters a head owns, and how it runs."""

    layout: Layout
    run: HeadRun


class Encoded(NamedTuple):
    """What the encoder makes of a batch (or its cotangents)."""

    hidden: Array  # (B, T, width)
    pooled: Array  # (B, width)


class Pretraining(NamedTuple):
    """Logits of the two tasks of BERT's pre-training (or their cotangents)."""

    masked: Array  # (B P, vocabulary)
    follows: Array  # (B, 2): no, yes


def masked_head(
    vocabulary: int, width: int, act: Activation, draw: Initialiser, eps: float
) -> Head:
    """Score the vocabulary at ``x.positions`` (B, P) and nowhere else: y (B P, V).

    y = norm(act(h W + b)) E' + b_v, with E the token table, which this head uses but does not own:
    its gradient here is this head's part alone.
    """
    layout = weight_and_bias("masked", width, width, draw)
    layout["masked_norm.gamma"] = Tensor((width,), ones)
    layout["masked_norm.beta"] = Tensor((width,), zeros)
    layout["vocabulary.b"] = Tensor((vocabulary,), zeros)

    def run(p: Mapping[str, Array], h: Array, x: Batch) -> tuple[Array, Callable]:
        B, T, C = h.shape
        first = array_namespace(h).arange(B)[:, None] * T  # (B, 1), of the B T tokens
        asked = (first + x.positions).reshape(-1)
        s, back_select = embedding(h.reshape(B * T, C), asked)  # (B P, C)
        a, back_linear = linear(s, p["masked.W"], p["masked.b"])
        f, back_act = act(a)
        gamma, beta = p["masked_norm.gamma"], p["masked_norm.beta"]
        n, back_norm = layer_norm(f, gamma, beta, eps=eps)
        y, back_scores = unembedding(n, p[TOKEN], p["vocabulary.b"])  # (B P, V)

        def back(dy: Array) -> tuple[Params, Array]:
            g: Params = {}
            dn, g[TOKEN], g["vocabulary.b"] = back_scores(dy)
            df, g["masked_norm.gamma"], g["masked_norm.beta"] = back_norm(dn)
            da = back_act(df)
            ds, g["masked.W"], g["masked.b"] = back_linear(da)
            return g, back_select(ds).reshape(B, T, C)  # zero where nothing was asked

        return y, back

    return Head(layout, run)


def encoder_head(width: int, draw: Initialiser) -> Head:
    """Give h itself and the pooled first token, tanh(h_0 W + b), that speaks for all: `Encoded`."""

    def run(p: Mapping[str, Array], h: Array, x: Batch) -> tuple[Encoded, Callable]:
        xp = array_namespace(h)
        a, back_linear = linear(h[:, 0], p["pooler.W"], p["pooler.b"])
        pooled = xp.tanh(a)  # (B, C)

        def back(dy: Encoded) -> tuple[Params, Array]:
            da = dy.pooled * (1 - pooled * pooled)
            dfirst, dW, db = back_linear(da)
            dh = dy.hidden + 0  # (B, T, C)
            dh[:, 0] += dfirst  # the first token forks
            return {"pooler.W": dW, "pooler.b": db}, dh

        return Encoded(h, pooled), back

    return Head(weight_and_bias("pooler", width, width, draw), run)


def pretraining_head(
    vocabulary: int, width: int, act: Activation, draw: Initialiser, eps: float
) -> Head:
    """Ask both: the masked tokens, and from the pooled token whether B follows A: `Pretraining`."""
    pooler = encoder_head(width, draw)
    masked = masked_head(vocabulary, width, act, draw, eps)
    layout = joined(pooler.layout, masked.layout, weight_and_bias("next", width, 2, draw))

    def run(p: Mapping[str, Array], h: Array, x: Batch) -> tuple[Pretraining, Callable]:
        (_, pooled), back_pooler = pooler.run(p, h, x)
        follows, back_next = linear(pooled, p["next.W"], p["next.b"])  # (B, 2)
        scores, back_masked = masked.run(p, h, x)

        def back(dy: Pretraining) -> tuple[Params, Array]:
            masked_grads, dh = back_masked(dy.masked)
            dpooled, dW, db = back_next(dy.follows)
            pooler_grads, dh = back_pooler(Encoded(dh, dpooled))  # h forks: gradients add there
            return masked_grads | pooler_grads | {"next.W": dW, "next.b": db}, dh

        return Pretraining(scores, follows), back

    return Head(layout, run)
