"""Experiments: many runs, each a plain record, in parallel, interruptible, the same every time."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from lbopt.train.checks import check_count
from lbopt.train.evaluate import evaluate, recompute_statistics
from lbopt.train.progress import bar
from lbopt.train.results import append_to, read_runs
from lbopt.train.run import Run, fields_key, key
from lbopt.train.stages import fit_run
from lbopt.train.tasks import TASKS
from lbopt.train.versions import versions
from lbopt.train.workers import map_unordered


def run_one(run: Run) -> dict[str, Any]:
    """Train one run and measure it; return a record that JSON can hold.

    Batch-norm statistics are recomputed on the training images. A run that diverged is measured
    at its last finite parameters, and says where it diverged. Everything but ``seconds`` is the
    same each time, on the same machine and with the same `versions`.

    Returns
    -------
    dict
        ``run`` (dict of the fields), ``metric`` ("accuracy" or "loss": what the task is judged by),
        ``val_accuracy``, ``test_accuracy`` (0..1), ``train_loss``, ``val_loss``, ``test_loss``
        (nats; None if not finite), ``diverged`` (None or dict of step, layer, what), ``steps``,
        ``seconds``, ``versions`` (with a hash of the code), ``device``.
    """
    # One BLAS thread in whichever process this is: sums of the same order, and the same speed
    # measured, whether or not other runs stand beside it.
    from threadpoolctl import threadpool_limits  # comes with scikit-learn, as the data does

    task = TASKS[run.task]
    data, model = task.data(), task.model()
    began = time.perf_counter()
    with threadpool_limits(1):
        result = fit_run(run)
        stats = recompute_statistics(model, result.params, data.train.x)
        train, validation, test = (evaluate(model, result.params, s, stats) for s in data)
    return {
        "run": asdict(run),
        "metric": task.metric,
        "val_accuracy": validation.accuracy,
        "test_accuracy": test.accuracy,
        "train_loss": finite(train.loss),
        "val_loss": finite(validation.loss),
        "test_loss": finite(test.loss),
        "diverged": result.diverged._asdict() if result.diverged else None,
        "steps": result.step,
        "seconds": round(time.perf_counter() - began, 3),
        "versions": versions(),
        "device": "cpu",
    }


def finite(loss: float) -> float | None:
    """Return ``loss``, or None where JSON has no number for it."""
    return loss if isfinite(loss) else None


def sweep(
    runs: Sequence[Run],
    out: str | os.PathLike[str],
    *,
    workers: int = 1,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Do all ``runs`` that ``out`` does not hold yet, and return the records of all of them.

    Each record is appended to ``out`` (JSON lines) and forced to the disk when its run finishes.
    Whatever stops a sweep, the same call goes on from there, and the records it returns are those
    of an uninterrupted one (but for ``seconds``). Records of other `versions` (the code was
    changed since) do not count: those runs are done again and their new records appended; where
    the file is read, the last record of a run counts.

    Parameters
    ----------
    runs : list of Run
        Without repetitions.
    out : path
        Created with its folder if need be; other runs' records in it are left alone. One sweep at
        a time may write to it.
    workers : int
        Processes. 1: in this one. More: spawned, one BLAS thread each; a script needs
        ``if __name__ == "__main__":``.
    progress : bool
        Show a bar (tqdm), and say what was found in ``out``.

    Returns
    -------
    list of dict
        As of `run_one`, in the order of ``runs``.

    Raises
    ------
    ValueError
        A run is listed twice, or ``out`` is damaged; before anything is run.
    RuntimeError
        A run failed; it is named. Those that were finished are kept.
    KeyboardInterrupt
        Ctrl-C; the message says how many are kept and how to go on.
    """
    check_count("workers", workers, 1)
    wanted = {key(run): run for run in runs}
    if len(wanted) < len(runs):
        twice = [run for run in wanted.values() if list(runs).count(run) > 1]
        raise ValueError(f"runs holds {twice[0]} more than once")
    done, stale = _found(out, wanted)
    if progress:
        _say_what_was_found(len(done), stale, len(wanted), out)
    todo = [run for k, run in wanted.items() if k not in done]
    workers = min(workers, len(todo))
    results = map_unordered(run_one, todo, workers) if workers > 1 else _here(todo)
    try:
        with (
            append_to(out) as write,
            bar(len(wanted), "sweep", "run", show=progress, done=len(wanted) - len(todo)) as shown,
        ):
            for run, record in results:
                write(record)
                done[key(run)] = record
                shown.update()
    except KeyboardInterrupt:
        kept = len(_found(out, wanted)[0])
        raise KeyboardInterrupt(
            f"stopped: {kept} of {len(wanted)} runs are kept in {out}; "
            "the same command goes on from there"
        ) from None
    finally:
        results.close()
    return [done[k] for k in wanted]


def _found(
    out: str | os.PathLike[str], wanted: Mapping[str, Run]
) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the records of ``wanted`` runs in ``out``, and how many there are of other code."""
    now = versions()
    known = [(fields_key(record["run"]), record) for record in read_runs(out)]
    known = [(k, record) for k, record in known if k in wanted]
    fresh = {k: record for k, record in known if record.get("versions") == now}
    return fresh, len(known) - len(fresh)


def _say_what_was_found(fresh: int, stale: int, of: int, out: Any) -> None:
    if fresh:
        print(f"{fresh} of {of} runs found in {out}")
    if stale == 1:
        print(f"1 run in {out} is from other code; it is done again")
    elif stale:
        print(f"{stale} runs in {out} are from other code; they are done again")


def _here(runs: Sequence[Run]) -> Any:
    """Do runs in this process, one after the other."""
    for run in runs:
        try:
            record = run_one(run)
        except Exception as e:
            raise RuntimeError(f"{run} failed: {e}") from e
        yield run, record
