"""The figure of a kill matrix: which law kills which wrong optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lbopt.observe.style import BLUE, RC, VERMILLION, pyplot


def kill_matrix_figure(
    laws: Sequence[str],
    killed: Mapping[str, Sequence[str]],
    *,
    named: Mapping[str, str] | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw wrong optimizers (rows) by laws (columns): a dot where the law kills.

    Laws and optimizers are sorted, those that kill and die most first, so that the lonely dots at
    the edge are the ones to look at.

    Parameters
    ----------
    laws : names of the columns
    killed : name of a row -> names of the laws that kill it
        ``matrix = conformance.museum.kill_matrix("lamb")`` has both: ``matrix.laws``,
        ``matrix.killed``.
    named : name of a row -> the law its story is about, optional
        Drawn in another colour and shape.
    title : str
        The claim.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        A row names a law that is not among ``laws``.
    ImportError
        Without matplotlib.
    """
    strange = sorted({law for by in killed.values() for law in by} - set(laws))
    if strange:
        raise ValueError(f"killed names laws that are not columns: {', '.join(strange)}")
    count = {law: sum(law in by for by in killed.values()) for law in laws}
    columns = sorted(laws, key=lambda law: -count[law])
    rows = sorted(killed, key=lambda name: -len(killed[name]))
    with pyplot().rc_context(RC):
        size = (0.26 * len(columns) + 3.5, 0.21 * len(rows) + 3.5)
        fig, ax = (ax.figure, ax) if ax is not None else pyplot().subplots(figsize=size)
        for own, colour, marker, label in (
            (False, BLUE, "s", "kills too"), (True, VERMILLION, "o", "the law of its story"),
        ):  # fmt: skip
            dots = [
                (columns.index(law), i)
                for i, name in enumerate(rows)
                for law in killed[name]
                if ((named or {}).get(name) == law) == own
            ]
            if dots:
                ax.scatter(*zip(*dots, strict=True), c=colour, marker=marker, s=34, label=label)
        ax.set_xticks(range(len(columns)), [law.replace("_", " ") for law in columns],
                      rotation=60, ha="right", fontsize=8)  # fmt: skip
        ax.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows], fontsize=8)
        ax.set_xlim(-0.7, len(columns) - 0.3)
        ax.set_ylim(len(rows) - 0.3, -0.7)
        ax.set_title(title)
        if named:
            ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=9)
    return fig
