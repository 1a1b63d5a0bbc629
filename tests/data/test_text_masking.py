import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lbopt.data import (
    character_windows,
    mask_tokens,
    sentence_pairs,
    sequences,
    special_tokens,
)

SPECIAL = special_tokens(50)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_special_tokens_follow_the_ordinary_ones_and_are_all_different():
    numbers = [SPECIAL.pad, SPECIAL.begin, SPECIAL.separate, SPECIAL.mask]
    assert sorted(numbers) == [50, 51, 52, 53]
    assert SPECIAL.size == 54


@given(st.integers(1, 200), st.integers(1, 20))
def test_sequences_are_the_text_in_order_without_the_incomplete_end(n, length):
    ids = np.arange(n) % 50
    if n < length:
        with pytest.raises(ValueError, match=f"{n} tokens are too few"):
            sequences(ids, length)
        return
    cut = sequences(ids, length)
    assert cut.shape == (n // length, length)
    np.testing.assert_array_equal(cut.ravel(), ids[: cut.size])


def test_sequences_with_special_tokens_have_the_length_that_was_asked_for_in_both_stages():
    ids = np.arange(300) % 50
    for length in (16, 64):
        cut = sequences(ids, length, SPECIAL)
        assert cut.shape[1] == length
        assert (cut[:, 0] == SPECIAL.begin).all()
        assert (cut[:, -1] == SPECIAL.separate).all()
        np.testing.assert_array_equal(cut[:, 1:-1].ravel(), ids[: cut[:, 1:-1].size])


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(3, 40), st.floats(0.01, 1.0), st.integers(0, 99))
def test_masking_hides_the_right_number_of_ordinary_tokens_and_touches_no_other(n, T, share, seed):
    tokens = rng(seed).integers(0, 50, (n, T))
    tokens[:, 0] = SPECIAL.begin
    P = max(1, round(share * T))
    if P > T - 1:
        with pytest.raises(ValueError, match=f"has {T - 1} ordinary tokens, {P} are to be hidden"):
            mask_tokens(tokens, SPECIAL, rng(seed), share=share)
        return
    before = tokens.copy()
    hidden, positions, labels = mask_tokens(tokens, SPECIAL, rng(seed), share=share)
    np.testing.assert_array_equal(tokens, before)
    assert positions.shape == labels.shape == (n, P)
    assert (np.diff(positions, axis=1) > 0).all()
    np.testing.assert_array_equal(labels, np.take_along_axis(tokens, positions, 1))
    assert labels.max() < SPECIAL.ordinary
    untouched = np.ones_like(tokens, bool)
    np.put_along_axis(untouched, positions, False, 1)
    np.testing.assert_array_equal(hidden[untouched], tokens[untouched])
    shown = hidden[~untouched]
    assert ((shown < SPECIAL.ordinary) | (shown == SPECIAL.mask)).all()


def test_of_the_chosen_80_percent_are_masked_10_are_random_and_10_stay():
    tokens = rng(1).integers(0, 50, (4000, 40))
    hidden, positions, labels = mask_tokens(tokens, SPECIAL, rng(2))
    shown = np.take_along_axis(hidden, positions, 1)
    n = shown.size  # 24,000
    # a random token is the right one once in 50
    expected = {"mask": 0.8, "same": 0.1 + 0.1 / 50, "other": 0.1 * 49 / 50}
    seen = {
        "mask": np.mean(shown == SPECIAL.mask),
        "same": np.mean(shown == labels),
        "other": np.mean((shown != SPECIAL.mask) & (shown != labels)),
    }
    for kind, p in expected.items():
        sigma = math.sqrt(p * (1 - p) / n)
        print(f"{kind}: {seen[kind]:.4f}, expected {p:.4f}, {(seen[kind] - p) / sigma:+.1f} sigma")
        assert abs(seen[kind] - p) < 4 * sigma


def test_every_ordinary_place_is_chosen_equally_often_and_every_token_put_in():
    tokens = np.full((20_000, 20), 7)
    tokens[:, 0] = SPECIAL.begin
    hidden, positions, _ = mask_tokens(tokens, SPECIAL, rng(3))
    count = np.bincount(positions.ravel(), minlength=20)
    assert count[0] == 0
    p = 3 / 19
    sigma = math.sqrt(20_000 * p * (1 - p))
    assert np.abs(count[1:] - 20_000 * p).max() < 4.5 * sigma  # 19 places
    put_in = np.bincount(hidden[(hidden != 7) & (hidden < 50)], minlength=50)
    mean = 60_000 * 0.1 / 50
    assert np.abs(np.delete(put_in, 7) - mean).max() < 5 * math.sqrt(mean)  # 49 tokens
    assert put_in[7] == 0


def test_the_seed_decides_what_is_hidden():
    tokens = rng().integers(0, 50, (5, 30))
    one, two, other = (mask_tokens(tokens, SPECIAL, rng(s)) for s in (4, 4, 5))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.positions, other.positions)


