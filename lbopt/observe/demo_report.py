"""The report of the main experiment: what it shows and what it does not, numbers computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from lbopt.observe.plots import accuracy_vs_batch, ratios_over_steps
from lbopt.observe.report import bullets, figure, heading, page, paragraph, save_page, table
from lbopt.observe.style import NAMES
from lbopt.train.fit import fit
from lbopt.train.headline import FULL, STUDIES, DemoResult
from lbopt.train.run import Run, run_schedule
from lbopt.train.select import Row, choose
from lbopt.train.table import markdown
from lbopt.train.tasks import RECIPES, TASKS

Records = Sequence[Mapping[str, Any]]


def write_demo_report(result: DemoResult, out: Path) -> str:
    """Write ``out/report.html``, its figures and tables.md; return what the terminal shows."""
    blocks = [
        paragraph(
            "Large batches break momentum SGD; LARS was made to repair that. Here is the headline "
            "of the LARS paper (You, Gitman and Ginsburg 2017) in miniature, on 1797 real "
            "handwritten digits: the same 30 epochs at every batch size, so that larger batches "
            "mean fewer steps, down to 30 steps of full-batch training."
        )
    ]
    texts, sentences = [], []
    for name, write in SECTIONS.items():
        if name in result.tuned:
            more, rows, claims = write(result, out)
            blocks += more
            texts.append(markdown(rows, names=NAMES))
            sentences += claims
    if "mlp" in result.tuned:
        blocks += trust_section(result, out)
    blocks += method_section(result)
    page_path = save_page(page("LARS on real digits", blocks), out / "report.html")
    shown = "\n\n".join(texts)
    (out / "tables.md").write_text(shown + "\n", encoding="utf-8")
    return "\n\n".join([shown, "\n".join(f"- {s}" for s in sentences), f"report: {page_path}"])


def rows_of(result: DemoResult, name: str) -> list[Row]:
    """Return a study's rows; Nesterov with linear scaling comes first where it was run."""
    linear = [
        row._replace(setting=row.setting._replace(optimizer="nesterov_linear"))
        for row in choose(result.linear.get(name, []))
    ]
    return linear + choose(result.tuned[name])


def paired(records: Records, better: str, than: str, batch: int) -> tuple[float, float]:
    """Return mean and sample sd over seeds of the difference in test accuracy, in points."""
    found = {
        (r["run"]["optimizer"], r["run"]["seed"]): 100 * r["test_accuracy"]
        for r in records
        if r["run"]["batch_size"] == batch
    }
    seeds = sorted(seed for optimizer, seed in found if optimizer == better)
    gaps = [found[better, seed] - found[than, seed] for seed in seeds]
    return fmean(gaps), stdev(gaps) if len(gaps) > 1 else 0.0


def gap(records: Records, better: str, than: str, batch: int) -> str:
    """Say how far apart two optimizers are at one batch size, seed by seed."""
    mean, sd = paired(records, better, than, batch)
    return f"{NAMES[better]} minus {NAMES[than]}: {mean:+.1f} ± {sd:.1f} points"


def row_at(rows: Sequence[Row], optimizer: str, batch: int) -> Row:
    """Find one cell of a study."""
    (row,) = (r for r in rows if r.setting[1:3] == (optimizer, batch))
    return row


def percent(row: Row) -> str:
    """Format a row's test accuracy."""
    return f"{100 * row.test_mean:.1f} ± {100 * (row.test_sd or 0):.1f} %"


def accuracy_table(rows: Sequence[Row]) -> str:
    """Return the HTML table of a study: optimizers down, batch sizes across."""
    sizes = sorted({row.setting.batch_size for row in rows})
    lines = []
    for optimizer in dict.fromkeys(row.setting.optimizer for row in rows):
        found = {r.setting.batch_size: r for r in rows if r.setting.optimizer == optimizer}
        cells = []
        for size in sizes:
            row = found[size]
            flags = row.edge + (f" ({row.diverged} diverged)" if row.diverged else "")
            rate = f"{row.learning_rate:.3g}"
            cells.append(f"{percent(row).removesuffix(' %')} at `{rate}{flags}`")
        lines.append([NAMES[optimizer], *cells])
    return table(["test accuracy in % at `rate`", *(f"batch {s}" for s in sizes)], lines)


