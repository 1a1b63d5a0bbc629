"""Experiments: many runs, each a plain record, in parallel, interruptible, the same every time."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np

from lbopt.data.batches import steps_per_epoch
from lbopt.optim import schedules
from lbopt.optim.checks import Schedule, check_number
from lbopt.train.checks import check_count
from lbopt.train.evaluate import evaluate, recompute_statistics
from lbopt.train.fit import fit
from lbopt.train.progress import bar
from lbopt.train.results import append_to, read_runs
from lbopt.train.tasks import RECIPES, TASKS, check_name
from lbopt.train.workers import map_unordered


@dataclass(frozen=True)
class Run:
    """All that decides the outcome of one training run.

    The learning rate rises linearly over ``warmup`` of the steps to ``learning_rate`` and falls
    as (1 - t/T)^``power`` over the rest. Initial weights, order and dropout follow from ``seed``;
    the split of the data is the same for all.

    Raises
    ------
    ValueError, TypeError
        An unknown task or optimizer (the choices are named) or a number out of range.

    Examples
    --------
    >>> run = Run("mlp", "lars", batch_size=512, learning_rate=0.1, seed=0)
    >>> print(run)
    mlp lars batch 512 rate 0.1 seed 0
    >>> Run("mlp", "nestrov", 512, 0.1, seed=0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown optimizer 'nestrov'; there are sgd, nesterov, ...
    """

    task: str
    optimizer: str
    batch_size: int
    learning_rate: float
    seed: int
    epochs: int = 30
    warmup: float = 0.1
    power: float = 2.0

    def __post_init__(self) -> None:
        check_name("task", self.task, TASKS)
        check_name("optimizer", self.optimizer, RECIPES)
        # plain ints and floats: a rate given as 1 or numpy.float64(1) is the same run as 1.0
        checked = {
            "batch_size": check_count("batch_size", self.batch_size, 1),
            "learning_rate": check_number("learning_rate", self.learning_rate, 0),
            "seed": check_count("seed", self.seed, 0),
            "epochs": check_count("epochs", self.epochs, 1),
            "warmup": check_number("warmup", self.warmup, 0, 1),
            "power": check_number("power", self.power, 0),
        }
        if checked["batch_size"] > (most := TASKS[self.task].examples):
            raise ValueError(
                f"batch_size={self.batch_size} is larger than the {most} training examples of "
                f"{self.task}; take batch_size={most} for the full batch"
            )
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the way a frozen dataclass is filled

    def __str__(self) -> str:
        return (
            f"{self.task} {self.optimizer} batch {self.batch_size} "
            f"rate {self.learning_rate:g} seed {self.seed}"
        )


def key(run: Run) -> str:
    """Return the text that identifies a run: two runs are the same if and only if it is.

    Examples
    --------
    >>> key(Run("mlp", "lars", 32, 0.1, 0)) == key(Run("mlp", "lars", 32, 0.1, 0, epochs=30))
    True
    >>> key(Run("mlp", "lars", 32, 0.1, 0)) == key(Run("mlp", "lars", 32, 0.1, 1))
    False
    """
    return _key(asdict(run))


def _key(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True)


def run_schedule(run: Run) -> Schedule:
    """Return the learning rate of ``run`` at step t = 0, 1, 2, ...

    Examples
    --------
    >>> rate = run_schedule(Run("mlp", "lars", 512, 1.0, 0, epochs=5))
    >>> [round(float(rate(t)), 2) for t in range(10)]
    [1.0, 1.0, 0.79, 0.6, 0.44, 0.31, 0.2, 0.11, 0.05, 0.01]
    """
    steps = run.epochs * steps_per_epoch(TASKS[run.task].examples, run.batch_size, last="drop")
    rise = min(round(run.warmup * steps), steps - 1)
    return schedules.warmup(
        schedules.polynomial(run.learning_rate, steps - rise, power=run.power), rise
    )


def run_one(run: Run) -> dict[str, Any]:
    """Train one run and measure it; return a record that JSON can hold.

    Batch-norm statistics are recomputed on the training images. A run that diverged is measured
    at its last finite parameters, and says where it diverged. Everything but ``seconds`` is the
    same each time, on the same machine and NumPy.

    Returns
    -------
    dict
        ``run`` (dict of the fields), ``metric`` ("accuracy" or "loss": what the task is judged by),
        ``val_accuracy``, ``test_accuracy`` (0..1), ``train_loss``, ``val_loss``, ``test_loss``
        (nats; None if not finite), ``diverged`` (None or dict of step, layer, what), ``steps``,
        ``seconds``, ``versions``, ``device``.
    """
    # One BLAS thread in whichever process this is: sums of the same order, and the same speed
    # measured, whether or not other runs stand beside it.
    from threadpoolctl import threadpool_limits  # comes with scikit-learn, as the data does

    task = TASKS[run.task]
    data, model = task.data(), task.model()
    schedule = run_schedule(run)
    began = time.perf_counter()
    with threadpool_limits(1):
        result = fit(
            model,
            RECIPES[run.optimizer].optimizer(schedule),
            data.train,
            epochs=run.epochs,
            batch_size=run.batch_size,
            seed=run.seed,
            params=task.init(model, np.random.default_rng(run.seed)),
        )
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
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "lbopt": version("lbopt"),
        },
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
    of an uninterrupted one (but for ``seconds``).

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
        Show a bar (tqdm).

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
    done = {_key(record["run"]): record for record in read_runs(out)}
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
        kept = sum(_key(record["run"]) in wanted for record in read_runs(out))
        raise KeyboardInterrupt(
            f"stopped: {kept} of {len(wanted)} runs are kept in {out}; "
            "the same command goes on from there"
        ) from None
    finally:
        results.close()
    return [done[k] for k in wanted]


def _here(runs: Sequence[Run]) -> Any:
    """Do runs in this process, one after the other."""
    for run in runs:
        try:
            record = run_one(run)
        except Exception as e:
            raise RuntimeError(f"{run} failed: {e}") from e
        yield run, record
