"""Byte-pair encoding, trained here: frequent pairs of tokens become tokens. Any text has a code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lbopt.checks import check_integer
from lbopt.data.text import check_ids_below

BYTES = 256
LARGEST = 8192  # tokens: pairs are counted in a table of their square


class BytePairs(NamedTuple):
    """Tokens 0 ... 255 are the bytes; token 256 + m is ``merges[m]``, a pair of earlier tokens."""

    merges: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return BYTES + len(self.merges)

    def encode(self, text: str) -> np.ndarray:
        """Return the tokens of ``text`` (int64): its UTF-8 bytes, merged as in training."""
        tokens = _bytes(text)
        for m, pair in enumerate(self.merges):
            tokens = _merge(tokens, pair, BYTES + m)
        return tokens.astype(np.int64)

    def decode(self, ids: np.ndarray) -> str:
        """Read tokens back. Pieces of a character that do not make one become U+FFFD."""
        check_ids_below(ids, self.size)
        spelling = self.spelling()
        return b"".join(spelling[i] for i in np.asarray(ids).ravel()).decode("utf-8", "replace")

    def spelling(self) -> list[bytes]:
        """Return the bytes that each token stands for."""
        spelt = [bytes([b]) for b in range(BYTES)]
        for first, second in self.merges:
            spelt.append(spelt[first] + spelt[second])
        return spelt


def byte_pairs(text: str, size: int = 512) -> BytePairs:
    """Train a byte-pair encoding of ``size`` tokens on ``text``.

    Begin with the bytes of the text; ``size`` - 256 times, make the most frequent pair of
    neighbours one token, everywhere, from left to right.

    Parameters
    ----------
    text : str
    size : int
        256 to 8192. On the corpus 512 tokens take half a second and halve the length; every token
        more is one more look at the whole text.

    Returns
    -------
    BytePairs
        The same every time: of pairs equally frequent, the one with the smaller tokens.

    Raises
    ------
    ValueError
        ``size`` is out of range, or the text so short that no pair is left that occurs twice.

    Notes
    -----
    Sennrich, Haddow and Birch 2016 (arXiv 1508.07909), on bytes and without cutting the text into
    words first: a token may span a blank.

    Examples
    --------
    >>> bpe = byte_pairs("a rose is a rose is a rose", size=259)
    >>> bpe.spelling()[256:]
    [b' r', b'a r', b'os']
    >>> len(bpe.encode("a rose")), bpe.decode(bpe.encode("a rose, é"))
    (3, 'a rose, é')
    """
    size = check_integer("size", size, BYTES)
    if size > LARGEST:
        raise ValueError(
            f"size={size} must be at most {LARGEST}: pairs are counted in size^2 cells"
        )
    tokens = _bytes(text)
    merges: list[tuple[int, int]] = []
    for new in range(BYTES, size):
        count = np.bincount(_pairs(tokens, new), minlength=1)
        best = int(np.argmax(count))  # the first of equals
        if count[best] < 2:
            raise ValueError(
                f"the text ({len(text)} characters) is too short for {size} tokens: after "
                f"{len(merges)} merges no pair occurs twice; choose size <= {new}"
            )
        pair = divmod(best, new)
        merges.append(pair)
        tokens = _merge(tokens, pair, new)
    return BytePairs(tuple(merges))


def _bytes(text: str) -> np.ndarray:
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}; of bytes: text.decode()")
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32)


def _pairs(tokens: np.ndarray, size: int) -> np.ndarray:
    """Number every pair of neighbours, of ``size`` tokens."""
    return tokens[:-1].astype(np.int64) * size + tokens[1:]


def _merge(tokens: np.ndarray, pair: tuple[int, int], new: int) -> np.ndarray:
    """Replace ``pair`` by ``new``, from left to right: of overlapping pairs the first."""
    first, second = pair
    at = np.flatnonzero((tokens[:-1] == first) & (tokens[1:] == second))
    if first == second and at.size:  # in a run of equal tokens every other pair
        begins = np.diff(at, prepend=-2) != 1
        run = np.maximum.accumulate(np.where(begins, at, 0))
        at = at[(at - run) % 2 == 0]
    merged = tokens.copy()
    merged[at] = new
    return np.delete(merged, at + 1)
