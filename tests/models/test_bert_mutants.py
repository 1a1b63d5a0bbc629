"""Classic mistakes in a BERT, planted one at a time; a named law must notice each.

A mutant replaces one function in lbopt.models, and the model is built anew around it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from lbopt import ops
from lbopt.models import transformer
from lbopt.models.init import joined
from lbopt.models.transformer import Layer
from tests.models.bert_cases import BUILD, Case
from tests.models.bert_laws import (
    adjoint_law,
    embedding_sum_law,
    padding_law,
    sequences_do_not_see_each_other_law,
)


def without_cotangent(op: Callable, index: int) -> Callable:
    """Forget one of the cotangents of an op."""

    def wrong(*args, **settings):
        y, back = op(*args, **settings)

        def wrong_back(dy):
            cotangents = list(back(dy))
            cotangents[index] = np.zeros_like(cotangents[index])
            return tuple(cotangents)

        return y, wrong_back

    return wrong


def straight_through(op: Callable) -> Callable:
    return lambda x, *args, **settings: (op(x, *args, **settings)[0], lambda dy: dy + 0)


def layer_norm_without_mean_terms(x, gamma, beta, *, eps):
    y, back = ops.layer_norm(x, gamma, beta, eps=eps)
    s = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    return y, lambda dy: (dy * gamma * s, *back(dy)[1:])


def attention_mask_ignored_in_back(q, k, v, mask=None, **settings):
    o, _ = ops.attention(q, k, v, mask, **settings)
    return o, ops.attention(q, k, v, None, **settings)[1]


def attention_without_mask(q, k, v, mask=None, **settings):
    return ops.attention(q, k, v, None, **settings)


def attention_scale_missing_in_back(q, k, v, mask=None, **settings):
    o, back = ops.attention(q, k, v, mask, **settings)

    def wrong(do):
        dq, dk, dv = back(do)
        return 2 * dq, 2 * dk, dv  # sqrt(D) of these heads

    return o, wrong


def attention_across_the_batch(q, k, v, mask=None, **settings):
    """Examples and heads mixed up by a reshape without a transpose."""
    B, H, T, D = q.shape
    o, back = ops.attention(*(a.swapaxes(0, 1).reshape(B, H, T, D) for a in (q, k, v)), mask)
    return o, back


def post_norm_without_residual_gradient(body, norm, *, drop=0.0):
    def run(p, h, mask, rng):
        f, back_body = body.run(p, h, mask, rng)
        f, back_drop = transformer.dropped(f, drop, rng)
        y, back_norm = norm.run(p, h + f, mask, rng)

        def back(dy):
            norm_grads, dsum = back_norm(dy)
            body_grads, dh = back_body(back_drop(dsum))
            return body_grads | norm_grads, dh

        return y, back

    return Layer(joined(body.layout, norm.layout), run)


def embed_wrong(change: Callable) -> Callable:
    """Change the gradients of the three tables: ``change(grads, dsum, x)``."""
    from lbopt.models.bert_input import embed

    def wrong(p, x, rng, **settings):
        h, back = embed(p, x, rng, **settings)

        def wrong_back(dh):
            grads, dsum = back(dh)
            return change(dict(grads), dsum, x), dsum

        return h, wrong_back

    return wrong


def position_of_the_first_sequence_only(grads, dsum, x):
    dposition = np.zeros_like(grads["position.W"])
    dposition[: dsum.shape[1]] = dsum[0]
    return grads | {"position.W": dposition}


def position_averaged_over_the_batch(grads, dsum, x):
    return grads | {"position.W": grads["position.W"] / len(dsum)}


def segment_of_the_first_sequence_only(grads, dsum, x):
    dsegment = np.zeros_like(grads["segment.W"])
    np.add.at(dsegment, x.segments[0], dsum[0])
    return grads | {"segment.W": dsegment}


def token_written_once_instead_of_added(grads, dsum, x):
    dtoken = np.zeros_like(grads["token.W"])
    dtoken[x.tokens] = dsum
    return grads | {"token.W": dtoken}


def token_of_the_embedding_forgotten(grads, dsum, x):
    return grads | {"token.W": np.zeros_like(grads["token.W"])}


def dropout_with_another_mask_in_back(x, rate, rng):
    y, _ = ops.dropout(x, rate, rng)
    return y, ops.dropout(x, rate, np.random.default_rng(99))[1]


class Mutant(NamedTuple):
    story: str
    module: str
    function: str
    wrong: Callable
    case: str = "masked"
    law: Callable[[Case], None] = adjoint_law


MUTANTS = [
    Mutant(
        "tied weight counted once: the scores' part forgotten",
        *("bert_heads", "unembedding", without_cotangent(ops.unembedding, 1)),
    ),
    Mutant(
        "tied weight counted once: the embedding's part forgotten",
        *("bert", "embed", embed_wrong(token_of_the_embedding_forgotten)),
    ),
    Mutant(
        "a token that comes twice is written once",
        *("bert", "embed", embed_wrong(token_written_once_instead_of_added)),
    ),
    Mutant(
        "position gradient of the first sequence only",
        *("bert", "embed", embed_wrong(position_of_the_first_sequence_only)),
    ),
    Mutant(
        "position gradient averaged over the batch",
        *("bert", "embed", embed_wrong(position_averaged_over_the_batch)),
        *("masked", embedding_sum_law),
    ),
    Mutant(
        "segment gradient of the first sequence only",
        *("bert", "embed", embed_wrong(segment_of_the_first_sequence_only)),
    ),
    Mutant(
        "layer norm without mean terms, in the blocks",
        *("transformer", "layer_norm", layer_norm_without_mean_terms),
    ),
    Mutant(
        "layer norm without mean terms, in the embeddings",
        *("bert_input", "layer_norm", layer_norm_without_mean_terms),
    ),
    Mutant(
        "layer norm without mean terms, in the head",
        *("bert_heads", "layer_norm", layer_norm_without_mean_terms),
    ),
    Mutant(
        "mask ignored in backward",
        *("transformer", "attention", attention_mask_ignored_in_back),
    ),
    Mutant(
        "mask ignored altogether",
        *("transformer", "attention", attention_without_mask, "masked", padding_law),
    ),
    Mutant(
        "attention scale missing in backward",
        *("transformer", "attention", attention_scale_missing_in_back),
    ),
    Mutant(
        "heads and examples mixed up",
        *("transformer", "attention", attention_across_the_batch),
        *("masked, tokens alone", sequences_do_not_see_each_other_law),
    ),
    Mutant(
        "query gradient does not reach the input",
        *("transformer", "linear", without_cotangent(ops.linear, 0)),
    ),
    Mutant("a bias without gradient", *("transformer", "linear", without_cotangent(ops.linear, 2))),
    Mutant(
        "residual gradient forgotten",
        *("transformer", "post_norm", post_norm_without_residual_gradient),
    ),
    Mutant(
        "dropout with another mask in backward",
        *("transformer", "dropout", dropout_with_another_mask_in_back, "masked with dropout"),
    ),
    Mutant(
        "dropout forgotten in backward",
        *("transformer", "dropout", straight_through(ops.dropout), "masked with dropout"),
    ),
    Mutant(
        "selection of the asked tokens: the place asked twice counted once",
        *("bert_heads", "embedding", lambda t, ids: (ops.embedding(t, ids)[0], once(t, ids))),
    ),
]


def once(table, ids):
    def back(dy):
        d = np.zeros_like(table)
        d[ids] = dy
        return d

    return back


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.story for m in MUTANTS])
def test_each_planted_mistake_breaks_the_law_that_is_named_for_it(mutant, monkeypatch):
    mutant.law(BUILD[mutant.case]())  # the healthy model keeps it
    module = importlib.import_module(f"lbopt.models.{mutant.module}")
    monkeypatch.setattr(module, mutant.function, mutant.wrong)
    with pytest.raises(AssertionError):
        mutant.law(BUILD[mutant.case]())
