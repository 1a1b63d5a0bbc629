"""BERT in the two published sizes, and the distribution they start from."""

from __future__ import annotations

import math

import numpy as np

from lbopt.models.bert import bert
from lbopt.models.init import Initialiser
from lbopt.models.model import Model

VOCABULARY = 30522  # of the published English uncased models


def truncated_normal(std: float) -> Initialiser:
    """Make the initialiser N(0, std²) with what lies beyond 2 std drawn again.

    What is left has a standard deviation of 0.88 ``std``. TensorFlow's truncated_normal, with which
    BERT's published code starts at ``std`` 0.02.

    Examples
    --------
    >>> W = truncated_normal(0.02)(np.random.default_rng(0), (1000, 100))
    >>> print(f"{W.std():.4f} {abs(W).max():.4f}")
    0.0176 0.0400
    """
    if not (math.isfinite(std) and std >= 0):
        raise ValueError(f"std must be a finite number >= 0, got {std}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        z = rng.standard_normal(shape)
        while (beyond := np.flatnonzero(np.abs(z) > 2)).size:
            z.flat[beyond] = rng.standard_normal(beyond.size)
        z *= std
        return z

    return draw


def bert_base(
    head: str = "masked",
    *,
    vocabulary: int = VOCABULARY,
    norm: str = "post",
    dropout: float = 0.1,
    weight_init: Initialiser | None = None,
) -> Model:
    """Make BERT-base: 12 blocks of 768, 12 heads, inner 3072, 512 positions.

    109,482,240 parameters as an encoder with pooler, 109,514,298 with the masked-token head alone,
    110,106,428 with both heads. ``weight_init`` None: `truncated_normal` (0.02). See `bert`.

    Notes
    -----
    Devlin et al. 2018 (arXiv 1810.04805), section 3; their text says 110M.
    """
    return bert(
        vocabulary,
        width=768,
        layers=12,
        heads=12,
        positions=512,
        head=head,
        norm=norm,
        dropout=dropout,
        weight_init=truncated_normal(0.02) if weight_init is None else weight_init,
    )


def bert_large(
    head: str = "masked",
    *,
    vocabulary: int = VOCABULARY,
    norm: str = "post",
    dropout: float = 0.1,
    weight_init: Initialiser | None = None,
) -> Model:
    """Make BERT-large: 24 blocks of 1024, 16 heads, inner 4096, 512 positions.

    335,141,888 parameters as an encoder with pooler: the model of the LAMB paper (You et al. 2020).
    ``weight_init`` None: `truncated_normal` (0.02). See `bert`.
    """
    return bert(
        vocabulary,
        width=1024,
        layers=24,
        heads=16,
        positions=512,
        head=head,
        norm=norm,
        dropout=dropout,
        weight_init=truncated_normal(0.02) if weight_init is None else weight_init,
    )
