"""Softmax and cross-entropy in one op, because their gradients together are simply p - q."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array
from lbopt.checks import check_number
from lbopt.ops.checks import check_ndim, check_shape, float_namespace, one_namespace


def softmax_cross_entropy(
    logits: Array, labels: Array, *, label_smoothing: float = 0.0
) -> tuple[Array, Callable]:
    r"""Average -sum_k q_k log p_k over the batch, with p = softmax(logits).

    .. math::

        \text{loss} = -\frac1N \sum_n \sum_k q_{nk} \log p_{nk}, \quad
        q_{nk} = (1 - s)\,[k = \text{label}_n] + \frac sK, \qquad
        d\text{logits} = \frac{p - q}{N}\,d\text{loss}

    with s = ``label_smoothing``: it is the target that is smoothed, over all K classes, the right
    one included.

    Parameters
    ----------
    logits : array, shape (N, K)
    labels : integer array, shape (N,)
        Classes 0 ... K - 1.
    label_smoothing : float
        In [0, 1].

    Returns
    -------
    loss : 0-d array, the dtype of ``logits``
    back : function
        ``back(dloss=1.0) -> dlogits``.

    Raises
    ------
    ValueError
        Shapes do not fit, the batch is empty, or a label is not in 0 ... K - 1.

    Notes
    -----
    Label smoothing: Szegedy et al. 2016 (arXiv 1512.00567), section 7, with uniform u(k) = 1 / K.

    Examples
    --------
    >>> import numpy as np
    >>> loss, back = softmax_cross_entropy(np.zeros((1, 4)), np.array([2]))
    >>> round(float(loss), 4), back()
    (1.3863, array([[ 0.25, 0.25, -0.75, 0.25]]))
    >>> softmax_cross_entropy(np.zeros((1, 4)), np.array([2]), label_smoothing=0.4)[1]()
    array([[ 0.15, 0.15, -0.45, 0.15]])
    """
    op = "softmax_cross_entropy"
    xp = float_namespace(op, logits=logits)
    check_ndim(op, "logits", logits, "NK")
    N, K = logits.shape
    _check_labels(op, logits, labels)
    label_smoothing = check_number(f"{op}: label_smoothing", label_smoothing, 0, 1)

    hot = xp.astype(labels[:, None] == xp.arange(K, dtype=labels.dtype), logits.dtype)  # (N, K)
    q = hot * (1 - label_smoothing) + label_smoothing / K  # (N, K)
    z = logits - xp.max(logits, axis=1, keepdims=True)  # (N, K), exp cannot overflow
    e = xp.exp(z)  # (N, K)
    total = xp.sum(e, axis=1, keepdims=True)  # (N, 1)
    log_p = z - xp.log(total)  # (N, K)
    loss = -xp.sum(q * log_p) / N

    def back(dloss: float | Array = 1.0) -> Array:
        dloss = xp.asarray(dloss, dtype=logits.dtype)  # a float64 scalar must not widen float32
        return (e / total - q) * (dloss / N)  # (N, K)

    return loss, back


def _check_labels(op: str, logits: Array, labels: Array) -> None:
    N, K = logits.shape
    xp = one_namespace(logits, labels)
    if not xp.isdtype(labels.dtype, "integral"):
        raise TypeError(f"{op}: labels must be integers, got dtype {labels.dtype}")
    check_shape(op, "labels", labels, (N,))
    if N == 0:
        raise ValueError(f"{op}: the batch is empty, the mean loss of nothing is not defined")
    low, high = int(xp.min(labels)), int(xp.max(labels))
    if low < 0 or high >= K:
        bad = low if low < 0 else high
        raise ValueError(f"{op}: label {bad} is not one of the {K} classes 0 ... {K - 1} of logits")
