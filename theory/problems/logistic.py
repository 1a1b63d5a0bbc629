"""Logistic regression with a known optimum."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from theory.layers import Array, Layers, PerLayer, join, sizes, split, spread
from theory.noise import Noise
from theory.problems.drawing import drawn
from theory.problems.problem import Problem


def logistic(features: Sequence[Array], *, start: PerLayer = 1.0) -> tuple[Problem, Noise]:
    r"""Logistic regression on points that occur with both labels: the optimum is known, 0.

    .. math:: f(x) = \frac1{2n}\sum_{k=1}^n \log(1 + e^{-\langle a_k, x\rangle})
                                      + \log(1 + e^{\langle a_k, x\rangle}),
              \qquad f^* = f(0) = \log 2.

    The Hessian is at most :math:`M = A^\top A / (4n)`, its value at 0. Let :math:`D_i` be the
    largest eigenvalue of block i of M and :math:`\kappa` the largest eigenvalue of
    :math:`D^{-1/2} M D^{-1/2}`; then :math:`L_i = \kappa D_i` is exact (at most h times the
    blocks' own curvature). :math:`|\nabla_j f| < \frac1{2n}\sum_k |a_{kj}|`, and
    :math:`|g_j| < \max_k |a_{kj}|`, both suprema where one direction separates.

    Only an upper bound is claimed for the noise: with
    :math:`u_k = \mathrm{sigmoid}\langle a_k, x\rangle - 1/2` the variance of a coordinate is
    :math:`\frac1n\sum_k a_{kj}^2(u_k^2 + \frac14) - (\frac1n \sum_k a_{kj} u_k)^2
    \le \frac1{2n} \sum_k a_{kj}^2 = \tilde s_j^2`, and :math:`\sigma_i^2 = \sum_j \tilde s_j^2`.
    ``gradient_sup`` and the noise's ``bound`` are upper bounds too.

    Parameters
    ----------
    features : sequence of arrays (n, d_i)
        :math:`a_k`, one array per layer with one row per point.
    start
        As in `theory.problems.quadratic`.

    Returns
    -------
    Problem, Noise

    Examples
    --------
    >>> A = [np.array([[1.0], [2.0]]), np.array([[0.0], [2.0]])]
    >>> p, noise = logistic(A, start=0.0)
    >>> tuple(round(v, 4) for v in p.smoothness), round(p.f_star, 4)
    ((1.184, 0.9472), 0.6931)
    >>> float(p.value((np.array([1.0]), np.array([-1.0]))).round(4))
    0.7532
    """
    parts = [np.asarray(a, dtype=np.float64) for a in features]
    if not parts or any(a.ndim != 2 or len(a) != len(parts[0]) or not len(a) for a in parts):
        shapes = [a.shape for a in parts]
        raise ValueError(f"features have shapes {shapes}: give one (n, d_i) per layer, same n")
    dims_ = sizes(parts)
    A = join(parts)
    n = len(A)
    M = A.T @ A / (4 * n)
    D = np.concatenate(
        [np.full(a.shape[1], np.linalg.eigvalsh(a.T @ a / (4 * n))[-1]) for a in parts]
    )
    if np.any(D <= 0):
        raise ValueError("features of a layer are all zero: leave that layer out")
    kappa = float(np.linalg.eigvalsh(M / np.sqrt(np.outer(D, D)))[-1])
    L = tuple(float(kappa * v[0]) for v in split(D, dims_))

    def value(x: Layers) -> Array:
        z = join(x) @ A.T
        return np.mean(np.logaddexp(0, -z) + np.logaddexp(0, z), axis=-1) / 2

    def gradient(x: Layers) -> Layers:
        return split(np.tanh(join(x) @ A.T / 2) @ A / (2 * n), dims_)  # sigmoid - 1/2 = tanh / 2

    def mean_of(counts: Array, x: Array, b: int) -> Array:
        u = np.tanh(x @ A.T / 2) / 2
        labels = counts[..., :n] * (u - 0.5) + counts[..., n:] * (u + 0.5)  # label 1, label 0
        return labels @ A / b

    sup = np.abs(A).sum(axis=0) / (2 * n)
    problem = Problem(
        "logistic", value, gradient, spread("start", start, dims_), L, log(2), split(sup, dims_)
    )
    variance = np.mean(A * A, axis=0) / 2
    noise = drawn(
        "logistic",
        2 * n,
        dims_,
        mean_of,
        variance=variance,
        layer_variance=[float(v.sum()) for v in split(variance, dims_)],
        deviation=np.abs(A).max(axis=0) + sup,
        gradient_bound=float(np.abs(A).max()),
    )
    return problem, noise
