"""The demo's report: edges, spreads and ratios are what the numbers say."""

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pytest

from lbopt import optim, train
from lbopt.observe import demo_trust
from lbopt.observe.demo_numbers import accuracy_table, gap, percent, rows_of
from lbopt.observe.demo_report import method_section, rescaled_section, write_demo_report
from lbopt.observe.demo_trust import ratios_title, trust_section
from lbopt.train import Divergence, Norms, Recipe, Step
from lbopt.train.headline import STUDIES, DemoResult, final_runs, linear_runs, read_rates
from lbopt.train.tasks import RECIPES

mpl.use("Agg")


def result(name, seeds, edge="", score=0.5):
    """Make up a finished demo of one study."""
    summary = read_rates()
    for cell in summary["rates"][name]["lars"].values():
        cell["edge"] = edge

    def records(runs):
        return [
            {"run": run.__dict__, "val_accuracy": 0.1, "test_accuracy": score + 0.01 * run.seed,
             "diverged": None}
            for run in runs
        ]  # fmt: skip

    linear = linear_runs(STUDIES[name], summary["rates"], seeds) if name == "mlp" else []
    return DemoResult(
        {name: records(final_runs(STUDIES[name], summary["rates"], seeds))},
        {name: records(linear)},
        summary,
        seeds,
    )


@pytest.mark.parametrize("edge", ["<", ">"])
def test_a_rate_at_the_edge_of_the_grid_searched_is_flagged_in_every_table(edge, tmp_path):
    made = result("mlp_rescaled", 2, edge)
    lars = [r["run"] for r in made.tuned["mlp_rescaled"] if r["run"]["optimizer"] == "lars"]
    rates = {run["batch_size"]: run["learning_rate"] for run in lars}
    shown = write_demo_report(made, tmp_path)
    page = (tmp_path / "report.html").read_text()
    for rate in rates.values():
        assert f", {rate:.2g}{edge}" in shown
        assert f", {rate:.2g}{edge}" in (tmp_path / "tables.md").read_text()
        assert f"<code>{rate:.3g}{'&lt;' if edge == '<' else '&gt;'}</code>" in page
    flagged = [row for row in rows_of(made, "mlp_rescaled") if row.edge]
    assert {row.setting.optimizer for row in flagged} == {"lars"}
    assert {row.rates for row in flagged} == {9}


def test_linear_scaling_is_not_chosen_from_a_grid_and_has_no_edge():
    made = result("mlp", 1, ">")
    for cell in made.summary["rates"]["mlp"]["nesterov"].values():
        cell["edge"] = ">"
    edges = {row.setting.optimizer: row.edge for row in rows_of(made, "mlp")}
    assert edges["nesterov_linear"] == ""
    assert edges["nesterov"] == ">"


def test_one_seed_has_no_spread_and_two_have(tmp_path):
    for seeds, signs in ((1, False), (2, True)):
        made = result("mlp_rescaled", seeds)
        rows, records = rows_of(made, "mlp_rescaled"), made.tuned["mlp_rescaled"]
        blocks, _, claims = rescaled_section(made, tmp_path)
        texts = [percent(rows[0]), accuracy_table(rows), gap(records, "lars", "nesterov", 32)]
        texts += [*blocks, *claims]
        assert any("±" in text for text in texts) == signs
    assert percent(rows[0]) == "50.5 ± 0.7 %"


@pytest.mark.parametrize(("seeds", "words"), [(1, "1 seed and 360"), (7, "7 seeds and 360")])
def test_the_report_says_how_many_seeds_there_were(seeds, words):
    text = " ".join(method_section(result("mlp", seeds)))
    assert words in text
    assert ("±" in text) == (seeds > 1)


# --- the trust ratios -------------------------------------------------------------------------


class Watched(NamedTuple):
    params: dict
    records: list
    diverged: Divergence | None = None


def watched(monkeypatch, norms):
    """Let the section's own run have these norms: [{layer: (||w||, ||g||)} per step]."""
    records = [
        Step(t, t, 1.0, 0.1, {k: Norms(*pair, None) for k, pair in step.items()})
        for t, step in enumerate(norms)
    ]
    run = Watched(dict.fromkeys(norms[0]), records)
    monkeypatch.setattr(demo_trust, "fit", lambda *args, **kwargs: run)
    return records


def test_ratios_are_weight_over_gradient_in_table_figure_and_title(monkeypatch, tmp_path):
    norms = [{"a.W": (8.0, 2.0), "a.b": (1.0, 1.0), "b.W": (6.0, 0.5)},
             {"a.W": (8.0, 0.2), "a.b": (1.0, 1.0), "b.W": (6.0, 0.05)}]  # fmt: skip
    records = watched(monkeypatch, norms)
    text = " ".join(trust_section(result("mlp", 1), tmp_path))
    for layer, cells in (("a.W", "8 2 4"), ("b.W", "6 0.5 12")):
        row = "".join(f"<td>{cell}</td>" for cell in (layer, *cells.split()))
        assert row in text
    assert "a.b" not in text
    title = ratios_title(records, ["a.W", "b.W"])
    assert title == ("||w||/||g|| moves 10-fold over the steps, differs 3-fold between layers")
    assert title in text
    assert (tmp_path / "figures" / "ratios.png").exists()


@pytest.mark.parametrize(
    ("norms", "words"),
    [
        ([{"a.W": (8.0, 0.0), "b.W": (6.0, 2.0)}], "moves 1-fold"),
        ([{"a.W": (8.0, 0.0), "b.W": (6.0, 0.0)}], "no layer had weights and a gradient"),
        ([{"a.W": (0.0, 1.0), "b.W": (0.0, 0.0)}], "no layer had weights and a gradient"),
    ],
)
def test_layers_without_gradient_or_weights_do_not_stop_the_report(
    monkeypatch, tmp_path, norms, words
):
    watched(monkeypatch, norms)
    assert words in " ".join(trust_section(result("mlp", 1), tmp_path))


def test_a_first_step_that_diverges_does_not_stop_the_report(monkeypatch, tmp_path):
    run = Watched({"a.W": np.ones(2)}, [], Divergence(0, "loss", "loss"))
    monkeypatch.setattr(demo_trust, "fit", lambda *args, **kwargs: run)
    assert "diverged at step 0" in write_and_read(result("mlp", 1), tmp_path)


def test_a_run_that_really_diverges_does_not_stop_the_report(monkeypatch, tmp_path):
    wild = Recipe("wild", lambda rate: optim.chain(optim.scale(1e38), optim.scale(1e38)))
    monkeypatch.setitem(RECIPES, "lars", wild)
    assert "Not shown: the run diverged at step" in write_and_read(result("mlp", 1), tmp_path)


def write_and_read(made, out):
    write_demo_report(made, out)
    return (out / "report.html").read_text()


def test_the_rescaled_section_says_what_a_layerwise_rule_notices(tmp_path):
    text = " ".join(rescaled_section(result("mlp_rescaled", 1), tmp_path)[0])
    assert "hardly notices (only the biases do" in text


def test_the_section_watches_the_run_it_says_it_watches(monkeypatch, tmp_path):
    seen = {}

    def look(model, optimizer, data, **arguments):
        seen.update(arguments, images=len(data.x))
        return train.fit(model, optimizer, data, **arguments | {"epochs": 2})

    monkeypatch.setattr(demo_trust, "fit", look)
    trust_section(result("mlp", 1), tmp_path)
    assert (seen["batch_size"], seen["images"], seen["epochs"]) == (1077, 1077, 30)
