"""The report of the hidden letter: LAMB at large batches, and what tuning leaves of its lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lbopt.observe.letters_numbers import (
    TERSE,
    Table,
    Tuned,
    apart,
    at,
    cost_of_not_tuning,
    edges_of,
    longest_warmups,
    mean_of,
    ranking,
    remains,
    rows_of,
    schedule_table,
    score_table,
    tuned_of,
)
from lbopt.observe.plots import accuracy_vs_batch, loss_vs_warmup
from lbopt.observe.report import bullets, figure, heading, page, paragraph, save_page
from lbopt.observe.style import NAMES
from lbopt.train import letters
from lbopt.train.letters import LettersResult
from lbopt.train.select import Row

Section = tuple[list[str], list[Table], list[str]]  # blocks; tables and sentences of the terminal


def write_letters_report(result: LettersResult, out: Path) -> str:
    """Write ``out/report.html``, its figures and tables.md; return what the terminal shows."""
    blocks = [
        paragraph(
            "A letter of the Python reference is guessed from the four before and the four after "
            "it, by an embedding and five hidden layers of 96 without normalisation. The same four "
            "epochs over 65,536 places at every batch size: 4096 steps at batch 64, 32 at batch "
            "8192. This is the picture of the LAMB paper (You et al. 2020, arXiv 1904.00962), and "
            "the check of Nado et al. 2021 (arXiv 2102.06356), at a scale of seconds per run."
        )
    ]
    tables, sentences = [], []
    for write in SECTIONS:
        more, some, claims = write(result, out / "figures")
        blocks += more
        tables += some
        sentences += claims
    blocks += method_section(result)
    saved = save_page(page("LAMB on real text", blocks), out / "report.html")
    shown = "\n\n".join(table.markdown() for table in tables)
    (out / "tables.md").write_text(shown + "\n", encoding="utf-8")
    return "\n\n".join([shown, "\n".join(f"- {s}" for s in sentences), f"report: {saved}"])


def over(rows: list[Row]) -> str:
    """Say over how many seeds a table's cells are."""
    seeds = rows[0].seeds
    return "1 seed" if seeds == 1 else f"mean ± sd over {seeds} seeds"


def batches_section(result: LettersResult, figures: Path) -> Section:
    """Write the first part: everybody tuned at every batch size, one schedule."""
    if "batches" not in result.records:
        return [], [], []
    rows, records = rows_of(result, "batches"), result.records["batches"]
    sizes = sorted({row.setting.batch_size for row in rows})
    small, large = sizes[0], sizes[-1]
    losses = [row.test_mean for row in rows if row.setting.batch_size == small]
    title = (
        f"Batch {small}: all within {max(losses) - min(losses):.2f} nats; tuned at batch {large}:\n"
        f"{ranking_of({o: mean_of(rows, o, large) for o in letters.CARRIED})}"
    )
    table = score_table(
        f"test loss in nats ({over(rows)}) and learning rate, tuned at every batch size, warm-up "
        "10 %, linear decay",
        rows,
        lambda row: f"batch {row.setting.batch_size}",
    )
    said = [f"Tuned, batch {size}: {ranking(rows, size)}." for size in sizes]
    claims = [
        f"Tuned, batch {size}: LAMB minus {NAMES[other]} "
        f"{apart(at(records, 'lamb', size), at(records, other, size))}."
        for size in sizes
        for other in dict.fromkeys(r["run"]["optimizer"] for r in at_size(records, size))
        if other != "lamb"
    ]
    fig = accuracy_vs_batch(rows, names=NAMES, title=title)
    blocks = [
        heading("Everybody tuned at every batch size, one schedule"),
        figure(fig, f"Test loss. {title}.", figures / "letters_batches.png"),
        table.html(),
        bullets(said + claims),
        paragraph(
            "LAMB with slow biases is LAMB with a tenth of the rate for what it does not adapt: "
            "biases see the raw rate, which at large batches is large."
        ),
    ]
    return blocks, [table], said


