"""AdamW, LARS and LAMB on a small BERT, at a small and a large batch: ``python -m lbopt bert``.

Each optimizer searches its learning rate at each batch size (validation, one seed); the chosen
rates are run with more seeds and reported on the test text. All runs have the same epochs, the
same two stages (short sequences, then long) and the same shape of schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from lbopt.train.checks import check_count
from lbopt.train.experiment import sweep
from lbopt.train.run import Run
from lbopt.train.select import Row, choose, spread
from lbopt.train.study import paired_differences, run_of
from lbopt.train.table import markdown

OPTIMIZERS = ("adamw", "lars", "lamb")
BATCH_SIZES = (16, 256)  # of the first stage; those of the second are half
EPOCHS, WARMUP, POWER = 3, 0.1, 1.0  # BERT decays linearly
# Five rates each, in steps of 10^(1/3); where they lie comes from a few coarse runs.
GRIDS = {
    "adamw": (0.001, 0.00215, 0.00464, 0.01, 0.0215),
    "lars": (0.01, 0.0215, 0.0464, 0.1, 0.215),
    "lamb": (0.001, 0.00215, 0.00464, 0.01, 0.0215),
}
NAMES = {"adamw": "AdamW", "lars": "LARS", "lamb": "LAMB"}


class BertStudy(NamedTuple):
    """What the study found."""

    search: list[dict[str, Any]]  # records of every rate, with the first seed
    final: list[dict[str, Any]]  # records at the chosen rates, with all seeds
    rows: list[Row]  # one per optimizer and batch size; ``edge`` is that of the search


def search_runs() -> list[Run]:
    """Return every rate of every grid, at each batch size, with one seed.

    Examples
    --------
    >>> len(search_runs())
    30
    >>> print(search_runs()[0])
    bert adamw batch 16 rate 0.001 seed 0
    """
    return [
        Run("bert", optimizer, size, rate, 0, EPOCHS, WARMUP, POWER)
        for size in BATCH_SIZES
        for optimizer in OPTIMIZERS
        for rate in GRIDS[optimizer]
    ]


def final_runs(rows: Sequence[Row], seeds: int) -> list[Run]:
    """Return the runs at the rates that ``rows`` chose, with ``seeds`` seeds."""
    return [run_of(row.setting, row.learning_rate, seed) for row in rows for seed in range(seeds)]


def do_bert_study(out: Path, *, seeds: int = 3, workers: int = 1) -> BertStudy:
    """Do the study, or what is left of it; everything goes to ``out/runs.jsonl``.

    Parameters
    ----------
    out : Path
    seeds, workers : int
        42 runs of half a minute with three seeds.
    """
    check_count("seeds", seeds, 1)
    results = out / "runs.jsonl"
    runs = search_runs()
    print(f"searching learning rates: {len(runs)} runs, results in {results}")
    search = sweep(runs, results, workers=workers, progress=True)
    chosen = choose(search)
    runs = final_runs(chosen, seeds)
    print(f"training at the chosen rates: {len(runs)} runs, results in {results}")
    final = sweep(runs, results, workers=workers, progress=True)
    return BertStudy(search, final, with_edges(choose(final), chosen))


def with_edges(final: Sequence[Row], searched: Sequence[Row]) -> list[Row]:
    """Give the final rows the flags of the search: which rates stood at the edge of their grid."""
    edges = {row.setting: (row.edge, row.rates) for row in searched}
    return [row._replace(edge=edges[row.setting][0], rates=edges[row.setting][1]) for row in final]


def differences(
    records: Sequence[Mapping[str, Any]], optimizer: str, than: str, batch_size: int
) -> list[float]:
    """Return test loss minus that of ``than``, seed by seed: negative is better.

    Examples
    --------
    >>> def record(optimizer, seed, loss):
    ...     run = {"optimizer": optimizer, "batch_size": 32, "seed": seed}
    ...     return {"run": run, "metric": "loss", "test_loss": loss}
    >>> records = [record("lamb", 0, 2.0), record("adamw", 0, 2.5), record("lars", 0, 9.0)]
    >>> differences(records, "lamb", "adamw", 32)
    [-0.5]
    """
    mine, others = (
        [r for r in records if (r["run"]["optimizer"], r["run"]["batch_size"]) == (o, batch_size)]
        for o in (optimizer, than)
    )
    return paired_differences(mine, others)


def summary(study: BertStudy) -> str:
    """Write the table, the differences seed by seed, and what is flagged."""
    lines = [markdown(study.rows, names=NAMES), ""]
    for size in sorted({row.setting.batch_size for row in study.rows}):
        for optimizer in ("lars", "lamb"):
            gaps = differences(study.final, optimizer, "adamw", size)
            each = " ".join(f"{gap:+.3f}" for gap in gaps)
            sd = "" if (found := spread(gaps)) is None else f" ± {found:.3f}"
            lines.append(
                f"- {NAMES[optimizer]} minus AdamW, batch {size}: {fmean(gaps):+.3f}{sd} nats "
                f"({each})"
            )
    for row in study.rows:
        what = f"{NAMES[row.setting.optimizer]}, batch {row.setting.batch_size}"
        if row.edge:
            end = "smallest" if row.edge == "<" else "largest"
            lines.append(f"- {what}: the best rate {row.learning_rate:g} is the {end} of its grid")
        if row.diverged:
            lines.append(f"- {what}: {row.diverged} of {row.seeds} seeds diverged")
    return "\n".join(lines)
