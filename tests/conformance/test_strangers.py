"""Optimizers that the laws were not designed against: right ones pass, wrong ones are described."""

import numpy as np
import pytest

from lbopt.conformance import check
from tests.conformance.strangers import WRONG, adamw, lamb, lars


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("make", "claim"), [(lamb, "lamb"), (lars, "lars"), (adamw, "adamw")])
def test_right_stranger_passes(make, claim, dtype):
    report = check(make(), claim, dtype=dtype)
    assert report.passed, str(report)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("key", WRONG, ids=lambda key: f"{key[2]}: {key[1]}")
def test_wrong_stranger_fails_and_is_described(key, dtype):
    make, slip, claim = key
    with np.errstate(all="ignore"):
        report = check(make(slip), claim, dtype=dtype)
    assert report.failures, "no law is broken"
    broken = [f"{r.means} {r.detail}" for r in report.rows if r.verdict == "broken"]
    assert any(WRONG[key] in words for words in [*broken, *report.knobs]), str(report)