def at_size(records: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Return the records at one batch size."""
    return [r for r in records if r["run"]["batch_size"] == size]


RULES = {
    "same_share": "warm-up 10 % at every batch size",
    "same_steps": "the LAMB paper's warm-up, a share in proportion to the batch (1/320 to 0.4)",
}


def setting_section(result: LettersResult, figures: Path) -> Section:
    """Write the second part: one setting for all batch sizes."""
    if "same_share" not in result.records:
        return [], [], []
    blocks = [
        heading("One setting, carried by the square-root rule"),
        paragraph(
            f"The rate chosen at batch B_0 = {letters.BASE} times the square root of B / B_0, and "
            "nothing tuned again: the LAMB paper's claim is that this is enough for LAMB."
        ),
    ]
    tables, sentences = [], []
    for name, rule in RULES.items():
        rows, records = rows_of(result, name), result.records[name]
        sizes = sorted({row.setting.batch_size for row in rows})
        said = [f"One setting, {SHORT[name]}, batch {n}: {ranking(rows, n)}." for n in sizes[1:]]
        title = said[-1].removesuffix(".").replace(": ", ":\n")
        table = score_table(
            f"test loss in nats ({over(rows)}) and learning rate, one setting, {rule}",
            rows,
            lambda row: f"batch {row.setting.batch_size}",
        )
        claims = [
            f"One setting, {SHORT[name]}, batch {size}: LAMB minus {NAMES[other]} "
            f"{apart(at(records, 'lamb', size), at(records, other, size))}."
            for size in sizes[1:]
            for other in dict.fromkeys(row.setting.optimizer for row in rows)
            if other != "lamb"
        ]
        claims += cost_of_not_tuning(result, name, SHORT[name])
        fig = accuracy_vs_batch(rows, names=NAMES, title=title)
        path = figures / f"letters_{name}.png"
        blocks += [figure(fig, f"Test loss. {title}.", path), table.html(), bullets(said + claims)]
        tables.append(table)
        sentences += said
    return blocks, tables, sentences


SHORT = {"same_share": "warm-up 10 %", "same_steps": "the paper's warm-up"}


COMPARED = ("adamw", "adamw_clip", "lamb")  # in the title


def schedules_section(result: LettersResult, figures: Path) -> Section:
    """Write the third part: everybody gets the schedule that suits it."""
    if "schedules" not in result.records:
        return [], [], []
    blocks = [
        heading("The reality check: everybody gets its own schedule"),
        paragraph(
            "Warm-up of 0, 10, 30 and 50 % of the steps, each with its own search of learning "
            "rates; then quadratic decay at the optimizer's best warm-up. The best of these five "
            "on validation is its own schedule. A lead that goes away when a rival's schedule is "
            "tuned was a lead in robustness, not in what can be reached."
        ),
    ]
    tables, sentences = [], []
    rows = rows_of(result, "schedules")
    for size in sorted({row.setting.batch_size for row in rows}):
        here = [row for row in rows if row.setting.batch_size == size]
        tuned = {o: tuned_of(result, o, size) for o in dict.fromkeys(r.setting[1] for r in here)}
        own, shared = (
            ranking_of({o: t.losses[i] for o, t in tuned.items() if o in COMPARED}) for i in (1, 0)
        )
        title = f"Batch {size}, own schedules: {own}\nwarm-up 10 % for all: {shared}"
        said, claims = schedule_claims(tuned, size)
        fig = loss_vs_warmup(here, names=NAMES, title=title)
        table = schedule_table(result, size)
        path = figures / f"letters_warmup_{size}.png"
        blocks += [figure(fig, f"Test loss. {title}.", path), table.html(), bullets(said + claims)]
        tables.append(table)
        sentences += said
    return blocks, tables, sentences


def schedule_claims(tuned: Mapping[str, Tuned], size: int) -> tuple[list[str], list[str]]:
    """Say what remains of LAMB's lead with own schedules; then the differences seed by seed."""
    mine = tuned["lamb"]
    losses = {o: t.losses[1] for o, t in tuned.items()}
    gains = [f"{NAMES[o]} {t.losses[0] - t.losses[1]:+.2f}" for o, t in tuned.items()]
    said = [
        f"Own schedules, batch {size}: {ranking_of(losses)}.",
        f"Nats won by the own schedule, batch {size}: {', '.join(gains)}.",
    ]
    claims = []
    for other, theirs in tuned.items():
        if other != "lamb":
            before, after = (b - a for a, b in zip(mine.losses, theirs.losses, strict=True))
            said.append(f"LAMB, batch {size}: {remains(before, after, NAMES[other])}.")
            claims += [
                f"{kind}, batch {size}: LAMB minus {NAMES[other]} {apart(a, b)}."
                for kind, a, b in (
                    ("Shared schedule", mine.shared, theirs.shared),
                    ("Own schedules", mine.own, theirs.own),
                )
            ]
    return said, claims


def ranking_of(losses: dict[str, float]) -> str:
    """Name optimizers from the lowest loss to the highest."""
    return ", ".join(f"{TERSE[o]} {losses[o]:.2f}" for o in sorted(losses, key=losses.__getitem__))


SECTIONS: tuple[Callable[[LettersResult, Path], Section], ...] = (
    batches_section,
    setting_section,
    schedules_section,
)


def method_section(result: LettersResult) -> list[str]:
    """Say how the numbers were made and what they do not show."""
    summary = result.summary
    searched = ", ".join(f"{n} at batch {size}" for size, n in summary["seeds"].items())
    seeds = f"{result.seeds} seed{'s' if result.seeds > 1 else ''}"
    few = min(letters.SEARCH_SEEDS[size] for size in letters.LARGE)
    return [
        heading("How the numbers were made"),
        bullets(
            [
                "Data: the Python reference (`pydoc_data.topics`, which changes with Python's "
                "version), lower case; its last 8 % are held out, the first half of them for "
                "validation, the second for the test, 8192 places each.",
                f"Every cell: {seeds} (initial weights and batch order); paired differences are "
                "taken between runs of one seed.",
                "Learning rates: 9 per optimizer, batch size and schedule, each 10^(1/4) times the "
                "last, moved by two where the best was at an edge; chosen by mean validation loss "
                f"over few seeds ({searched}), with `{summary['command']}` on {summary['date']}. "
                "The choice never reads the test loss.",
                "Choices of the rate at the edge of their grid: "
                + ("; ".join(edges_of(result)) or "none")
                + ". Own schedules with the longest warm-up that was tried: "
                + ("; ".join(longest_warmups(result)) or "none")
                + ".",
                "All: 4 epochs, linear warm-up, polynomial decay. Momentum methods: momentum 0.9, "
                "weight decay 5e-4; AdamW and LAMB: betas 0.9 and 0.999, eps 1e-6, weight decay "
                "0.01; decay on weights alone. LARS: trust coefficient 0.1. LARS and LAMB do not "
                "adapt biases. Clipping: global norm 1.",
            ]
        ),
        heading("What this does not show"),
        bullets(
            [
                "Nothing about BERT: this is a small network without normalisation, trained for "
                "32 to 4096 steps, far from the end of training at the large batches.",
                f"{few} seeds choose rates and schedules at the large batches, so a choice may be "
                "off by a step of the grid; one seed chooses at batch 64.",
                "Every optimizer was given the same schedules to choose from; betas, momentum, "
                "decay, the limit of clipping and the trust coefficient were not tuned for any.",
            ]
        ),
    ]
