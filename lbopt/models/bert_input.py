"""What BERT reads: a batch of token sequences, checked once, and the embeddings it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lbopt.backend import Array, array_namespace
from lbopt.models.init import Initialiser, Layout, Tensor, ones, zeros
from lbopt.models.transformer import dropped
from lbopt.ops import embedding, layer_norm
from lbopt.ops.embedding import check_ids
from lbopt.params import Params

TOKEN, POSITION, SEGMENT = "token.W", "position.W", "segment.W"
GAMMA, BETA = "embedding_norm.gamma", "embedding_norm.beta"


class Batch(NamedTuple):
    """B sequences of T tokens. NumPy or CuPy arrays, of the module of the parameters.

    Attributes
    ----------
    tokens : integer array, shape (B, T)
        0 ... vocabulary - 1; T at most the number of positions.
    positions : integer array, shape (B, P), optional
        Where a token is to be predicted, 0 ... T - 1; P is the same for all sequences. Needed by
        models that predict tokens, ignored by others.
    segments : integer array, shape (B, T), optional
        First or second sentence, 0 or 1; None: all 0.
    mask : boolean array, shape (B, T), optional
        True where there is a token, False where there is padding, which nobody attends to; None:
        no padding.
    """

    tokens: Array
    positions: Array | None = None
    segments: Array | None = None
    mask: Array | None = None


def check_batch(x: Any, params: Mapping[str, Array], *, predicts: bool) -> None:
    """Refuse what is no batch of this model, naming the field; ids are checked by `embedding`."""
    if not isinstance(x, Batch):
        raise TypeError(
            f"x must be a models.Batch, got {type(x).__name__}; write models.Batch(tokens, ...)"
        )
    tokens, positions, segments, mask = x
    xp = array_namespace(params[TOKEN], tokens)
    if tokens.ndim != 2 or 0 in tokens.shape:
        raise ValueError(f"x.tokens must have shape (B, T), B, T > 0; got {tuple(tokens.shape)}")
    T, longest = tokens.shape[1], params[POSITION].shape[0]
    if longest < T:
        raise ValueError(
            f"x.tokens has sequences of {T} tokens, the position table only {longest} rows; "
            "cut the sequences or build the model with more positions"
        )
    for name, field in (("segments", segments), ("mask", mask)):
        if field is not None and field.shape != tokens.shape:
            raise ValueError(
                f"x.{name} has shape {tuple(field.shape)}, x.tokens {tuple(tokens.shape)}: "
                "they must be equal"
            )
    check_ids("bert", "tokens", tokens, params[TOKEN])
    if segments is not None:
        check_ids("bert", "segments", segments, params[SEGMENT])
    if not predicts:
        return
    if positions is None:
        raise ValueError("x.positions is missing: say which tokens are to be predicted")
    if positions.ndim != 2 or positions.shape[0] != tokens.shape[0] or positions.shape[1] == 0:
        raise ValueError(
            f"x.positions must have shape ({tokens.shape[0]}, P), P > 0; "
            f"got {tuple(positions.shape)}"
        )
    if not xp.isdtype(positions.dtype, "integral"):
        raise TypeError(f"x.positions must be integers, got dtype {positions.dtype}")
    low, high = int(xp.min(positions)), int(xp.max(positions))
    if low < 0 or high >= T:
        bad = low if low < 0 else high
        raise ValueError(f"x.positions has {bad}, sequences have the positions 0 ... {T - 1}")


def embedding_layout(
    vocabulary: int, positions: int, segments: int, width: int, draw: Initialiser
) -> Layout:
    """Lay out the three tables and the norm of their sum."""
    tables = {TOKEN: vocabulary, POSITION: positions, SEGMENT: segments}
    layout = {name: Tensor((rows, width), draw) for name, rows in tables.items()}
    return layout | {GAMMA: Tensor((width,), ones), BETA: Tensor((width,), zeros)}


def embed(
    p: Mapping[str, Array], x: Batch, rng: Any, *, eps: float, drop: float
) -> tuple[Array, Callable]:
    """Return h = drop(norm(token + position + segment)), (B, T, C).

    ``back(dh) -> grads, dsum`` with dsum (B, T, C) the cotangent of the sum of the three rows.
    """
    tokens, _, segments, _ = x
    xp = array_namespace(p[TOKEN])
    T = tokens.shape[1]
    t, back_token = embedding(p[TOKEN], tokens)  # (B, T, C)
    s, back_segment = embedding(p[SEGMENT], tokens * 0 if segments is None else segments)
    n, back_norm = layer_norm(t + s + p[POSITION][:T], p[GAMMA], p[BETA], eps=eps)
    h, back_drop = dropped(n, drop, rng)

    def back(dh: Array) -> tuple[Params, Array]:
        dn = back_drop(dh)
        dsum, dgamma, dbeta = back_norm(dn)
        dposition = xp.zeros_like(p[POSITION])
        dposition[:T] = xp.sum(dsum, axis=0)  # one row for all sequences: gradients add
        grads = {
            TOKEN: back_token(dsum),
            POSITION: dposition,
            SEGMENT: back_segment(dsum),
            GAMMA: dgamma,
            BETA: dbeta,
        }
        return grads, dsum

    return h, back
