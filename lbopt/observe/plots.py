"""The figures of the reports and notebooks; each returns its Figure and shows nothing by itself.

The look is `lbopt.observe.style`'s. Pass ``ax`` to draw into a figure of your own. Scores are
accuracies in percent, or losses in nats where the rows or records say ``metric="loss"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from statistics import fmean
from typing import Any

from lbopt.observe.scores import draw_scores, limit, name_of, score_label, top_of, unit_of
from lbopt.observe.style import RC, figure_and_axes, looks, looks_in_order, pyplot
from lbopt.train.records import Step
from lbopt.train.select import Row, score_of, spread


def accuracy_vs_batch(
    rows: Sequence[Row],
    *,
    names: Mapping[str, str] | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw test accuracy, or loss, against batch size, one line per optimizer.

    Bars are one sample standard deviation over seeds to each side. Lines are shifted by a few
    per cent of the batch size from each other, so that their bars do not cover one another.
    Losses above three times the best of the hardest batch size, or infinite, are drawn at that
    height, and the axis says so.

    Parameters
    ----------
    rows : list of Row
        Of ONE task, from `train.choose`.
    names : dict, optional
        Optimizer -> what the legend calls it.
    title : str
        The claim.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        There are no rows, or they are of more than one task.
    ImportError
        Without matplotlib.
    """
    tasks = sorted({row.setting.task for row in rows})
    if len(tasks) != 1:
        raise ValueError(f"accuracy_vs_batch draws one task, got rows of {tasks or 'none'}")
    sizes = sorted({row.setting.batch_size for row in rows})
    with pyplot().rc_context(RC):
        fig, ax = figure_and_axes(ax)
        draw_scores(ax, rows, lambda row, i: row.setting.batch_size * 1.05**i, names)
        _log_ticks(ax, sizes)
        ax.set_xlabel("batch size (examples)")
        ax.set_title(title)
        ax.legend(loc="best")
        return fig


