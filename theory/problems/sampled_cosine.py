"""A finite sum of cosines: nonconvex and coupled, with noise that depends on x."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from theory.layers import Array, PerLayer, check_layers, split
from theory.noise import Noise
from theory.problems.cosine import cosine_of, cosine_terms
from theory.problems.drawing import drawn
from theory.problems.problem import Problem


def sampled_cosine(
    smoothness: Sequence[float],
    dims: Sequence[int] | None = None,
    *,
    rng: np.random.Generator,
    start: PerLayer = 1.0,
) -> tuple[Problem, Noise]:
    r"""A coupled `cosine` of which a sample sees one term, d times as large.

    .. math:: f = \frac1d \sum_{k=1}^d \ell_k, \qquad
              \ell_k(x) = d\,a_k (1 - \cos\langle w_k, x\rangle)

    With :math:`u_k = \sin\langle w_k, x\rangle`, which can be any vector in :math:`[-1, 1]^d`,
    the variance of a coordinate is
    :math:`d\sum_k a_k^2 W_{kj}^2 u_k^2 - (\sum_k a_k W_{kj} u_k)^2`: convex (Cauchy-Schwarz), so
    largest at a corner. :math:`\tilde s_j` and :math:`\sigma_i` are found exactly by trying all
    :math:`2^{d-1}` corners up to sign; hence at most 12 coordinates.

    Parameters
    ----------
    smoothness, dims, rng, start
        As in `theory.problems.cosine`.

    Returns
    -------
    Problem, Noise

    Examples
    --------
    >>> p, noise = sampled_cosine([4.0, 1.0], rng=np.random.default_rng(0))
    >>> tuple(round(s, 4) for s in noise.sigma((1, 1))), round(noise.gradient_bound, 4)
    ((2.7297, 1.3649), 2.8284)
    """
    L, dims_ = check_layers(smoothness, dims)
    d = sum(dims_)
    if d > 12:
        raise ValueError(f"dims={dims_} have {d} coordinates in all: give at most 12")
    a, W = cosine_terms(L, dims_, rng)
    problem = cosine_of("sampled_cosine", L, dims_, a, W, start)
    rows = a[:, None] * W  # (d, d): term k's largest gradient, over d

    corners = np.array([(1.0, *c) for c in product((-1.0, 1.0), repeat=d - 1)])  # (2^(d-1), d)
    variances = d * np.sum(rows**2, axis=0) - (corners @ rows) ** 2  # at every corner, (.., d)

    def mean_of(counts: Array, x: Array, b: int) -> Array:
        return (d * counts / b * np.sin(x @ W.T)) @ rows

    # one sample is d rows_k u_k, the mean is sum_l rows_l u_l: farthest apart with opposite signs
    deviation = np.max((d - 1) * np.abs(rows) + (np.abs(rows).sum(0) - np.abs(rows)), axis=0)
    noise = drawn(
        "sampled_cosine",
        d,
        dims_,
        mean_of,
        variance=variances.max(axis=0),
        layer_variance=[float(v.sum(axis=-1).max()) for v in split(variances, dims_)],
        deviation=deviation,
        gradient_bound=d * float(np.abs(rows).max()),
    )
    return problem, noise
