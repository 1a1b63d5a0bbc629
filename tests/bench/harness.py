"""Timing libraries against each other on a noisy machine.

* Every library lives in a process of its own: in one process the idle thread pools of the others
  keep spinning and slow everybody down.
* Rounds are paired: every contender runs once per round, in rotating order; what is reported is the
  median of the rounds' ratios to the reference (and their quartiles), so slow drifts cancel.
* One thread each, and the clock is the process's CPU time, so a neighbour's load hardly counts.
* Results are compared before anything is timed.
* OPENBLAS_CORETYPE is taken out of the workers' environment: where it is set, OpenBLAS runs other
  (often slower) kernels than a user would get. The kernels in use are printed.

A worker is a module-level function ``setup(case) -> {name: Contender}``; a setup whose library is
missing raises ImportError and is left out.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Contender(NamedTuple):
    """``run()`` is what is timed; ``arrays(run())`` gives NumPy arrays to compare."""

    run: Callable[[], Any]
    arrays: Callable[[Any], Sequence[Any]]


class Timing(NamedTuple):
    seconds: float  # median
    ratio: float  # median over rounds of this one's time / the reference's
    low: float  # quartiles of that ratio
    high: float


def clean_environment() -> list[str]:
    """Make this process's environment what workers need; return what to tell the reader."""
    notes = []
    forced = os.environ.pop("OPENBLAS_CORETYPE", None)
    if forced is not None:
        notes.append(f"OPENBLAS_CORETYPE={forced} was set; the workers run without it")
    for name in THREADS:
        os.environ[name] = "1"
    return notes


def kernels() -> list[str]:
    """Say which BLAS libraries this process has loaded, and which kernels they chose."""
    from threadpoolctl import threadpool_info

    torch = sys.modules.get("torch")  # its own kernels are linked in, where threadpoolctl is blind
    if torch is not None:
        return [f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()} kernels"]
    return [
        f"{p['internal_api']} {p.get('version')} kernels {p.get('architecture', 'not told')}, "
        f"{p['num_threads']} thread"
        for p in threadpool_info()
        if p["user_api"] == "blas"
    ]


def cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _serve(connection: Any, setup: Callable, case: Any) -> None:
    try:
        contenders = setup(case)
    except ImportError as error:
        connection.send(error.name or str(error))
        return
    connection.send(list(contenders))
    while (order := connection.recv()) is not None:
        what, name, repeats = order
        if what == "kernels":
            connection.send(kernels())
        elif what == "arrays":
            connection.send(contenders[name].arrays(contenders[name].run()))
        else:
            run = contenders[name].run
            start = time.process_time()
            for _ in range(repeats):
                run()
            connection.send((time.process_time() - start) / repeats)


class Worker:
    """A process with the contenders of one library; ``missing`` names the library it lacks."""

    def __init__(self, setup: Callable, case: Any) -> None:
        context = multiprocessing.get_context("spawn")  # a fresh process, nothing inherited
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, setup, case), daemon=True)
        self.process.start()
        theirs.close()
        answer = self.pipe.recv()
        self.missing = answer if isinstance(answer, str) else None
        self.names: list[str] = [] if self.missing else answer

    def ask(self, what: str, name: str = "", repeats: int = 1) -> Any:
        self.pipe.send((what, name, repeats))
        return self.pipe.recv()

    def close(self) -> None:
        if not self.missing:
            self.pipe.send(None)
        self.process.join()


def compare(workers: Sequence[Worker], tolerance: float) -> None:
    """Demand that all contenders compute the same arrays, relative to each array's maximum."""
    import numpy as np

    first, *others = [(w, name) for w in workers for name in w.names]
    expected = first[0].ask("arrays", first[1])
    for worker, name in others:
        for k, (a, e) in enumerate(zip(worker.ask("arrays", name), expected, strict=True)):
            error = np.abs(a - e).max() / np.abs(e).max()
            if not error <= tolerance:
                raise SystemExit(
                    f"{name} and {first[1]} disagree on result {k}: {error:.1e} > {tolerance:.1e}"
                )


def paired(
    workers: Sequence[Worker], reference: str, rounds: int, least: float = 0.03
) -> dict[str, Timing]:
    """Time every contender once per round, at least ``least`` seconds each."""
    runs = [(w, name) for w in workers for name in w.names]
    repeats = {}
    for worker, name in runs:
        worker.ask("time", name)  # warm-up
        repeats[name] = max(1, round(least / max(worker.ask("time", name), 1e-9)))
    times: dict[str, list[float]] = {name: [] for _, name in runs}
    for r in range(rounds):
        turn = r % len(runs)
        for worker, name in runs[turn:] + runs[:turn]:
            times[name].append(worker.ask("time", name, repeats[name]))
    timings = {}
    for name, seconds in times.items():
        ratios = [a / b for a, b in zip(seconds, times[reference], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        timings[name] = Timing(statistics.median(seconds), middle, low, high)
    return timings