def loss_vs_warmup(
    rows: Sequence[Row],
    *,
    names: Mapping[str, str] | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw test loss, or accuracy, against the share of steps that warm up.

    One line per optimizer joins the rows of the power that the first has; points of other powers
    are hollow and stand alone. Bars and cut as in `accuracy_vs_batch`.

    Parameters
    ----------
    rows : list of Row
        Of ONE task and batch size.
    names, title, ax :
        As in `accuracy_vs_batch`.

    Raises
    ------
    ValueError
        There are no rows, or they are of more than one task or batch size.
    """
    settings = sorted({(row.setting.task, row.setting.batch_size) for row in rows})
    if len(settings) != 1:
        raise ValueError(
            f"loss_vs_warmup draws one task and batch size, got rows of {settings or 'none'}"
        )
    powers = list(dict.fromkeys(row.setting.power for row in rows))
    with pyplot().rc_context(RC):
        mine = ax is None
        fig, ax = figure_and_axes(ax)
        if mine:
            fig.set_size_inches(9.6, 4.5)  # the legend stands beside the lines, which fill the box
        draw_scores(ax, rows, lambda row, i: 100 * row.setting.warmup + 0.5 * i, names)
        ax.set_xticks(sorted({100 * row.setting.warmup for row in rows}))
        ax.set_xlabel("warm-up (% of the steps)")
        ax.set_title(title)
        if len(powers) > 1:
            words = f"hollow: power {', '.join(f'{p:g}' for p in powers[1:])}"
            ax.plot([], [], "o", color="black", markerfacecolor="none", label=words)
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return fig


def learning_rate_grid(
    records: Iterable[Mapping[str, Any]],
    *,
    split: str = "val",
    names: Mapping[str, str] | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw accuracy, or loss, against learning rate, one line per optimizer.

    A ring is around the best mean. The band is one sample standard deviation over seeds to each
    side; a cross on a line says that at least one seed diverged there. Losses above three times
    the best mean, or infinite, are drawn at that height, and the axis says so.

    Parameters
    ----------
    records : iterable of dict
        Of ONE task and batch size, from `train.sweep`.
    split : {"val", "test"}
        Rates are chosen on "val".
    names, title, ax :
        As in `accuracy_vs_batch`.

    Raises
    ------
    ValueError
        There are no records, or they are of more than one task or batch size.
    """
    if split not in ("val", "test"):
        raise ValueError(f'split must be "val" or "test", got {split!r}')
    records = list(records)
    settings = sorted({(r["run"]["task"], r["run"]["batch_size"]) for r in records})
    if len(settings) != 1:
        raise ValueError(
            "learning_rate_grid draws one task and batch size, got "
            + (", ".join(f"{task} at {size}" for task, size in settings) or "no records")
        )
    grids: dict[str, dict[float, list[Mapping[str, Any]]]] = {}
    for record in sorted(records, key=lambda r: r["run"]["learning_rate"]):
        run = record["run"]
        grids.setdefault(run["optimizer"], {}).setdefault(run["learning_rate"], []).append(record)
    order = list(dict.fromkeys(record["run"]["optimizer"] for record in records))
    metric = records[0].get("metric", "accuracy")
    means = [
        fmean(score_of(record, split) for record in some)
        for by_rate in grids.values()
        for some in by_rate.values()
    ]
    top = top_of(metric, means)
    with pyplot().rc_context(RC):
        fig, ax = figure_and_axes(ax)
        for optimizer, look in looks(order).items():
            _one_grid(ax, grids[optimizer], split, metric, top, name_of(optimizer, names), look)
        ax.set_xscale("log")
        limit(ax, metric, top)
        cut = any(unit_of(metric) * mean > top for mean in means)
        ax.set_xlabel("learning rate (peak of the schedule)")
        ax.set_ylabel(
            score_label("validation" if split == "val" else "test", metric, top if cut else inf)
        )
        ax.set_title(title)
        # the two signs need words, too
        sign = {"linestyle": "none", "color": "black", "markeredgewidth": 2.0}
        ax.plot(
            [], [], marker="o", markerfacecolor="none", markersize=12, label="best mean", **sign
        )
        if any(record["diverged"] for record in records):
            ax.plot([], [], marker="x", markersize=10, label="a seed diverged", **sign)
        ax.legend(loc="best")
        return fig


def _one_grid(
    ax: Any,
    by_rate: Mapping[float, list],
    split: str,
    metric: str,
    top: float,
    name: str,
    look: Any,
) -> None:
    rates, unit = list(by_rate), unit_of(metric)
    values = [[unit * score_of(record, split) for record in by_rate[rate]] for rate in rates]
    means = [fmean(v) for v in values]
    shown = [min(mean, top) for mean in means]
    spreads = [s if (s := spread(v) or 0.0) < inf else 0.0 for v in values]
    ax.plot(rates, shown, label=name, **look._asdict())
    low, high = zip(*((m - s, m + s) for m, s in zip(shown, spreads, strict=True)), strict=True)
    ax.fill_between(rates, low, high, color=look.color, alpha=0.15, linewidth=0)
    sign = 1 if metric == "accuracy" else -1
    best = max(range(len(rates)), key=lambda i: (sign * round(means[i], 9), -i))
    ring = {"markersize": 16, "markerfacecolor": "none", "markeredgewidth": 2.0}
    ax.plot(rates[best], shown[best], marker="o", color=look.color, **ring)
    wild = [i for i, rate in enumerate(rates) if any(r["diverged"] for r in by_rate[rate])]
    crosses = {"linestyle": "none", "marker": "x", "markersize": 11, "markeredgewidth": 2.0}
    ax.plot([rates[i] for i in wild], [shown[i] for i in wild], color="black", zorder=5, **crosses)


def ratios_over_steps(
    records: Iterable[Step],
    *,
    layers: Sequence[str] | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw ||w|| / ||g|| of each layer over the steps of one run, on a logarithmic axis.

    Parameters
    ----------
    records : iterable of Step
        From `train.fit` with ``record_norms_every`` of at least 1.
    layers : list of str, optional
        Default: every layer whose gradient and weights were nonzero at some recorded step.
    title, ax :
        As in `accuracy_vs_batch`.

    Raises
    ------
    ValueError
        No record holds norms, or a layer is not among them.
    """
    steps = [record for record in records if record.norms]
    if not steps:
        raise ValueError("no norms were recorded: train with fit(..., record_norms_every=1)")
    known = list(steps[0].norms or {})
    if layers is not None and (unknown := [k for k in layers if k not in known]):
        raise ValueError(f"no layer {unknown[0]!r} in the records; there are {', '.join(known)}")
    curves = {name: _ratios(steps, name) for name in (known if layers is None else layers)}
    curves = {name: curve for name, curve in curves.items() if curve}
    with pyplot().rc_context(RC):
        fig, ax = figure_and_axes(ax)
        last = max((step for curve in curves.values() for step, _ in curve), default=0)
        for i, (name, look) in enumerate(looks_in_order(curves).items()):
            x, y = zip(*curves[name], strict=True)
            every = max(1, len(x) // 8)
            start = min(i * every // max(1, len(curves)), len(x) - 1)  # markers side by side
            ax.plot(x, y, label=name, markevery=(start, every), **look._asdict())
        ax.set_yscale("log")
        ax.set_xlim(0, max(last, 1))
        ax.set_xlabel("step")
        ax.set_ylabel(r"$\|w\|\,/\,\|g\|$ of the layer")
        ax.set_title(title)
        if curves:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="layer")
        return fig


def _ratios(steps: Sequence[Step], name: str) -> list[tuple[int, float]]:
    norms = [(record.step, (record.norms or {})[name]) for record in steps]
    return [(step, n.weight / n.gradient) for step, n in norms if n.gradient and n.weight]


def _log_ticks(ax: Any, sizes: Sequence[int]) -> None:
    """Put a labelled tick at each batch size and none between, on a logarithmic axis."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, labels=[str(size) for size in sizes])
    ax.set_xticks([], minor=True)
    ax.set_xlim(sizes[0] / 1.3, sizes[-1] * 1.3)
