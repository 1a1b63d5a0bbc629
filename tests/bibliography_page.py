"""docs/bibliography.md, written from docs/refs.bib: ``python -m tests.bibliography_page``.

The page is plain Markdown, so that GitHub and the site show the same, and a test demands that it is
what would be written now.
"""

from __future__ import annotations

import re
import sys

from tests.pages import ROOT

REFS = ROOT / "docs" / "refs.bib"
SECTIONS = (
    ("optimizers", "Optimizers"),
    ("large batches", "Large batches"),
    ("theory", "Convergence"),
    ("networks", "Networks"),
    ("data and numbers", "Data and numbers"),
    ("testing", "Testing"),
)
INTRODUCTION = """\
# Bibliography

*Generated: `python -m tests.bibliography_page > docs/bibliography.md`, from [refs.bib](refs.bib),
which has the works as BibTeX. Tests demand that this page is the generated one and that every arXiv
number and every author with a year that the code, the notebooks and these pages name is here.*

Each work, and what lbopt takes from it. The year is the one by which the code cites it; where a
conference came later, its year stands with it.
"""
ACCENTS = {r"{\'a}": "á", r"{\'e}": "é", r"{\'o}": "ó"}


def references() -> dict[str, dict[str, str]]:
    """Key -> fields, accents as letters and braces gone."""
    found = {}
    for key, body in re.findall(r"^@\w+\{(\w+),\n(.*?)^\}$", REFS.read_text("utf-8"), re.M | re.S):
        assert key not in found, f"{key} is there twice"
        for tex, letter in ACCENTS.items():
            body = body.replace(tex, letter)
        pairs = re.findall(r"^  (\w+) = \{(.*)\},$", body, re.M)
        assert len(pairs) == len(body.splitlines()), f"{key}: a line is no field"
        found[key] = {name: re.sub(r"[{}]", "", value) for name, value in pairs}
    return found


def families(entry: dict[str, str]) -> list[str]:
    """The authors' family names, in order."""
    return [name.split(",")[0] for name in entry["author"].split(" and ")]


def authors(entry: dict[str, str]) -> str:
    """Family names as the text cites them: all of up to four, the first of more."""
    names = families(entry)
    if len(names) > 4 or names[-1] == "others":
        return f"{names[0]} et al."
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def line(entry: dict[str, str]) -> str:
    """One item of the list."""
    places = ("booktitle", "journal", "publisher", "institution", "howpublished")
    place = next((f" {entry[p]}." for p in places if p in entry), "")
    links = []
    if "eprint" in entry:
        links.append(f"[arXiv {entry['eprint']}](https://arxiv.org/abs/{entry['eprint']})")
    if "doi" in entry:
        links.append(f"[doi {entry['doi']}](https://doi.org/{entry['doi']})")
    linked = f" {', '.join(links)}." if links else ""
    head = f"**{authors(entry)} {entry['year']}**, *{entry['title']}*.{place}{linked}"
    return f"- {head}\\\n  {entry['annote']}"


def page() -> str:
    """The whole page."""
    entries = references().values()
    parts = [INTRODUCTION]
    for keyword, title in SECTIONS:
        own = [e for e in entries if e["keywords"] == keyword]
        own.sort(key=lambda e: (families(e)[0].lower(), e["year"], e["title"]))
        parts.append(f"## {title}\n\n" + "\n".join(map(line, own)) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
