"""LAMB's experiment: the hidden letter of a real text, at batches of 64 to 8192.

Three parts: every optimizer tuned at every batch size under one schedule (``batches``); one
setting, found at batch 64, carried to the others by the square-root rule and never tuned again
(``setting``); and the reality check, in which every optimizer also gets the schedule that suits it
(``schedules``). The rates of the full search (`python -m lbopt letters --tune`) are kept beside
this file in ``letters_rates.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from lbopt.optim import schedules
from lbopt.train.experiment import sweep
from lbopt.train.run import Run, key
from lbopt.train.select import Setting
from lbopt.train.study import (
    RATES_PER_GRID,
    read_rates,
    run_of,
    search,
    summarise,
    write_rates,
)
from lbopt.train.tasks import check_name

TASK, EPOCHS = "characters", 4
BATCH_SIZES = (64, 1024, 4096, 8192)
LARGE = (4096, 8192)  # where slow biases and other schedules are tried
WARMUP, POWER = 0.1, 1.0  # the schedule that all share
WARMUPS = (0.0, 0.1, 0.3, 0.5)
OTHER_POWER = 2.0  # tried at each optimizer's best warm-up
SEEDS = 5
# of the search, by batch size: the small batches take longest and differ least between seeds
SEARCH_SEEDS = {64: 1, 1024: 2, 4096: 3, 8192: 3}
# Optimizer -> log10 of the smallest rate of its first grid
FIRST_RATES = {
    "sgd": -2.0,
    "nesterov": -2.0,
    "nesterov_clip": -1.5,
    "lars": -2.0,
    "adamw": -3.0,
    "adamw_clip": -3.0,
    "lamb": -2.75,
    "lamb_slow_biases": -2.75,
}
PARTS = {
    "batches": "every optimizer tuned at every batch size, one schedule",
    "setting": "one setting, carried by the square-root rule, never tuned again",
    "schedules": "warm-up and decay tuned for each optimizer",
}
TUNED = ("sgd", "nesterov", "nesterov_clip", "lars", "adamw", "lamb")  # at every batch size
CARRIED = ("sgd", "lars", "adamw", "lamb")
SCHEDULED = ("nesterov", "nesterov_clip", "adamw", "adamw_clip", "lamb")
BASE = 64  # the batch size of the one setting
BASE_RAMP = 1 / 320  # the LAMB paper's warm-up at the smallest batch, as a share of the steps
KEPT = Path(__file__).with_name("letters_rates.json")


def setting(
    optimizer: str, batch_size: int, warmup: float = WARMUP, power: float = POWER
) -> Setting:
    """Return a setting of this experiment."""
    return Setting(TASK, optimizer, batch_size, EPOCHS, warmup, power)


def settings_of(part: str) -> list[Setting]:
    """Return the settings whose rates a part searches; some are also another part's.

    Examples
    --------
    >>> {part: len(settings_of(part)) for part in PARTS}
    {'batches': 26, 'setting': 4, 'schedules': 40}
    """
    if part == "batches":
        everywhere = [setting(optimizer, size) for optimizer in TUNED for size in BATCH_SIZES]
        return everywhere + [setting("lamb_slow_biases", size) for size in LARGE]
    if part == "setting":
        return [setting(optimizer, BASE) for optimizer in CARRIED]
    return [
        setting(optimizer, size, warmup)
        for optimizer in SCHEDULED
        for size in LARGE
        for warmup in WARMUPS
    ]


def schedule_name(of: Setting) -> str:
    """Return what the rates of a schedule are kept under.

    Examples
    --------
    >>> schedule_name(setting("lamb", 64))
    'warm-up 0.1, power 1'
    """
    return f"warm-up {of.warmup:g}, power {of.power:g}"


def cell(rates: Mapping[str, Any], of: Setting) -> Mapping[str, Any]:
    """Return what the search found for a setting: ``rate``, ``edge``, ``validation``."""
    return rates[schedule_name(of)][of.optimizer][str(of.batch_size)]


def validation(rates: Mapping[str, Any], of: Setting) -> float:
    """Return a setting's mean validation loss in the search, at its chosen rate."""
    found = cell(rates, of)
    loss = found["validation"][f"{found['rate']:g}"]
    return inf if loss is None else loss


def best_warmup(rates: Mapping[str, Any], optimizer: str, size: int) -> Setting:
    """Return the warm-up with the best validation loss at power 1; of equals the shortest."""
    some = [setting(optimizer, size, warmup) for warmup in WARMUPS]
    return min(some, key=lambda s: validation(rates, s))


def other_power(rates: Mapping[str, Any], optimizer: str, size: int) -> Setting:
    """Return the setting of the second stage of tuning: that warm-up, the other power."""
    return best_warmup(rates, optimizer, size)._replace(power=OTHER_POWER)


def tuned_schedule(rates: Mapping[str, Any], optimizer: str, size: int) -> Setting:
    """Return the best schedule of an optimizer at a batch size, by validation loss."""
    some = [best_warmup(rates, optimizer, size), other_power(rates, optimizer, size)]
    return min(some, key=lambda s: validation(rates, s))


