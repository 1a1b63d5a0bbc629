"""The training loop: batches -> model -> update -> records. One screen, no callbacks to learn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lbopt.backend import array_namespace
from lbopt.data import Split, batches
from lbopt.data.batches import steps_per_epoch
from lbopt.models import Model
from lbopt.optim import Link, apply_updates, learning_rate, trust_ratios
from lbopt.optim.link import State
from lbopt.optim.norm import norm
from lbopt.params import Params, nonfinite
from lbopt.train.checks import (
    check_classes,
    check_count,
    check_params_for,
    check_parts,
    check_split,
    check_start,
)
from lbopt.train.examples import holds_numbers, number_of_examples
from lbopt.train.gradient import loss_and_gradient, take
from lbopt.train.progress import bar
from lbopt.train.records import Checkpoint, Divergence, Fit, Norms, Step


def fit(
    model: Model,
    optimizer: Link,
    train: Split,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    params: Params | None = None,
    start: Checkpoint | None = None,
    micro_batch: int | None = None,
    label_smoothing: float = 0.0,
    last: str = "drop",
    record_norms_every: int = 0,
    progress: bool = False,
    on_step: Callable[[Step, Checkpoint], None] | None = None,
) -> Fit:
    r"""Train ``model`` on ``train`` with the softmax cross-entropy.

    For each batch :math:`B`, with the link's update :math:`u` and state :math:`s`,

    .. math:: g = \frac{1}{|B|} \sum_{i \in B} \nabla \ell_i(w), \quad
              u, s \leftarrow \mathrm{update}(g, s, w), \quad w \leftarrow w + u.

    Parameters
    ----------
    model, optimizer : Model, Link
    train : Split
        ``x`` (N, ...) of the parameters' dtype, or integer tokens; ``y`` (N,) integers. Or ``x`` a
        `models.Batch` and ``y`` (N, P), the tokens at ``x.positions``. It stays where it is: each
        batch is moved to the parameters' device.
    epochs, batch_size : int
        Passes over the data; examples per update, at most N.
    seed : int
        Everything random follows from it: the initial parameters, the order of epoch e, the
        dropout of step t. None of these depends on what was run before, so that a run can go on
        from any step.
    params : dict, optional
        Where to begin; default ``model.init``. CuPy arrays train on the GPU.
    start : Checkpoint, optional
        Go on from here instead, up to ``epochs`` in all (with the same data, batch size, seed):
        the result is that of the uninterrupted run.
    micro_batch : int, optional
        Compute each gradient in pieces of at most this many examples, weighted by their number:
        the same update with the memory of a small batch. With batch normalisation it is NOT the
        same: each piece is normalised by its own statistics, so that examples no longer see the
        whole batch (which is what Hoffer et al. 2017 call ghost batch norm).
    label_smoothing : float
        As in `ops.softmax_cross_entropy`.
    last : {"drop", "keep"}
        The batch that is not filled, as in `data.batches`.
    record_norms_every : int
        Record ``||w||``, ``||g||`` and trust ratio of each layer every so many steps; 0: never.
    progress : bool
        Show a bar (tqdm), in a terminal or notebook.
    on_step : function (Step, Checkpoint) -> None, optional
        Called after each update, e.g. to `save` the checkpoint. Interrupting (Ctrl-C) raises
        KeyboardInterrupt as usual; the checkpoints seen here stay whole, since they are values.

    Returns
    -------
    Fit
        Parameters, optimizer state, records. A loss, gradient or parameter that is not finite
        ends the run before it does harm: ``Fit.diverged`` says where, ``Fit.params`` are the
        last finite ones.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        Wrong arguments or data (NaN in ``train.x``, a label for which the model has no output, a
        batch larger than the data ...), before the first step.

    Examples
    --------
    >>> from lbopt import data, models, optim, train
    >>> result = train.fit(
    ...     models.mlp(layers=2), optim.sgd(0.1, momentum=0.9), data.digits().train,
    ...     epochs=5, batch_size=128, seed=0,
    ... )
    >>> result.step, result.diverged
    (40, None)
    >>> print(f"{result.losses[0]:.1f} -> {result.losses[-1]:.1f}")
    3.1 -> 0.1
    """
    check_parts(model, optimizer)
    check_split(train, "train")
    n = number_of_examples(train.x)
    per_epoch = steps_per_epoch(n, batch_size, last=last)
    total = check_count("epochs", epochs, 1) * per_epoch
    check_count("seed", seed, 0)
    check_count("record_norms_every", record_norms_every, 0)
    if micro_batch is not None:
        check_count("micro_batch", micro_batch, 1)
    params, state, done = _begin(model, optimizer, train, seed, params, start, total)
    like = next(iter(params.values()))
    records: list[Step] = []
    diverged = None
    order = _order(n, batch_size, last, epochs, seed, first=done)
    # Overflow is what divergence is made of: it is looked for below, not warned about.
    with (
        np.errstate(all="ignore"),
        bar(total, model.name, "step", show=progress, done=done) as shown,
    ):
        for step, epoch, rows in order:
            batch, rng = take(train, rows, like), _rng(seed, "dropout", step)
            loss, grads = loss_and_gradient(
                model,
                params,
                batch,
                micro_batch=micro_batch,
                label_smoothing=label_smoothing,
                rng=rng,
            )
            diverged = _divergence(step, float(loss), grads, "gradient")
            if diverged:
                break
            updates, new_state = optimizer.update(grads, state, params)
            new_params = apply_updates(params, updates)
            diverged = _divergence(step, float(loss), new_params, "parameters")
            if diverged:
                break
            wanted = record_norms_every and step % record_norms_every == 0
            norms = _norms(params, grads, new_state) if wanted else None
            rate = learning_rate(new_state)
            rate = None if rate is None else float(rate)
            records.append(Step(step, epoch, float(loss), rate, norms))
            params, state, done = new_params, new_state, step + 1
            shown.set_postfix_str(f"loss {records[-1].loss:.3g}", refresh=False)
            shown.update()
            if on_step is not None:
                on_step(records[-1], Checkpoint(params, state, done))
    return Fit(params, state, done, records, diverged)


def _begin(
    model: Model,
    optimizer: Link,
    train: Split,
    seed: int,
    params: Params | None,
    start: Checkpoint | None,
    total: int,
) -> Checkpoint:
    """Return where the run begins, after all that can be refused before the first step."""
    if start is None:
        params = _drawn(model, seed, train.x) if params is None else params
        check_params_for(params, train.x)
        start = Checkpoint(params, optimizer.init(params), 0)
    elif params is not None:
        raise ValueError("give params (a new run) or start (a run to go on with), not both")
    check_start(start, train.x, total)
    start = Checkpoint(*start)  # a plain tuple, as `load` returns it, will do
    one = take(train, np.arange(1), like=next(iter(start.params.values())))
    with np.errstate(all="ignore"):
        logits, _ = model.forward(start.params, one.x)
    check_classes(train, "train", logits)
    return start


def _order(
    n: int, batch_size: int, last: str, epochs: int, seed: int, first: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield (step, epoch, rows of the batch), from step ``first`` on."""
    step = 0
    for epoch in range(epochs):
        for rows in batches(n, batch_size, _rng(seed, "order", epoch), last=last):
            if step >= first:
                yield step, epoch, rows
            step += 1


