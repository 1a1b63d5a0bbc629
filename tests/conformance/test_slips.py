"""One subtle slip is one knob, and the first law that fails is about it."""

import pytest

from lbopt.conformance import check
from tests.conformance.slips import FACTORIES, TOLD

# every fifth in `make test`, all in `make test-deep`: a description takes about a second
SOME = [
    pytest.param(key, marks=[pytest.mark.slow] * (i % 5 > 0), id=": ".join(key))
    for i, key in enumerate(TOLD)
]


@pytest.mark.parametrize("claim", FACTORIES)
def test_without_a_slip_it_passes(claim):
    report = check(FACTORIES[claim](), claim)
    assert report.passed, str(report)
    assert not any(row.verdict == "hidden" for row in report.rows)


@pytest.mark.parametrize("key", SOME)
def test_slip_is_one_knob_and_the_first_failure_names_it(key):
    claim, slip = key
    law, words = TOLD[key]
    report = check(FACTORIES[claim](slip), claim)
    assert report.failures[0] == law, report.failures
    assert len(report.knobs) == 1, report.knobs
    assert words in report.knobs[0]


@pytest.mark.slow
@pytest.mark.parametrize("key", TOLD, ids=": ".join)
def test_slip_fails_in_float32_too(key):
    claim, slip = key
    assert check(FACTORIES[claim](slip), claim, dtype="float32", explain=False).failures


def test_what_no_knob_explains_is_told_by_length_direction_and_place():
    words = check(FACTORIES["lamb"]("logarithm"), "lamb").knobs[0]
    assert words.startswith(
        "unlike LAMB and every known difference from it: the direction is right"
    )
    assert "times what it should be" in words
