"""What a visitor reads first is held against the repository: versions, extras, targets, sources."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

import lbopt
import lbopt.__main__ as lbopt_main
import theory.__main__ as theory_main
from tests import bibliography_page
from tests.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
FRONT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/start_here.md")
TEXT = {name: (ROOT / name).read_text("utf-8") for name in FRONT}


# ---- one version, one licence


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert PROJECT["version"] == lbopt.__version__
    assert re.findall(r"^version: (.*)$", citation, re.M) == [lbopt.__version__]
    first = re.search(r"^## \[(.*?)\]", TEXT["CHANGELOG.md"], re.M)[1]
    assert first in (lbopt.__version__, "Unreleased")
    assert f"[{lbopt.__version__}]" in TEXT["CHANGELOG.md"]


def test_the_citation_says_what_the_format_demands():
    lines = (ROOT / "CITATION.cff").read_text("utf-8").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if re.match(r"^[a-z-]+: ", line))
    assert fields["cff-version"] == "1.2.0"
    assert {"message", "title", "abstract", "license"} <= fields.keys() | {"abstract"}
    assert fields["license"] == PROJECT["license"] == "MIT"
    assert "authors:" in lines
    assert "MIT" in (ROOT / "LICENSE").read_text("utf-8").splitlines()[0]


# ---- extras and make targets


def test_start_here_names_every_extra_and_no_other():
    table = re.findall(r"^\| `([\w]+)` \|", TEXT["docs/start_here.md"], re.M)
    assert sorted(table) == sorted(PROJECT["optional-dependencies"])


def installed(text):
    """Extras in ``pip install ... ".[a,b]"``."""
    return {name for group in re.findall(r'"\.\[([\w,]+)\]"', text) for name in group.split(",")}


@pytest.mark.parametrize("name", FRONT)
def test_every_extra_that_is_installed_exists(name):
    assert installed(TEXT[name]) <= PROJECT["optional-dependencies"].keys()


@pytest.mark.parametrize("name", FRONT)
def test_every_make_target_that_is_named_exists(name):
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", TEXT[name], re.M))
    listed = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.M))
    assert named <= listed


@pytest.mark.parametrize("name", FRONT)
def test_every_command_of_lbopt_and_theory_that_is_named_exists(name):
    for module, parser in (
        ("lbopt", lbopt_main.build_parser),
        ("theory", theory_main.build_parser),
    ):
        listed = set(re.findall(r"^    ([a-z]+)\b", parser().format_help(), re.M))
        named = set(re.findall(rf"python -m {module} ([a-z]+)", TEXT[name]))
        assert named <= listed


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_and_folders_that_are_named_exist(name):
    paths = re.findall(r"`((?:lbopt|theory|tests|docs|notebooks)/[\w./-]*)`", TEXT[name])
    assert paths
    assert [p for p in paths if not (ROOT / p).exists()] == []


# ---- the bibliography

REFERENCES = bibliography_page.references()
# one author, or several: the year follows, or "(year"
NAME = r"(?:von )?[A-Z][\w’-]+"
CITED = re.compile(
    rf"\b({NAME})((?:,? [A-Z]\w+)*,? and {NAME}|(?:, {NAME})+| et al\.)?,? \(?((?:19|20)\d\d)\b"
)
NO_WORK = {"AdamW", "Baselines", "LARS", "LAMB", "Python", "ICLR", "CVPR", "JOTA", "SAME"}


def cited_in(text):
    """Yield (first author, year) of what looks like a citation."""
    plain = re.sub(r"\s*\n[\s#*>]*", " ", text)
    for m in CITED.finditer(plain):
        yield m[1], bool(m[2]), m[3]


def sources():
    """Yield every text that may cite: name, text; of a notebook the cells' sources."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for top in ("lbopt", "theory", "tests", "docs", "notebooks"):
        found += [p for p in (ROOT / top).rglob("*.*") if p.suffix in (".py", ".md", ".ipynb")]
    for path in found:
        name = path.relative_to(ROOT).as_posix()
        built = "_build" in name or ".ipynb_checkpoints" in name
        if not built and name not in ("docs/bibliography.md", "tests/test_front.py"):
            text = path.read_text("utf-8")
            if name.endswith(".ipynb"):
                cells = json.loads(text)["cells"]
                text = "\n".join("".join(c["source"]) for c in cells)
            yield name, text


