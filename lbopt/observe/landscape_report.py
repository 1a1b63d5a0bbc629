"""The report of `python -m lbopt landscape`: tables, figures, and what they cannot say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from lbopt.observe.landscape import END, START, Point
from lbopt.observe.landscape_numbers import HEADER, kinks_claim, mlp_claims, places, rows_of
from lbopt.observe.landscape_ratios import ratios_section
from lbopt.observe.report import bullets, figure, heading, page, save_page, table
from lbopt.observe.style import NAMES, RC, looks, pyplot
from lbopt.train.versions import versions

TITLES = {
    "mlp": "8-layer MLP, digits",
    "alexnet_bn": "small AlexNet-BN, digits",
    "characters": "hidden letter, MLP on text",
}


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def strips(
    points: Sequence[Point], value: Callable[[Point], float | None], ylabel: str, title: str
) -> Any:
    """Draw one panel per task: moments across, a dot for each seed, lines through the medians.

    A line for each batch size, from the start to the end. What does not exist or is infinite is
    not drawn.
    """
    tasks = [t for t in TITLES if any(p.task == t and value(p) is not None for p in points)]
    with pyplot().rc_context(RC):
        fig, axes = pyplot().subplots(1, len(tasks), figsize=(5.2 * len(tasks), 5), squeeze=False)
        for ax, task in zip(axes[0], tasks, strict=True):
            mine = [p for p in points if p.task == task]
            sizes = sorted({p.batch_size for p in mine})
            columns = [
                "start",
                *(f"{when}\nbatch {size}" for size in sizes for when in ("warm", "end")),
            ]
            usual = min(p.epochs for p in mine)
            if any(p.epochs > usual for p in mine):
                columns.append(f"end, longer\nbatch {sizes[-1]}")
            names = list(dict.fromkeys(p.optimizer for p in mine))
            for i, (name, look) in enumerate(looks(names).items()):
                columns_of: dict[int, list[float]] = {}
                for p in mine:
                    v = value(p)
                    if (p.when == START or p.optimizer == name) and v is not None and v < inf:
                        columns_of.setdefault(_column(p, sizes, usual), []).append(v)
                shift = 0.12 * (i - 0.5)
                for x, some in columns_of.items():
                    dots = [x + shift] * len(some)
                    ax.plot(dots, some, look.marker, color=look.color, alpha=0.5)
                for k in range(len(sizes)):
                    way = [x for x in (0, 1 + 2 * k, 2 + 2 * k) if x in columns_of]
                    middles = [median(columns_of[x]) for x in way]
                    at = [x + shift for x in way]
                    ax.plot(at, middles, color=look.color, linestyle=look.linestyle)
                ax.plot([], [], label=NAMES[name], **look._asdict())
            ax.set_yscale("log")
            ax.set_xticks(range(len(columns)), columns, rotation=50, ha="right", fontsize=10)
            ax.set_title(TITLES[task], fontsize=12)
            ax.legend(fontsize=10)
        axes[0][0].set_ylabel(ylabel)
        fig.suptitle(title, fontweight="bold")
        return fig


def _column(p: Point, sizes: Sequence[int], usual: int) -> int:
    if p.when == START:
        return 0
    if p.epochs > usual:
        return 2 * len(sizes) + 1
    return 1 + 2 * sizes.index(p.batch_size) + (p.when == END)


CAVEATS = [
    "λ max is the largest eigenvalue of the Hessian of the training loss, by Lanczos on central "
    "differences of the gradient in float64, to 1 %. It falls with the loss (cross-entropy) and "
    "with growing weights: compare rows of like loss only, and do not rank optimizers by it.",
    "Sharpness is not scale invariant: rescaled layers (second row of the MLP), or longer weights "
    "in front of a BatchNorm, change it and not the function.",
    "The differences are so short that they stay between the kinks of ReLU: the Hessian of the "
    "smooth piece around the weights. A longer step meets kinks, each of which adds a jump divided "
    "by the step. Where a kink is nearer than 1e-12 of the weights there is no number.",
    "The noise scale is McCandlish's trace / |G|², of plain gradients, from pieces of 8. Networks "
    "with BatchNorm have none. Near zero loss it is a ratio of tiny numbers: ∞ says that the mean "
    "gradient cannot be told from noise. It is no law for LARS, AdamW or LAMB.",
    "Batches that differ have learning rates that differ (each is the best on validation), and "
    "with the same epochs the larger batch ends at a higher loss.",
    "Median and range of the seeds. One test image is 0.28 %.",
]


def write_landscape_report(points: Sequence[Point], out: Path, *, seeds: int) -> str:
    """Write ``out/report.html``, figures, tables.md and points.json; return what is shown."""
    out.mkdir(parents=True, exist_ok=True)
    kept = {"versions": versions(), "points": [p._asdict() for p in points]}
    (out / "points.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    blocks, texts = [], []
    for task, title in TITLES.items():
        tasks = (task, "mlp_rescaled") if task == "mlp" else (task,)
        rows = rows_of(places(p for p in points if p.task in tasks))
        if rows:
            blocks += [heading(title), table(HEADER, rows)]
            texts.append(f"### {title}\n\n{markdown_table(HEADER, rows)}")
    claims = mlp_claims(points) if any(p.task == "mlp" for p in points) else []
    claims.append(kinks_claim())
    fig = strips(points, lambda p: p.sharpness, "λ max", "The largest eigenvalue of the Hessian")
    drawn = [
        figure(
            fig, "A dot for each seed, lines through the medians.", out / "figures/sharpness.png"
        )
    ]
    fig = strips(points, lambda p: p.noise, "noise scale (examples)", "The gradient noise scale")
    drawn.append(figure(fig, "The same; infinite values are not drawn.", out / "figures/noise.png"))
    more, ratios = ratios_section(out, seeds)
    blocks = [*drawn, bullets(claims), *blocks, *more, heading("How to read it"), bullets(CAVEATS)]
    saved = save_page(page("Curvature, noise and unlike layers", blocks), out / "report.html")
    shown = "\n\n".join([*texts, "\n".join(f"- {line}" for line in [*claims, *ratios])])
    (out / "tables.md").write_text(shown + "\n", encoding="utf-8")
    return f"{shown}\n\nreport: {saved}"
