"""BERT: a transformer encoder that predicts hidden tokens, from two layers of 32 to full size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array
from lbopt.models.bert_heads import encoder_head, masked_head, pretraining_head
from lbopt.models.bert_input import TOKEN, Batch, check_batch, embed, embedding_layout
from lbopt.models.checks import check_sizes
from lbopt.models.init import Initialiser, joined, normal
from lbopt.models.model import Model
from lbopt.models.token_model import build_on_tokens
from lbopt.models.transformer import Activation, block, chain, layer_norm_layer
from lbopt.ops import gelu
from lbopt.params import Params

USUAL = {"act": "ops.gelu", "weight_init": "models.normal(0.02)"}


def bert(
    vocabulary: int,
    *,
    width: int = 32,
    layers: int = 2,
    heads: int = 2,
    inner: int | None = None,
    positions: int = 128,
    segments: int = 2,
    head: str = "masked",
    norm: str = "post",
    act: Activation = gelu,
    dropout: float = 0.0,
    attention_dropout: float | None = None,
    eps: float = 1e-12,
    weight_init: Initialiser | None = None,
) -> Model:
    r"""Make a BERT: embeddings, ``layers`` blocks of attention and feed-forward, a head.

    .. math::

        h &= \mathrm{norm}(E_{tokens} + P + S_{segments}), \qquad
        \text{then in every block} \\
        h &\leftarrow \mathrm{norm}(h + \mathrm{attention}(h)), \quad
        h \leftarrow \mathrm{norm}(h + \mathrm{act}(h W_1 + b_1) W_2 + b_2) & \text{(post)} \\
        h &\leftarrow h + \mathrm{attention}(\mathrm{norm}(h)), \quad
        h \leftarrow h + \mathrm{act}(\mathrm{norm}(h) W_1 + b_1) W_2 + b_2 & \text{(pre)}

    and, with "pre", one more norm after the last block.

    Parameters
    ----------
    vocabulary : int
        Number of tokens, the special ones included.
    width, layers, heads : int
        Numbers per token; blocks; attention heads, which must divide ``width``.
    inner : int, optional
        Inner width of the feed-forward layers; None: 4 ``width``.
    positions, segments : int
        Longest sequence; kinds of segment.
    head : {"masked", "pretraining", "encoder"}
        What y is. "masked": logits (B P, vocabulary) at ``x.positions``, in the order of
        ``positions.reshape(-1)``: the mean loss over the masked tokens is
        ``ops.softmax_cross_entropy(y, labels.reshape(-1))``. "pretraining": `Pretraining`, these
        and the logits of "the second sentence follows the first". "encoder": `Encoded`.
    norm : {"post", "pre"}
        Where the layer norms are: as published, or in front of each part (easier to train deep).
    act : op
        ops.gelu (tanh form, as in the published code) or ops.gelu_erf.
    dropout, attention_dropout : float
        Rates (BERT: 0.1) after the embeddings and each part, and of attention weights (None: the
        same); active where ``forward`` is given an rng.
    eps : float
        Of the layer norms.
    weight_init : function (rng, shape) -> array, optional
        For all matrices and tables; None: N(0, 0.02²), BERT's scale, which suits its width of 768;
        a narrow model (32) learns nothing from it and wants about 0.1. Biases 0, gammas 1.

    Returns
    -------
    Model
        x is a `Batch`. ``back(dy) -> dparams, dx``: dy is like y, and dx (B, T, width) is the
        cotangent of the sum of the three embeddings, the last place that numbers come from.
        Parameters "token.W", "position.W", "segment.W", "embedding_norm.gamma", ".beta",
        "block0.query.W", ".b", ... (see `transformer.block`), "final_norm" with "pre", "masked.W",
        "masked_norm", "vocabulary.b", "pooler.W", "next.W".

    Raises
    ------
    ValueError, TypeError
        A size or name makes no sense. From ``forward``: a token, segment or position out of range,
        a sequence longer than the position table, a mask that hides a whole sequence.

    Notes
    -----
    Devlin et al. 2018 (arXiv 1810.04805); "pre": Xiong et al. 2020 (arXiv 2002.04745). The scores
    of the vocabulary use the token table again, so its gradient is a sum of two. Query, key and
    value are layers of their own, as in the published code: rules that adapt layer by layer see
    each. The key's bias has no influence on y; its gradient is rounding noise.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.params import count
    >>> model = bert(70)
    >>> params = model.init(np.random.default_rng(0))
    >>> count(params)
    33062
    >>> x = Batch(np.array([[5, 69, 7, 8]]), positions=np.array([[1, 3]]))
    >>> y, back = model.forward(params, x)
    >>> dparams, dx = back(np.ones_like(y))
    >>> y.shape, dx.shape, list(dparams) == list(params)
    ((2, 70), (1, 4, 32), True)
    """
    inner = 4 * width if inner is None else inner
    sizes = {"vocabulary": vocabulary, "width": width, "layers": layers, "heads": heads}
    check_sizes(**sizes, inner=inner, positions=positions, segments=segments)
    attention_drop = dropout if attention_dropout is None else attention_dropout
    for name, function in (("act", act), ("weight_init", weight_init)):
        if not (callable(function) or (function is None and name == "weight_init")):
            raise TypeError(f"{name} must be a function such as {USUAL[name]}, got {function!r}")
    _check_choices(width, heads, head, norm, dropout, attention_drop, eps)
    draw = normal(0.02) if weight_init is None else weight_init
    parts = [
        block(
            f"block{i}",
            width=width,
            heads=heads,
            inner=inner,
            placement=norm,
            act=act,
            draw=draw,
            eps=eps,
            drop=dropout,
            attention_drop=attention_drop,
        )
        for i in range(layers)
    ]
    if norm == "pre":
        parts.append(layer_norm_layer("final_norm", width, eps))
    encoder = chain(parts)
    if head == "encoder":
        last = encoder_head(width, draw)
    else:
        make = masked_head if head == "masked" else pretraining_head
        last = make(vocabulary, width, act, draw, eps)
    tables = embedding_layout(vocabulary, positions, segments, width, draw)
    layout = joined(tables, encoder.layout, last.layout)

    def run(p: Mapping[str, Array], x: Batch, rng: Any) -> tuple[Any, Callable]:
        h, back_embed = embed(p, x, rng, eps=eps, drop=dropout)  # (B, T, width)
        h, back_encoder = encoder.run(p, h, x.mask, rng)
        y, back_head = last.run(p, h, x)

        def back(dy: Any) -> tuple[Params, Array]:
            head_grads, dh = back_head(dy)
            encoder_grads, dh = back_encoder(dh)
            embed_grads, dsum = back_embed(dh)
            if TOKEN in head_grads:  # the table is used twice: gradients add
                embed_grads[TOKEN] += head_grads.pop(TOKEN)
            return embed_grads | encoder_grads | head_grads, dsum

        return y, back

    def check(x: Any, p: Mapping[str, Array]) -> None:
        check_batch(x, p, predicts=head != "encoder")

    return build_on_tokens(f"bert-{layers}x{width}", layout, run, check)


def _check_choices(
    width: int, heads: int, head: str, norm: str, dropout: float, attention: float, eps: float
) -> None:
    if width % heads:
        raise ValueError(f"heads must divide width, got heads={heads} and width={width}")
    for name, value, choices in (
        ("head", head, ("masked", "pretraining", "encoder")),
        ("norm", norm, ("post", "pre")),
    ):
        if value not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    for name, rate in (("dropout", dropout), ("attention_dropout", attention)):
        if not 0 <= rate < 1:
            raise ValueError(f"{name} must be in [0, 1), got {rate}")
    if not eps > 0:
        raise ValueError(f"eps must be positive, got {eps}")
