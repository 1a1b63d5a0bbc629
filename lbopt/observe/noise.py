"""The gradient noise scale: the batch size beyond which larger batches stop paying."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, sqrt
from typing import NamedTuple

import numpy as np

from lbopt.data import Split
from lbopt.models import Model
from lbopt.optim.norm import norm
from lbopt.params import Params
from lbopt.train.checks import check_count, check_not_empty, check_split
from lbopt.train.examples import number_of_examples
from lbopt.train.gradient import loss_and_gradient, take


class NoiseScale(NamedTuple):
    """Three estimates, and how far to trust the first."""

    scale: float  # B_simple = trace / gradient, in examples; inf if gradient <= 0
    gradient: float  # |G|^2, of the mean gradient; estimates may be negative
    trace: float  # tr(Sigma), of one example's gradient
    error: float  # standard error of scale, by jackknife over the draws; inf if there is none


def noise_scale(small: Sequence[float], big: Sequence[float], sizes: tuple[int, int]) -> NoiseScale:
    r"""Estimate the simple noise scale from squared gradient norms at two batch sizes.

    For a gradient :math:`G_B` over B examples, :math:`E|G_B|^2 = |G|^2 + \mathrm{tr}(\Sigma) / B`.
    Two batch sizes b < B are two equations, whose solution is unbiased:

    .. math::

        \widehat{|G|^2} = \frac{B |G_B|^2 - b |G_b|^2}{B - b}, \quad
        \widehat{\mathrm{tr}\,\Sigma} = \frac{|G_b|^2 - |G_B|^2}{1/b - 1/B}, \quad
        B_{simple} = \frac{\mathrm{tr}\,\Sigma}{|G|^2}

    with means over the draws for the squared norms. Their ratio is biased, the less the more draws.

    Parameters
    ----------
    small, big : sequence of float
        :math:`|G_b|^2` and :math:`|G_B|^2`, one of each per draw. ``small`` may be means over
        pieces of the big batch.
    sizes : (int, int)
        (b, B).

    Raises
    ------
    ValueError
        Not b < B, or not as many, or a value is not a finite number >= 0.

    References
    ----------
    McCandlish et al. 2018, "An Empirical Model of Large-Batch Training" (arXiv 1812.06162),
    section 2.2 and appendix A.1.

    Examples
    --------
    >>> small, big = [9.0, 11.0], [2.0, 2.0]
    >>> [round(v, 2) for v in noise_scale(small, big, sizes=(1, 9))]
    [9.0, 1.0, 9.0, 2.29]
    >>> noise_scale([100.0, 100.0], [2.0, 2.0], sizes=(1, 9)).scale  # noise alone
    inf
    """
    b, B = (check_count("sizes", size, 1) for size in sizes)
    if not b < B:
        raise ValueError(f"sizes must be two batch sizes, the small one first; got {sizes}")
    if len(small) != len(big) or not len(small):
        raise ValueError(f"small and big must be as many, got {len(small)} and {len(big)}")
    if not all(isfinite(v) and v >= 0 for v in (*small, *big)):
        raise ValueError("small and big must be squared norms: finite numbers >= 0")
    s, g = np.asarray(small, float), np.asarray(big, float)
    n = len(s)
    scale, gradient, trace = _solve(s.mean(), g.mean(), b, B)
    if n < 2:
        return NoiseScale(scale, gradient, trace, inf)
    without = [_solve(np.delete(s, i).mean(), np.delete(g, i).mean(), b, B)[0] for i in range(n)]
    spread = inf
    if all(map(isfinite, without)):
        spread = sqrt((n - 1) / n * sum((w - np.mean(without)) ** 2 for w in without))
    return NoiseScale(scale, gradient, trace, spread)


def gradient_noise_scale(
    model: Model,
    params: Params,
    split: Split,
    rng: np.random.Generator,
    *,
    small: int = 8,
    big: int = 128,
    draws: int = 8,
) -> NoiseScale:
    r"""Estimate the simple noise scale of ``model`` at ``params``, without dropout.

    Each draw is a batch of ``big`` different examples; its pieces of ``small`` give :math:`|G_b|^2`
    and their mean gradient :math:`|G_B|^2`, so that a draw costs one pass over ``big`` examples.
    See `noise_scale` for the formulas.

    Parameters
    ----------
    model, params : Model, dict
    split : Split
        Where batches are drawn from; examples are N at least ``big``. Since a batch is drawn
        without replacement, the estimates are those of the population that ``split`` is a sample
        of: with ``small`` 1 and ``big`` N they are the textbook sample variance and
        :math:`|\bar g|^2 - \mathrm{tr} / N`, without randomness.
    rng : numpy.random.Generator
    small, big : int
        b and B; b must divide B. Far apart and around the scale itself is best.
    draws : int
        At least 2 for a standard error.

    Raises
    ------
    ValueError
        The model has batch normalisation (an example's gradient then depends on the others, and
        the equations do not hold: estimates come out thousands of times too large); sizes that do
        not fit; data that cannot be trained on.

    Notes
    -----
    The noise scale grows during training, often a hundredfold, as the mean gradient shrinks; on a
    small problem near zero loss it is a ratio of two tiny numbers and means nothing. It is about
    plain gradients: for LARS and LAMB it is an indication, no law.

    Examples
    --------
    >>> from lbopt import data, models, optim, train
    >>> model, digits = models.mlp(layers=2), data.digits().train
    >>> for epochs in (1, 10):
    ...     run = train.fit(model, optim.sgd(0.1), digits, epochs=epochs, batch_size=64, seed=0)
    ...     rng = np.random.default_rng(0)
    ...     print(round(gradient_noise_scale(model, run.params, digits, rng).scale, -1))
    100.0
    800.0
    """
    check_not_empty(params)
    check_split(split, "split")
    b, B = check_count("small", small, 1), check_count("big", big, 2)
    n = number_of_examples(split.x)
    if B % b or b == B or n < B:
        raise ValueError(
            f"small must divide big and big be at most the {n} examples; got {small=}, {big=}"
        )
    like = next(iter(params.values()))
    if model.statistics(params, take(split, np.arange(min(2, n)), like).x):
        raise ValueError(
            f"{model.name} has batch normalisation: a gradient of few examples is that of another "
            "function, there is no noise scale"
        )
    smalls, bigs = [], []
    for _ in range(check_count("draws", draws, 1)):
        rows = rng.permutation(n)[:B]
        squares, total = [], None
        for piece in np.split(rows, B // b):
            _, grads = loss_and_gradient(model, params, take(split, piece, like))
            squares.append(_square(grads))
            total = grads if total is None else {k: total[k] + g for k, g in grads.items()}
        smalls.append(float(np.mean(squares)))
        bigs.append(_square(total or {}) / (B // b) ** 2)
    return noise_scale(smalls, bigs, (b, B))


def _solve(small: float, big: float, b: int, B: int) -> tuple[float, float, float]:
    gradient = float((B * big - b * small) / (B - b))
    trace = float((small - big) / (1 / b - 1 / B))
    return (trace / gradient if gradient > 0 else inf), gradient, trace


def _square(grads: Params) -> float:
    return sum(float(norm(g)) ** 2 for g in grads.values())
