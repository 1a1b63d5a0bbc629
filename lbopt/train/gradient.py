"""The gradient of one batch, whole or in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt.backend import Array, asarray_like, module_name
from lbopt.data import Split
from lbopt.models import Model
from lbopt.ops import softmax_cross_entropy
from lbopt.params import Params
from lbopt.train.checks import check_count
from lbopt.train.examples import first_array, map_arrays, number_of_examples, rows_of


def loss_and_gradient(
    model: Model,
    params: Params,
    batch: Split,
    *,
    micro_batch: int | None = None,
    label_smoothing: float = 0.0,
    rng: Any = None,
) -> tuple[Array, Params]:
    r"""Return the mean loss of ``batch`` and its gradient, accumulated over micro-batches.

    With pieces :math:`B_1, \dots, B_m` of the batch :math:`B`,

    .. math:: \nabla L_B = \sum_k \frac{|B_k|}{|B|} \nabla L_{B_k},

    weighted by size, so that a smaller last piece counts for what it is. The identity needs the
    loss of an example to depend on that example alone: with batch normalisation it does not, and
    the result is another (legitimate, but other) gradient.

    Parameters
    ----------
    model, params : Model, dict
    batch : Split
        ``x`` (B, ...) and ``y`` (B,), or ``x`` a `models.Batch` and ``y`` (B, P): P predictions of
        each example, over all of which the loss is the mean. Where the parameters are.
    micro_batch : int, optional
        Largest piece; None: the whole batch at once.
    label_smoothing : float
    rng : numpy.random.Generator, optional
        Turns dropout on.

    Returns
    -------
    loss : 0-d array
    gradient : dict with the keys of params

    Raises
    ------
    TypeError, ValueError
        ``micro_batch`` is no integer of at least 1; the batch is empty, or y of another length.

    Examples
    --------
    >>> from lbopt import data, models
    >>> model, batch = models.mlp(layers=2), data.Split(*(a[:10] for a in data.digits().train))
    >>> params = model.init(np.random.default_rng(0))
    >>> for pieces in (None, 4):  # 10 = 4 + 4 + 2
    ...     loss, grads = loss_and_gradient(model, params, batch, micro_batch=pieces)
    ...     print(f"{loss:.4f} {grads['layer1.b'][0]:.4f}")
    2.9372 -0.1886
    2.9372 -0.1886
    """
    size = number_of_examples(batch.x)
    if size == 0:
        raise ValueError(f"batch is empty: x has shape {tuple(first_array(batch.x).shape)}")
    if batch.y.shape[0] != size:
        raise ValueError(
            f"batch has {size} examples and labels of shape {tuple(batch.y.shape)}: "
            "y needs one row per example"
        )
    piece = size if micro_batch is None else check_count("micro_batch", micro_batch, 1)
    loss: Any = 0.0
    total: Params = {}
    for i in range(0, size, piece):
        x, y = rows_of(batch.x, slice(i, i + piece)), batch.y[i : i + piece]
        logits, back_model = model.forward(params, x, rng=rng)
        labels = y.reshape(-1)  # as many of each example: a piece weighs what its examples weigh
        part, back_loss = softmax_cross_entropy(logits, labels, label_smoothing=label_smoothing)
        weight = y.shape[0] / size  # a Python float: the dtype stays
        grads, _ = back_model(back_loss(weight))
        loss = loss + weight * part
        total = {k: total[k] + g for k, g in grads.items()} if total else grads
    return loss, total


def take(split: Split, rows: np.ndarray, like: Array) -> Split:
    """Return the examples ``rows`` of ``split`` on the device of ``like``."""
    first = first_array(split.x)
    if module_name(first) != "numpy":
        rows = asarray_like(rows, first, dtype=split.y.dtype)
    x, y = rows_of(split.x, rows), split.y[rows]
    if module_name(first) == module_name(like):
        return Split(x, y)
    return Split(
        *(map_arrays(lambda a: asarray_like(a, like, dtype=a.dtype), part) for part in (x, y))
    )
