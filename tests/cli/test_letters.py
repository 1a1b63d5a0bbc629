"""LAMB's experiment as a person runs it; small, and again from its own file."""

import json
import re

from lbopt.__main__ import main
from lbopt.train import letters
from lbopt.train.results import read_runs
from tests.train.letters_task import small_letters


def test_letters_searches_trains_reports_and_goes_on(monkeypatch, capsys, tmp_path):
    small_letters(monkeypatch)
    line = ["letters", "--seeds", "2", "--workers", "1", "--out", str(tmp_path)]
    assert main([*line, "--tune"]) == 0
    shown = capsys.readouterr().out
    tables = (tmp_path / "tables.md").read_text().strip()
    page = (tmp_path / "report.html").read_text()
    assert tables in shown
    kept = json.loads((tmp_path / "letters_rates.json").read_text())
    rate = kept["rates"]["warm-up 0.1, power 1"]["lamb"]["256"]["rate"]
    losses = [
        record["test_loss"]
        for record in read_runs(tmp_path / "runs.jsonl")
        for run in [record["run"]]
        if (run["optimizer"], run["batch_size"], run["learning_rate"]) == ("lamb", 256, rate)
        and (run["warmup"], run["power"]) == (0.1, 1.0)
    ]
    assert len(losses) == 2
    cell = f"{sum(losses) / 2:.3f} ± "
    assert cell in tables
    assert cell in page
    assert "command</code>" not in page
    assert kept["command"] in page
    assert not re.search(r"\b(nan|None)\b", shown + page)
    assert len(list((tmp_path / "figures").iterdir())) == 4

    monkeypatch.setattr(letters, "KEPT", tmp_path / "letters_rates.json")
    before = (tmp_path / "runs.jsonl").read_text()
    assert main([*line, "--parts", "setting"]) == 0
    again = capsys.readouterr().out
    assert (tmp_path / "runs.jsonl").read_text() == before
    assert "one setting" in again
    assert "searching" not in again
    assert (tmp_path / "tables.md").read_text().strip() in tables
