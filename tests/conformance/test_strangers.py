"""Optimizers that the laws were not designed against: right ones pass, wrong ones are described."""

import pytest

from lbopt.conformance import check
from tests.conformance.strangers import WRONG, adamw, lamb, lars


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("make", "claim"), [(lamb, "lamb"), (lars, "lars"), (adamw, "adamw")])
def test_right_stranger_passes(make, claim, dtype):
    report = check(make(), claim, dtype=dtype)
    assert report.passed, str(report)


def told(report, words):
    broken = [f"{r.means} {r.detail}" for r in report.rows if r.verdict == "broken"]
    return any(words in text for text in [*broken, *report.knobs])


# every third in `make test`, all in `make test-deep`: a description takes half a second
SOME = [
    pytest.param(key, marks=[pytest.mark.slow] * (i % 3 > 0), id=f"{key[2]}: {key[1]}")
    for i, key in enumerate(WRONG)
]


@pytest.mark.parametrize("key", SOME)
def test_wrong_stranger_fails_and_is_described(key):
    make, slip, claim = key
    report = check(make(slip), claim)
    assert report.failures, "no law is broken"
    assert told(report, WRONG[key]), str(report)


@pytest.mark.parametrize("key", SOME)
def test_wrong_stranger_fails_in_float32(key):
    make, slip, claim = key
    assert check(make(slip), claim, dtype="float32", explain=False).failures


@pytest.mark.slow
@pytest.mark.parametrize("key", WRONG, ids=lambda key: f"{key[2]}: {key[1]}")
def test_wrong_stranger_is_described_in_float32(key):
    make, slip, claim = key
    report = check(make(slip), claim, dtype="float32")
    assert told(report, WRONG[key]), str(report)
