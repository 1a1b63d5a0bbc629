"""Tokens to sequences, and sequences to questions: which tokens were hidden, does B follow A."""

from __future__ import annotations

from operator import index
from typing import NamedTuple

import numpy as np

from lbopt.checks import check_number
from lbopt.data.digits import Split

MASKED, RANDOM = 0.8, 0.1  # what becomes of a chosen token; the rest stay as they are


class Special(NamedTuple):
    """Tokens that are not text: their numbers follow the ``ordinary`` ones, 0 ... ordinary - 1."""

    ordinary: int  # tokens of the text
    pad: int
    begin: int  # BERT's [CLS]
    separate: int  # [SEP]
    mask: int
    size: int  # all together: what the model's vocabulary must be


class Masked(NamedTuple):
    """Sequences with some tokens hidden, and what they were."""

    tokens: np.ndarray  # (N, T) int64
    positions: np.ndarray  # (N, P) int64, ascending: where a token is to be predicted
    labels: np.ndarray  # (N, P) int64: which


class Pairs(NamedTuple):
    """Two spans of text in one sequence: [begin] A [separate] B [separate]."""

    tokens: np.ndarray  # (N, T) int64
    segments: np.ndarray  # (N, T) int64: 0 up to the first separator, then 1
    follows: np.ndarray  # (N,) int64: 1 where B comes right after A in the text


def special_tokens(ordinary: int) -> Special:
    """Number the four special tokens after the ``ordinary`` ones.

    Examples
    --------
    >>> special_tokens(64)
    Special(ordinary=64, pad=64, begin=65, separate=66, mask=67, size=68)
    """
    if index(ordinary) < 1:
        raise ValueError(f"ordinary must be at least 1, got {ordinary}")
    pad, begin, separate, mask, size = range(ordinary, ordinary + 5)
    return Special(ordinary, pad, begin, separate, mask, size)


def sequences(ids: np.ndarray, length: int, special: Special | None = None) -> np.ndarray:
    """Cut ``ids`` into sequences of ``length`` side by side; the incomplete last one is dropped.

    With ``special`` each is [begin] text [separate], ``length`` in all. Training in two stages
    (BERT: nine tenths of the steps at 128 tokens, then 512) is to call this twice.

    Raises
    ------
    ValueError
        ``ids`` is too short for one sequence, or ``length`` for one token.

    Examples
    --------
    >>> sequences(np.arange(7), 3)
    array([[0, 1, 2],
           [3, 4, 5]])
    >>> sequences(np.arange(7), 5, special_tokens(7))
    array([[8, 0, 1, 2, 9],
           [8, 3, 4, 5, 9]])
    """
    _check_line(ids, special)
    inside = index(length) - (0 if special is None else 2)
    if inside < 1:
        raise ValueError(f"length {length} has no room for text")
    N = len(ids) // inside
    if N == 0:
        raise ValueError(f"{len(ids)} tokens are too few for one sequence of {inside}")
    body = ids[: N * inside].reshape(N, inside).astype(np.int64)
    if special is None:
        return body
    edge = np.ones((N, 1), np.int64)
    return np.concatenate([special.begin * edge, body, special.separate * edge], axis=1)


def sentence_pairs(
    ids: np.ndarray, length: int, special: Special, rng: np.random.Generator
) -> Pairs:
    """Put two spans in each sequence; in one half (drawn by ``rng``) B is from somewhere else.

    Spans are cut to fill ``length``, as BERT's are: "sentence" means a stretch of text.

    Examples
    --------
    >>> tokens, segments, follows = sentence_pairs(
    ...     np.arange(12), 7, special_tokens(12), np.random.default_rng(2)
    ... )
    >>> tokens, follows
    (array([[13,  0,  1, 14,  2,  3, 14],
           [13,  4,  5, 14, 10, 11, 14],
           [13,  8,  9, 14,  6,  7, 14]]), array([1, 0, 0]))
    >>> segments[0]
    array([0, 0, 0, 0, 1, 1, 1])
    """
    _check_rng(rng)
    room = index(length) - 3
    if room < 2:
        raise ValueError(f"length {length} has no room for two spans and three special tokens")
    _check_line(ids, special)
    spans = sequences(ids, room)  # (N, room)
    N, a = len(spans), room // 2
    if N < 2:
        raise ValueError(f"{len(ids)} tokens make one pair of {room}: there is no other span")
    follows = rng.integers(0, 2, N)
    other = (np.arange(N) + rng.integers(1, N, N)) % N  # never itself
    second = np.where(follows == 1, np.arange(N), other)
    edge = np.ones((N, 1), np.int64)
    separate = special.separate * edge
    parts = [special.begin * edge, spans[:, :a], separate, spans[second, a:], separate]
    segments = np.repeat([0, 1], [a + 2, room - a + 1]) * edge
    return Pairs(np.concatenate(parts, axis=1), segments, follows.astype(np.int64))


