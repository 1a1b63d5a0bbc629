"""Choosing learning rates honestly: on validation, with every seed, and saying so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf, isfinite
from statistics import fmean, stdev
from typing import Any, NamedTuple


class Setting(NamedTuple):
    """What is held fixed while learning rate and seed vary."""

    task: str
    optimizer: str
    batch_size: int
    epochs: int
    warmup: float
    power: float


class Row(NamedTuple):
    """One setting at its chosen learning rate."""

    setting: Setting
    learning_rate: float
    edge: str  # "<" the smallest of the grid, ">" the largest, "" inside or no grid (one rate)
    rates: int  # how many were tried
    val_mean: float  # accuracies, 0..1, or losses in nats, as metric says
    val_sd: float | None  # sample sd over seeds; None with one seed
    test_mean: float
    test_sd: float | None
    seeds: int
    diverged: int  # of the seeds at the chosen rate
    metric: str = "accuracy"  # or "loss"


def choose(records: Iterable[Mapping[str, Any]]) -> list[Row]:
    r"""Choose for each setting the learning rate with the best mean validation score.

    .. math:: \gamma^* = \operatorname{argmax}_\gamma \frac{1}{S} \sum_{s=1}^{S} a^{val}_s(\gamma)

    The score a is the accuracy, or minus the loss where the records' ``metric`` is "loss". On a
    tie the smaller rate is taken. A run that diverged counts with the score it ended with (a loss
    that is not finite: infinity). The test score is looked at only after the choice, at the
    chosen rate.

    Parameters
    ----------
    records : iterable of dict
        As `sweep` returns or `read_runs` reads them.

    Returns
    -------
    list of Row
        By task and optimizer in the order they first appear, then by batch size.

    Raises
    ------
    ValueError
        Not every rate of a setting has the same seeds (the missing run is named), or a run is
        there twice. A mean over other seeds is no fair comparison: finish the sweep first.

    Examples
    --------
    >>> records = [
    ...     {"run": {"task": "mlp", "optimizer": "lars", "batch_size": 32, "learning_rate": rate,
    ...              "seed": seed, "epochs": 30, "warmup": 0.1, "power": 2.0},
    ...      "val_accuracy": val, "test_accuracy": test, "diverged": None}
    ...     for rate, seed, val, test in [
    ...         (0.01, 0, 0.90, 0.99), (0.01, 1, 0.92, 0.99),
    ...         (0.1, 0, 0.95, 0.93), (0.1, 1, 0.93, 0.95),
    ...     ]
    ... ]
    >>> (row,) = choose(records)
    >>> row.learning_rate, row.edge, round(row.test_mean, 4)  # not the best on test
    (0.1, '>', 0.94)
    """
    groups: dict[Setting, dict[float, dict[int, Mapping[str, Any]]]] = {}
    for record in records:
        run = record["run"]
        setting = Setting(*(run[field] for field in Setting._fields))
        seeds = groups.setdefault(setting, defaultdict(dict))[run["learning_rate"]]
        if run["seed"] in seeds:
            raise ValueError(f"two records of one run: {describe(setting)}, {run}")
        seeds[run["seed"]] = record
    rows = [_row(setting, dict(sorted(by_rate.items()))) for setting, by_rate in groups.items()]
    first_seen = {
        (row.setting.task, row.setting.optimizer): i for i, row in reversed(list(enumerate(rows)))
    }
    tasks = list(dict.fromkeys(row.setting.task for row in rows))
    return sorted(
        rows,
        key=lambda row: (
            tasks.index(row.setting.task),
            first_seen[row.setting.task, row.setting.optimizer],
            row.setting[2:],
        ),
    )


def score_of(record: Mapping[str, Any], split: str) -> float:
    """Return what a record's task is judged by, on "val" or "test"; no finite loss: infinity.

    Examples
    --------
    >>> record = {"metric": "loss", "val_accuracy": 0.5, "val_loss": 1.25, "test_loss": None}
    >>> score_of(record, "val"), score_of(record, "test")
    (1.25, inf)
    """
    score = record[f"{split}_{record.get('metric', 'accuracy')}"]
    return inf if score is None else score


def spread(values: list[float]) -> float | None:
    """Return the sample standard deviation; None for a single value, infinity if one is."""
    if len(values) < 2:
        return None
    return stdev(values) if all(map(isfinite, values)) else inf


def describe(setting: Setting) -> str:
    """Say in a few words which setting it is."""
    return f"{setting.task} {setting.optimizer} batch {setting.batch_size}"


def _row(setting: Setting, by_rate: dict[float, dict[int, Mapping[str, Any]]]) -> Row:
    everyone = sorted(set().union(*by_rate.values()))
    for rate, seeds in by_rate.items():
        if missing := [s for s in everyone if s not in seeds]:
            raise ValueError(
                f"{describe(setting)}: learning rate {rate:g} has no run with seed {missing[0]} "
                f"({len(missing)} of {len(everyone)} seeds missing); finish the sweep first"
            )

    metric = next(iter(next(iter(by_rate.values())).values())).get("metric", "accuracy")
    sign = 1 if metric == "accuracy" else -1

    def scores(rate: float, split: str) -> list[float]:
        return [score_of(by_rate[rate][seed], split) for seed in everyone]

    rates = list(by_rate)  # ascending, and max takes the first of equals: the smaller rate.
    # Accuracies are counts / 360: rounding keeps equal sums of counts equal.
    chosen = max(rates, key=lambda rate: sign * round(fmean(scores(rate, "val")), 12))
    edge = "" if len(rates) == 1 else {rates[0]: "<", rates[-1]: ">"}.get(chosen, "")
    val, test = scores(chosen, "val"), scores(chosen, "test")
    return Row(
        setting,
        learning_rate=chosen,
        edge=edge,
        rates=len(rates),
        val_mean=fmean(val),
        val_sd=spread(val),
        test_mean=fmean(test),
        test_sd=spread(test),
        seeds=len(everyone),
        diverged=sum(by_rate[chosen][seed]["diverged"] is not None for seed in everyone),
        metric=metric,
    )
