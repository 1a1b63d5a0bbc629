"""What every test module may use: a seeded generator and strict floating-point arithmetic."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)


def pytest_report_header():
    return f"numpy {np.__version__}"
