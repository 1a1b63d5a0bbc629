"""The hidden letter from its neighbours: an embedding and a multilayer perceptron."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.models.checks import check_sizes
from lbopt.models.init import Initialiser, Tensor, he_normal, joined, normal, zeros
from lbopt.models.layers import dense, identity, sequence
from lbopt.models.model import Model
from lbopt.models.token_model import build_on_tokens
from lbopt.ops import embedding, relu
from lbopt.ops.embedding import check_ids
from lbopt.params import Params

TABLE = "embedding.W"


def char_mlp(
    symbols: int = 64,
    context: int = 8,
    width: int = 12,
    hidden: int = 96,
    layers: int = 5,
    *,
    embedding_init: Initialiser | None = None,
    weight_init: Initialiser = he_normal,
    bias_init: Initialiser = zeros,
) -> Model:
    r"""Predict a symbol from ``context`` others: their embeddings side by side, through an `mlp`.

    .. math:: h_0 = (E_{x_1}, \dots, E_{x_c}), \qquad
              h_{i+1} = \max(0, h_i W_i + b_i), \qquad y = h_L W_L + b_L

    Parameters
    ----------
    symbols, context, width : int
        Size of the alphabet; symbols seen; numbers per symbol.
    hidden, layers : int
        Width and number L of the hidden layers.
    embedding_init : function (rng, shape) -> array, optional
        None: N(0, 1/2).
    weight_init, bias_init : function (rng, shape) -> array

    Returns
    -------
    Model
        x (N, context) integers, y (N, symbols) logits; dx (N, context, width) is the cotangent of
        the embeddings. Parameters "embedding.W", "layer0.W", "layer0.b", ...

    Raises
    ------
    ValueError, TypeError
        A size makes no sense; from ``forward``: x is not integers (N, context) of the alphabet.

    Notes
    -----
    A continuous bag of words (Mikolov et al. 2013) but in order and deep; no normalisation, so
    that large batches are hard for it.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.params import count
    >>> model = char_mlp()
    >>> params = model.init(np.random.default_rng(0))
    >>> count(params)
    53536
    >>> y, back = model.forward(params, np.array([[1, 2, 3, 4, 6, 7, 8, 9]]))
    >>> dparams, dx = back(np.ones_like(y))
    >>> y.shape, dx.shape, int(np.any(dparams["embedding.W"], axis=1).sum())
    ((1, 64), (1, 8, 12), 8)
    """
    check_sizes(symbols=symbols, context=context, width=width, hidden=hidden, layers=layers)
    table = Tensor(
        (symbols, width), normal(math.sqrt(0.5)) if embedding_init is None else embedding_init
    )
    widths = [context * width, *[hidden] * layers, symbols]
    body = sequence(
        [
            dense(
                f"layer{i}",
                widths[i],
                widths[i + 1],
                weight_init,
                bias_init,
                relu if i < layers else identity,
            )
            for i in range(layers + 1)
        ]
    )

    def run(p: Mapping[str, Array], x: Array, rng: Any) -> tuple[Array, Callable]:
        e, back_embedding = embedding(p[TABLE], x)  # (N, context, width)
        y, back_body, _ = body.run(p, e.reshape(x.shape[0], -1), None, rng)

        def back(dy: Array) -> tuple[Params, Array]:
            grads, dh = back_body(dy)
            de = dh.reshape(e.shape)
            return {TABLE: back_embedding(de)} | grads, de

        return y, back

    def check(x: Any, p: Mapping[str, Array]) -> None:
        array_namespace(p[TABLE], x)
        if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] != context:
            raise ValueError(f"x must have shape (N, {context}), N > 0; got {tuple(x.shape)}")
        check_ids("char_mlp", "x", x, p[TABLE])

    return build_on_tokens(f"char_mlp{layers}", joined({TABLE: table}, body.layout), run, check)
