"""The section on trust ratios of the main experiment's report."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from statistics import fmean

from lbopt.observe.plots import ratios_over_steps
from lbopt.observe.report import figure, heading, paragraph, table
from lbopt.train.fit import fit
from lbopt.train.headline import FULL, DemoResult
from lbopt.train.records import Norms, Step
from lbopt.train.run import Run, run_schedule
from lbopt.train.tasks import RECIPES, TASKS


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
    if not watched.records:
        return [heading("The trust ratios"), paragraph(f"Not shown: the run {watched.diverged}.")]
    title = ratios_title(watched.records, weights)
    fig = ratios_over_steps(watched.records, layers=weights, title=title)
    start = watched.records[0].norms or {}
    rows = [
        [k, *(f"{value:.3g}" for value in (start[k].weight, start[k].gradient, ratio(start[k])))]
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


def ratio(norms: Norms) -> float:
    """Return ||w|| / ||g||; infinity where there is no gradient."""
    return norms.weight / norms.gradient if norms.gradient else inf


def ratios_title(records: Sequence[Step], layers: Sequence[str]) -> str:
    """Say how much the ratios differ: their mean from step to step, and layers within a step.

    Layers without weights or gradient at a step have no ratio and are left out of it.
    """
    ratios = [
        [r for k in layers if 0 < (r := ratio((step.norms or {})[k])) < inf] for step in records
    ]
    ratios = [step for step in ratios if step]
    if not ratios:
        return "no layer had weights and a gradient"
    levels = [fmean(step) for step in ratios]
    spreads = [max(step) / min(step) for step in ratios]
    return (
        f"||w||/||g|| moves {max(levels) / min(levels):.0f}-fold over the steps, "
        f"differs {fmean(spreads):.0f}-fold between layers"
    )
