"""The figure of the museum's kill matrix has one dot for each kill."""

import pytest

from lbopt.conformance.museum import EXHIBITS, kill_matrix
from lbopt.observe.kill_matrix import kill_matrix_figure

pytest.importorskip("matplotlib").use("Agg")


def dots(fig):
    return {c.get_label(): len(c.get_offsets()) for c in fig.axes[0].collections}


def test_every_kill_is_a_dot_and_the_story_has_its_own():
    matrix = kill_matrix("sgd")
    named = {e.name: e.law for e in EXHIBITS if e.claim == "sgd"}
    fig = kill_matrix_figure(matrix.laws, matrix.killed, named=named, title="SGD")
    drawn = dots(fig)
    assert drawn["the law of its story"] == len(matrix.killed)
    assert sum(drawn.values()) == sum(len(by) for by in matrix.killed.values())
    assert fig.axes[0].get_title(loc="left") == "SGD"


def test_a_law_that_is_no_column_is_refused():
    with pytest.raises(ValueError, match="not columns: b"):
        kill_matrix_figure(["a"], {"wrong one": ["b"]})
