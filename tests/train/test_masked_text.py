"""Where BERT's sequences come from: what it learns from, validates on and is tested on."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from lbopt.data import characters, corpus, held_out_tail
from lbopt.train import masked_text
from lbopt.train.masked_text import ALPHABET, LONG, SHORT


def shown_again(split):
    """Put the hidden letters back."""
    tokens = split.x.tokens.copy()
    np.put_along_axis(tokens, split.x.positions, split.y, axis=1)
    return tokens


def parts_of_the_text():
    learn, tail = held_out_tail(corpus().text)
    alphabet, middle = characters(learn, ALPHABET), len(tail) // 2
    return [alphabet.encode(part) for part in (learn, tail[:middle], tail[middle:])]


@pytest.mark.parametrize(
    ("name", "part", "length"),
    [("train", 0, SHORT), ("validation", 1, LONG), ("test", 2, LONG), ("second", 0, LONG)],
)
def test_sequences_are_stretches_of_their_own_part_of_the_text(name, part, length):
    if name == "second":
        split = masked_text.the_long_sequences()
    else:
        split = getattr(masked_text.the_short_sequences(), name)
    tokens = shown_again(split)[:100]
    assert tokens.shape[1] == length
    there = {row.tobytes() for row in sliding_window_view(parts_of_the_text()[part], length)}
    assert all(row.tobytes() in there for row in tokens)
