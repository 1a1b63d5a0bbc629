"""Real text that needs no download, letters as numbers, and a tail that nobody trains on."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from operator import index
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

UNKNOWN = "\ufffd"  # what a letter outside the alphabet is read back as


class Corpus(NamedTuple):
    """A text, and what has to be written beside every result that comes from it."""

    text: str
    source: str  # where it is from
    characters: int
    sha256: str  # of the text as it is here, in UTF-8


def corpus(
    path: str | PathLike[str] | None = None, *, lower: bool = True, squeeze: bool = True
) -> Corpus:
    r"""Read a text: a file of yours, or the help topics that every Python brings along.

    Parameters
    ----------
    path : path, optional
        A UTF-8 file. None: the reference of the Python language, `pydoc_data.topics` (PSF licence),
        465,000 to 511,000 characters of English with code in it. **It differs from one Python
        version to the next** (3.11.7: 465 thousand, 3.12.1: 492, 3.13.0: 511), and so do losses on
        it: record ``source`` and ``sha256`` with results.
    lower : bool
        Make everything lower case: 76 different characters instead of 103.
    squeeze : bool
        Make every run of blanks and line ends one blank.

    Returns
    -------
    Corpus

    Raises
    ------
    ImportError
        This Python came without the topics (some distributions leave them out).
    OSError
        The file cannot be read.
    ValueError
        It is not UTF-8 (the byte is named), or holds nothing but blanks.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "rose.txt")
    >>> _ = path.write_text("A rose\n  is a rose")
    >>> corpus(path).text, corpus(path, lower=False, squeeze=False).text
    ('a rose is a rose', 'A rose\n  is a rose')
    >>> folder.cleanup()
    """
    if path is not None and not isinstance(path, str | PathLike):
        raise TypeError(f"path must be the path of a text file, got {type(path).__name__}")
    if path is None:
        text, source = _topics(), f"pydoc_data.topics of Python {platform.python_version()}"
    else:
        text, source = _read(Path(path)), Path(path).name
    text = text.lower() if lower else text
    text = " ".join(text.split()) if squeeze else text
    if not text.strip():
        raise ValueError(f"{source} is empty: there is no text to learn from")
    return Corpus(text, source, len(text), hashlib.sha256(text.encode()).hexdigest())


def held_out_tail(text: str, share: float = 0.08) -> tuple[str, str]:
    """Cut ``text`` in two: what to learn from, and the last ``share`` of it, to be tested on.

    A tail, not scattered pieces: neighbouring pieces of a text share words and phrases.

    Examples
    --------
    >>> held_out_tail("abcdefghij", 0.2)
    ('abcdefgh', 'ij')
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    cut = len(text) - round(share * len(text))
    if not 0 < cut < len(text):
        raise ValueError(
            f"a text of {len(text)} characters is too short to hold {share:g} of it out"
        )
    return text[:cut], text[cut:]


class Characters(NamedTuple):
    """An alphabet: the letter ``symbols[i]`` is number i + 1, everything else number 0."""

    symbols: str

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.symbols) + 1

    def encode(self, text: str) -> np.ndarray:
        """Number the letters of ``text``: int64, one per character."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        known = np.array([ord(s) for s in self.symbols], "<u4")
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known, codes, sorter=order), len(known) - 1)
        found = order[place]  # where in symbols, if anywhere
        return np.where(known[found] == codes, found + 1, 0).astype(np.int64)

    def decode(self, ids: np.ndarray) -> str:
        """Read numbers back; 0 becomes the replacement character."""
        check_ids_below(ids, self.size)
        letters = UNKNOWN + self.symbols
        return "".join(letters[i] for i in np.asarray(ids).ravel())


def characters(text: str, size: int | None = None) -> Characters:
    r"""Make the alphabet of ``text``, the most frequent letters first (of equals, the lower code).

    Parameters
    ----------
    text : str
    size : int, optional
        At least 2. Keep the ``size`` - 1 most frequent; all others become number 0. None: keep all.

    Examples
    --------
    >>> alphabet = characters("a rose is a rose", size=4)
    >>> alphabet.symbols, alphabet.encode("rose, as")
    (' sa', array([0, 0, 2, 0, 0, 1, 3, 2]))
    >>> ascii(alphabet.decode([3, 1, 0]))
    "'a \\ufffd'"
    """
    if not text:
        raise ValueError("the text is empty: it has no alphabet")
    if size is not None and index(size) < 2:
        raise ValueError(f"size must be at least 2, got {size}")
    count = Counter(text)
    count.pop(UNKNOWN, None)
    ranked = sorted(count, key=lambda s: (-count[s], s))
    if not ranked:
        raise ValueError("the text holds nothing but replacement characters")
    return Characters("".join(ranked[: None if size is None else size - 1]))


def check_ids_below(ids: np.ndarray, size: int) -> None:
    """Refuse numbers that are not integers 0 ... size - 1."""
    ids = np.asarray(ids)
    if ids.size and ids.dtype.kind not in "iu":
        raise TypeError(f"ids must be integers, got dtype {ids.dtype}")
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        bad = ids.min() if ids.min() < 0 else ids.max()
        raise ValueError(f"ids must be 0 ... {size - 1}, got {bad}")


def _topics() -> str:
    try:
        from pydoc_data.topics import topics
    except ImportError as e:
        raise ImportError(
            "this Python has no pydoc_data.topics; give the path of a text file of yours: "
            'data.corpus("book.txt")'
        ) from e
    return "\n".join(topics[name] for name in sorted(topics))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ValueError(
            f"{path} is not UTF-8: byte {e.object[e.start]:#04x} at offset {e.start}; convert it, "
            "e.g. by: iconv -f latin1 -t utf8"
        ) from None
