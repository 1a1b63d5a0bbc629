"""The report of the main experiment: what it shows and what it does not, numbers computed here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lbopt.observe.demo_numbers import accuracy_table, gap, paired, percent, row_at, rows_of
from lbopt.observe.demo_trust import trust_section
from lbopt.observe.plots import accuracy_vs_batch
from lbopt.observe.report import bullets, figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.train.headline import FULL, STUDIES, DemoResult
from lbopt.train.table import markdown


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
        figure(fig, f"{claim}; mean and sample sd over seeds.", out / "figures" / f"{name}.png"),
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
                "ratios of neighbouring layers now differ a hundredfold. A layerwise rule hardly "
                "notices (only the biases do, which are not adapted); one rate for all layers has "
                "to serve both kinds."
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


def method_section(result: DemoResult) -> list[str]:
    """Say how the numbers were made and what they do not show."""
    summary = result.summary
    over = (
        "one seed (initial weights and batch order), so there is no spread"
        if result.seeds == 1
        else f"mean ± sample standard deviation over {result.seeds} seeds (initial weights and "
        "batch order)"
    )
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
                f"Every cell: {over}.",
                "Learning rates: 9 per optimizer and batch size, each 10^(1/4) times the last, the "
                "same number for every optimizer, chosen by mean validation accuracy over "
                f"{summary['seeds']} seeds with `{summary['command']}` on {summary['date']}; the "
                "choice never reads the test accuracy, which is reported for the chosen rate.",
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
                f"{result.seeds} seed{'s' if result.seeds > 1 else ''} and 360 test images: "
                "differences of one or two points are noise.",
                "Warm-up length, momentum and schedule were the same for all, not tuned for each.",
            ]
        ),
    ]