SOURCES = dict(sources())


def arxiv_numbers(text):
    plain = re.sub(r"\s*\n[\s#*>]*", " ", text)
    return set(re.findall(r"arxiv(?:\.org/abs/|[ :])?\s*(\d{4}\.\d{4,5})", plain, re.IGNORECASE))


def test_the_page_is_the_generated_one():
    page = (ROOT / "docs" / "bibliography.md").read_text("utf-8")
    assert page == bibliography_page.page(), (
        "python -m tests.bibliography_page > docs/bibliography.md"
    )


def test_every_arxiv_number_that_is_named_is_in_the_bibliography():
    known = {e["eprint"] for e in REFERENCES.values() if "eprint" in e}
    missing = {name: arxiv_numbers(text) - known for name, text in SOURCES.items()}
    assert {k: v for k, v in missing.items() if v} == {}


def test_every_author_with_a_year_is_in_the_bibliography():
    known = {(bibliography_page.families(e)[0], e["year"]) for e in REFERENCES.values()}
    names = {family for family, _ in known}
    missing = {
        (name, family, year)
        for name, text in SOURCES.items()
        for family, several, year in cited_in(text)
        if (several or family in names) and (family, year) not in known and family not in NO_WORK
    }
    assert missing == set()


def test_every_work_of_the_bibliography_is_cited():
    text = " ".join(SOURCES.values())
    numbers = arxiv_numbers(text)
    idle = [
        key
        for key, e in REFERENCES.items()
        if e.get("eprint") not in numbers
        and not re.search(
            rf"{bibliography_page.families(e)[0]}\b[^.]{{0,60}}(?:[^.]|\. ?){{0,60}}{e['year']}",
            text,
        )
    ]
    assert idle == []


@pytest.mark.parametrize("key", REFERENCES)
def test_a_reference_is_complete(key):
    e = REFERENCES[key]
    assert {"author", "title", "year", "annote", "keywords"} <= e.keys()
    family = bibliography_page.families(e)[0].replace(" ", "").lower()
    assert re.fullmatch(rf"{family}{e['year']}[a-z]?", key)
    assert e["keywords"] in dict(bibliography_page.SECTIONS)
    if "eprint" in e:  # YYMM: no paper is cited by a year before it was there
        assert 0 <= int(e["year"]) - 2000 - int(e["eprint"][:2]) <= 1 or key in (
            "loshchilov2019", "reddi2018", "chen1998",
        )  # fmt: skip


# ---- experiments: the command stands above what it makes


def test_every_table_and_figure_of_the_experiments_has_a_command_above_it():
    text = (ROOT / "docs" / "experiments.md").read_text("utf-8")
    listed = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.M))
    commands = set(re.findall(r"^    ([a-z]+)\b", lbopt_main.build_parser().format_help(), re.M))
    for section in text.split("\n## ")[1:]:
        title = section.splitlines()[0]
        shown = re.search(r"^(?:\|.*\||!\[.*\]\(.*\))$", section, re.M)
        assert shown, f"{title}: neither a table nor a figure"
        found = re.search(r"^```sh\n(.*?)^```$", section, re.M | re.S)
        assert found, f"{title}: no command"
        assert found.start() < shown.start(), f"{title}: the command comes too late"
        for line in found[1].splitlines():
            make = re.match(r"make ([a-z-]+)", line)
            module = re.match(r"python -m lbopt ([a-z]+)", line)
            assert (make and make[1] in listed) or (module and module[1] in commands), line


# ---- notation: what the notebooks write is explained


GREEK = """alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma
tau phi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega"""  # pi is the number


def test_every_greek_letter_of_the_notebooks_and_the_theory_is_in_the_notation():
    explained = (ROOT / "docs" / "notation.md").read_text("utf-8")
    used = set()
    for name, text in SOURCES.items():
        if name.startswith(("notebooks/0", "docs/theory/")):
            used |= set(re.findall(r"\\([a-zA-Z]+)", text)) & set(GREEK.split())
    assert {"gamma", "Lambda"} < used
    assert {letter for letter in used if f"\\{letter}" not in explained} == set()
