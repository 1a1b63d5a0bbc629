"""One test per law: ``pytest --pyargs lbopt.conformance --lbopt-optimizer MODULE:FACTORY``."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lbopt.conformance.check import judge, prepare
from lbopt.conformance.command import resolve
from lbopt.conformance.identify import knobs_of
from lbopt.conformance.lab import Lab
from lbopt.conformance.laws import laws_of
from lbopt.conformance.report import explained


def pytest_generate_tests(metafunc: Any) -> None:
    """One case for each factory and law; one that is skipped if no factory is given."""
    if "case" not in metafunc.fixturenames:
        return
    option = metafunc.config.getoption
    given, claim = option("lbopt_optimizer", None), option("lbopt_claims", "lamb")
    if not given:
        told = "no --lbopt-optimizer MODULE:FACTORY was given"
        metafunc.parametrize("case", [pytest.param(None, marks=pytest.mark.skip(told), id="none")])
        return
    strict = option("lbopt_strict", False)
    cases = [(spec, claim, law, strict) for spec in given for law in laws_of(claim)]
    metafunc.parametrize("case", cases, ids=[f"{claim}-{c[2].name}-{c[0]}" for c in cases])


@cache
def lab_of(spec: str, claim: str) -> Lab:
    """Import the factory and see what it takes."""
    return prepare(resolve(spec), claim)


@cache
def knobs(spec: str, claim: str) -> str:
    """What it does instead, for the messages of all broken laws."""
    found = knobs_of(lab_of(spec, claim))
    return f"\nwhat it does instead, by probing: {'; '.join(found)}" if found else ""


def test_law(case: Any) -> None:
    """The law holds, to the tolerance that rounding allows."""
    spec, claim, law, strict = case
    row = judge(law, lab_of(spec, claim), strict)
    told = explained(row)
    if row.verdict in ("not offered", "unclear", "hidden"):
        pytest.skip(row.detail)
    if row.verdict in ("differs", "limit"):
        pytest.xfail(told)
    if row.verdict == "broken":
        numbers = f"measured {row.measured:.2e}, tolerance {row.tolerance:.2e}"
        pytest.fail(f"{row.law}: {told} ({numbers}){knobs(spec, claim)}", pytrace=False)
