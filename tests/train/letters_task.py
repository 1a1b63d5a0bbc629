"""The experiment of the hidden letter, in a second."""

import numpy as np

from lbopt.data import Digits, Split
from lbopt.train import letters
from lbopt.train.tasks import TASKS


def small_letters(monkeypatch):
    """Put 512 random letters in the place of the text; few optimizers, grids of three rates."""
    rng = np.random.default_rng(0)

    def split(n):
        x = rng.integers(0, 64, (n, 8))
        return Split(x, x[:, 3])

    data = Digits(split(512), split(64), split(64))
    task = TASKS["characters"]._replace(data=lambda: data, examples=512)
    monkeypatch.setitem(TASKS, "characters", task)
    for name, value in {
        "EPOCHS": 1, "BATCH_SIZES": (64, 256), "LARGE": (256,), "SEARCH_SEEDS": {64: 1, 256: 2},
        "WARMUPS": (0.1, 0.5), "TUNED": ("adamw", "lamb"), "CARRIED": ("adamw", "lamb"),
        "SCHEDULED": ("adamw", "lamb"), "RATES_PER_GRID": 3,
    }.items():  # fmt: skip
        monkeypatch.setattr(letters, name, value)
