"""The report of the study of BERT: losses, learning rates, trust ratios over a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lbopt.observe.bert_ratios import bert_ratios, ratio_spread
from lbopt.observe.plots import accuracy_vs_batch, learning_rate_grid
from lbopt.observe.report import figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.train.bert_study import BertStudy, summary
from lbopt.train.masked_text import LONG, SHORT, letter_tables
from lbopt.train.run import Run
from lbopt.train.select import Row
from lbopt.train.stages import fit_run


def write_bert_report(
    study: BertStudy, out: Path, *, ratios: Sequence[str] = ("lars", "lamb")
) -> str:
    """Write ``out/report.html``, its figures and tables.md; return what the terminal shows.

    Parameters
    ----------
    study : BertStudy
    out : Path
    ratios : list of str
        Optimizers whose trust ratios are drawn, at the largest batch and the chosen rate: one
        more training for each.
    """
    letters, pairs = letter_tables()
    text = (
        f"{summary(study)}\n- for scale, on the test text: frequencies of letters {letters:.2f} "
        f"nats, a table of letter pairs {pairs:.2f}"
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "tables.md").write_text(text + "\n", encoding="utf-8")
    fig = accuracy_vs_batch(study.rows, names=NAMES, title="BERT: hidden characters")
    blocks = [
        paragraph(
            "A BERT of two blocks predicts hidden characters of the Python reference, first in "
            f"sequences of {SHORT}, then of {LONG}. Rates are chosen on validation with one seed."
        ),
        f"<pre>{text}</pre>",
        figure(fig, "Test loss at the chosen rates.", out / "figures" / "losses.png"),
    ]
    sizes = sorted({row.setting.batch_size for row in study.rows})
    for size in sizes:
        some = [r for r in study.search if r["run"]["batch_size"] == size]
        fig = learning_rate_grid(some, names=NAMES, title=f"batch {size}")
        path = out / "figures" / f"rates_{size}.png"
        blocks.append(figure(fig, f"Validation loss of the search, batch {size}.", path))
    blocks.append(heading("Trust ratios"))
    for row in study.rows:
        if row.setting.optimizer in ratios and row.setting.batch_size == sizes[-1]:
            blocks.append(_ratios(out, row))
    saved = save_page(page("LAMB and its rivals on a small BERT", blocks), out / "report.html")
    return f"{text}\n\nreport: {saved}"


def _ratios(out: Path, row: Row) -> str:
    task, optimizer, size, epochs, warmup, power = row.setting
    run = Run(task, optimizer, size, row.learning_rate, 0, epochs, warmup, power)
    fit = fit_run(run, record_norms_every=4)
    if not fit.records:
        return paragraph(f"{NAMES[optimizer]}: not shown, the run {fit.diverged}.")
    records, spreads = fit.records, [value for _, value in ratio_spread(fit.records)]
    title = (
        f"{NAMES[optimizer]}, batch {size}: ||w||/||g|| differs {spreads[0]:.0f}-fold between "
        f"layers, at the end {spreads[-1]:.0f}-fold"
    )
    fig = bert_ratios(records, title=title)
    return figure(fig, f"{title}.", out / "figures" / f"ratios_{optimizer}.png")
