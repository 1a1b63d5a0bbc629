"""BERT in the two published sizes."""

from __future__ import annotations

from lbopt.models.bert import bert
from lbopt.models.init import Initialiser, truncated_normal
from lbopt.models.model import Model

VOCABULARY = 30522  # of the published English uncased models


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