def mask_tokens(
    tokens: np.ndarray, special: Special, rng: np.random.Generator, *, share: float = 0.15
) -> Masked:
    """Hide tokens, BERT's way: choose ``share`` of each sequence, and of the chosen

    80 % become [mask], 10 % any ordinary token, 10 % stay; all of them are to be predicted.

    Parameters
    ----------
    tokens : integer array, shape (N, T)
    special : Special
        Special tokens are never chosen, nor put in.
    rng : numpy.random.Generator
    share : float
        In (0, 1]. P = round(share T) tokens of each sequence, at least 1: the same number
        everywhere, so that batches are rectangular.

    Raises
    ------
    ValueError
        A sequence has fewer than P ordinary tokens (it is named).

    Notes
    -----
    Devlin et al. 2018 (arXiv 1810.04805), section 3.1 and appendix A.1.

    Examples
    --------
    >>> special = special_tokens(10)
    >>> tokens = sequences(np.arange(10), 12, special)
    >>> hidden = mask_tokens(tokens, special, np.random.default_rng(5), share=0.25)
    >>> hidden.tokens
    array([[11,  0,  1,  2, 13,  4,  5,  6,  1,  8,  9, 12]])
    >>> hidden.positions, hidden.labels
    (array([[4, 7, 8]]), array([[3, 6, 7]]))
    """
    _check_rng(rng)
    _check_ids(tokens, special.size, "tokens")
    if tokens.ndim != 2 or 0 in tokens.shape:
        raise ValueError(f"tokens must have shape (N, T), N, T > 0; got {tokens.shape}")
    check_number("share", share, 0, 1, above=True)
    P = max(1, round(share * tokens.shape[1]))
    free = tokens < special.ordinary  # (N, T)
    if (poor := np.flatnonzero(free.sum(1) < P)).size:
        raise ValueError(
            f"sequence {poor[0]} has {free[poor[0]].sum()} ordinary tokens, {P} are to be hidden"
        )
    lots = np.where(free, rng.random(tokens.shape), 2.0)  # the P lowest lots are chosen
    positions = np.sort(np.argpartition(lots, P - 1, axis=1)[:, :P], axis=1)  # (N, P)
    labels = np.take_along_axis(tokens, positions, axis=1).astype(np.int64)
    fate = rng.random(labels.shape)
    anything = rng.integers(0, special.ordinary, labels.shape)
    shown = np.where(fate < MASKED + RANDOM, anything, labels)
    shown = np.where(fate < MASKED, special.mask, shown)
    hidden = tokens.astype(np.int64)
    np.put_along_axis(hidden, positions, shown, axis=1)
    return Masked(hidden, positions, labels)


def character_windows(
    ids: np.ndarray, n: int, rng: np.random.Generator, *, context: int = 8
) -> Split:
    """Draw ``n`` different places of a text: x are the ``context`` tokens around it, y the token.

    Parameters
    ----------
    ids : integer array, shape (L,)
    n : int
        At most L - context.
    rng : numpy.random.Generator
    context : int
        Half before, half after (the odd one after).

    Returns
    -------
    Split
        x (n, context) int64, y (n,) int64.

    Examples
    --------
    >>> x, y = character_windows(np.arange(100, 120), 2, np.random.default_rng(0), context=4)
    >>> x, y
    (array([[102, 103, 105, 106],
           [111, 112, 114, 115]]), array([104, 113]))
    """
    _check_rng(rng)
    _check_line(ids, None)
    if index(context) < 1:
        raise ValueError(f"context must be at least 1, got {context}")
    places = len(ids) - context
    if not 1 <= index(n) <= places:
        raise ValueError(
            f"n must be 1 ... {max(0, places)}, the places with {context} neighbours in "
            f"{len(ids)} tokens; got {n}"
        )
    before = context // 2
    at = rng.permutation(places)[:n] + before
    offsets = np.delete(np.arange(-before, context - before + 1), before)
    ids = ids.astype(np.int64)
    return Split(ids[at[:, None] + offsets], ids[at])


def _check_line(ids: np.ndarray, special: Special | None) -> None:
    """Refuse what is not one line of tokens of the text."""
    _check_ids(ids, None if special is None else special.ordinary)
    if ids.ndim != 1:
        raise ValueError(f"ids must have shape (L,), one token after the other; got {ids.shape}")


def _check_ids(ids: np.ndarray, size: int | None, name: str = "ids") -> None:
    """Refuse what are not the numbers of ``size`` tokens (None: of any number of them)."""
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu":
        got = ids.dtype if isinstance(ids, np.ndarray) else type(ids).__name__
        raise TypeError(f"{name} must be an integer array (see encode), got {got}")
    if ids.size == 0:
        raise ValueError(f"{name} is empty: there is no text")
    most = np.iinfo(np.int64).max if size is None else size - 1
    if ids.min() < 0 or ids.max() > most:
        bad = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"{name} has {bad}, expected 0 ... {most}")


def _check_rng(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}; "
            "write numpy.random.default_rng(seed)"
        )
