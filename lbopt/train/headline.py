"""The main experiment: the LARS paper's headline in miniature, on real digits.

Which runs it consists of, and at which learning rates. The rates were chosen by the full search
(`python -m lbopt demo --tune`) and are kept beside this file in ``chosen_rates.json``, together
with the command, the versions and every grid's mean validation accuracy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lbopt.optim import schedules
from lbopt.train import study as shared
from lbopt.train.experiment import sweep
from lbopt.train.run import Run, key
from lbopt.train.study import RATES_PER_GRID, rates_from, summarise, write_rates
from lbopt.train.tasks import check_name

FULL = 1077  # all training images: full-batch training, one step an epoch
SEEDS = 5
CHOSEN = Path(__file__).with_name("chosen_rates.json")


class Study(NamedTuple):
    """One table of the report: a task, optimizers down, batch sizes across."""

    task: str
    grids: dict[str, float]  # optimizer -> log10 of the smallest learning rate tried
    batch_sizes: tuple[int, ...]

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The optimizers, in the order of the table."""
        return tuple(self.grids)


PLAIN = {"nesterov": -2.75, "nesterov_clip": -2.25, "lars_global": -2.5, "lars": -2.5}
STUDIES = {
    "mlp": Study("mlp", PLAIN, (32, 128, 512, FULL)),
    "alexnet": Study("alexnet", PLAIN, (32, 128, 256, 512, FULL)),
    "alexnet_bn": Study("alexnet_bn", {"nesterov": -2.25, "lars": -2.0}, (512, FULL)),
    "mlp_rescaled": Study("mlp_rescaled", PLAIN, (32, FULL)),
}


def grid(study: Study, optimizer: str) -> list[float]:
    """Return the learning rates tried: 9 for each optimizer, each 10^(1/4) times the last.

    All grids have the same length and ratio; they start where a coarse look found every batch
    size's best rate inside. A choice at an edge is flagged in the tables.

    Examples
    --------
    >>> grid(STUDIES["mlp"], "lars")
    [0.00316, 0.00562, 0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.178, 0.316]
    """
    return rates_from(study.grids[optimizer], RATES_PER_GRID)


def tuning_runs(studies: Iterable[Study], seeds: int = SEEDS) -> list[Run]:
    """Return the whole search: every rate of every grid with every seed."""
    return [
        Run(study.task, optimizer, size, rate, seed)
        for study in studies
        for optimizer in study.optimizers
        for size in study.batch_sizes
        for rate in grid(study, optimizer)
        for seed in range(seeds)
    ]


def final_runs(study: Study, rates: Mapping[str, Any], seeds: int = SEEDS) -> list[Run]:
    """Return the runs at the chosen ``rates`` (`read_rates`)."""
    return [
        Run(study.task, optimizer, size, rates[study.task][optimizer][str(size)]["rate"], seed)
        for optimizer in study.optimizers
        for size in study.batch_sizes
        for seed in range(seeds)
    ]


def linear_runs(study: Study, rates: Mapping[str, Any], seeds: int = SEEDS) -> list[Run]:
    """Return Nesterov at the smallest batch's rate times B / B_0: scaled, not tuned again."""
    base = study.batch_sizes[0]
    rate = rates[study.task]["nesterov"][str(base)]["rate"]
    return [
        Run(study.task, "nesterov", size, schedules.linear_scaling(rate, size, base), seed)
        for size in study.batch_sizes
        for seed in range(seeds)
    ]


def read_rates(path: Path = CHOSEN) -> dict[str, Any]:
    """Read what `summarise` made; without a path, what the repository keeps."""
    return shared.read_rates(path)


class DemoResult(NamedTuple):
    """What the report is written from."""

    tuned: dict[str, list[dict[str, Any]]]  # study -> records at the chosen rates
    linear: dict[str, list[dict[str, Any]]]  # study -> records of Nesterov with linear scaling
    summary: dict[str, Any]  # of `summarise`: how the rates were chosen
    seeds: int


def do_demo(
    out: Path,
    *,
    tune: bool = False,
    seeds: int = SEEDS,
    workers: int = 1,
    only: Iterable[str] | None = None,
) -> DemoResult:
    """Run the main experiment, or what is left of it; everything goes to ``out/runs.jsonl``.

    Parameters
    ----------
    out : Path
    tune : bool
        Search the learning rates again first, and write ``out/chosen_rates.json``; else use those
        the repository keeps.
    seeds, workers : int
    only : names of `STUDIES`, optional
    """
    wanted = list(STUDIES) if only is None else list(only)
    for name in wanted:
        check_name("study", name, STUDIES)
    studies = {name: STUDIES[name] for name in STUDIES if name in wanted}
    results = out / "runs.jsonl"
    if tune:
        runs = tuning_runs(studies.values(), seeds)
        print(f"searching learning rates: {len(runs)} runs, results in {results}")
        summary = summarise(
            sweep(runs, results, workers=workers, progress=True),
            command=f"python -m lbopt demo --tune --seeds {seeds} --studies {','.join(studies)}",
        )
        write_rates(summary, out / "chosen_rates.json")
        print(f"chosen learning rates are in {out / 'chosen_rates.json'}")
    else:
        summary = read_rates()
    tuned = {name: final_runs(study, summary["rates"], seeds) for name, study in studies.items()}
    linear = {
        name: linear_runs(study, summary["rates"], seeds)
        for name, study in studies.items()
        if name in ("mlp", "alexnet")
    }
    every = {key(run): run for part in (tuned, linear) for runs in part.values() for run in runs}
    print(f"training at the chosen rates: {len(every)} runs, results in {results}")
    records = sweep(list(every.values()), results, workers=workers, progress=True)
    found = dict(zip(every, records, strict=True))
    return DemoResult(
        tuned={name: [found[key(run)] for run in runs] for name, runs in tuned.items()},
        linear={name: [found[key(run)] for run in runs] for name, runs in linear.items()},
        summary=summary,
        seeds=seeds,
    )
