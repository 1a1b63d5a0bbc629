"""A task for BERT: hidden characters of the Python reference, in short sequences, then in long."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lbopt import models
from lbopt.data import (
    Characters,
    Digits,
    Special,
    Split,
    characters,
    corpus,
    held_out_tail,
    mask_tokens,
    special_tokens,
)
from lbopt.models import Batch, Model

ALPHABET = 64
WIDTH = 64  # numbers per token
STD = WIDTH**-0.5  # of the first weights, 0.125: scores of attention then begin of order one
SHORT, LONG = 16, 32  # characters in a sequence; few, which makes many steps of one text
# Four fifths and one fifth of the characters. BERT's long ones are a tenth; here that leaves too
# few steps to learn the positions that no short sequence has.
SHORT_EXAMPLES, LONG_EXAMPLES = 20480, 2560
HELD_OUT = 1536  # long sequences for validation, and as many for the test


def mini_bert(std: float = STD) -> Model:
    """Make the BERT of this task: 2 pre-LN blocks of 64, 4 heads.

    Parameters
    ----------
    std : float
        Of the matrices' first values. BERT's own 0.02 is meant for 768 numbers per token: at 64
        nothing is learned from it.
    """
    return models.bert(
        special_tokens(ALPHABET).size,
        width=WIDTH,
        layers=2,
        heads=4,
        positions=LONG,
        norm="pre",
        weight_init=models.normal(std),
    )


def masked_sequences(
    ids: np.ndarray, length: int, n: int, special: Special, rng: np.random.Generator
) -> Split:
    """Draw ``n`` stretches of ``length`` tokens anywhere in ``ids`` and hide 15 % of each.

    What is hidden is drawn once, here, not anew in each epoch: a run is a function of its data.

    Parameters
    ----------
    ids : integer array, shape (L,)
    length, n : int
    special : Special
    rng : numpy.random.Generator

    Returns
    -------
    Split
        x a `models.Batch` (tokens and positions), y (n, P) the tokens that were there.

    Raises
    ------
    ValueError
        ``ids`` is shorter than one sequence.

    Examples
    --------
    >>> special = special_tokens(100)
    >>> x, y = masked_sequences(np.arange(100), 10, 3, special, np.random.default_rng(0))
    >>> x.tokens[0], x.positions[0], y[0]
    (array([ 77, 103,  79,  80,  81,  82,  83,  84,  85, 103]), array([1, 9]), array([78, 86]))
    """
    if len(ids) < length:
        raise ValueError(f"{len(ids)} tokens are too few for one sequence of {length}")
    begins = rng.integers(0, len(ids) - length + 1, n)
    hidden = mask_tokens(ids[begins[:, None] + np.arange(length)], special, rng)
    x: Any = Batch(hidden.tokens, hidden.positions)
    return Split(x, hidden.labels)


@cache
def _texts() -> tuple[Characters, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Number the letters of the text: to learn from, for validation, for the test."""
    learn, tail = held_out_tail(corpus().text)
    alphabet = characters(learn, ALPHABET)
    learn_ids, tail_ids = alphabet.encode(learn), alphabet.encode(tail)
    middle = len(tail_ids) // 2
    return alphabet, (learn_ids, tail_ids[:middle], tail_ids[middle:])


@cache
def the_short_sequences() -> Digits:
    """Return what the first stage learns from, and the held-out text in LONG sequences.

    The text's last 8 % are held out: their first half for validation, their second for the test.
    """
    _, (learn, validation, test) = _texts()
    special, rng = special_tokens(ALPHABET), np.random.default_rng(1234)
    return Digits(
        masked_sequences(learn, SHORT, SHORT_EXAMPLES, special, rng),
        masked_sequences(validation, LONG, HELD_OUT, special, rng),
        masked_sequences(test, LONG, HELD_OUT, special, rng),
    )


@cache
def the_long_sequences() -> Split:
    """Return what the second stage learns from."""
    _, (learn, _, _) = _texts()
    special, rng = special_tokens(ALPHABET), np.random.default_rng(4321)
    return masked_sequences(learn, LONG, LONG_EXAMPLES, special, rng)


def letter_tables() -> tuple[float, float]:
    r"""Return the loss on the test text of what needs no network: two tables of counts.

    .. math:: -\frac{1}{n} \sum_i \log p(x_i), \qquad
              -\frac{1}{n} \sum_i \log p(x_i \mid x_{i-1})

    of every letter of it, hidden or not; 0.1 is added to each count. Nats.
    """
    _, (learn, _, test) = _texts()
    single = np.bincount(learn, minlength=ALPHABET) + 0.1
    pairs = np.full((ALPHABET, ALPHABET), 0.1)
    np.add.at(pairs, (learn[:-1], learn[1:]), 1)
    p = single / single.sum()
    after = pairs / pairs.sum(axis=1, keepdims=True)
    return float(-np.log(p[test]).mean()), float(-np.log(after[test[:-1], test[1:]]).mean())
