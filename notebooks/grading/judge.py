"""Another Python that runs answers and holds them against the checks of this folder.

An answer that never ends, or ends Python, ends only that process. A copy's own ``checks_*.py`` are
never used. That is fair to mistakes; it is no protection against code that is meant to deceive.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grading.find import Answer

HERE = Path(__file__).resolve().parents[1]  # notebooks
READY = 180.0  # seconds for NumPy, SymPy and the checks to be imported on a slow machine


class Judge:
    """Another Python that judges the answers of one copy; after a crash or time-out, a new one."""

    def __init__(self, number: str, folder: Path) -> None:
        self.checks, self.folder = f"checks_{number}", folder
        self.process: Any = None
        self.pipe: Any = None

    def ask(self, number: int, answer: Answer, limit: float) -> tuple[str, str]:
        """Return "right" or "wrong", and what is to be said, within two times ``limit`` seconds."""
        if self.process is None:
            self.start()
        above = sorted({place for place, _, _ in answer.pieces} - {answer.place})
        what = f"what {answer.expression} builds on (cells {', '.join(map(str, above))})"
        try:
            self.pipe.send_bytes(json.dumps([number, answer.expression, answer.pieces]).encode())
            self.hear(limit)  # what it builds on has run
            what = answer.expression
            verdict, message = self.hear(limit)
            return verdict, message
        except TimeoutError:
            self.stop()
            return "wrong", f"exercise {number}: {what} took longer than {limit:g} s"
        except (EOFError, OSError):
            status = self.stop(wait=10.0)
            return "wrong", f"exercise {number}: {what} ended Python itself (exit status {status})"

    def start(self) -> None:
        """Start it and wait until it has imported the checks."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        given = theirs, self.checks, str(self.folder), os.getpid()
        self.process = context.Process(target=serve, args=given)
        self.process.start()
        theirs.close()
        try:
            trouble = self.hear(READY)
        except (TimeoutError, EOFError, OSError) as e:
            trouble = f"no answer, {type(e).__name__}"
        if trouble:
            self.stop()
            raise RuntimeError(f"{self.checks}.py cannot be imported here: {trouble}")

    def hear(self, limit: float) -> Any:
        """Return its next message, or raise TimeoutError."""
        if not self.pipe.poll(limit):
            raise TimeoutError
        return json.loads(self.pipe.recv_bytes())

    def stop(self, wait: float = 0.0) -> int | None:
        """End it with all that it started, and return its exit status if it had ended by itself."""
        if self.process is None:
            return None
        self.process.join(wait)
        status = self.process.exitcode
        with contextlib.suppress(OSError, AttributeError):  # no groups on Windows
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.process = None
        return status


def serve(pipe: Any, checks: str, folder: str, parent: int) -> None:
    """In the other process: import the true checks, then judge until the pipe is closed."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
        threading.Thread(target=leave_with, args=(parent,), daemon=True).start()
    os.environ.update(OPENBLAS_NUM_THREADS="1", MPLBACKEND="Agg")
    sys.path[:] = [str(HERE), str(HERE.parent), *sys.path, folder]  # a copy's own checks come last
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        module = importlib.import_module(checks)
    except Exception as e:
        pipe.send_bytes(json.dumps(f"{type(e).__name__}: {e}").encode())
        return
    for name, other in list(sys.modules.items()):  # who imports them gets others than ours
        if str(getattr(other, "__file__", None)).startswith(str(HERE)):
            del sys.modules[name]
    os.chdir(folder)
    pipe.send_bytes(b'""')
    with contextlib.suppress(EOFError, OSError):
        while True:
            number, expression, pieces = json.loads(pipe.recv_bytes())
            check = getattr(module, f"check_{number}")
            said = judged(check, number, expression, pieces, lambda: pipe.send_bytes(b'""'))
            pipe.send_bytes(json.dumps(said).encode())


def leave_with(parent: int) -> None:
    """Do not outlive the grading, whatever an answer is doing."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.killpg(0, signal.SIGKILL)


class Heard:
    """What is printed, its end only, and the exception in whose hands a verdict was printed."""

    def __init__(self, mark: str) -> None:
        self.mark, self.text = mark, ""
        self.raised: BaseException | None = None

    def write(self, text: str) -> int:
        """Keep the text, and what is being raised if it is a verdict."""
        self.text = (self.text + text)[-4000:]
        if text.startswith(self.mark):
            self.raised = sys.exc_info()[1]
        return len(text)

    def flush(self) -> None:
        """Do nothing; ``print(..., flush=True)`` asks for it."""


def judged(
    check: Callable, number: int, expression: str, pieces: list, ready: Callable
) -> tuple[str, str]:
    """Run what the answer needs, as a kernel would, and let the true check look at it."""
    space: dict[str, Any] = {"__name__": "__main__", "display": lambda *shown, **how: None}
    mark, before = f"exercise {number}: ", ""
    heard = Heard(mark)
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):  # type: ignore
        for place, source, k in pieces:
            one = ast.Module([ast.parse(source).body[k]], [])
            try:
                exec(compile(one, f"<cell {place}>", "exec", dont_inherit=True), space)
            except BaseException as e:  # a kernel goes on with the next cell
                before = before or f"; before that, {type(e).__name__}: {e}{where(e, pieces)}"
        ready()
        try:
            answer = eval(expression, space)
            if not callable(answer):
                got = f"{expression} is a {type(answer).__name__}"
                return "wrong", f"{mark}the check wants a function, and {got}{before}"
            if not hasattr(answer, "__name__"):
                answer.__name__ = expression
            passed = check(answer)
        except BaseException as e:
            what = f"{type(e).__name__}: {e}".removesuffix(": ")
            return "wrong", f"{mark}{expression} raised {what}{where(e, pieces)}{before}"
    if passed is True:
        return "right", f"{mark}right"
    lines = [s for s in heard.text.splitlines() if s.startswith(mark)]
    line = lines[-1] if lines else f"{mark}the check said nothing"
    if line.startswith(f"{mark}not yet"):
        return "wrong", f"{mark}{expression} returns None: is a `return` missing?{before}"
    if heard.raised is not None and type(heard.raised).__name__ != "LawFails":
        at = where(heard.raised, pieces)
        if not at:  # raised by the check, on what it was given
            e = heard.raised
            line = f"{mark}the check cannot use what {expression} returns: {type(e).__name__}: {e}"
        return "wrong", f"{line}{at}{before}"
    return "wrong", line


def where(e: BaseException, pieces: list) -> str:
    """The learner's own line on which it happened, or nothing."""
    sources = {f"<cell {place}>": source for place, source, _ in pieces}
    frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename in sources]
    if not frames:
        return ""
    name, at = frames[-1].filename, frames[-1].lineno or 1
    text = sources[name].split("\n")[at - 1].strip()
    return f", in line {at} of {name[1:-1]}: {text}"