def headline_section(result: DemoResult, out: Path, name: str, what: str) -> tuple:
    """Write the section of mlp or alexnet: all five ways of training, all batch sizes."""
    rows, records = rows_of(result, name), result.tuned[name]
    batch = FULL if name == "mlp" else 256
    here = "full batch" if batch == FULL else f"batch {batch}"
    nesterov, lars = row_at(rows, "nesterov", batch), row_at(rows, "lars", batch)
    scaled = row_at(rows, "nesterov_linear", batch)
    base = STUDIES[name].batch_sizes[0]
    claim = f"{what}, {here}: Nesterov {percent(nesterov)}, LARS {percent(lars)}"
    fig = accuracy_vs_batch(rows, names=NAMES, title=claim.replace(" ± ", "±"))
    claims = [
        f"{claim}; {gap(records, 'lars', 'nesterov', batch)}.",
        f"{what}, {here}: the rate of batch {base} scaled linearly with the batch, with warm-up "
        f"and not tuned again, ends at {percent(scaled)}.",
        f"{what}, {here}: {gap(records, 'lars_global', 'lars', batch)}; "
        f"{gap(records, 'nesterov_clip', 'lars', batch)}.",
    ]
    if batch != FULL:
        claims.append(f"{what}, full batch: {gap(records, 'lars', 'nesterov', FULL)}.")
    blocks = [
        heading(what),
        figure(fig, f"{what}. {claim}.", out / "figures" / f"{name}.png"),
        accuracy_table(rows),
        bullets(claims),
        paragraph(
            "One global ratio has no layers in it, and clipping has no ratio: where they do as "
            "well as LARS, what helps is that the step no longer follows the size of the "
            "gradient, not that each layer has a rate of its own."
        ),
    ]
    return blocks, rows, claims


def mlp_section(result: DemoResult, out: Path) -> tuple:
    """Write the section of the deep plain network."""
    return headline_section(result, out, "mlp", "8-layer MLP")


def alexnet_section(result: DemoResult, out: Path) -> tuple:
    """Write the section of the small AlexNet without normalisation."""
    return headline_section(result, out, "alexnet", "small AlexNet")


def batch_norm_section(result: DemoResult, out: Path) -> tuple:
    """Write what is left of the effect when the network has batch norm."""
    rows, records = rows_of(result, "alexnet_bn"), result.tuned["alexnet_bn"]
    claims = [
        f"small AlexNet with BatchNorm, batch {size}: {gap(records, 'lars', 'nesterov', size)}."
        for size in STUDIES["alexnet_bn"].batch_sizes
    ]
    title = "With BatchNorm: " + ", ".join(
        f"{paired(records, 'lars', 'nesterov', size)[0]:+.1f} at {size}"
        for size in STUDIES["alexnet_bn"].batch_sizes
    )
    fig = accuracy_vs_batch(rows, names=NAMES, title=f"{title} (LARS minus Nesterov)")
    return (
        [
            heading("With BatchNorm"),
            figure(fig, f"Small AlexNet with BatchNorm. {title}.", out / "figures/alexnet_bn.png"),
            accuracy_table(rows),
            bullets(claims),
            paragraph(
                "BatchNorm already makes a layer's output independent of the length of its "
                "weights. The LARS paper saw the same: replacing LRN by BatchNorm shrank AlexNet's "
                "loss of accuracy at batch 8K from 14 points to 2.2, before LARS."
            ),
        ],
        rows,
        claims,
    )


def rescaled_section(result: DemoResult, out: Path) -> tuple:
    """Write the experiment in which layers matter: the same function, unequal layers."""
    rows, records = rows_of(result, "mlp_rescaled"), result.tuned["mlp_rescaled"]
    sizes = STUDIES["mlp_rescaled"].batch_sizes
    claims = [
        f"rescaled MLP, batch {size}: {gap(records, 'lars', other, size)}."
        for size in sizes
        for other in ("nesterov", "nesterov_clip", "lars_global")
    ]
    title = f"Unequal layers, batch {sizes[0]}: " + ", ".join(
        f"{percent(row_at(rows, name, sizes[0]))} {NAMES[name]}" for name in ("nesterov", "lars")
    )
    fig = accuracy_vs_batch(rows, names=NAMES, title=title.replace(" ± ", "±"))
    return (
        [
            heading("Where layers matter: the same function, rescaled"),
            paragraph(
                "Multiply the weights of every other layer by the square root of 10 and divide the "
                "rest by it: the network computes the same function at the start, but the trust "
                "ratios of neighbouring layers now differ a hundredfold. A layerwise rule does not "
                "notice; one rate for all layers has to serve both kinds."
            ),
            figure(fig, f"Rescaled 8-layer MLP. {title}.", out / "figures/mlp_rescaled.png"),
            accuracy_table(rows),
            bullets(claims),
        ],
        rows,
        claims,
    )


