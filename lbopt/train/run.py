"""A run: all that decides the outcome of one training, as a plain record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lbopt.data.batches import steps_per_epoch
from lbopt.optim import schedules
from lbopt.optim.checks import Schedule, check_number
from lbopt.train.checks import check_count
from lbopt.train.tasks import RECIPES, TASKS, check_name


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
    return fields_key(asdict(run))


def fields_key(fields: Mapping[str, Any]) -> str:
    """Return the `key` of a run from its fields, as they stand in a record."""
    return json.dumps(fields, sort_keys=True)


def run_schedule(run: Run) -> Schedule:
    """Return the learning rate of ``run`` at step t = 0, 1, 2, ...

    In the second stage, where its task has one, it rises and falls again, by the square-root rule
    less high for its smaller batches.

    Examples
    --------
    >>> rate = run_schedule(Run("mlp", "lars", 512, 1.0, 0, epochs=5))
    >>> [round(float(rate(t)), 2) for t in range(10)]
    [1.0, 1.0, 0.79, 0.6, 0.44, 0.31, 0.2, 0.11, 0.05, 0.01]
    """
    task, second = TASKS[run.task], TASKS[run.task].second
    schedule, steps = _rise_and_fall(run, task.examples, run.batch_size)
    if second is None:
        return schedule
    smaller = second.batch_size(run.batch_size)
    rate = schedules.sqrt_scaling(run.learning_rate, smaller, run.batch_size)
    again, _ = _rise_and_fall(replace(run, learning_rate=rate), second.examples, smaller)
    return schedules.two_stage(schedule, steps, again)


def warmup_steps(run: Run) -> int:
    """Return how many steps the learning rate of ``run`` rises for (in its first stage).

    Examples
    --------
    >>> warmup_steps(Run("mlp", "lars", 32, 0.1, 0))
    99
    """
    return _rise(run, TASKS[run.task].examples, run.batch_size)[0]


def _rise(run: Run, examples: int, batch_size: int) -> tuple[int, int]:
    """Return how many steps of one stage warm up, and how many it has."""
    steps = run.epochs * steps_per_epoch(examples, batch_size, last="drop")
    return min(round(run.warmup * steps), steps - 1), steps


def _rise_and_fall(run: Run, examples: int, batch_size: int) -> tuple[Schedule, int]:
    """Return the schedule of one stage, and how many steps it has."""
    rise, steps = _rise(run, examples, batch_size)
    fall = schedules.polynomial(run.learning_rate, steps - rise, power=run.power)
    return schedules.warmup(fall, rise), steps
