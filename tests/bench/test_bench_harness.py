"""The benchmark harness refuses contenders that disagree and never inherits forced BLAS kernels."""

import os

import numpy as np
import pytest

from tests.bench.harness import Contender, Worker, clean_environment, compare, paired


def same(a):
    return a


def right_setup(case):
    return {"right": Contender(lambda: (np.ones(case),), same)}


def also_right_setup(case):
    return {"sum": Contender(lambda: (sum([np.ones(case)] * 50) / 50,), same)}


def wrong_setup(case):
    return {"wrong": Contender(lambda: (np.ones(case) + 1e-3,), same)}


def missing_setup(case):
    import a_library_nobody_has  # noqa: F401

    return {}


@pytest.fixture
def hire():
    workers = []

    def start(*setups):
        workers.extend(Worker(setup, 1000) for setup in setups)
        return workers

    yield start
    for worker in workers:
        worker.close()


def test_contenders_that_disagree_are_refused_before_timing(hire):
    with pytest.raises(SystemExit, match=r"wrong and right disagree on result 0: 1\.0e-03"):
        compare(hire(right_setup, wrong_setup), tolerance=1e-4)


def test_paired_timing_reports_the_ratio_to_the_reference(hire):
    workers = hire(right_setup, also_right_setup)
    compare(workers, tolerance=1e-12)
    timings = paired(workers, "right", rounds=3, least=0.002)
    assert timings["right"].ratio == 1.0
    assert timings["sum"].ratio > 5  # fifty times the work
    assert timings["sum"].low <= timings["sum"].ratio <= timings["sum"].high


def test_a_missing_library_is_named_and_left_out(hire):
    (worker,) = hire(missing_setup)
    assert worker.missing == "a_library_nobody_has"
    assert worker.names == []


def test_forced_blas_kernels_are_taken_out_of_the_environment_and_reported(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert any("OPENBLAS_CORETYPE=Haswell" in note for note in clean_environment())
    assert "OPENBLAS_CORETYPE" not in os.environ
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert clean_environment() == []
