import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from lbopt.train import workers
from tests.train.sweep_cases import ROOT, nobody_left, wait_for


def fail_on_two(i):
    if i == 2:
        raise ValueError("two is refused")
    return i


def die_on_two(i):
    if i == 2:
        os._exit(9)
    return i


def blas_threads(_):
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [lib["num_threads"] for lib in threadpool_info()]


def test_an_item_that_raises_in_a_process_is_named_with_its_traceback():
    with pytest.raises(RuntimeError, match=r"2 failed:(.|\n)*Traceback(.|\n)*two is refused"):
        list(workers.map_unordered(fail_on_two, [0, 1, 2], 2))


def test_a_process_that_dies_is_noticed_and_its_item_named():
    errors = []

    def consume():
        try:
            list(workers.map_unordered(die_on_two, [0, 1, 2, 3, 4], 2))
        except RuntimeError as e:
            errors.append(str(e))

    thread = threading.Thread(target=consume, daemon=True)  # it must not wait for ever
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "the dead process was not noticed"
    assert "process of 2 died with exit code 9" in errors[0]


def test_workers_have_one_blas_thread_each_and_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    ((_, threads),) = workers.map_unordered(blas_threads, [0], 1)
    assert threads
    assert set(threads) == {1}
    assert dict(os.environ) == before


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_workers_leave_ctrl_c_to_the_parent():
    def interrupt():
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGINT)

    for delay in (0.1, 0.7):  # while it starts, while it works
        timer = threading.Timer(delay, interrupt)
        timer.start()
        assert list(workers.map_unordered(time.sleep, [1.0], 1)) == [(1.0, None)]
        timer.join()


def test_closing_the_results_early_ends_the_workers():
    results = workers.map_unordered(time.sleep, [0, 60, 60], 2)
    next(results)
    began = time.monotonic()
    results.close()
    assert not multiprocessing.active_children()
    assert time.monotonic() - began < 10


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_workers_end_at_once_when_the_parent_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from lbopt.train.workers import map_unordered\n"
        "if __name__ == '__main__':\n"
        "    for done in map_unordered(time.sleep, [0, 60, 60], 2): print(done, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == "(0, None)"
        process.kill()
        process.wait()
        wait_for(lambda: nobody_left(process.pid), 10, "the workers to end")
    finally:
        process.stdout.close()
        if not nobody_left(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
