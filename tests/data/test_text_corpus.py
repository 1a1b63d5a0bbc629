import builtins
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lbopt.data import characters, corpus, held_out_tail


def test_the_corpus_is_the_standard_librarys_and_says_which():
    import platform
    from pydoc_data.topics import topics

    plain = corpus(lower=False, squeeze=False)
    assert plain.text == "\n".join(topics[k] for k in sorted(topics))
    assert plain.source == f"pydoc_data.topics of Python {platform.python_version()}"
    assert plain.characters == len(plain.text) > 400_000
    assert plain.sha256 == hashlib.sha256(plain.text.encode()).hexdigest()


def test_lower_case_and_squeezed_blanks_are_two_choices():
    both, lower, squeezed, neither = (
        corpus(lower=a, squeeze=b).text
        for a, b in ((True, True), (True, False), (False, True), (False, False))
    )
    assert lower == neither.lower()
    assert squeezed == " ".join(neither.split())
    assert both == " ".join(lower.split())
    assert "\n" in lower
    assert "  " not in both
    assert len({both, lower, squeezed, neither}) == 4
    assert corpus().text == both
    assert corpus().sha256 != corpus(lower=False).sha256


def test_a_file_of_ones_own_is_read_as_utf8_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "own.txt"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + "Schöne Töne\r\nund mehr".encode())
        got = corpus(str(path))
        assert got.text == "schöne töne und mehr"
        assert (got.source, got.characters) == ("own.txt", 20)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9 au lait", r"not UTF-8: byte 0xe9 at offset 3; convert it"),
        (b"", "own.txt is empty: there is no text"),
        (b" \n\t ", "own.txt is empty"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, content, message):
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        corpus(path)
    with pytest.raises(FileNotFoundError):
        corpus(tmp_path / "nowhere.txt")
    with pytest.raises(TypeError, match="path must be the path of a text file, got int"):
        corpus(3)


def test_a_python_without_the_topics_is_told_what_to_do(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("pydoc_data"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"give the path of a text file"):
        corpus()


@given(st.text(min_size=2), st.floats(0.01, 0.99))
def test_the_tail_is_the_end_and_nothing_is_lost_or_shared(text, share):
    try:
        train, tail = held_out_tail(text, share)
    except ValueError as e:
        assert "too short" in str(e)  # noqa: PT017
        return
    assert train + tail == text
    assert train
    assert tail
    assert abs(len(tail) - share * len(text)) <= 0.5 + 1e-9


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_a_share_outside_0_to_1_and_a_text_too_short_are_refused(share):
    with pytest.raises(ValueError, match=r"share must be in \(0, 1\)"):
        held_out_tail("abc", share)
    with pytest.raises(ValueError, match=r"a text of 3 characters is too short to hold 0\.08"):
        held_out_tail("abc")


@given(st.text(min_size=1).filter(lambda t: "\ufffd" not in t))
def test_an_alphabet_reads_back_the_text_it_was_made_of(text):
    alphabet = characters(text)
    ids = alphabet.encode(text)
    assert ids.dtype == np.int64
    assert len(ids) == len(text)
    assert alphabet.decode(ids) == text
    assert alphabet.size == len(set(text)) + 1
    assert 0 not in ids


@given(st.text(min_size=1, alphabet="abcdé😀"), st.text(), st.integers(2, 5))
def test_a_small_alphabet_keeps_the_most_frequent_letters_and_marks_the_others(text, other, size):
    alphabet = characters(text, size)
    assert alphabet.size <= size
    kept = set(alphabet.symbols)
    assert all(text.count(a) >= text.count(b) for a in kept for b in set(text) - kept)
    counts = [text.count(s) for s in alphabet.symbols]
    assert counts == sorted(counts, reverse=True)
    expected = "".join(s if s in kept else "\ufffd" for s in other)
    assert alphabet.decode(alphabet.encode(other)) == expected


def test_64_symbols_leave_next_to_nothing_of_the_corpus_unknown():
    text = corpus().text
    alphabet = characters(text, 64)
    ids = alphabet.encode(text)
    assert alphabet.size == 64
    assert 0 < np.mean(ids == 0) < 1e-3
    assert ids.max() == 63


def test_nonsense_alphabets_and_numbers_are_refused():
    with pytest.raises(ValueError, match="empty"):
        characters("")
    with pytest.raises(ValueError, match="size must be at least 2, got 1"):
        characters("abc", 1)
    with pytest.raises(ValueError, match=r"ids must be 0 \.\.\. 3, got 4"):
        characters("abc").decode([1, 4])
    with pytest.raises(ValueError, match="got -1"):
        characters("abc").decode(np.array([-1]))
    with pytest.raises(TypeError, match="float64"):
        characters("abc").decode(np.array([1.0]))
