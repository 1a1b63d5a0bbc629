"""The report of any sweep: a table, accuracy against batch size, the learning-rate grids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lbopt.observe.plots import accuracy_vs_batch, learning_rate_grid
from lbopt.observe.report import bullets, figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.train.results import read_runs
from lbopt.train.select import Row, choose, describe
from lbopt.train.table import markdown, schedule_of, schedule_words


def write_sweep_report(folder: Path, records: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Write tables.md, figures and report.html into ``folder``; return the table.

    Parameters
    ----------
    folder : Path
    records : list of dict, optional
        Of `sweep`. Default: all that ``folder/runs.jsonl`` holds.

    Raises
    ------
    ValueError
        There are no records, or those of an unfinished sweep.
    """
    if records is None:
        records = read_runs(folder / "runs.jsonl")
        if not records:
            raise ValueError(
                f"{folder / 'runs.jsonl'} holds no runs; make some with: python -m lbopt sweep "
                "--out ..."
            )
    rows = choose(records)
    text = markdown(rows, names=NAMES)
    blocks = [
        paragraph(
            f"{len(records)} runs. Learning rates are chosen on validation by their mean score; "
            "the test score is that of the chosen rate."
        )
    ]
    for task, *schedule in dict.fromkeys((row.setting.task, *schedule_of(row)) for row in rows):
        of_task = [row for row in rows if row.setting.task == task]
        mine = [row for row in of_task if schedule_of(row) == tuple(schedule)]
        some = [r for r in records if r["run"]["task"] == task and _schedule(r) == tuple(schedule)]
        alone = len(mine) == len(of_task)
        name = task if alone else f"{task}, {schedule_words(mine[0], alone=False)}"
        blocks += one_table(folder / "figures", name, mine, some)
    blocks += [heading("Flags"), bullets(flags(rows, records) or ["none"])]
    (folder / "tables.md").write_text(text + "\n", encoding="utf-8")
    saved = save_page(page(f"Sweep {folder.name}", blocks), folder / "report.html")
    return "\n\n".join([text, *flags(rows, records), f"report: {saved}"])


def one_table(
    figures: Path, name: str, rows: Sequence[Row], records: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return the section of one table: the scores at the chosen rates, and how they were chosen."""
    score = rows[0].metric
    file = name.replace(", ", "_").replace(" ", "-")
    fig = accuracy_vs_batch(rows, names=NAMES, title=name)
    blocks = [
        heading(name),
        f"<pre>{markdown(rows, names=NAMES)}</pre>",
        figure(fig, f"{name}: test {score}.", figures / f"{file}.png"),
    ]
    for size in sorted({row.setting.batch_size for row in rows}):
        some = [r for r in records if r["run"]["batch_size"] == size]
        fig = learning_rate_grid(some, names=NAMES, title=f"{name}, batch {size}")
        path = figures / f"{file}_rates_{size}.png"
        blocks.append(figure(fig, f"{name}, batch {size}: validation {score}.", path))
    return blocks


def _schedule(record: Mapping[str, Any]) -> tuple[int, float, float]:
    return record["run"]["epochs"], record["run"]["warmup"], record["run"]["power"]


def flags(rows: Sequence[Row], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which choices stand at the edge of their grid, which runs diverged, and of what code."""
    edges = [
        f"{describe(row.setting)}: the best rate {row.learning_rate:g} is the "
        f"{'smallest' if row.edge == '<' else 'largest'} of its grid; widen it"
        for row in rows
        if row.edge
    ]
    diverged = [
        f"{describe(row.setting)}: {row.diverged} of {row.seeds} seeds diverged at the chosen rate"
        for row in rows
        if row.diverged
    ]
    codes = {json.dumps(record.get("versions"), sort_keys=True) for record in records}
    mixed = [f"the runs are from {len(codes)} states of the code or its versions; sweep again"]
    return edges + diverged + (mixed if len(codes) > 1 else [])
