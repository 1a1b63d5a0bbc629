"""The loss around four moments of a training: curvature, gradient noise, unlike layers.

At the first weights, where the warm-up ends, and at the end, with a small and with a large batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lbopt.data import Split
from lbopt.models import Model
from lbopt.observe.curvature import sharpness
from lbopt.observe.noise import NoiseScale, gradient_noise_scale
from lbopt.observe.trust import layer_table
from lbopt.params import Params
from lbopt.train import letters, study
from lbopt.train.evaluate import evaluate, recompute_statistics
from lbopt.train.examples import rows_of
from lbopt.train.fit import fit
from lbopt.train.gradient import loss_and_gradient
from lbopt.train.headline import FULL, read_rates
from lbopt.train.progress import bar
from lbopt.train.records import Checkpoint, Step
from lbopt.train.run import Run, run_schedule, warmup_steps
from lbopt.train.tasks import RECIPES, TASKS
from lbopt.train.workers import map_unordered

START, WARM, END = "start", "after warm-up", "end"
TOLERANCE = 1e-2  # of the eigenvalue: seeds differ by more
LONGER = 450  # epochs of the full batch that end near the small batch's loss


class Course(NamedTuple):
    """A task, and two ways through it for each optimizer: in small batches and in large."""

    task: str
    rates: dict[str, dict[int, float]]  # optimizer -> batch size -> learning rate
    epochs: int
    power: float
    examples: int  # of the training examples, curvature and noise are measured on the first
    longer: int = 0  # epochs of one more run of the largest batch; 0: none


class Job(NamedTuple):
    """One training, and when to look around."""

    run: Run
    when: tuple[str, ...]
    examples: int


class Point(NamedTuple):
    """What was found at one moment of one run. Its loss is that of the measured examples."""

    task: str
    optimizer: str
    batch_size: int
    learning_rate: float  # the peak of the schedule
    epochs: int
    seed: int
    when: str
    step: int
    loss: float  # nats, as in training: batch norms use the statistics of all these examples
    sharpness: float | None  # largest eigenvalue of the Hessian; None: not found
    noise: float | None  # simple noise scale, in examples; None with batch norm
    noise_error: float | None
    spread: float  # largest over smallest ||w||/||g|| of the matrices
    test_loss: float
    test_accuracy: float


def the_courses() -> list[Course]:
    """Return what `python -m lbopt landscape` looks at, with the rates the repository keeps."""
    digits, text = read_rates()["rates"], study.read_rates(letters.KEPT)["rates"]

    def rates(task: str, sizes: tuple[int, int]) -> dict[str, dict[int, float]]:
        return {
            optimizer: {size: digits[task][optimizer][str(size)]["rate"] for size in sizes}
            for optimizer in ("nesterov", "lars")
        }

    characters = {
        optimizer: {
            size: letters.cell(text, letters.setting(optimizer, size))["rate"]
            for size in (min(letters.BATCH_SIZES), max(letters.BATCH_SIZES))
        }
        for optimizer in ("adamw", "lamb")
    }
    return [
        Course("mlp", rates("mlp", (32, FULL)), 30, 2.0, FULL, LONGER),
        Course("alexnet_bn", rates("alexnet_bn", (512, FULL)), 30, 2.0, FULL),
        Course("characters", characters, letters.EPOCHS, letters.POWER, 4096),
    ]


def jobs_of(courses: Iterable[Course], seeds: int) -> list[Job]:
    """Return all trainings of ``courses``; the start is looked at once for each seed.

    For the mlp also at the start of `mlp_rescaled`: the same function with other weights.
    """
    jobs = []
    for course in courses:
        first = next(iter(course.rates))
        for seed in range(seeds):
            for optimizer, rates in course.rates.items():
                for size, rate in rates.items():
                    run = Run(
                        course.task, optimizer, size, rate, seed, course.epochs, 0.1, course.power
                    )
                    alone = optimizer == first and size == min(rates)
                    when = (START, WARM, END) if alone else (WARM, END)
                    jobs.append(Job(run, when, course.examples))
                if course.longer:
                    size = max(rates)
                    run = Run(course.task, optimizer, size, rates[size], seed, course.longer)
                    jobs.append(Job(run, (END,), course.examples))
            if course.task == "mlp":
                run = Run("mlp_rescaled", "nesterov", FULL, 0.01, seed)
                jobs.append(Job(run, (START,), course.examples))
    return jobs


def look_around(job: Job) -> list[Point]:
    """Train, and measure at each moment that ``job`` names.

    Raises
    ------
    RuntimeError
        The run diverged.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        moments = dict(_moments(job))
        return [_point(job, when, *moments[when]) for when in job.when]


