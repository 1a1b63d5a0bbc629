"""Embedded real data and mini-batches."""

from lbopt.data.batches import batches
from lbopt.data.bpe import BytePairs, byte_pairs
from lbopt.data.digits import Digits, Split, digits
from lbopt.data.masking import (
    Masked,
    Pairs,
    Special,
    character_windows,
    mask_tokens,
    sentence_pairs,
    sequences,
    special_tokens,
)
from lbopt.data.text import Characters, Corpus, characters, corpus, held_out_tail

__all__ = [
    "BytePairs",
    "Characters",
    "Corpus",
    "Digits",
    "Masked",
    "Pairs",
    "Special",
    "Split",
    "batches",
    "byte_pairs",
    "character_windows",
    "characters",
    "corpus",
    "digits",
    "held_out_tail",
    "mask_tokens",
    "sentence_pairs",
    "sequences",
    "special_tokens",
]
