"""Rows of `choose` as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lbopt.train.select import Row


def markdown(rows: Sequence[Row], *, names: Mapping[str, str] | None = None) -> str:
    """Format test scores, optimizers down and batch sizes across.

    There is one table for each task, and for each choice of epochs, warm-up and power.

    A cell is mean ± sample sd over seeds, accuracy in percent or loss in nats, then the chosen
    learning rate; ``<`` or ``>`` behind the rate says that it is the smallest or largest that was
    tried, ``(n div.)`` that n of the seeds diverged.

    Parameters
    ----------
    rows : list of Row
    names : dict, optional
        Optimizer name -> what to call it.

    Raises
    ------
    ValueError
        Two rows belong in one cell.

    Examples
    --------
    >>> from lbopt.train.select import Setting
    >>> setting = Setting("mlp", "lars", batch_size=512, epochs=30, warmup=0.1, power=2.0)
    >>> row = Row(setting, 0.1, ">", 7, 0.96, 0.01, 0.951, 0.012, seeds=5, diverged=0)
    >>> print(markdown([row], names={"lars": "LARS"}))
    mlp: test accuracy in % (mean ± sd over 5 seeds) and learning rate, 30 epochs
    <BLANKLINE>
    |      | 512              |
    |------|------------------|
    | LARS | 95.1 ± 1.2, 0.1> |
    """
    names = names or {}
    tables = []
    for task, *schedule in dict.fromkeys((r.setting.task, *schedule_of(r)) for r in rows):
        of_task = [row for row in rows if row.setting.task == task]
        mine = [row for row in of_task if schedule_of(row) == tuple(schedule)]
        cells: dict[tuple[str, int], str] = {}
        for row in mine:
            place = row.setting.optimizer, row.setting.batch_size
            if place in cells:
                raise ValueError(f"{task}: two rows for {place[0]} at batch {place[1]}")
            cells[place] = cell(row)
        sizes = sorted({row.setting.batch_size for row in mine})
        lines = [["", *map(str, sizes)]]
        for optimizer in dict.fromkeys(row.setting.optimizer for row in mine):
            label = names.get(optimizer, optimizer)
            lines.append([label, *(cells.get((optimizer, size), "") for size in sizes)])
        tables.append(f"{_title(task, mine, alone=len(mine) == len(of_task))}\n\n{lined_up(lines)}")
    return "\n\n".join(tables)


def cell(row: Row) -> str:
    """Format one row: score, spread, rate, flags."""
    unit, digits = (100, 1) if row.metric == "accuracy" else (1, 3)
    spread = "" if row.test_sd is None else f" ± {unit * row.test_sd:.{digits}f}"
    diverged = f" ({row.diverged} div.)" if row.diverged else ""
    score = f"{unit * row.test_mean:.{digits}f}{spread}"
    return f"{score}, {row.learning_rate:.2g}{row.edge}{diverged}"


def schedule_of(row: Row) -> tuple[int, float, float]:
    """Return what all rows of one table have in common: epochs, warm-up and power."""
    return row.setting.epochs, row.setting.warmup, row.setting.power


def schedule_words(row: Row, *, alone: bool) -> str:
    """Say for how long a row was trained; unless its schedule is ``alone``, also how."""
    epochs, warmup, power = schedule_of(row)
    return f"{epochs} epochs" + ("" if alone else f", warm-up {warmup:g}, power {power:g}")


def _title(task: str, rows: Sequence[Row], *, alone: bool) -> str:
    seeds = {row.seeds for row in rows}
    number = "1 seed" if seeds == {1} else f"{' or '.join(map(str, sorted(seeds)))} seeds"
    spread = number if seeds == {1} else f"mean ± sd over {number}"
    what = "accuracy in %" if rows[0].metric == "accuracy" else "loss in nats"
    schedule = schedule_words(rows[0], alone=alone)
    return f"{task}: test {what} ({spread}) and learning rate, {schedule}"


def lined_up(lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns aligned; the first of ``lines`` is the header."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    drawn = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(drawn)
