"""The numbers of the hidden-letter report: tables, paired differences, what tuning leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from statistics import fmean
from typing import Any, NamedTuple

from lbopt.observe import report
from lbopt.observe.style import NAMES
from lbopt.train import letters
from lbopt.train.letters import (
    BASE,
    POWER,
    WARMUP,
    LettersResult,
    best_warmup,
    cell,
    other_power,
    schedule_name,
    setting,
    tuned_schedule,
)
from lbopt.train.select import Row, Setting, choose, spread
from lbopt.train.study import paired_differences, with_edges
from lbopt.train.table import cell as written
from lbopt.train.table import lined_up

Records = Sequence[Mapping[str, Any]]
TERSE = NAMES | {"sgd": "SGD", "lamb_slow_biases": "LAMB with slow biases"}  # no commas


class Table(NamedTuple):
    """One table, for the terminal and for the page."""

    title: str
    lines: list[list[str]]  # the first is the header

    def markdown(self) -> str:
        """Return it as text."""
        return f"{self.title}\n\n{lined_up(self.lines)}"

    def html(self) -> str:
        """Return it for the report."""
        return report.paragraph(self.title) + report.table(self.lines[0], self.lines[1:])


def rows_of(result: LettersResult, name: str) -> list[Row]:
    """Return the rows of one of `final_runs`' tables, with the edges that the search saw.

    What one setting was carried to was not searched, and has no edge.
    """
    rows = choose(result.records[name])
    if name in ("same_share", "same_steps"):
        return rows
    return with_edges(rows, lambda s: cell(result.summary["rates"], s))


def score_table(title: str, rows: Sequence[Row], column: Callable[[Row], str]) -> Table:
    """Return test losses, optimizers down, and across what ``column`` calls each row."""
    found = {(row.setting.optimizer, column(row)): written(row) for row in rows}
    columns = list(dict.fromkeys(column(row) for row in rows))
    return Table(
        title,
        [["", *columns]]
        + [
            [NAMES[optimizer], *(found.get((optimizer, c), "") for c in columns)]
            for optimizer in dict.fromkeys(row.setting.optimizer for row in rows)
        ],
    )


def of_setting(records: Records, wanted: Setting) -> Records:
    """Return the records of one setting."""
    return [r for r in records if all(r["run"][f] == v for f, v in wanted._asdict().items())]


def at(records: Records, optimizer: str, size: int) -> Records:
    """Return the records of one optimizer at one batch size."""
    return [
        r for r in records if (r["run"]["optimizer"], r["run"]["batch_size"]) == (optimizer, size)
    ]


def mean_of(rows: Sequence[Row], optimizer: str, size: int) -> float:
    """Return the mean test loss of one optimizer at one batch size, of rows with one of each."""
    (row,) = (r for r in rows if r.setting[1:3] == (optimizer, size))
    return row.test_mean


def apart(mine: Records, others: Records) -> str:
    """Say how much lower or higher the losses of one are, seed by seed.

    Examples
    --------
    >>> def record(seed, loss):
    ...     return {"run": {"seed": seed}, "metric": "loss", "test_loss": loss}
    >>> apart([record(0, 2.0), record(1, 3.0)], [record(0, 2.5), record(1, 2.75)])
    '-0.125 ± 0.530 nats (-0.500 +0.250), lower on 1 of 2 seeds'
    """
    gaps = paired_differences(mine, others)
    each = " ".join(f"{gap:+.3f}" for gap in gaps)
    sd = "" if (found := spread(gaps)) is None else f" ± {found:.3f}"
    lower = sum(gap < 0 for gap in gaps)
    seeds = "seed" if len(gaps) == 1 else "seeds"
    return f"{fmean(gaps):+.3f}{sd} nats ({each}), lower on {lower} of {len(gaps)} {seeds}"


def ranking(rows: Sequence[Row], size: int, digits: int = 2) -> str:
    """Name the optimizers at one batch size from the lowest test loss to the highest."""
    here = sorted((r for r in rows if r.setting.batch_size == size), key=lambda r: r.test_mean)
    return ", ".join(f"{TERSE[r.setting.optimizer]} {r.test_mean:.{digits}f}" for r in here)


def remains(shared: float, tuned: float, other: str) -> str:
    """Say what is left of LAMB's lead, in nats, when both have their own schedule.

    Examples
    --------
    >>> remains(0.15, 0.05, "AdamW")
    'of its lead of 0.15 nats over AdamW 0.05 remain (33 %)'
    >>> remains(0.15, -0.1, "AdamW")
    'its lead of 0.15 nats over AdamW is gone, AdamW is ahead by 0.10'
    >>> remains(-0.2, -0.1, "AdamW")
    'it had no lead over AdamW (-0.20 nats), and is behind by 0.10'
    """
    if not (isfinite(shared) and isfinite(tuned)):
        return f"there is no finite lead over {other} to compare"
    ahead = f"is ahead by {tuned:.2f}" if tuned > 0 else f"is behind by {-tuned:.2f}"
    if shared <= 0:
        return f"it had no lead over {other} ({shared:.2f} nats), and {ahead}"
    if tuned <= 0:
        return (
            f"its lead of {shared:.2f} nats over {other} is gone, {other} is ahead by {-tuned:.2f}"
        )
    share = f"{100 * tuned / shared:.0f} %"
    return f"of its lead of {shared:.2f} nats over {other} {tuned:.2f} remain ({share})"


class Tuned(NamedTuple):
    """An optimizer at one batch size, before and after its schedule was tuned."""

    chosen: Setting
    shared: Records
    own: Records

    @property
    def losses(self) -> tuple[float, float]:
        """Mean test losses under the shared schedule and under its own."""
        before, after = (choose(some)[0].test_mean for some in (self.shared, self.own))
        return before, after


def tuned_of(result: LettersResult, optimizer: str, size: int) -> Tuned:
    """Return what tuning the schedule did; it was chosen on validation."""
    records = result.records["schedules"]
    chosen = tuned_schedule(result.summary["rates"], optimizer, size)
    shared = setting(optimizer, size, WARMUP, POWER)
    return Tuned(chosen, of_setting(records, shared), of_setting(records, chosen))


def schedule_table(result: LettersResult, size: int) -> Table:
    """Return test losses against warm-up at one batch size, and which schedule was chosen."""
    rates = result.summary["rates"]
    rows = [row for row in rows_of(result, "schedules") if row.setting.batch_size == size]
    first = [row for row in rows if row.setting.power == POWER]
    table = score_table("", first, lambda row: f"{100 * row.setting.warmup:g} %")
    second = {r.setting.optimizer: r for r in rows if r.setting.power != POWER}
    lines = [[*table.lines[0], "its best warm-up, power 2", "chosen on validation"]]
    for optimizer, line in zip(second, table.lines[1:], strict=True):
        warmup = best_warmup(rates, optimizer, size).warmup
        assert second[optimizer].setting == other_power(rates, optimizer, size)
        chosen = schedule_name(tuned_schedule(rates, optimizer, size))
        lines.append([*line, f"{100 * warmup:g} %: {written(second[optimizer])}", chosen])
    title = f"batch {size}: test loss in nats and learning rate against warm-up, power 1"
    return Table(title, lines)


def cost_of_not_tuning(result: LettersResult, name: str, rule: str) -> list[str]:
    """Say what one carried setting loses against rates tuned at the same batch, seed by seed."""
    tuned, carried = result.records.get("batches", []), result.records[name]
    sizes = sorted({r["run"]["batch_size"] for r in carried if r["run"]["batch_size"] != BASE})
    return [
        f"{NAMES[optimizer]} carried to batch {size} ({rule}), minus tuned there (warm-up 10 %): "
        f"{apart(mine, others)}."
        for size in sizes
        for optimizer in dict.fromkeys(r["run"]["optimizer"] for r in carried)
        for mine, others in [(at(carried, optimizer, size), at(tuned, optimizer, size))]
        if others
    ]


def edges_of(result: LettersResult) -> list[str]:
    """Name the choices of the search that stand at the edge of their grid."""
    return [
        f"{optimizer}, batch {size}, {schedule} ({found['edge']})"
        for schedule, optimizers in result.summary["rates"].items()
        for optimizer, sizes in optimizers.items()
        for size, found in sizes.items()
        if found["edge"]
    ]


def longest_warmups(result: LettersResult) -> list[str]:
    """Name the own schedules that have the longest warm-up tried: a longer one may be better."""
    return [
        f"{optimizer}, batch {size}"
        for optimizer, size in dict.fromkeys(
            (r["run"]["optimizer"], r["run"]["batch_size"])
            for r in result.records.get("schedules", [])
        )
        if tuned_schedule(result.summary["rates"], optimizer, size).warmup == max(letters.WARMUPS)
    ]