def test_sentence_pairs_are_neighbours_where_they_say_so_and_never_elsewhere():
    ids = rng(0).integers(0, 50, 4000)
    tokens, segments, follows = sentence_pairs(ids, 16, SPECIAL, rng(1))
    assert tokens.shape == segments.shape == (4000 // 13, 16)
    spans = ids[: 13 * len(tokens)].reshape(-1, 13)
    np.testing.assert_array_equal(tokens[:, 1:7], spans[:, :6])
    is_next = (tokens[:, 8:15] == spans[:, 6:]).all(1)
    np.testing.assert_array_equal(is_next, follows == 1)
    everywhere = {row.tobytes() for row in spans[:, 6:]}
    assert all(row.tobytes() in everywhere for row in tokens[:, 8:15])
    for column, special in ((0, SPECIAL.begin), (7, SPECIAL.separate), (15, SPECIAL.separate)):
        assert (tokens[:, column] == special).all()
    np.testing.assert_array_equal(segments, np.repeat([0, 1], 8) * np.ones((len(tokens), 1)))
    n = len(follows)
    assert abs(follows.mean() - 0.5) < 4 * 0.5 / math.sqrt(n)


def test_a_sentence_that_does_not_follow_is_never_the_one_that_does():
    ids = np.arange(20)  # two spans of ten: the other one is the only choice
    for seed in range(20):
        tokens, _, follows = sentence_pairs(ids, 13, SPECIAL, rng(seed))
        np.testing.assert_array_equal(tokens[:, 7] == [5, 15], follows == 1)


@pytest.mark.parametrize("context", [1, 2, 3, 8])
def test_character_windows_are_the_neighbours_of_their_letter(context):
    ids = np.arange(100, 160)
    x, y = character_windows(ids, 60 - context, rng(), context=context)
    assert x.shape == (60 - context, context)
    before = context // 2
    offsets = [o for o in range(-before, context - before + 1) if o != 0]
    np.testing.assert_array_equal(x - y[:, None], np.ones((len(y), 1)) * offsets)
    assert sorted(y) == list(range(100 + before, 160 - (context - before)))  # each place once
    few = character_windows(ids, 5, rng(), context=context)
    np.testing.assert_array_equal(few.y, y[:5])
    assert x.dtype == y.dtype == np.int64


IDS = np.arange(40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequences(IDS, 2, SPECIAL), "length 2 has no room for text"),
        (lambda: sequences(IDS, 0), "length 0 has no room"),
        (lambda: sequences(IDS, 41), "40 tokens are too few for one sequence of 41"),
        (lambda: sequences(IDS[:0], 4), "ids is empty"),
        (lambda: sequences(IDS + 20, 4, SPECIAL), r"ids has 59, expected 0 \.\.\. 49"),
        (lambda: sequences(-IDS, 4), r"ids has -39"),
        (lambda: sentence_pairs(IDS, 4, SPECIAL, rng()), "length 4 has no room for two spans"),
        (lambda: sentence_pairs(IDS, 30, SPECIAL, rng()), "there is no other span"),
        (lambda: mask_tokens(IDS, SPECIAL, rng()), r"tokens must have shape \(N, T\)"),
        (
            lambda: mask_tokens(IDS[None], SPECIAL, rng(), share=0.0),
            r"share=0.0 must be .* \(0, 1\]",
        ),
        (
            lambda: mask_tokens(IDS[None] + 20, SPECIAL, rng()),
            r"tokens has 59, expected 0 \.\.\. 53",
        ),
        (
            lambda: mask_tokens(np.full((2, 9), SPECIAL.pad), SPECIAL, rng()),
            "sequence 0 has 0 ordinary tokens, 1 are to be hidden",
        ),
        (lambda: character_windows(IDS, 33, rng()), r"n must be 1 \.\.\. 32, .* 40 tokens; got 33"),
        (lambda: character_windows(IDS[:5], 1, rng()), r"n must be 1 \.\.\. 0"),
        (lambda: character_windows(IDS, 3, rng(), context=0), "context must be at least 1"),
        (lambda: special_tokens(0), "ordinary must be at least 1"),
        (lambda: sequences(IDS[None], 4), r"ids must have shape \(L,\).* got \(1, 40\)"),
        (lambda: sentence_pairs(IDS[None], 9, SPECIAL, rng()), r"ids must have shape \(L,\)"),
        (lambda: character_windows(IDS[:, None], 3, rng()), r"ids must have shape \(L,\)"),
        (lambda: mask_tokens(IDS[None], SPECIAL, rng(), share="all"), "share='all' must be"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_numbers(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_global_random_state_and_texts_that_are_not_numbers_yet_are_refused():
    for call in (
        lambda: mask_tokens(IDS[None], SPECIAL, np.random),
        lambda: character_windows(IDS, 3, 0),
        lambda: sentence_pairs(IDS, 9, SPECIAL, None),
    ):
        with pytest.raises(TypeError, match=r"numpy.random.Generator.*default_rng"):
            call()
    with pytest.raises(TypeError, match=r"integer array \(see encode\), got str"):
        sequences("a text", 4)
    with pytest.raises(TypeError, match="got float64"):
        sequences(np.ones(9), 4)
    with pytest.raises(TypeError, match=r"tokens must be an integer array .* got list"):
        mask_tokens([[1, 2]], SPECIAL, rng())
