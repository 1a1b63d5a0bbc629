"""Training in two stages: BERT's short sequences first, then long ones."""

from __future__ import annotations

import numpy as np

from lbopt.data import Split
from lbopt.models import Model
from lbopt.optim import Link
from lbopt.params import Params
from lbopt.train.fit import fit
from lbopt.train.records import Checkpoint, Fit
from lbopt.train.run import Run, run_schedule
from lbopt.train.tasks import RECIPES, TASKS


def fit_two_stages(
    model: Model,
    optimizer: Link,
    first: Split,
    second: Split,
    *,
    epochs: int,
    batch_sizes: tuple[int, int],
    seed: int,
    params: Params | None = None,
    micro_batch: int | None = None,
    record_norms_every: int = 0,
    progress: bool = False,
) -> Fit:
    """Train on ``first``, then go on with the same parameters and state on ``second``.

    The optimizer counts its steps through both: give it a `optim.schedules.two_stage` schedule,
    with a warm-up in each ("re-warm-up"), whose first part is as long as the first stage.

    Parameters
    ----------
    model, optimizer : Model, Link
    first, second : Split
        For BERT: short sequences and long ones (nine tenths and one tenth of the tokens).
    epochs : int
        Passes over each.
    batch_sizes : (int, int)
        Of the two stages.
    seed, params, micro_batch, record_norms_every, progress :
        As in `fit`.

    Returns
    -------
    Fit
        Of both stages, steps and epochs counted through. Divergence in the first ends the run.

    References
    ----------
    Devlin et al. 2018 (arXiv 1810.04805), appendix A.2; You et al. 2020 (arXiv 1904.00962),
    section 4, "mixed-batch training".

    Examples
    --------
    >>> from lbopt import data, models, optim
    >>> rate = optim.schedules.two_stage(0.1, 8, optim.schedules.warmup(0.1, 4))
    >>> result = fit_two_stages(
    ...     models.mlp(layers=2), optim.sgd(rate), data.digits().train, data.digits().validation,
    ...     epochs=1, batch_sizes=(128, 45), seed=0,
    ... )
    >>> [(r.step, r.epoch, round(r.learning_rate, 3)) for r in result.records[6:11]]
    [(6, 0, 0.1), (7, 0, 0.1), (8, 1, 0.025), (9, 1, 0.05), (10, 1, 0.075)]
    """
    one = fit(
        model,
        optimizer,
        first,
        epochs=epochs,
        batch_size=batch_sizes[0],
        seed=seed,
        params=params,
        micro_batch=micro_batch,
        record_norms_every=record_norms_every,
        progress=progress,
    )
    if one.diverged is not None:
        return one
    two = fit(
        model,
        optimizer,
        second,
        epochs=epochs,
        batch_size=batch_sizes[1],
        seed=seed,
        start=Checkpoint(one.params, one.state, 0),
        micro_batch=micro_batch,
        record_norms_every=record_norms_every,
        progress=progress,
    )
    later = [r._replace(step=r.step + one.step, epoch=r.epoch + epochs) for r in two.records]
    diverged = two.diverged
    if diverged is not None:
        diverged = diverged._replace(step=diverged.step + one.step)
    return Fit(two.params, two.state, one.step + two.step, one.records + later, diverged)


def fit_run(run: Run, *, record_norms_every: int = 0, progress: bool = False) -> Fit:
    """Train what ``run`` describes, in one stage or, where its task has a second, in two.

    Examples
    --------
    >>> result = fit_run(Run("mlp", "lars", 512, 0.1, seed=0, epochs=3))
    >>> result.step, result.diverged
    (6, None)
    """
    task = TASKS[run.task]
    model = task.model()
    optimizer = RECIPES[run.optimizer].optimizer(run_schedule(run))
    params = task.init(model, np.random.default_rng(run.seed))
    if task.second is None:
        return fit(
            model,
            optimizer,
            task.data().train,
            epochs=run.epochs,
            batch_size=run.batch_size,
            seed=run.seed,
            params=params,
            record_norms_every=record_norms_every,
            progress=progress,
        )
    return fit_two_stages(
        model,
        optimizer,
        task.data().train,
        task.second.data(),
        epochs=run.epochs,
        batch_sizes=(run.batch_size, task.second.batch_size(run.batch_size)),
        seed=run.seed,
        params=params,
        record_norms_every=record_norms_every,
        progress=progress,
    )
