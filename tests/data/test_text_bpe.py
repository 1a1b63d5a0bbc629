from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lbopt.data import BytePairs, byte_pairs, corpus

TEXT = corpus().text[:20_000]
TRAINED = byte_pairs(TEXT, 300)
REPETITIVE = st.text(alphabet="ab ", min_size=0, max_size=60)


def plain_merge(tokens, pair, new):
    out, i = [], 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(tokens[i])
            i += 1
    return out


def plain_training(text, size):
    """Count and merge, one pair after the other: the algorithm as everybody tells it."""
    tokens, merges = list(text.encode()), []
    for new in range(256, size):
        count = Counter(pairwise(tokens))
        best = min(count, key=lambda pair: (-count[pair], pair), default=None)
        if best is None or count[best] < 2:
            break
        merges.append(best)
        tokens = plain_merge(tokens, best, new)
    return merges, tokens


@settings(max_examples=60, deadline=None)
@given(REPETITIVE, st.integers(256, 266))
def test_training_finds_the_same_merges_as_a_loop_over_pairs(text, size):
    merges, tokens = plain_training(text, size)
    if len(merges) < size - 256:
        with pytest.raises(ValueError, match=rf"choose size <= {256 + len(merges)}"):
            byte_pairs(text, size)
        return
    bpe = byte_pairs(text, size)
    assert list(bpe.merges) == merges
    assert bpe.encode(text).tolist() == tokens


def test_training_on_real_text_finds_the_same_merges_as_a_loop_over_pairs():
    merges, tokens = plain_training(TEXT[:6000], 320)
    bpe = byte_pairs(TEXT[:6000], 320)
    assert list(bpe.merges) == merges
    assert bpe.encode(TEXT[:6000]).tolist() == tokens


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_is_read_back_as_it_was(text):
    ids = TRAINED.encode(text)
    assert ids.dtype == np.int64
    assert TRAINED.decode(ids) == text


@settings(deadline=None)
@given(REPETITIVE.map(lambda t: t + t))
def test_runs_of_one_letter_are_read_back_as_they_were(text):
    bpe = BytePairs(((97, 97), (256, 256), (256, 97)))
    assert bpe.decode(bpe.encode(text)) == text
    one_by_one = list(text.encode())
    for m, pair in enumerate(bpe.merges):
        one_by_one = plain_merge(one_by_one, pair, 256 + m)
    assert bpe.encode(text).tolist() == one_by_one


@given(st.lists(st.integers(0, 299)))
def test_any_tokens_can_be_read_though_some_are_no_text(ids):
    assert isinstance(TRAINED.decode(np.array(ids, int)), str)


def test_every_token_is_spelt_as_its_parts_together():
    spelling = TRAINED.spelling()
    assert len(spelling) == TRAINED.size == 300
    for m, (a, b) in enumerate(TRAINED.merges):
        assert spelling[256 + m] == spelling[a] + spelling[b]
    assert len(set(spelling)) == 300


def test_more_tokens_make_shorter_codes_and_a_smaller_training_is_the_beginning_of_a_larger():
    small, large = byte_pairs(TEXT, 280), byte_pairs(TEXT, 340)
    assert large.merges[:24] == small.merges
    lengths = [len(b.encode(TEXT)) for b in (BytePairs(()), small, TRAINED, large)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == len(TEXT.encode())
    assert lengths[3] < 0.65 * lengths[0]


def test_nonsense_is_refused():
    for size in (255, 512.0, "512", True):
        with pytest.raises(ValueError, match=rf"size={size!r} must be an integer >= 256"):
            byte_pairs(TEXT, size)
    with pytest.raises(ValueError, match="size=8193 must be at most 8192"):
        byte_pairs(TEXT, 8193)
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        byte_pairs(b"abab", 257)
    with pytest.raises(ValueError, match=r"the text \(3 characters\) is too short for 257"):
        byte_pairs("abc", 257)
    with pytest.raises(ValueError, match="too short"):
        byte_pairs("", 257)
    with pytest.raises(ValueError, match=r"ids must be 0 \.\.\. 299, got 300"):
        TRAINED.decode([300])
    assert byte_pairs("", 256).encode("").tolist() == []
