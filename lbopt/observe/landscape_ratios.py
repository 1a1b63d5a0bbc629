"""Unlike layers: the ratios of weights to gradients where all layers start from one deviation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from lbopt import models
from lbopt.data import Split
from lbopt.models import Model
from lbopt.observe.bert_ratios import bert_ratios, ratio_spread
from lbopt.observe.landscape import spread_of
from lbopt.observe.report import bullets, figure, heading, paragraph
from lbopt.observe.style import NAMES
from lbopt.train.examples import rows_of
from lbopt.train.fit import fit
from lbopt.train.gradient import loss_and_gradient
from lbopt.train.headline import read_rates
from lbopt.train.masked_text import STD, mini_bert
from lbopt.train.run import Run, run_schedule
from lbopt.train.tasks import RECIPES, TASKS


class Watch(NamedTuple):
    """A network from one standard deviation, and the run that it is watched in."""

    name: str
    file: str
    model: Callable[[], Model]
    run: Run  # its task gives the data; of two stages the first is watched


def the_watches() -> list[Watch]:
    """Return the three networks whose ratios are drawn."""
    rate = read_rates()["rates"]["alexnet_bn"]["lars"]["512"]["rate"]
    alexnet = Run("alexnet_bn", "lars", 512, rate, 0)
    bert = Run("bert", "lamb", 256, 0.01, 0, epochs=1, power=1.0)
    return [
        Watch(
            "AlexNet-BN, dense layers of 256, deviation 0.1 everywhere",
            "ratios_alexnet_bn",
            lambda: models.alexnet_bn(hidden=(256, 256), weight_init=models.normal(0.1)),
            alexnet,
        ),
        Watch(f"small BERT, deviation {STD:g}", "ratios_bert", mini_bert, bert),
        Watch(
            "small BERT, deviation 0.02 as in BERT's code",
            "ratios_bert_002",
            lambda: mini_bert(0.02),
            bert,
        ),
    ]


def start_spreads(watch: Watch, seeds: int) -> list[float]:
    r"""Return largest over smallest :math:`\|w\| / \|g\|` of the matrices, before any step.

    The gradient is that of the first examples, as many as a batch has.
    """
    model, train = watch.model(), TASKS[watch.run.task].data().train
    batch = Split(*(rows_of(part, slice(watch.run.batch_size)) for part in train))
    found = []
    for seed in range(seeds):
        params = model.init(np.random.default_rng(seed))
        found.append(spread_of(params, loss_and_gradient(model, params, batch)[1]))
    return found


def ratios_section(out: Path, seeds: int) -> tuple[list[str], list[str]]:
    """Train each network once more, watching; return blocks and the sentences of the terminal."""
    blocks = [
        heading("Unlike layers"),
        paragraph(
            "A rule of one rate for all layers is right for all of them only where ||w||/||g|| is "
            "alike. He initialisation makes it nearly so; one standard deviation for layers of "
            "very different size does not."
        ),
    ]
    claims = []
    for watch in the_watches():
        some = start_spreads(watch, seeds)
        run, model = watch.run, watch.model()
        trained = fit(
            model,
            RECIPES[run.optimizer].optimizer(run_schedule(run)),
            TASKS[run.task].data().train,
            epochs=run.epochs,
            batch_size=run.batch_size,
            seed=run.seed,
            params=model.init(np.random.default_rng(run.seed)),
            record_norms_every=1,
        )
        spreads = [value for _, value in ratio_spread(trained.records)]
        losses = trained.losses
        claim = (
            f"{watch.name}: before any step the ratios of the matrices differ {median(some):.0f}"
            f"-fold (seeds: {', '.join(f'{value:.0f}' for value in some)}); with "
            f"{NAMES[run.optimizer]} at batch {run.batch_size} {spreads[len(spreads) // 2]:.0f}"
            f"-fold after {len(spreads) // 2} steps and {spreads[-1]:.0f}-fold after "
            f"{len(spreads) - 1}, while the loss goes from {losses[0]:.3g} to {losses[-1]:.3g}"
        )
        fig = bert_ratios(trained.records, title=watch.name)
        blocks.append(figure(fig, f"{claim}.", out / "figures" / f"{watch.file}.png"))
        claims.append(f"{claim}.")
    return [*blocks, bullets(claims)], claims
