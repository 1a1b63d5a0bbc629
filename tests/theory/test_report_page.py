"""The report: formulas drawn from the derivations, tables, figures, no network."""

import re

import matplotlib
import pytest

matplotlib.use("Agg")

from theory import report, report_figures
from theory.rates import families, rate
from theory.report_slack import Slack
from theory.report_statements import ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_formula_of_a_statement_can_be_drawn(entry):
    html = report.statement(entry)
    for name in entry.module.derivation().terms:
        assert f"<td>{name}</td>" in html
    assert html.count('class="formula"') >= len(entry.module.derivation().terms)


def test_a_formula_has_its_latex_as_text():
    html = report.formula(r"\frac{a}{b} < c")
    assert 'alt="\\frac{a}{b} &lt; c"' in html
    assert re.search(r'width="\d+" height="\d+"', html)


def test_tables_mark_what_is_violated_or_vacuous_and_escape():
    html = report.table([("a<b", "v"), ("x", "vacuous"), ("y", "holds")])
    assert "a&lt;b" in html
    assert '<td class="bad">vacuous</td>' in html
    assert "<td>holds</td>" in html


def test_figures_have_their_claim_as_title_with_the_number_computed():
    rows = [
        Slack("lars", "noise", "tight", 0.9, 0.95, 0.475),
        Slack("lamb", "start", "loose", 0.9, 0.25, None),
        Slack("lars", "start", "lars together", 0.4, 0.1, 0.1),
    ]
    title = report_figures.slack(rows).axes[0].get_title(loc="left")
    assert title.startswith("1 of 2 instances")
    assert "2.0 times" in title
    found = [rate("lars", *families()[2], horizons=(4, 16, 64), replicates=2)]
    fig = report_figures.rates(found)
    gap = abs(found[0].measured_slope - found[0].bound_slope)
    assert f"within {gap:.2f}" in fig.axes[0].get_title(loc="left")
    title = report_figures.noise_floor((16, 64)).axes[0].get_title(loc="left")
    assert "0.8" in title
    title = report_figures.step_sizes(16).axes[0].get_title(loc="left")
    assert re.search(r"attains (0\.99\d|1\.000) of its bound", title)
    report_figures.pyplot().close("all")


def test_a_figure_is_saved_and_embedded(tmp_path):
    html = report.figure(report_figures.step_sizes(4), tmp_path / "f.png", 'a "b"')
    assert (tmp_path / "f.png").stat().st_size > 1000
    assert 'alt="a &quot;b&quot;"' in html
    assert "http" not in html


def test_contrasts_have_a_violated_and_a_holding_row_each(monkeypatch):
    from theory.counterexamples import COUNTEREXAMPLES

    some = {name: COUNTEREXAMPLES[name] for name in ("unbounded_below", "moves_away")}
    monkeypatch.setattr(report, "COUNTEREXAMPLES", some)
    rows = report.contrasts()[1:]
    assert [row[1] for row in rows] == ["without: violated", "with: holds"] * 2
