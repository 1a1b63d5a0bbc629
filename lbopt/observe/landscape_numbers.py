"""The numbers of `python -m lbopt landscape`: rows of its tables, and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite, nan
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from lbopt.data import Split
from lbopt.observe.curvature import BETWEEN_KINKS, STEP
from lbopt.observe.landscape import END, START, WARM, Point, sharpness_of
from lbopt.observe.style import NAMES
from lbopt.train.tasks import MOMENTUM, TASKS


class Place(NamedTuple):
    """A row of a table: one moment of one way of training, all seeds together."""

    task: str
    optimizer: str  # "" at the start, which all share
    batch_size: int  # 0 at the start
    epochs: int
    when: str


def places(points: Iterable[Point]) -> dict[Place, list[Point]]:
    """Group points by place, in the order of a training; the start belongs to nobody."""
    found: dict[Place, list[Point]] = {}
    for p in points:
        if p.when == START:
            place = Place(p.task, "", 0, 0, START)
        else:
            place = Place(p.task, p.optimizer, p.batch_size, p.epochs, p.when)
        found.setdefault(place, []).append(p)
    order = (START, WARM, END)
    ranks = {name: i for i, name in enumerate(dict.fromkeys(place.optimizer for place in found))}
    return dict(
        sorted(
            found.items(),
            key=lambda item: (
                item[0].when != START,
                ranks[item[0].optimizer],
                item[0].batch_size,
                item[0].epochs,
                order.index(item[0].when),
            ),
        )
    )


def middle(values: Iterable[float | None]) -> str:
    """Write median and range; values that do not exist are left out and counted.

    Examples
    --------
    >>> middle([5.0, 0.25, 1.0]), middle([2.0, None, None]), middle([None])
    ('1 (0.25 to 5)', '2 [1 of 3]', '-')
    """
    values = list(values)
    some = sorted(value for value in values if value is not None)
    if not some:
        return "-"
    text = _short(median(some))
    if len(some) > 1:
        text += f" ({_short(some[0])} to {_short(some[-1])})"
    return text if len(some) == len(values) else f"{text} [{len(some)} of {len(values)}]"


def _short(value: float) -> str:
    if not isfinite(value):
        return "∞"
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def nesterov_limit(sharpness: float, momentum: float = MOMENTUM) -> float:
    r"""Return the largest rate that Nesterov's momentum bears on a quadratic.

    .. math:: \gamma < \frac{2 (1 + \mu)}{(1 + 2 \mu) \lambda_{max}}

    Along an eigenvector :math:`x_{t+1} = (1 - \gamma \lambda) ((1 + \mu) x_t - \mu x_{t-1})`; at
    the limit -1 is a root of :math:`z^2 = (1 - \gamma \lambda) ((1 + \mu) z - \mu)`.

    Examples
    --------
    >>> round(nesterov_limit(100.0, 0.9), 4), nesterov_limit(100.0, 0.0)  # without momentum: 2
    (0.0136, 0.02)
    """
    return 2 * (1 + momentum) / ((1 + 2 * momentum) * sharpness)


HEADER = [
    "optimizer, batch",
    "when",
    "training loss",
    "λ max",
    "noise scale",
    "‖w‖/‖g‖, largest / smallest",
    "test",
]


def rows_of(found: dict[Place, list[Point]]) -> list[list[str]]:
    """Return the cells of a task's table, without its header."""
    rows = []
    for place, some in found.items():
        accuracy = TASKS[place.task].metric == "accuracy"
        test = [100 * p.test_accuracy if accuracy else p.test_loss for p in some]
        rows.append(
            [
                who(place),
                place.when if place.when == START else f"{place.when}, step {some[0].step}",
                middle(p.loss for p in some),
                middle(p.sharpness for p in some),
                middle(p.noise for p in some),
                middle(p.spread for p in some),
                f"{median(test):.1f} %" if accuracy else f"{median(test):.2f} nats",
            ]
        )
    return rows


def who(place: Place) -> str:
    """Name a place's run."""
    if place.when == START:
        return "rescaled, the same function" if place.task == "mlp_rescaled" else "all"
    return f"{NAMES[place.optimizer]}, {place.batch_size}"


def mlp_claims(points: Sequence[Point]) -> list[str]:
    """Say in numbers what the mlp's rows show."""
    runs = [p for p in points if p.task == "mlp"]
    small, large = min(p.batch_size for p in runs), max(p.batch_size for p in runs)
    usual, longer = min(p.epochs for p in runs), max(p.epochs for p in runs)
    start = middle_of(points, "sharpness", task="mlp", when=START)
    rescaled = middle_of(points, "sharpness", task="mlp_rescaled", when=START)
    claims = [
        f"MLP: at the start λ is {start:.0f}, so that Nesterov's momentum is stable on a quadratic "
        f"up to a rate of {nesterov_limit(start):.3f}."
    ]
    for size in (small, large):
        some = [p for p in runs if (p.optimizer, p.when, p.batch_size) == ("nesterov", WARM, size)]
        if some:
            warm, peak = middle_of(some, "sharpness"), some[0].learning_rate
            claims[0] += (
                f" After the {some[0].step} steps of batch {size}'s warm-up it is {warm:.0f} and "
                f"the limit {nesterov_limit(warm):.3f}; the tuned peak is {peak:g}."
            )
    claims.append(
        "The same function at the start with its layers rescaled has λ "
        f"{rescaled:.0f} instead of {start:.0f}: λ is no property of the function."
    )
    for name in dict.fromkeys(p.optimizer for p in runs if longer > usual):
        ends = [
            [
                p
                for p in runs
                if (p.optimizer, p.when, p.batch_size, p.epochs) == (name, END, *which)
            ]
            for which in ((small, usual), (large, longer))
        ]
        if all(ends):
            one, other = (
                f"λ {middle_of(end, 'sharpness'):.1f} at loss {middle_of(end, 'loss'):.2g}"
                for end in ends
            )
            claims.append(
                f"MLP, {NAMES[name]}: batch {small} ends at {one}, batch {large} trained "
                f"{longer // usual} times as long at {other}."
            )
    return claims


def middle_of(points: Iterable[Point], field: str, **fixed: Any) -> float:
    """Return the median of a field over the points with these values; nan if there is none."""
    some = [p for p in points if all(getattr(p, k) == v for k, v in fixed.items())]
    values = [getattr(p, field) for p in some if getattr(p, field) is not None]
    return median(values) if values else nan


def kinks_claim(steps: Sequence[float] = (BETWEEN_KINKS[0], STEP, 1e-3)) -> str:
    """Say what the step of the differences does to λ of the mlp, which has kinks."""
    task = TASKS["mlp"]
    model, train = task.model(), task.data().train
    params = task.init(model, np.random.default_rng(0))
    split = Split(*train)
    found = [
        sharpness_of(model, params, split, np.random.default_rng(0), step=step) for step in steps
    ]
    each = ", ".join(
        f"{'not found' if value is None else _short(value)} with step {step:.1g}"
        for step, value in zip(steps, found, strict=True)
    )
    return (
        f"ReLU has kinks, so λ depends on the step of the differences: MLP, start, seed 0: {each}."
    )
