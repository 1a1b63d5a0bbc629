"""The task "bert" with so few sequences that a run takes no time."""

from lbopt.data import Split
from lbopt.train.examples import rows_of
from lbopt.train.tasks import TASKS


def small_task(monkeypatch):
    """The task with few sequences."""
    task = TASKS["bert"]

    def part(split, n):
        return Split(rows_of(split.x, slice(n)), split.y[:n])

    splits, long = task.data(), part(task.second.data(), 16)
    fewer = type(splits)(part(splits.train, 96), part(splits.validation, 8), part(splits.test, 8))
    second = task.second._replace(data=lambda: long, examples=16)
    small = task._replace(data=lambda: fewer, examples=96, second=second)
    monkeypatch.setitem(TASKS, "bert", small)
    return small
