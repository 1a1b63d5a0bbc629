"""The report of the hidden letter says what the records say, also where LAMB loses."""

import html
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from lbopt.observe.letters_numbers import apart, remains, rows_of, tuned_of
from lbopt.observe.letters_report import write_letters_report
from lbopt.train import letters
from lbopt.train.letters import LettersResult

mpl.use("Agg")

# Mean test losses; + 0.01 for each seed above 0, so that paired differences have no spread.
LAMB_WINS = {"lamb": 1.0, "lars": 1.1, "adamw": 1.25, "adamw_clip": 1.2, "sgd": 1.5}
ADAMW_WINS = LAMB_WINS | {"lamb": 1.5}


def loss_of(run, losses):
    """AdamW gains 0.5 nats by a warm-up of half of the steps; power 2 costs everybody 0.25."""
    late = -0.5 if (run.optimizer, run.warmup) == ("adamw", 0.5) else 0.0
    return losses.get(run.optimizer, 1.4) + late + (0.25 if run.power == 2 else 0.0)


def finished(seeds=2, losses=LAMB_WINS, edge="", parts=tuple(letters.PARTS)):
    """Make up an experiment in which validation agrees with the test."""
    rates = {}

    def search(some):
        for s in some:
            run = letters.run_of(s, 0.01, 0)
            table = rates.setdefault(letters.schedule_name(s), {}).setdefault(s.optimizer, {})
            at_edge = edge if s.optimizer == "lars" else ""
            val = round(loss_of(run, losses), 4)
            table[str(s.batch_size)] = {
                "rate": 0.01, "edge": at_edge, "validation": {"0.01": val, "0.02": 9.0},
            }  # fmt: skip

    for part in letters.PARTS:
        search(letters.settings_of(part))
    search(
        [letters.other_power(rates, o, size) for o in letters.SCHEDULED for size in letters.LARGE]
    )

    def record(run):
        test = loss_of(run, losses) + 0.01 * run.seed
        return {"run": run.__dict__, "metric": "loss", "val_loss": 7.0, "test_loss": test,
                "diverged": None}  # fmt: skip

    runs = letters.final_runs(parts, rates, seeds)
    summary = {"rates": rates, "command": "a command", "date": "today", "seeds": {"64": 1}}
    records = {name: [record(run) for run in some] for name, some in runs.items()}
    return LettersResult(records, summary, seeds)


def write(result, out):
    shown = write_letters_report(result, out)
    return shown, (out / "report.html").read_text()


def test_the_terminal_the_tables_and_the_page_hold_the_same_numbers(tmp_path):
    plt.close("all")
    shown, page = write(finished(), tmp_path)
    tables = (tmp_path / "tables.md").read_text().strip()
    assert tables in shown
    assert tables.count("\n\n| ") == 5
    for cell in ("1.005 ± 0.007, 0.01", "1.255 ± 0.007, 0.01"):
        assert cell in tables
        assert cell in page
    for sentence in [line[2:] for line in shown.splitlines() if line.startswith("- ")]:
        assert html.escape(sentence) in page
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {
        "letters_batches.png", "letters_same_share.png", "letters_same_steps.png",
        "letters_warmup_4096.png", "letters_warmup_8192.png",
    }  # fmt: skip
    assert not plt.get_fignums(), "figures are closed"
    assert not re.search(r"\b(nan|None)\b", shown + page)


@pytest.mark.parametrize(
    ("losses", "first", "apart", "shared"),
    [
        (
            LAMB_WINS,
            "LAMB 1.00, LARS 1.10, AdamW 1.25",
            "0.50",
            "LAMB 1.00, AdamW + clipping 1.20, AdamW 1.25",
        ),
        (
            ADAMW_WINS,
            "LARS 1.10, AdamW 1.25, ",
            "0.40",
            "AdamW + clipping 1.20, AdamW 1.25, LAMB 1.50",
        ),
    ],
)
def test_the_titles_are_computed_whoever_wins(losses, first, apart, shared, tmp_path):
    _, page = write(finished(1, losses), tmp_path)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    assert len(captions) == 5
    assert f"Batch 64: all within {apart} nats" in captions[0]
    for caption in captions[:3]:
        assert first in caption
    for caption in captions[3:]:
        assert "AdamW 0.75, " in caption.split("\n")[0]  # its own schedule
        assert shared in caption.split("\n")[1]


def test_differences_are_paired_by_seed_and_signed(tmp_path):
    _, page = write(finished(), tmp_path)
    for sentence in (
        "Tuned, batch 4096: LAMB minus AdamW -0.250 ± 0.000 nats (-0.250 -0.250), lower on 2 of 2 "
        "seeds.",
        "One setting, warm-up 10 %, batch 8192: LAMB minus SGD, momentum -0.500",
        "LAMB carried to batch 1024 (warm-up 10 %), minus tuned there (warm-up 10 %): +0.000",
        "Shared schedule, batch 4096: LAMB minus AdamW -0.250",
        "Own schedules, batch 4096: LAMB minus AdamW +0.250 ± 0.000 nats (+0.250 +0.250), lower on "
        "0 of 2 seeds.",
        "Own schedules, batch 8192: LAMB minus AdamW + clipping -0.200",
    ):
        assert sentence in page


