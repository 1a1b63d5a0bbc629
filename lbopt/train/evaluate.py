"""How good a model is, and the batch-norm statistics it needs for the question to make sense."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lbopt.backend import Array, array_namespace
from lbopt.data import Split
from lbopt.models import Model
from lbopt.models.model import Stats
from lbopt.ops import softmax_cross_entropy
from lbopt.params import Params
from lbopt.train.checks import check_count, check_not_empty, check_split
from lbopt.train.examples import first_array, number_of_examples
from lbopt.train.gradient import take


class Evaluation(NamedTuple):
    """Mean over all labels of a split: one for each example, or P of each for a `models.Batch`."""

    loss: float  # nats
    accuracy: float  # 0..1


def evaluate(
    model: Model,
    params: Params,
    split: Split,
    stats: Stats | None = None,
    *,
    batch_size: int = 1024,
) -> Evaluation:
    """Return mean loss and accuracy on ``split``, without dropout or label smoothing.

    Parameters
    ----------
    model, params : Model, dict
    split : Split
    stats : dict, optional
        For a model with batch normalisation, and only for it: `recompute_statistics` of the
        training images. There is no default: the statistics of the batch at hand would make an
        example's prediction depend on its neighbours.
    batch_size : int
        Examples at a time; the result does not depend on it (but for rounding).

    Raises
    ------
    ValueError
        The model has batch normalisation and ``stats`` is missing; the split is empty or not
        finite; ``params`` is empty.

    Examples
    --------
    >>> from lbopt import data, models, optim, train
    >>> digits, model = data.digits(), models.mlp(layers=2)
    >>> for epochs in (1, 10):
    ...     run = train.fit(
    ...         model, optim.sgd(0.1), digits.train, epochs=epochs, batch_size=64, seed=0
    ...     )
    ...     print(f"{train.evaluate(model, run.params, digits.validation).accuracy:.2f}")
    0.84
    0.92
    """
    check_split(split, "split")
    check_count("batch_size", batch_size, 1)
    check_not_empty(params)
    like = next(iter(params.values()))
    if stats is None and model.statistics(params, take(split, np.arange(1), like).x):
        raise ValueError(
            f"{model.name} has batch normalisation: pass "
            "stats=train.recompute_statistics(model, params, train_x)"
        )
    n = number_of_examples(split.x)
    loss, correct = 0.0, 0
    with np.errstate(all="ignore"):  # the parameters of a diverged run may overflow
        for rows in _slices(n, batch_size):
            x, y = take(split, rows, like)
            logits, _ = model.forward(params, x, stats=stats or None)
            labels = y.reshape(-1)
            mean, _ = softmax_cross_entropy(logits, labels)
            xp = array_namespace(logits)
            loss += float(mean) * len(rows) / n
            correct += int(xp.sum(xp.astype(xp.argmax(logits, axis=1) == labels, xp.int64)))
    return Evaluation(loss, correct / math.prod(split.y.shape))


def recompute_statistics(
    model: Model, params: Params, train_x: Array, *, batch_size: int = 4096
) -> Stats:
    r"""Return the batch-norm statistics of the whole training set, for `evaluate`.

    Running averages lag behind the weights by tens of steps, and a large-batch run has no more
    than that; one pass over the training images with the final weights is exact. A set larger
    than ``batch_size`` is taken in m nearly equal parts of :math:`n_k` images, and

    .. math:: \mu = \sum_k \frac{n_k}{n} \mu_k, \qquad
              \sigma^2 = \sum_k \frac{n_k}{n} \left( \sigma_k^2 + (\mu_k - \mu)^2 \right),

    within plus between parts. For the first norm of a network this is the whole set's
    statistics; for the deeper ones up to a small difference, since each part reaches them
    normalised by its own statistics. {} for a model without batch normalisation.

    Parameters
    ----------
    model, params : Model, dict
    train_x : array, shape (N, ...), or Batch
        The training images, never those to be evaluated.
    batch_size : int

    Raises
    ------
    ValueError
        ``train_x`` or ``params`` is empty.
    """
    check_count("batch_size", batch_size, 1)
    n, first = number_of_examples(train_x), first_array(train_x)
    if n == 0:
        raise ValueError(f"train_x is empty: shape {tuple(first.shape)}")
    check_not_empty(params)
    like = next(iter(params.values()))
    y = array_namespace(first).zeros(n, dtype=array_namespace(first).int64)
    parts: list[tuple[float, Stats]] = []
    with np.errstate(all="ignore"):
        for rows in _slices(n, batch_size):
            x = take(Split(train_x, y), rows, like).x
            parts.append((len(rows) / n, model.statistics(params, x)))
        means = {k: sum(w * stats[k][0] for w, stats in parts) for k in parts[0][1]}
        return {
            k: (mean, sum(w * (stats[k][1] + (stats[k][0] - mean) ** 2) for w, stats in parts))
            for k, mean in means.items()
        }


def _slices(n: int, batch_size: int) -> list[np.ndarray]:
    """Split 0..n-1 into the fewest nearly equal runs of at most ``batch_size``."""
    return np.array_split(np.arange(n), math.ceil(n / batch_size))
