"""Notebook 05's laws: Algorithm 2 obeys them all, every wrong version breaks one."""

import importlib

import pytest

from tests.notebooks import notebook_files  # noqa: F401  (puts notebooks on the path)

laws = importlib.import_module("lamb_laws")

CAUGHT_BY = {
    "eps inside the root": {"sign", "two"},
    "decay before Adam": {"sign", "scale", "two"},
    "ratio before decay": {"length", "sign", "two"},
    "ratio ||w|| / ||g||": {"length", "sign", "scale", "two"},
    "no bias correction": {"sign", "steady", "two"},
    "betas swapped": {"two"},
    "one global ratio": {"length", "sign", "two", "layers"},
    "AdamW": {"length", "sign", "two"},
}


def test_algorithm_2_obeys_every_law():
    assert all(law(laws.paper) for law in laws.LAWS.values())


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_each_wrong_lamb_is_caught_by_its_laws(name):
    failed = {law for law, holds in laws.LAWS.items() if not holds(laws.VERSIONS[name])}
    assert failed == CAUGHT_BY[name]


def test_every_wrong_lamb_and_every_law_is_accounted_for():
    assert set(laws.VERSIONS) == {"the paper's LAMB", *CAUGHT_BY}
    assert set.union(*CAUGHT_BY.values()) == set(laws.LAWS)
