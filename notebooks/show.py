"""What the notebooks share: the switch to the GPU, sliders, drawing. No result is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from lbopt import observe


def array_module() -> Any:
    """CuPy where it is installed and a GPU answers, else NumPy: ``xp`` of the notebooks.

    It prints nothing, so that a notebook's outputs are the same text on both.

    Examples
    --------
    >>> array_module().__name__ in ("numpy", "cupy")
    True
    """
    try:
        import cupy

        if cupy.is_available():
            cupy.ones(1).sum().item()  # a device that is listed may still refuse to work
            return cupy
    except Exception:  # not installed, or without a driver, a device, memory: CuPy has many words
        pass
    return np


def slider(draw: Callable[..., Any], choices: Mapping[str, Sequence[Any]]) -> None:
    """Show a slider for each name, and under them what ``draw(*values)`` draws, again at each move.

    Sliders need a running kernel: their cells are tagged "live" and keep no output. The figure
    before such a cell shows a few of the settings, for those who read only.
    """
    try:
        import ipywidgets
    except ImportError:
        print("a slider needs ipywidgets: pip install ipywidgets, then restart the kernel")
        return
    from IPython.display import display

    sliders = [
        ipywidgets.SelectionSlider(
            options=[(f"{value:.3g}" if isinstance(value, float) else str(value), value)
                     for value in values],
            value=values[len(values) // 2],
            description=name,
            layout={"width": "32em"},
        )
        for name, values in choices.items()
    ]  # fmt: skip

    def redraw(**now: Any) -> None:
        draw(*now.values())

    named = {str(i): one for i, one in enumerate(sliders)}
    display(ipywidgets.VBox([*sliders, ipywidgets.interactive_output(redraw, named)]))


def style() -> None:
    """Use the look of lbopt's figures, small enough to be kept in a notebook."""
    plt.rcParams.update(
        observe.RC
        | {"figure.dpi": 90, "figure.figsize": (7.4, 3.7), "font.size": 12, "axes.titlesize": 12.5}
    )


def lines(
    x: Sequence[Any],
    curves: Mapping[str, Any],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: str = "",
    ticks: bool = False,
    errors: Mapping[str, Any] | None = None,
    dots: Mapping[str, Any] | None = None,
    markevery: int | None = None,
    ax: Any = None,
) -> Any:
    """Draw one curve per name; ``dots`` (name -> rows of y) in the colour of their curve.

    ``log`` names the logarithmic axes ("x", "y", "xy"); ``ticks`` labels every x and no other.
    """
    ax = plt.subplots()[1] if ax is None else ax
    for name, look in observe.looks(curves).items():
        if errors is None:
            ax.plot(x, curves[name], label=name, markevery=markevery, **look._asdict())
        else:
            ax.errorbar(x, curves[name], errors[name], label=name, **look._asdict())
        for row in np.atleast_2d((dots or {}).get(name, np.empty((0, len(x))))):
            ax.plot(x, row, ".", color=look.color, markersize=9, markeredgecolor="white")
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if ticks:
        ax.set_xticks(list(x), labels=[str(tick) for tick in x])
        ax.set_xticks([], minor=True)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if len(curves) > 1:
        ax.legend()
    return ax


def clouds(tips: Mapping[str, Any], *, length: float, title: str = "", ax: Any = None) -> None:
    """Draw noisy gradients as dots, one colour per name, and the exact one as an arrow to (1, 0).

    ``tips`` maps a name to rows (part along the exact gradient, part across it), in its lengths;
    ``length`` is how far the axes go.
    """
    ax = plt.subplots()[1] if ax is None else ax
    for color, (name, rows) in zip(("#E69F00", "#0072B2", "#009E73"), tips.items(), strict=False):
        along, across = np.transpose(rows)
        ax.plot(along, across, "o", color=color, markersize=4, label=name, alpha=0.7)
    ax.annotate("", (1, 0), (0, 0), arrowprops={"arrowstyle": "-|>", "linewidth": 2.5})
    ax.set(xlim=(1 - length, 1 + length), ylim=(-0.08 * length, length), title=title)
    ax.set(xlabel=r"along $g$, in units of $\|g\|$", ylabel="across")
    ax.legend(loc="upper left", fontsize=10, handletextpad=0.1)


def strips(values: Mapping[str, Any], *, xlabel: str, title: str) -> None:
    """Draw every value as a dot, one row per name, and the mean ± standard error as a diamond."""
    _, ax = plt.subplots()
    for i, a in enumerate(values.values()):
        ax.plot(a, i + np.linspace(-0.2, 0.2, len(a)), "o", color="#56B4E9", markersize=5)
        error = np.std(a, ddof=1) / len(a) ** 0.5
        ax.errorbar(np.mean(a), i, xerr=error, fmt="D", color="black", markersize=6)
        ax.text(1.01, i, f"{np.mean(a):.1f} ± {error:.1f}", transform=ax.get_yaxis_transform())
    ax.set_yticks(range(len(values)), labels=list(values))
    ax.invert_yaxis()
    ax.set(xlabel=f"{xlabel}; diamonds: mean ± standard error", title=title)


def together(title: str) -> Any:
    """Make two axes side by side under one title."""
    fig, axes = plt.subplots(1, 2, figsize=(7.8, 3.7), gridspec_kw={"wspace": 0.06})
    fig.suptitle(title, fontsize=12.5, weight="bold")
    return axes


def crosses(marked: Mapping[str, Sequence[str]], rows: Sequence[str], *, title: str) -> None:
    """Draw one column per name and one row per row, and fill the cells that are marked."""
    _, ax = plt.subplots(figsize=(7.4, 0.8 + 0.2 * len(rows)))
    for i, row in enumerate(rows):
        at = [j for j, found in enumerate(marked.values()) if row in found]
        ax.plot(range(len(marked)), [i] * len(marked), ".", color="#BBBBBB", markersize=2)
        ax.plot(at, [i] * len(at), "s", color="#D55E00", markersize=8)
    ax.set_yticks(range(len(rows)), labels=list(rows), fontsize=8.5)
    ax.set_xticks(range(len(marked)), labels=list(marked))
    ax.set_xlim(-0.6, len(marked) - 0.4)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set_title(title, loc="right")
