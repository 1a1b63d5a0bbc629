"""The figures of the study of BERT: losses, learning rates, trust ratios over a training.

python -m lbopt.observe.bert_report results/bert
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lbopt.data import Split
from lbopt.observe.bert_ratios import bert_ratios, ratio_spread
from lbopt.observe.plots import accuracy_vs_batch, learning_rate_grid
from lbopt.observe.report import figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.observe.trust import layer_table
from lbopt.train.bert_study import BertStudy, summary, with_edges
from lbopt.train.examples import rows_of
from lbopt.train.gradient import loss_and_gradient
from lbopt.train.masked_text import mini_bert, the_short_sequences
from lbopt.train.results import read_runs
from lbopt.train.run import Run
from lbopt.train.select import Row, Setting, choose
from lbopt.train.stages import fit_run


def read_study(folder: Path) -> BertStudy:
    """Read what ``python -m lbopt.train.bert_study --out folder`` wrote.

    Raises
    ------
    ValueError
        There is nothing, or the study is not finished.
    """
    records = read_runs(folder / "runs.jsonl")
    search = [r for r in records if r["run"]["seed"] == 0]
    if not search:
        raise ValueError(
            f"{folder} holds no study; make it with: python -m lbopt.train.bert_study --out "
            f"{folder}"
        )
    chosen = choose(search)
    if len(lengths := {row.setting.epochs for row in chosen}) > 1:
        raise ValueError(f"{folder} holds studies of {sorted(lengths)} epochs: keep one of them")
    rates = {row.setting: row.learning_rate for row in chosen}
    final = [r for r in records if r["run"]["learning_rate"] == rates[_setting(r)]]
    return BertStudy(search, final, with_edges(choose(final), chosen))


def _setting(record: Mapping[str, Any]) -> Setting:
    return Setting(*(record["run"][field] for field in Setting._fields))


def spread_at_start(std: float, examples: int = 128) -> float:
    r"""Return largest over smallest :math:`\|w\| / \|g\|` of the matrices before any step.

    Parameters
    ----------
    std : float
        Of the matrices' first values: 0.08 in the study, 0.02 in BERT's published code.
    examples : int
    """
    train = the_short_sequences().train
    model = mini_bert()
    drawn = model.init(np.random.default_rng(0))
    params = {k: w * np.float32(std / 0.08) if k.endswith(".W") else w for k, w in drawn.items()}
    batch = Split(rows_of(train.x, slice(examples)), train.y[:examples])
    _, grads = loss_and_gradient(model, params, batch)
    matrices = [name for name in params if name.endswith(".W")]
    return layer_table({k: params[k] for k in matrices}, {k: grads[k] for k in matrices}).spread


def write_bert_report(folder: Path, *, ratios: Sequence[str] = ("lars", "lamb")) -> str:
    """Write figures and report.html into ``folder``; train once more for each of ``ratios``.

    Parameters
    ----------
    folder : Path
    ratios : list of str
        Optimizers whose trust ratios are drawn, at the largest batch and the chosen rate.
    """
    study = read_study(folder)
    text = summary(study)
    fig = accuracy_vs_batch(study.rows, names=NAMES, title="BERT: hidden characters")
    blocks = [
        paragraph(
            "A BERT of two blocks predicts hidden characters of the Python reference, first in "
            "sequences of 32, then of 64. Rates are chosen on validation with one seed."
        ),
        f"<pre>{text}</pre>",
        figure(fig, "Test loss at the chosen rates.", folder / "figures" / "losses.png"),
    ]
    sizes = sorted({row.setting.batch_size for row in study.rows})
    for size in sizes:
        some = [r for r in study.search if r["run"]["batch_size"] == size]
        fig = learning_rate_grid(some, names=NAMES, title=f"batch {size}")
        path = folder / "figures" / f"rates_{size}.png"
        blocks.append(figure(fig, f"Validation loss of the search, batch {size}.", path))
    blocks.append(heading("Trust ratios"))
    blocks.append(
        paragraph(
            "Before any step the largest ratio ||w||/||g|| of a matrix is "
            f"{spread_at_start(0.08):.0f} times the smallest at standard deviation 0.08, and "
            f"{spread_at_start(0.02):.0f} times at BERT's 0.02."
        )
    )
    for row in study.rows:
        if row.setting.optimizer in ratios and row.setting.batch_size == sizes[-1]:
            blocks.append(_ratios(folder, row))
    saved = save_page(page("LAMB and its rivals on a small BERT", blocks), folder / "report.html")
    return f"{text}\n\nreport: {saved}"


def _ratios(folder: Path, row: Row) -> str:
    task, optimizer, size, epochs, warmup, power = row.setting
    run = Run(task, optimizer, size, row.learning_rate, 0, epochs, warmup, power)
    records = fit_run(run, record_norms_every=4).records
    (_, first), *_, (_, last) = ratio_spread(records)
    title = f"{NAMES[optimizer]}, batch {size}: spread {first:.0f}, at the end {last:.0f}"
    fig = bert_ratios(records, title=title)
    return figure(fig, f"{title}.", folder / "figures" / f"ratios_{optimizer}.png")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m lbopt.observe.bert_report")
    parser.add_argument("dir", type=Path, metavar="DIR", help="what bert_study wrote")
    print(write_bert_report(parser.parse_args(argv).dir))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