def _moments(job: Job) -> Iterator[tuple[str, tuple[int, Params]]]:
    """Yield (when, (step, parameters)) of the training, which is not done if not needed."""
    run, task = job.run, TASKS[job.run.task]
    model = task.model()
    params = task.init(model, np.random.default_rng(run.seed))
    yield START, (0, params)
    if job.when == (START,):
        return
    rise = warmup_steps(run)
    warm = []

    def keep(step: Step, checkpoint: Checkpoint) -> None:
        if checkpoint.step == rise:
            warm.append(checkpoint.params)

    end = fit(
        model,
        RECIPES[run.optimizer].optimizer(run_schedule(run)),
        task.data().train,
        epochs=run.epochs,
        batch_size=run.batch_size,
        seed=run.seed,
        params=params,
        on_step=keep,
    )
    if end.diverged is not None:
        raise RuntimeError(f"{run} {end.diverged}")
    yield WARM, (rise, warm[0] if warm else params)
    yield END, (end.step, end.params)


def _point(job: Job, when: str, step: int, params: Params) -> Point:
    run, task = job.run, TASKS[job.run.task]
    model, data = task.model(), task.data()
    some = Split(rows_of(data.train.x, slice(job.examples)), data.train.y[: job.examples])
    rng = np.random.default_rng(run.seed)
    loss, grads = loss_and_gradient(model, params, some)
    noise = noise_of(model, params, some, rng)
    stats = recompute_statistics(model, params, data.train.x)
    test = evaluate(model, params, data.test, stats)
    return Point(
        run.task,
        run.optimizer,
        run.batch_size,
        run.learning_rate,
        run.epochs,
        run.seed,
        when,
        step,
        float(loss),
        sharpness_of(model, params, some, rng),
        None if noise is None else noise.scale,
        None if noise is None else noise.error,
        spread_of(params, grads),
        test.loss,
        test.accuracy,
    )


def sharpness_of(
    model: Model,
    params: Params,
    split: Split,
    rng: np.random.Generator,
    *,
    step: float | None = None,
) -> float | None:
    """Return the largest eigenvalue of the Hessian; None: not converged, or at a kink."""
    try:
        return sharpness(model, params, split, rng, step=step, tolerance=TOLERANCE).value
    except RuntimeError:
        return None


def noise_of(
    model: Model, params: Params, split: Split, rng: np.random.Generator
) -> NoiseScale | None:
    """Return the gradient noise scale, or None for a network with batch norm, which has none."""
    if model.statistics(params, rows_of(split.x, slice(2))):
        return None
    big = len(split.y) // 16 * 8  # half of them, so that draws differ
    return gradient_noise_scale(model, params, split, rng, small=8, big=big)


def spread_of(params: Params, grads: Params) -> float:
    r"""Return largest over smallest :math:`\|w\| / \|g\|` of the matrices and tables."""
    names = [name for name in params if name.endswith(".W")]
    return layer_table({k: params[k] for k in names}, {k: grads[k] for k in names}).spread


def survey(courses: Iterable[Course], *, seeds: int = 3, workers: int = 1) -> list[Point]:
    """Do all jobs, in ``workers`` processes, with a progress bar; in the order of the jobs."""
    jobs = jobs_of(courses, seeds)
    found: dict[Job, list[Point]] = {}
    heavy = sorted(jobs, key=lambda job: -job.examples)  # long ones first: both cores end together
    results: Any = (
        map_unordered(look_around, heavy, workers)
        if workers > 1
        else ((job, look_around(job)) for job in heavy)
    )
    with bar(len(jobs), "landscape", "run", show=True) as shown:
        for job, points in results:
            found[job] = points
            shown.update()
    return [point for job in jobs for point in found[job]]
