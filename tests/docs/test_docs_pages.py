"""The pages as they are written: complete, linked, with their own mathematics renderer."""

import hashlib
import importlib
import pkgutil
import re
from types import ModuleType

import pytest

import lbopt
import theory
from tests.docs.page_files import (
    DOCS,
    NOTEBOOKS,
    PAGES,
    ROOT,
    anchors,
    entries_of_the_toctree,
    links,
    prose,
)

MATHJAX = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"  # 3.2.2, npm's
DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)(\w+):: ([\w.]+)((?:\n   :.*)*)", re.MULTILINE)


def relative(path):
    return path.relative_to(ROOT).as_posix()


def test_every_page_and_notebook_is_in_the_table_of_contents():
    listed = entries_of_the_toctree()
    there = {relative(path.with_suffix("")) for path in [*PAGES, *NOTEBOOKS]} - {"docs/index"}
    assert there - listed == set()
    assert listed - there == set()


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=relative)
def test_links_lead_to_files_and_headings_that_exist(page):
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        page_has = anchors(path) if path.suffix in (".md", ".ipynb") and path.exists() else [anchor]
        if not path.exists() or (anchor and anchor not in page_has):
            broken.append(link)
    assert broken == []


def test_every_figure_says_in_words_what_it_shows():
    silent = {relative(page): prose(page).count("![](") for page in [*PAGES, *NOTEBOOKS]}
    assert {page: n for page, n in silent.items() if n} == {}


def test_mathjax_is_the_one_file_that_needs_no_network_and_has_its_licence():
    folder = DOCS / "_static" / "mathjax"
    code = (folder / "tex-svg-full.js").read_bytes()
    assert hashlib.sha256(code).hexdigest() == MATHJAX
    assert b'VERSION="3.2.2"' in code
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    configuration = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert 'mathjax_path = "mathjax/tex-svg-full.js"' in configuration
    assert "http" not in configuration


def documented():
    """Names that stand on a page of the API reference, and modules with all their members."""
    names, modules = set(), set()
    for page in (DOCS / "api").glob("*.md"):
        for kind, name, options in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if kind == "module":
                modules.add(name)
            if kind != "module" or ":members:" in options:
                names.add(name)
    return names, modules


def packages():
    """Every package with public names, by what `import` finds."""
    found = [lbopt, theory]
    for top in (lbopt, theory):
        for item in pkgutil.walk_packages(top.__path__, top.__name__ + "."):
            if item.ispkg:
                found.append(importlib.import_module(item.name))
    return [package for package in found if hasattr(package, "__all__")]


def resolve(name):
    """Import what a dotted name stands for."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, last = name.rpartition(".")
        return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.__name__)
def test_every_public_name_is_in_the_api_reference(package):
    names, modules = documented()
    missing = []
    for name in package.__all__:
        full, thing = f"{package.__name__}.{name}", getattr(package, name)
        here = full in (modules if isinstance(thing, ModuleType) else names)
        # one class may have two names (theory.Problem, theory.problems.Problem): one entry will do
        elsewhere = callable(thing) and any(
            resolve(other) is thing for other in names if other.endswith(f".{name}")
        )
        if not here and not elsewhere:
            missing.append(full)
    assert missing == []


def test_the_api_reference_names_nothing_that_is_gone():
    for name in sorted(set().union(*documented())):
        resolve(name)