def test_what_remains_of_the_lead_is_said_with_both_schedules(tmp_path):
    shown, _ = write(finished(), tmp_path)
    assert (
        "LAMB, batch 4096: its lead of 0.25 nats over AdamW is gone, AdamW is ahead by 0.25."
        in shown
    )
    assert "of its lead of 0.20 nats over AdamW + clipping 0.20 remain (100 %)" in shown
    assert "Nats won by the own schedule, batch 4096: Nesterov +0.00" in shown
    assert "AdamW +0.50" in shown
    assert "Own schedules, batch 8192: AdamW 0.76, LAMB 1.00, AdamW + clipping 1.21" in shown


@pytest.mark.parametrize(
    ("shared", "own", "words"),
    [
        (0.2, 0.1, "0.10 remain (50 %)"),
        (0.2, 0.0, "is gone"),
        (0.0, -0.1, "had no lead"),
        (-0.1, 0.2, "is ahead by 0.20"),
        (float("inf"), 0.2, "no finite lead"),
    ],
)
def test_a_lead_that_is_not_there_is_not_claimed(shared, own, words):
    assert words in remains(shared, own, "AdamW")


def test_the_schedule_is_chosen_on_validation_not_on_the_test():
    made = finished()
    for record in made.records["schedules"]:
        if record["run"]["warmup"] == 0.0:
            record["test_loss"] = 0.001
    tuned = tuned_of(made, "adamw", 4096)
    assert (tuned.chosen.warmup, tuned.chosen.power) == (0.5, 1.0)
    assert tuned.losses == pytest.approx((1.255, 0.755))


def test_own_schedules_at_the_end_of_the_warm_ups_are_flagged(tmp_path):
    _, page = write(finished(1, parts=("schedules",)), tmp_path)
    assert "longest warm-up that was tried: adamw, batch 4096; adamw, batch 8192.</li>" in page


def test_the_schedule_table_names_what_was_chosen(tmp_path):
    write(finished(), tmp_path)
    lines = (tmp_path / "tables.md").read_text().splitlines()
    (first, _) = [line for line in lines if line.startswith("| AdamW  ") and "warm-up" in line]
    cells = [cell.strip() for cell in first.split("|")[2:-1]]
    assert cells[3].startswith("0.755")  # 50 %
    assert cells[4].startswith("50 %: 1.005")  # power 2 at the best warm-up
    assert cells[5] == "warm-up 0.5, power 1"


@pytest.mark.parametrize("edge", ["<", ">"])
def test_edges_of_the_search_are_flagged_where_they_were_searched(edge, tmp_path):
    made = finished(edge=edge, parts=("batches", "setting"))
    flagged = {row.setting.optimizer for row in rows_of(made, "batches") if row.edge}
    assert flagged == {"lars"}
    assert not any(row.edge for row in rows_of(made, "same_share"))
    shown, page = write(made, tmp_path)
    assert f"0.01{edge}" in shown
    sign = {"<": "&lt;", ">": "&gt;"}[edge]
    assert f"lars, batch 64, warm-up 0.1, power 1 ({sign})" in page
    assert "edge of their grid: none." in write(finished(parts=("batches",)), tmp_path)[1]


@pytest.mark.parametrize("part", letters.PARTS)
def test_one_part_can_be_reported_alone(part, tmp_path):
    shown, page = write(finished(1, parts=(part,)), tmp_path)
    assert "±" not in shown, "one seed has no spread"
    assert page.count("<figure>") == {"batches": 1, "setting": 2, "schedules": 2}[part]


def test_a_run_without_a_finite_loss_does_not_stop_the_report(tmp_path):
    made = finished()
    for records in made.records.values():
        for record in records:
            if record["run"]["optimizer"] in ("sgd", "nesterov"):
                record["test_loss"], record["diverged"] = None, {"step": 3}
    shown, _ = write(made, tmp_path)
    assert "inf" in shown
    assert "(2 div.)" in shown


def test_apart_counts_the_seeds_on_which_the_loss_is_lower():
    def records(*losses):
        return [
            {"run": {"seed": i}, "metric": "loss", "test_loss": loss}
            for i, loss in enumerate(losses)
        ]

    said = apart(records(1.0, 2.0, 3.0), records(1.5, 1.5, 3.5))
    assert said.endswith("(-0.500 +0.500 -0.500), lower on 2 of 3 seeds")
    assert apart(records(1.0), records(2.0)) == "-1.000 nats (-1.000), lower on 1 of 1 seed"
