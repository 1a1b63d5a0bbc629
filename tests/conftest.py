"""What every test module may use, and which skips are not allowed where they were asked for."""

import importlib.util
import os
import shutil

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)


def pytest_report_header():
    return f"numpy {np.__version__}"


def pytest_configure(config):
    """`make test-gpu` and `make test-peers` must not turn green because something is missing."""
    missing = [
        name
        for name in os.environ.get("LBOPT_TEST_NEEDS", "").split()
        if importlib.util.find_spec(name) is None and shutil.which(name) is None  # or a program
    ]
    if missing:
        raise pytest.UsageError(
            f"these tests need {', '.join(missing)}, which is not installed; see the Makefile"
        )


def pytest_collection_modifyitems(items):
    """Notebooks first: nobody should wait at the end for the longest tests."""
    items.sort(key=lambda item: "a_fresh_run_goes_through" not in item.name)
