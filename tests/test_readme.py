"""The README is run, not trusted."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs_and_prints_what_it_says(code):
    assert len([line for line in code.splitlines() if line]) <= 16
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    said = re.findall(r"^(?:print\(.*\)\s+)?# (.*)$", code, re.MULTILINE)
    assert said
    assert printed.getvalue().splitlines() == said


def test_there_is_one_example_that_does_three_things():
    (code,) = EXAMPLES
    assert "optim.lamb" in code
    assert "conformance.identify" in code
    assert "theory.check_bound" in code


def test_the_numbers_are_those_of_the_experiments():
    experiments = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    numbers = re.findall(r"\d+\.\d+ ± \d+\.\d+", README)
    assert len(numbers) >= 4
    assert [n for n in numbers if n not in experiments] == []


def test_every_make_target_that_is_named_exists_and_is_listed_by_help():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z][a-z-]+)", README)) - {"and"}
    listed = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert {"demo", "test", "notebooks", "help", "docs"} <= named
    assert named <= listed
    assert {"lint", "test-deep", "test-gpu", "test-peers", "theory", "bench"} <= listed


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]))
def test_links_and_figures_of_the_pages_exist(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [t for t in targets if not t.startswith("http")]
    assert [t for t in local if not (page.parent / t).exists()] == []


def test_files_named_in_the_reading_order_exist():
    text = (ROOT / "docs" / "reading_order.md").read_text(encoding="utf-8")
    folder, missing = None, []
    for name in re.findall(r"`([\w/]+\.py)`", text):
        if "/" in name:
            folder = Path(name).parent
        path = ROOT / (name if "/" in name else folder / name)
        if not path.exists():
            missing.append(str(path))
    assert missing == []
