"""The pytest plugin of lbopt: two options for ``pytest --pyargs lbopt.conformance``.

It stands outside the package, and imports nothing until it is used, as pytest loads it in every
run.
"""

from __future__ import annotations

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Add the options that lbopt/conformance/test_conformance_laws.py reads."""
    group = parser.getgroup("lbopt", "laws of LARS, LAMB, AdamW and SGD (lbopt.conformance)")
    group.addoption(
        "--lbopt-optimizer",
        action="append",
        metavar="MODULE:FACTORY",
        help="hold this factory make(lr, **hyperparameters) -> (init, step) against the laws; may "
        "be given several times",
    )
    group.addoption(
        "--lbopt-claims",
        default="lamb",
        metavar="CLAIM",
        help="what it claims to be: lamb, lars, lars_2020, adamw or sgd (default lamb)",
    )
    group.addoption(
        "--lbopt-strict",
        action="store_true",
        help="fail also where papers leave a choice, and beyond the usual numbers",
    )


def pytest_configure(config: Any) -> None:
    """Refuse wrong options in one line, before anything is collected."""
    given = config.getoption("lbopt_optimizer", None)
    if not given:
        return
    import pytest

    from lbopt.conformance.command import wrong_use

    wrong = wrong_use(given, config.getoption("lbopt_claims"))
    if wrong:
        raise pytest.UsageError(wrong)
