"""The figures of the report; every title is a claim with a number that was computed for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.rates import EXPECTED, Rate, floor
from theory.report_slack import Slack
from theory.theorems import lars

# Okabe and Ito's colours, https://jfly.uni-koeln.de/color/; marker and line differ as well
BLUE, VERMILLION, GREEN, ORANGE, BLACK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#000000"
LOOKS = {
    "sgd": (BLUE, "o", "-"),
    "lars": (VERMILLION, "s", "--"),
    "lamb_sign": (GREEN, "^", "-."),
    "lamb": (ORANGE, "D", ":"),
}
RC: dict[str, Any] = {
    "figure.figsize": (7.2, 4.3),
    "savefig.dpi": 160,
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def pyplot() -> Any:
    """Import matplotlib when a figure is asked for, not before."""
    try:
        import matplotlib

        matplotlib.use("Agg", force=False)
        import matplotlib.pyplot as plt
    except ImportError as e:
        raise ImportError(
            'the report needs matplotlib; install it with: pip install "lbopt[experiments]"'
        ) from e
    return plt


def slack(rows: Sequence[Slack]) -> Any:
    """Measured over bound for every witness: filled the sharp bound, hollow the published one."""
    plt = pyplot()
    rows = [r for r in rows if " together" not in r.witness]  # these are about all terms at once
    near = sum(r.sharp > 0.75 for r in rows)
    worst = max(r.sharp / r.published for r in rows if r.published)
    labels = [r.witness for r in rows]
    with plt.rc_context(RC):
        fig, ax = plt.subplots(figsize=(7.6, 0.24 * len(rows) + 1.4))
        for y, row in enumerate(rows):
            color, marker, _ = LOOKS.get(row.theorem, (BLACK, "v", "-"))
            if row.published is not None:
                ax.plot([row.published, row.sharp], [y, y], color="#BBBBBB", linewidth=1)
                ax.plot(row.published, y, marker, color=color, fillstyle="none")
            ax.plot(row.sharp, y, marker, color=color)
        ax.axvline(1, color="black", linewidth=1)
        ax.set_yticks(range(len(rows)), labels=labels, fontsize=9)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set(xlabel="measured / bound; filled: sharp, hollow: published", xlim=(0, 1.05))
        ax.set_title(
            f"{near} of {len(rows)} instances attain more than 3/4 of the sharp bound;\n"
            f"the published one is up to {worst:.1f} times larger",
            x=-0.45,
        )
    return fig


def rates(found: Sequence[Rate]) -> Any:
    """Average metric (dots) and bound (line) against T, b = T."""
    plt = pyplot()
    worst = max(abs(r.measured_slope - r.bound_slope) for r in found)
    with plt.rc_context(RC):
        fig, ax = plt.subplots()
        for r in found:
            color, marker, line = LOOKS[r.theorem]
            said = f"{r.theorem}: slope {r.measured_slope:.2f}, theorem {EXPECTED[r.theorem]:g}"
            means = [v.measured for v in r.verdicts]
            spread = [v.interval[1] - v.measured for v in r.verdicts]
            look = {"color": color, "marker": marker}
            ax.errorbar(r.horizons, means, spread, linestyle="none", **look)
            ax.plot(r.horizons, [v.bound for v in r.verdicts], color=color, linestyle=line)
            ax.plot([], [], linestyle=line, label=said, **look)
        ax.set(xscale="log", yscale="log", xlabel="T = b", ylabel="average metric")
        ax.legend(fontsize=10)
        ax.set_title(f"Measured (dots) falls as the bound does (lines), slopes within {worst:.2f}")
    return fig


def noise_floor(horizons: Sequence[int] = (16, 64, 256, 1024, 4096)) -> Any:
    """LARS on a Huber function with coin noise, exactly: a fixed batch stops, b = T does not."""
    batches = {"b = 1": 1, "b = 16": 16, "b = T": None}
    measured = {name: floor(b, horizons) for name, b in batches.items()}
    plt = pyplot()
    with plt.rc_context(RC):
        fig, ax = plt.subplots()
        for (name, values), look in zip(measured.items(), LOOKS.values(), strict=False):
            color, marker, line = look
            ax.plot(horizons, values, color=color, marker=marker, linestyle=line, label=name)
        ax.set(xscale="log", yscale="log", xlabel="T", ylabel="average gradient norm, exact")
        ax.legend(fontsize=10)
        one = measured["b = 1"][-1]
        ax.set_title(f"With b = 1 the gradient stays at {one:.2f}; with b = T it falls")
    return fig


def step_sizes(steps: int = 64) -> Any:
    """LARS on a separable quadratic: terms of the bound, and what is measured, against eta."""
    from theory import problems
    from theory.measure import constants_of
    from theory.noise import none
    from theory.trajectory import average_metric

    problem = problems.quadratic([4.0, 1.0, 0.25], start=1.01)
    constants = constants_of(problem, none())
    best = lars.optimal_step(constants, steps=steps)
    grid = best * np.geomspace(0.1, 10, 41)
    parts = [lars.terms(constants, step_size=e, steps=steps, batch_size=1) for e in grid]
    bound = [sum(p.values()) for p in parts]
    measured = [
        average_metric(lars.algorithm(e), lars.metric, problem.gradient, problem.start, steps)
        for e in grid
    ]
    at_best = measured[len(grid) // 2] / bound[len(grid) // 2]
    plt = pyplot()
    with plt.rc_context(RC):
        fig, ax = plt.subplots()
        ax.plot(grid, bound, color=BLACK, label="bound")
        for name, color, line in (("start", BLUE, "--"), ("curvature", VERMILLION, ":")):
            ax.plot(grid, [p[name] for p in parts], color=color, linestyle=line, label=name)
        ax.plot(grid, measured, "o", color=GREEN, markersize=4, label="measured")
        ax.axvline(best, color="#888888", linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel="step size", ylabel="average of the norms' sum")
        ax.legend(fontsize=10)
        ax.set_title(f"At the best step size LARS attains {at_best:.3f} of its bound")
    return fig