SECTIONS: dict[str, Callable[[DemoResult, Path], tuple]] = {
    "mlp": mlp_section,
    "alexnet": alexnet_section,
    "alexnet_bn": batch_norm_section,
    "mlp_rescaled": rescaled_section,
}


def trust_section(result: DemoResult, out: Path) -> list[str]:
    """Train once more at full batch, watching: norms and ratios layer by layer."""
    rate = result.summary["rates"]["mlp"]["lars"][str(FULL)]["rate"]
    run = Run("mlp", "lars", FULL, rate, seed=0)
    task = TASKS["mlp"]
    model, data = task.model(), task.data()
    watched = fit(
        model,
        RECIPES["lars"].optimizer(run_schedule(run)),
        data.train,
        epochs=run.epochs,
        batch_size=FULL,
        seed=run.seed,
        record_norms_every=1,
    )
    weights = [name for name in watched.params if name.endswith(".W")]
    ratios = [
        {k: n.weight / n.gradient for k, n in (step.norms or {}).items() if k in weights}
        for step in watched.records
    ]
    levels = [fmean(step.values()) for step in ratios]
    spreads = [max(step.values()) / min(step.values()) for step in ratios]
    title = (
        f"||w||/||g|| moves {max(levels) / min(levels):.0f}-fold over the steps, "
        f"differs {fmean(spreads):.0f}-fold between layers"
    )
    fig = ratios_over_steps(watched.records, layers=weights, title=title)
    start = watched.records[0].norms or {}
    rows = [
        [k, f"{start[k].weight:.3g}", f"{start[k].gradient:.3g}", f"{ratios[0][k]:.3g}"]
        for k in weights
    ]
    return [
        heading("The trust ratios"),
        figure(fig, f"8-layer MLP, LARS, full batch, seed 0. {title}.", out / "figures/ratios.png"),
        table(["layer at step 0", "||w||", "||grad||", "||w||/||grad||"], rows),
        paragraph(
            "The table is the LARS paper's Table 2 for our network. Compare the two numbers in the "
            "figure's title: one ratio for the whole network can follow the first, only a ratio "
            "per layer the second."
        ),
    ]


def method_section(result: DemoResult) -> list[str]:
    """Say how the numbers were made and what they do not show."""
    summary = result.summary
    edges = [
        f"{task} {optimizer} batch {batch} ({found['edge']})"
        for task, optimizers in summary["rates"].items()
        for optimizer, batches in optimizers.items()
        for batch, found in batches.items()
        if found["edge"]
    ]
    return [
        heading("How the numbers were made"),
        bullets(
            [
                "Data: scikit-learn's 8x8 digits, split once into 1077 training, 360 validation "
                "and 360 test images (one test image is 0.28 %), standardised with the training "
                "images' mean and deviation.",
                f"Every cell: mean ± sample standard deviation over {result.seeds} seeds (initial "
                "weights and batch order).",
                "Learning rates: 9 per optimizer and batch size, each 10^(1/4) times the last, the "
                "same number for every optimizer, chosen by mean validation accuracy over "
                f"{summary['seeds']} seeds with `{summary['command']}` on {summary['date']}; the "
                "test images were looked at for the chosen rate alone.",
                "Choices at the edge of their grid: " + ("; ".join(edges) or "none") + ".",
                "All: 30 epochs, linear warm-up over 10 % of the steps, quadratic decay, momentum "
                "0.9, weight decay 5e-4 on weights (not on biases or norm parameters), batches "
                "drawn without replacement, the last incomplete one dropped. LARS: trust "
                "coefficient 0.1, biases and norm parameters not adapted. Clipping: global norm 1.",
                "BatchNorm statistics are recomputed on the training images before evaluation.",
            ]
        ),
        heading("What this does not show"),
        bullets(
            [
                "Nothing about ImageNet accuracy: these are mechanisms at small scale.",
                "Five seeds and 360 test images: differences of one or two points are noise.",
                "Warm-up length, momentum and schedule were the same for all, not tuned for each.",
            ]
        ),
    ]
