"""The numbers of the main experiment's report: cells of its tables and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from lbopt.observe.report import table
from lbopt.observe.style import NAMES
from lbopt.train.headline import DemoResult
from lbopt.train.select import Row, choose, spread

Records = Sequence[Mapping[str, Any]]


def rows_of(result: DemoResult, name: str) -> list[Row]:
    """Return a study's rows; Nesterov with linear scaling comes first where it was run.

    The records hold the chosen rate of each cell alone; whether it was at the edge of the grid
    that was searched is known to the summary.
    """
    linear = [
        row._replace(setting=row.setting._replace(optimizer="nesterov_linear"))
        for row in choose(result.linear.get(name, []))
    ]
    tuned = []
    for row in choose(result.tuned[name]):
        task, optimizer, size = row.setting[:3]
        searched = result.summary["rates"][task][optimizer][str(size)]
        tuned.append(row._replace(edge=searched["edge"], rates=len(searched["validation"])))
    return linear + tuned


def paired(records: Records, better: str, than: str, batch: int) -> tuple[float, float | None]:
    """Return mean and sample sd over seeds of the difference in test accuracy, in points.

    With one seed there is no sd: None.
    """
    found = {
        (r["run"]["optimizer"], r["run"]["seed"]): 100 * r["test_accuracy"]
        for r in records
        if r["run"]["batch_size"] == batch
    }
    seeds = sorted(seed for optimizer, seed in found if optimizer == better)
    gaps = [found[better, seed] - found[than, seed] for seed in seeds]
    return fmean(gaps), spread(gaps)


def gap(records: Records, better: str, than: str, batch: int) -> str:
    """Say how far apart two optimizers are at one batch size, seed by seed."""
    mean, sd = paired(records, better, than, batch)
    within = "" if sd is None else f" ± {sd:.1f}"
    return f"{NAMES[better]} minus {NAMES[than]}: {mean:+.1f}{within} points"


def row_at(rows: Sequence[Row], optimizer: str, batch: int) -> Row:
    """Find one cell of a study."""
    (row,) = (r for r in rows if r.setting[1:3] == (optimizer, batch))
    return row


def percent(row: Row) -> str:
    """Format a row's test accuracy."""
    within = "" if row.test_sd is None else f" ± {100 * row.test_sd:.1f}"
    return f"{100 * row.test_mean:.1f}{within} %"


def accuracy_table(rows: Sequence[Row]) -> str:
    """Return the HTML table of a study: optimizers down, batch sizes across."""
    sizes = sorted({row.setting.batch_size for row in rows})
    lines = []
    for optimizer in dict.fromkeys(row.setting.optimizer for row in rows):
        found = {r.setting.batch_size: r for r in rows if r.setting.optimizer == optimizer}
        cells = []
        for size in sizes:
            row = found[size]
            flags = row.edge + (f" ({row.diverged} diverged)" if row.diverged else "")
            rate = f"{row.learning_rate:.3g}"
            cells.append(f"{percent(row).removesuffix(' %')} at `{rate}{flags}`")
        lines.append([NAMES[optimizer], *cells])
    return table(["test accuracy in % at `rate`", *(f"batch {s}" for s in sizes)], lines)
