"""The report of any sweep: a table, accuracy against batch size, the learning-rate grids."""

from __future__ import annotations

from pathlib import Path

from lbopt.observe.plots import accuracy_vs_batch, learning_rate_grid
from lbopt.observe.report import bullets, figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.train.results import read_runs
from lbopt.train.select import Row, choose, describe
from lbopt.train.table import markdown


def write_sweep_report(folder: Path) -> str:
    """Read ``folder/runs.jsonl``; write tables.md, figures and report.html; return the table.

    Raises
    ------
    ValueError
        The folder holds no results, or an unfinished sweep.
    """
    results = folder / "runs.jsonl"
    records = read_runs(results)
    if not records:
        raise ValueError(
            f"{results} holds no runs; make some with: python -m lbopt sweep --out ..."
        )
    rows = choose(records)
    text = markdown(rows, names=NAMES)
    blocks = [
        paragraph(
            f"{len(records)} runs from `{results.name}`. Learning rates are chosen by mean "
            "validation accuracy; the test accuracy is that of the chosen rate."
        )
    ]
    for task in dict.fromkeys(row.setting.task for row in rows):
        mine = [row for row in rows if row.setting.task == task]
        fig = accuracy_vs_batch(mine, names=NAMES, title=task)
        blocks += [
            heading(task),
            f"<pre>{markdown(mine, names=NAMES)}</pre>",
            figure(fig, f"{task}: test accuracy.", folder / "figures" / f"{task}.png"),
        ]
        for size in sorted({row.setting.batch_size for row in mine}):
            some = [
                r for r in records if r["run"]["task"] == task and r["run"]["batch_size"] == size
            ]
            fig = learning_rate_grid(some, names=NAMES, title=f"{task}, batch {size}")
            path = folder / "figures" / f"{task}_rates_{size}.png"
            blocks.append(figure(fig, f"{task}, batch {size}: validation accuracy.", path))
    blocks += [heading("Flags"), bullets(flags(rows) or ["none"])]
    (folder / "tables.md").write_text(text + "\n", encoding="utf-8")
    saved = save_page(page(f"Sweep {folder.name}", blocks), folder / "report.html")
    return "\n\n".join([text, *flags(rows), f"report: {saved}"])


def flags(rows: list[Row]) -> list[str]:
    """Say which choices stand at the edge of their grid and which runs diverged."""
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
    return edges + diverged
