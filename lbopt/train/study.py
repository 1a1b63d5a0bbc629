"""What the kept experiments share: equal grids, a search that ends inside them, kept rates."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from lbopt.train.run import Run
from lbopt.train.select import Row, Setting, choose, score_of

RATES_PER_GRID = 9
RATE_RATIO = 10**0.25
MOVES = 4  # at most, of one grid

Records = Iterable[Mapping[str, Any]]


def rates_from(first: float, number: int = RATES_PER_GRID) -> list[float]:
    """Return ``number`` learning rates from 10^``first`` on, each 10^(1/4) times the last.

    Examples
    --------
    >>> rates_from(-2.5, 5)
    [0.00316, 0.00562, 0.01, 0.0178, 0.0316]
    """
    return [float(f"{10**first * RATE_RATIO**i:.3g}") for i in range(number)]


def search(
    first: Mapping[Setting, float],
    seeds: Callable[[Setting], int],
    sweep: Callable[[list[Run]], list[dict[str, Any]]],
    number: int = RATES_PER_GRID,
) -> list[dict[str, Any]]:
    """Try a grid for each setting, and move those by two rates that are best at an edge.

    Every setting ends with ``number`` rates in the same ratio. A moved grid still holds the edge
    that was best, so that the choice is the best of all rates tried, also of those left behind.

    Parameters
    ----------
    first : dict
        Setting -> log10 of the smallest rate, before any move.
    seeds : function of a setting
        How many seeds each rate is tried with.
    sweep : function of runs
        Returns their records, in any order.

    Returns
    -------
    list of dict
        The records of the last grids. After ``MOVES`` moves a grid stays where it is, and the
        choice at its edge is flagged by `choose`.
    """
    starts = dict(first)
    for move in range(MOVES + 1):
        records = sweep(
            [
                run_of(setting, rate, seed)
                for setting, start in starts.items()
                for rate in rates_from(start, number)
                for seed in range(seeds(setting))
            ]
        )
        edges = {row.setting: row.edge for row in choose(records) if row.edge}
        if not edges or move == MOVES:
            break
        for setting, edge in edges.items():
            starts[setting] += -0.5 if edge == "<" else 0.5
    return records


def run_of(setting: Setting, rate: float, seed: int) -> Run:
    """Return the run of a setting at one learning rate, with one seed."""
    task, optimizer, batch_size, epochs, warmup, power = setting
    return Run(task, optimizer, batch_size, rate, seed, epochs, warmup, power)


def summarise(
    records: Records, command: str, *, table: Callable[[Setting], str] = lambda s: s.task
) -> dict[str, Any]:
    """Choose the rates from a search's records, in the form that is kept in a file.

    The form is ``rates[table][optimizer][batch size]``, each with ``rate``, ``edge`` and
    ``validation``: the mean score of every rate (None: not finite).

    Parameters
    ----------
    records : iterable of dict
    command : str
        Which made them.
    table : function of a setting
        What its rates are kept under; default: the task.
    """
    records = list(records)
    curves: dict[Setting, dict[str, list[float]]] = {}
    for record in records:
        run = record["run"]
        setting = Setting(*(run[field] for field in Setting._fields))
        curve = curves.setdefault(setting, {})
        curve.setdefault(f"{run['learning_rate']:g}", []).append(score_of(record, "val"))
    rates: dict[str, Any] = {}
    for row in choose(records):
        _, optimizer, size, *_ = row.setting
        means = {rate: fmean(values) for rate, values in curves[row.setting].items()}
        rates.setdefault(table(row.setting), {}).setdefault(optimizer, {})[str(size)] = {
            "rate": row.learning_rate,
            "edge": row.edge,
            "validation": {
                rate: round(mean, 4) if isfinite(mean) else None for rate, mean in means.items()
            },
        }
    return {
        "command": command,
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "seeds": max(record["run"]["seed"] for record in records) + 1,
        "rates": rates,
    }


def read_rates(path: Path) -> dict[str, Any]:
    """Read what `summarise` made."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_rates(summary: Mapping[str, Any], path: Path) -> None:
    """Write what `summarise` made, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def with_edges(rows: Iterable[Row], cell: Callable[[Setting], Mapping[str, Any]]) -> list[Row]:
    """Give rows at a chosen rate what the search knew: its edge, and how many rates it tried.

    Parameters
    ----------
    rows : list of Row
    cell : function of a setting
        Its entry in a summary's rates.
    """
    return [
        row._replace(edge=found["edge"], rates=len(found["validation"]))
        for row in rows
        for found in [cell(row.setting)]
    ]


def paired_differences(mine: Records, others: Records) -> list[float]:
    """Return test score minus the others', seed by seed, by ascending seed.

    Raises
    ------
    ValueError
        The two do not have the same seeds, each once.

    Examples
    --------
    >>> def record(seed, loss):
    ...     return {"run": {"seed": seed}, "metric": "loss", "test_loss": loss}
    >>> paired_differences([record(0, 2.0), record(1, 3.0)], [record(1, 2.5), record(0, 2.25)])
    [-0.25, 0.5]
    """
    a, b = (
        sorted((r["run"]["seed"], score_of(r, "test")) for r in some) for some in (mine, others)
    )
    seeds = [[seed for seed, _ in some] for some in (a, b)]
    if seeds[0] != seeds[1] or len(set(seeds[0])) < len(seeds[0]):
        raise ValueError(f"no pairs: seeds {seeds[0]} against {seeds[1]}")
    return [x - y for (_, x), (_, y) in zip(a, b, strict=True)]
