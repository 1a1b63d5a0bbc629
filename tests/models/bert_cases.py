"""Small BERTs of every kind, float64, with parameters away from their special first values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lbopt import models, ops
from lbopt.models import Batch, Model

B, T, P, V = 3, 6, 2, 11
TOKENS = np.random.default_rng(1).integers(0, V, (B, T))
TOKENS[0, :3] = 4  # the same token three times in one sequence: its gradients add
POSITIONS = np.array([[1, 4], [0, 5], [2, 2]])  # one place asked twice
SEGMENTS = np.array([[0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0, 1, 1, 1, 1, 1]])
MASK = np.array([[True] * 6, [True] * 6, [True] * 4 + [False] * 2])
FULL = Batch(TOKENS, POSITIONS, SEGMENTS, MASK)


class Case(NamedTuple):
    model: Model
    x: Batch


def tiny(**settings) -> Model:
    start = models.normal(0.5)
    return models.bert(
        V, width=8, layers=2, heads=2, inner=12, positions=9, weight_init=start, **settings
    )


BUILD = {
    "masked": lambda: Case(tiny(), FULL),
    "masked pre-LN": lambda: Case(tiny(norm="pre"), FULL),
    "masked with erf": lambda: Case(tiny(act=ops.gelu_erf), FULL),
    "masked, tokens alone": lambda: Case(tiny(), Batch(TOKENS, POSITIONS)),
    "masked with dropout": lambda: Case(tiny(dropout=0.3), FULL),
    "pretraining": lambda: Case(tiny(head="pretraining"), FULL),
    "pretraining pre-LN with dropout": lambda: Case(
        tiny(head="pretraining", norm="pre", dropout=0.3), FULL
    ),
    "encoder": lambda: Case(tiny(head="encoder"), FULL._replace(positions=None)),
    "encoder pre-LN": lambda: Case(tiny(head="encoder", norm="pre"), FULL),
}


def params_of(case: Case, dtype: type = np.float64) -> dict:
    rng = np.random.default_rng(7)
    params = case.model.init(rng, dtype=np.float64)
    return {k: (a + 0.2 * rng.standard_normal(a.shape)).astype(dtype) for k, a in params.items()}


def flat(y) -> np.ndarray:
    """Put all outputs into one vector."""
    return np.concatenate([a.ravel() for a in y]) if isinstance(y, tuple) else y


def unflat(dy: np.ndarray, y):
    """Shape a vector like y."""
    if not isinstance(y, tuple):
        return dy
    parts = np.split(dy, np.cumsum([a.size for a in y])[:-1])
    return type(y)(*(d.reshape(a.shape) for d, a in zip(parts, y, strict=True)))
