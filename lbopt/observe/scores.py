"""Scores as points with bars: what the figures of accuracies and losses have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

from lbopt.observe.style import RC, looks
from lbopt.train.select import Row

CUT = 3.0  # losses above this many times the best mean are drawn at that height


def draw_scores(
    ax: Any,
    rows: Sequence[Row],
    place: Callable[[Row, float], float],
    names: Mapping[str, str] | None,
) -> None:
    """Draw mean test scores with bars of one sample sd, one line per optimizer.

    Parameters
    ----------
    ax : matplotlib Axes
    rows : list of Row
        Of one task. Those that have not the power of the first are hollow and on no line.
    place : function
        Of a row and of how many steps its optimizer stands to the right of the middle one:
        where on the axis; so that bars do not cover one another.
    names : dict, optional
        Optimizer -> what the legend calls it.
    """
    metric, power = rows[0].metric, rows[0].setting.power
    unit = unit_of(metric)
    bests: dict[int, float] = {}
    for row in rows:
        size = row.setting.batch_size
        bests[size] = min(bests.get(size, inf), row.test_mean)
    # the best of the batch size where that is worst: no wild run hides what can be reached
    top = top_of(metric, [max(filter(isfinite, bests.values()), default=inf)])
    optimizers = list(dict.fromkeys(row.setting.optimizer for row in rows))
    for i, (optimizer, look) in enumerate(looks(optimizers).items()):
        mine = [row for row in rows if row.setting.optimizer == optimizer]
        shift = i - (len(optimizers) - 1) / 2
        for joined in (True, False):
            some = sorted(
                (place(row, shift), min(unit * row.test_mean, top), bar_of(row, unit, top))
                for row in mine
                if (row.setting.power == power) == joined
            )
            if some:
                x, y, bars = zip(*some, strict=True)
                alone = {} if joined else {"linestyle": "none", "markerfacecolor": "none"}
                label = name_of(optimizer, names) if joined else None
                ax.errorbar(x, y, yerr=bars, label=label, **(look._asdict() | alone))
    limit(ax, metric, top)
    seeds = sorted({row.seeds for row in rows})
    over = f" (mean ± sd, {' or '.join(map(str, seeds))} seeds)" if seeds != [1] else ""
    cut = any(unit * row.test_mean > top for row in rows)
    label = score_label("test", metric, top if cut else inf) + ("\n" if cut else "")
    ax.set_ylabel(f"{label}{over}", fontsize=RC["font.size"] - 1)


def unit_of(metric: str) -> float:
    """Return what a score is multiplied by: accuracies are drawn in percent, losses in nats."""
    return 100.0 if metric == "accuracy" else 1.0


def top_of(metric: str, means: Sequence[float]) -> float:
    """Return the height at which losses are cut off, so that a wild run does not hide the rest."""
    finite = [mean for mean in means if isfinite(mean)]
    return inf if metric == "accuracy" or not finite else CUT * min(finite)


def limit(ax: Any, metric: str, top: float) -> None:
    """Keep the axis of scores to where scores can be, and below the cut."""
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, 0.0), min(high, 101.0 if metric == "accuracy" else 1.03 * top))


def score_label(split: str, metric: str, cut: float) -> str:
    """Say what the axis of scores shows, and where it is cut off."""
    if metric == "accuracy":
        return f"{split} accuracy (%)"
    return f"{split} loss (nats{f', cut off at {cut:.2g}' if cut < inf else ''})"


def bar_of(row: Row, unit: float, top: float) -> float:
    """Return the half length of a row's error bar; none where the loss is cut off."""
    return 0.0 if unit * row.test_mean > top else unit * (row.test_sd or 0.0)


def name_of(optimizer: str, names: Mapping[str, str] | None) -> str:
    """Return what a legend calls an optimizer."""
    return (names or {}).get(optimizer, optimizer)
