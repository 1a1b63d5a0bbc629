"""Processes that do one thing at a time: spawned, single-threaded in BLAS, gone when we are.

A pool of one pipe per worker, instead of multiprocessing.Pool: a worker that dies (out of memory,
a crash in a library) is noticed and its item is named, where a Pool would wait for ever.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def map_unordered(
    function: Callable[[Any], Any], items: Iterable[Any], workers: int
) -> Generator[tuple[Any, Any], None, None]:
    """Yield (item, function(item)) as results arrive, computed by ``workers`` processes.

    The processes are spawned: ``function`` must be importable, and a script that calls this needs
    ``if __name__ == "__main__":``. They end when the generator is closed or fails, with the
    parent however it dies, and leave Ctrl-C to the parent.

    Raises
    ------
    RuntimeError
        An item raised (its traceback is in the message) or its process died; it is named.
    """
    todo = iter(items)
    processes: dict[Connection, Any] = {}
    busy: dict[Connection, Any] = {}
    context = get_context("spawn")
    try:
        with _one_blas_thread(), _ctrl_c_ignored():
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(function, theirs), daemon=True)
                process.start()
                theirs.close()  # so that the end of the process is the end of the pipe
                processes[ours] = process
        for idle in processes:
            _give(idle, todo, busy)
        while busy:
            for ready in wait(list(busy)):
                connection: Any = ready
                item = busy.pop(connection)
                try:
                    ok, value = connection.recv()
                except (EOFError, OSError):
                    process = processes[connection]
                    process.join()
                    raise RuntimeError(
                        f"the process of {item} died with exit code {process.exitcode} "
                        "(killed, out of memory, or a script without "
                        "if __name__ == '__main__')"
                    ) from None
                if not ok:
                    raise RuntimeError(f"{item} failed:\n{value}")
                _give(connection, todo, busy)
                yield item, value
    finally:
        for pipe, process in processes.items():
            process.terminate()
            pipe.close()
        for process in processes.values():
            process.join()


def _give(connection: Connection, todo: Iterator[Any], busy: dict[Connection, Any]) -> None:
    for item in todo:
        busy[connection] = item
        with suppress(OSError):  # it died while idle: `wait` finds its pipe closed and says so
            connection.send(item)
        return


def _serve(function: Callable[[Any], Any], connection: Connection) -> None:
    """Answer items until the pipe closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, function(item)
        except Exception:
            answer = False, traceback.format_exc()
        try:
            connection.send(answer)
        except OSError:
            return


def _end_with_parent() -> None:
    """End this process at once when its parent has ended, also if that was killed."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Let processes started here inherit one BLAS thread each; they read this when NumPy loads."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Let processes started here ignore Ctrl-C, which a terminal sends to all of them at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