def _drawn(model: Model, seed: int, x: Any) -> Params:
    """Draw the initial parameters, in the dtype of x (float32 if x holds tokens)."""
    return model.init(_rng(seed, "init", 0), x.dtype if holds_numbers(x) else np.float32)


def _rng(seed: int, purpose: str, number: int) -> np.random.Generator:
    """Return the generator for one purpose and epoch or step: streams that share nothing."""
    return np.random.default_rng([seed, ("init", "order", "dropout").index(purpose), number])


def _divergence(step: int, loss: float, arrays: Params, what: str) -> Divergence | None:
    """Find the first number that is not finite: the loss, else the first layer's array."""
    if not math.isfinite(loss):
        return Divergence(step, "loss", "loss")
    # A sum is finite only if every term is; one number per layer is cheaper than `nonfinite`,
    # which is asked (a finite sum may overflow) only when the cheap answer is no.
    if math.isfinite(sum(float(array_namespace(a).sum(a)) for a in arrays.values())):
        return None
    bad = nonfinite(arrays)
    return Divergence(step, bad[0], what) if bad else None


def _norms(params: Params, grads: Params, state: State) -> dict[str, Norms]:
    ratios = trust_ratios(state)
    return {
        k: Norms(float(norm(w)), float(norm(grads[k])), float(ratios[k]) if k in ratios else None)
        for k, w in params.items()
    }