def chosen_runs(some: Iterable[Setting], rates: Mapping[str, Any], seeds: int = SEEDS) -> list[Run]:
    """Return the runs of settings at their chosen rates."""
    return [run_of(s, cell(rates, s)["rate"], seed) for s in some for seed in range(seeds)]


def carried_runs(rates: Mapping[str, Any], seeds: int = SEEDS, *, same_steps: bool) -> list[Run]:
    r"""Return the runs of one setting for all batch sizes.

    The rate chosen at batch :math:`B_0 = 64` becomes :math:`\gamma_0 \sqrt{B / B_0}`.

    Parameters
    ----------
    rates : dict
        Of a summary.
    seeds : int
    same_steps : bool
        False: warm-up over 10 % of the steps. True: the LAMB paper's, a share of
        :math:`B / (320 B_0)`, which is 1/320 to 0.4 and the same 13 steps for all.
    """
    return [
        run_of(
            setting(
                optimizer,
                size,
                schedules.linear_scaling(BASE_RAMP, size, BASE) if same_steps else WARMUP,
            ),
            schedules.sqrt_scaling(cell(rates, setting(optimizer, BASE))["rate"], size, BASE),
            seed,
        )
        for optimizer in CARRIED
        for size in BATCH_SIZES
        for seed in range(seeds)
    ]


def final_runs(
    parts: Iterable[str], rates: Mapping[str, Any], seeds: int = SEEDS
) -> dict[str, list[Run]]:
    """Return the runs that the tables are made from: table -> runs, some in more than one."""
    runs = {}
    for part in parts:
        if part == "setting":
            runs["same_share"] = carried_runs(rates, seeds, same_steps=False)
            runs["same_steps"] = carried_runs(rates, seeds, same_steps=True)
            continue
        some = settings_of(part)
        if part == "schedules":
            some += [other_power(rates, o, size) for o in SCHEDULED for size in LARGE]
        runs[part] = chosen_runs(some, rates, seeds)
    return runs


class LettersResult(NamedTuple):
    """What the report is written from."""

    records: dict[str, list[dict[str, Any]]]  # of `final_runs`, trained
    summary: dict[str, Any]  # how the rates were chosen
    seeds: int


def do_letters(
    out: Path,
    *,
    tune: bool = False,
    seeds: int = SEEDS,
    workers: int = 1,
    only: Iterable[str] | None = None,
) -> LettersResult:
    """Run the experiment, or what is left of it; everything goes to ``out/runs.jsonl``.

    Parameters
    ----------
    out : Path
    tune : bool
        Search the learning rates again first, and write ``out/letters_rates.json``; else use
        those the repository keeps.
    seeds, workers : int
        Seeds of the runs at the chosen rates; those of the search are ``SEARCH_SEEDS``.
    only : names of `PARTS`, optional
    """
    wanted = list(PARTS) if only is None else list(only)
    for name in wanted:
        check_name("part", name, PARTS)
    parts = [name for name in PARTS if name in wanted]
    results = out / "runs.jsonl"
    if tune:
        summary = tune_letters(parts, results, workers)
        write_rates(summary, out / KEPT.name)
        print(f"chosen learning rates are in {out / KEPT.name}")
    else:
        summary = read_rates(KEPT)
    runs = final_runs(parts, summary["rates"], seeds)
    every = {key(run): run for some in runs.values() for run in some}
    print(f"training at the chosen rates: {len(every)} runs, results in {results}")
    records = sweep(list(every.values()), results, workers=workers, progress=True)
    found = dict(zip(every, records, strict=True))
    return LettersResult(
        {name: [found[key(run)] for run in some] for name, some in runs.items()}, summary, seeds
    )


def tune_letters(parts: Sequence[str], results: Path, workers: int) -> dict[str, Any]:
    """Search the rates that ``parts`` need; return what is kept of the search.

    Warm-ups first; then the other power at each optimizer's best warm-up.
    """
    records: list[dict[str, Any]] = []

    def add(title: str, some: Sequence[Setting]) -> dict[str, Any]:
        searched = {Setting(*(r["run"][f] for f in Setting._fields)) for r in records}
        first = {s: FIRST_RATES[s.optimizer] for s in some if s not in searched}
        print(f"searching learning rates: {title}, {len(first)} grids, results in {results}")
        if first:
            records.extend(
                search(
                    first,
                    lambda s: SEARCH_SEEDS[s.batch_size],
                    lambda runs: sweep(runs, results, workers=workers, progress=True),
                    RATES_PER_GRID,
                )
            )
        command = f"python -m lbopt letters --tune --parts {','.join(parts)}"
        return summarise(records, command, table=schedule_name)

    for part in parts:
        summary = add(part, settings_of(part))
        if part == "schedules":
            rates = summary["rates"]
            summary = add(
                "power of the decay",
                [other_power(rates, o, size) for o in SCHEDULED for size in LARGE],
            )
    seeds = {str(size): number for size, number in SEARCH_SEEDS.items()}
    return summary | {"seeds": seeds}
