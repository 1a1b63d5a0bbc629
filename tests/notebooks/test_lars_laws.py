"""Notebook 04's laws: the paper's algorithm obeys them all, every wrong version breaks one."""

import importlib

import pytest

from tests.notebooks import notebook_files  # noqa: F401  (puts notebooks on the path)

laws = importlib.import_module("lars_laws")

CAUGHT_BY = {
    "ratio outside momentum": {"balance", "votes", "lag"},
    "||g + beta w||": {"balance"},
    "rate outside momentum": {"lag"},
    "one global ratio": {"bound", "votes", "layers"},
    "decay dropped": {"balance"},
    "LARS of 2020": {"bound", "balance", "votes", "lag"},
}


def test_the_paper_obeys_every_law():
    assert all(law(laws.paper) for law in laws.LAWS.values())


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_each_wrong_version_is_caught_by_its_laws(name):
    failed = {law for law, holds in laws.LAWS.items() if not holds(laws.VERSIONS[name])}
    assert failed == CAUGHT_BY[name]


def test_every_version_and_every_law_is_accounted_for():
    assert set(laws.VERSIONS) == {"the paper's (2017)", *CAUGHT_BY}
    assert set.union(*CAUGHT_BY.values()) == set(laws.LAWS)
