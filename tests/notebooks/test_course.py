"""The course as a whole: its page names what exists, its numbers are those of the experiments."""

import re

import pytest

from tests.notebooks.notebook_files import (
    FOLDER,
    NAMES,
    ROOT,
    code_cells,
    is_live,
    printed,
    prose,
    read,
    stubs,
)

PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
TABLE, CLAIMS = (PAGE.split(heading)[1] for heading in ("## A weekend", "## The papers' claims"))
ROW = re.compile(
    r"\| \[(.+?)\]\((\d\d_\w+)\.ipynb\) \| (.+?) \| (\d+) \| (\d+) \| .+ \|$", re.MULTILINE
)


def test_the_page_lists_every_notebook_once_in_order_with_its_title():
    rows = ROW.findall(TABLE)
    assert [name for _, name, *_ in rows] == NAMES
    for title, name, *_ in rows:
        assert read(name).cells[0].source.startswith(f"# {title}\n")


def test_no_notebook_is_said_to_take_longer_than_a_minute():
    assert all(1 <= int(seconds) <= 60 for *_, seconds in ROW.findall(TABLE))


def test_the_page_counts_the_exercises():
    assert f"{sum(len(stubs(read(name))) for name in NAMES)} of them" in PAGE


def test_the_reading_guide_lists_every_notebook():
    text = prose(read(NAMES[0]))
    table = text.split("| notebook | question |")[1].split("\n\n")[0]
    assert re.findall(r"\((\d\d_\w+)\.ipynb\)", table) == NAMES[1:]


def test_links_and_files_of_the_page_exist():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if not link.startswith("https://")]
    assert len(links) > 15
    for link in links:
        assert (FOLDER / link).is_file(), link
    for path in re.findall(r"`(\w+\.py|tests/[\w/]+/|solutions/)`", PAGE):
        assert (FOLDER / path).exists() or (ROOT / path).exists(), path


def test_the_page_names_the_notebooks_that_have_sliders():
    live = [name[:2] for name in NAMES if any(map(is_live, code_cells(read(name))))]
    said = PAGE.split("**Sliders.**")[1].split("\n\n")[0]
    assert re.findall(r"\b(0\d)\b", said) == live


@pytest.mark.parametrize("number", sorted(set(re.findall(r"\d+\.\d+ ± \d*\.\d+", CLAIMS))))
def test_each_mean_of_the_claims_stands_in_the_experiments(number):
    found = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    assert number in found


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("02_cnn_and_transformer", ["25_557_032"]),
        ("04_lars_two_of_them", ["78.5 ± 12.4", "91.1 ± 2.1", "91.1 ± 3.1", "94.1 ± 1.2"]),
        ("05_lamb", ["LAMB         2.12", "LARS         2.40", "AdamW        2.43"]),
        ("05_lamb", ["AdamW, half  1.99", "LAMB, half   2.10"]),
        ("07_rates_slack_and_broken_hypotheses", ["measured   you: None   here: 1244"]),
    ],
)
def test_each_number_from_a_notebook_is_what_it_shows(name, numbers):
    shown = "\n".join(cell.source + printed(cell.outputs) for cell in code_cells(read(name)))
    for number in numbers:
        assert number in shown
        assert number.split()[-1].replace("_", ",") in CLAIMS
