"""How figures look, in one place: big enough for a talk, safe for colour-blind eyes and in grey."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from typing import Any, NamedTuple

# Okabe and Ito's colours, https://jfly.uni-koeln.de/color/ (without yellow, too pale on white).
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
VERMILLION, ORANGE, PURPLE, BLACK = "#D55E00", "#E69F00", "#CC79A7", "#000000"
# Three more from Paul Tol's muted scheme, https://sronpersonalpages.nl/~pault/
WINE, INDIGO, FOREST = "#882255", "#332288", "#117733"
LEAF = "#66AA55"  # and a lighter green
COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
LINES = ("-", "--", "-.", ":", (0, (6, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)))

RC: dict[str, Any] = {
    "figure.figsize": (7.2, 4.5),
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.size": 13,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 3.0,
    "errorbar.capsize": 3.5,
}


class Look(NamedTuple):
    """How one series is drawn."""

    color: str
    marker: str
    linestyle: Any


# An optimizer looks the same in every figure. Blues are momentum, warm colours LARS, the darkest
# two LAMB; the dark one of momentum and of LARS is the plain method. Marker and line differ too:
# no colour is needed to tell them.
OPTIMIZERS = {
    "nesterov": Look(BLUE, "o", "--"),
    "nesterov_clip": Look(SKY, "^", "-."),
    "nesterov_linear": Look(BLACK, "X", ":"),
    "lars": Look(VERMILLION, "s", "-"),
    "lars_global": Look(ORANGE, "D", (0, (6, 2))),
    "lars_2020": Look(PURPLE, "v", (0, (3, 1, 1, 1, 1, 1))),
    "sgd": Look(GREEN, "P", (0, (1, 1))),
    "adamw": Look(FOREST, "<", (0, (1, 3))),
    "adamw_clip": Look(LEAF, ">", (0, (4, 1, 1, 1))),
    "lamb": Look(WINE, "*", (0, (12, 2))),
    "lamb_slow_biases": Look(INDIGO, "p", (0, (3, 3))),
}

# What readers call them.
NAMES = {
    "nesterov": "Nesterov",
    "nesterov_clip": "Nesterov + clipping",
    "nesterov_linear": "Nesterov, linear scaling",
    "lars": "LARS",
    "lars_global": "LARS, one global ratio",
    "lars_2020": "LARS of the LAMB paper",
    "sgd": "SGD, momentum",
    "adamw": "AdamW",
    "adamw_clip": "AdamW + clipping",
    "lamb": "LAMB",
    "lamb_slow_biases": "LAMB, slow biases",
}


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Give each optimizer its own look; names without one share what is left, in order.

    Examples
    --------
    >>> looks(["lars", "mine"])["mine"]
    Look(color='#0072B2', marker='o', linestyle='-')
    """
    wheel = cycle(Look(*look) for look in zip(COLOURS, MARKERS, LINES, strict=False))
    return {name: OPTIMIZERS[name] if name in OPTIMIZERS else next(wheel) for name in names}


def looks_in_order(names: Iterable[str]) -> dict[str, Look]:
    """Give names that have an order (layers by depth) shades from dark to light, in that order.

    The shades are matplotlib's cividis: made for colour-blind eyes, and monotone in grey.
    """
    names = list(names)
    shades = pyplot().get_cmap("cividis")
    last = max(1, len(names) - 1)
    return {
        name: Look(
            "#" + "".join(f"{round(255 * c):02x}" for c in shades(0.88 * i / last)[:3]),
            MARKERS[i % len(MARKERS)],
            LINES[i // len(MARKERS) % len(LINES)],
        )
        for i, name in enumerate(names)
    }


def pyplot() -> Any:
    """Import matplotlib when a figure is asked for, not before."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as e:
        raise ImportError(
            'plots need matplotlib; install it with: pip install "lbopt[experiments]"'
        ) from e
    return plt


def figure_and_axes(ax: Any) -> tuple[Any, Any]:
    """Return (figure, axes): a new pair, or those of ``ax``."""
    if ax is not None:
        return ax.figure, ax
    return pyplot().subplots()
