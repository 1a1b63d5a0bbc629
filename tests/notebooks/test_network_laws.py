"""Notebook 02's laws: right parts obey them all, every wrong part breaks the one that names it."""

import importlib

import pytest

from tests.notebooks import notebook_files  # noqa: F401  (puts notebooks on the path)

laws = importlib.import_module("network_laws")

CAUGHT_BY = {
    "the package's attention": set(),
    "the package's layer norm": set(),
    "residual, gradients added": set(),
    "tied table, gradients added": set(),
    "shortcut gradient forgotten": {"adjoint", "open"},
    "tied table counted once": {"adjoint"},
    "attention scale missing": {"spread"},
    "... missing in back only": {"adjoint"},
    "mask ignored in back": {"adjoint", "hidden"},
    "LayerNorm: mean constant": {"adjoint", "shift"},
    "LayerNorm: deviation constant": {"adjoint", "scale"},
}


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_each_part_breaks_just_its_laws(name):
    kind, part = laws.VERSIONS[name]
    assert {law for law, holds in laws.LAWS[kind].items() if not holds(part)} == CAUGHT_BY[name]


def test_every_version_and_every_network_law_is_accounted_for():
    assert list(laws.VERSIONS) == list(CAUGHT_BY)
    named = {law for kind in laws.LAWS.values() for law in kind}
    assert set.union(*CAUGHT_BY.values()) == named
