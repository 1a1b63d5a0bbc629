"""LAMB with beta1 = beta2 = 0: every layer takes a normalised sign step (Theorem 3, first half)."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

from theory.constants import Constants
from theory.kernel import Derivation, Minimum, minimise, value, values
from theory.kernel.letters import eta
from theory.theorems import lamb_sign_proof as proof
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    Step,
    coordinate_sums,
    needs_optimum,
    nonnegative,
    normalised,
    run_numbers,
    scaled,
)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""Upper bound on the averaged sum of scaled 1-norms of the layers' gradients, sharp.

    **Problem and assumptions.** f is bounded below and smooth in layers (A1, constants
    :math:`L_i`, :math:`\Lambda = \sum_i L_i`); the stochastic gradient is unbiased with variance
    at most :math:`\tilde\sigma_{ij}^2` in coordinate j of layer i (A2); batches are b independent
    samples; :math:`0 < \alpha_l \le \phi \le \alpha_u` (A4).

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\|_1/\sqrt{d_i}`.

    **Algorithm.** :math:`x_i \leftarrow x_i - \eta\,\phi(\|x_i\|)\,r_i/\|r_i\|` with
    :math:`r_i = \mathrm{sign}(g_i)` and :math:`\mathrm{sign}(0) = \pm 1`, **never 0**: so
    :math:`\|r_i\| = \sqrt{d_i}` always. With sign(0) = 0 or an :math:`\epsilon` the noise term is
    too small, and `robust_bound` holds instead.

    **Statement.**

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\frac{\|\nabla_i f(x^t)\|_1}{\sqrt{d_i}} \le
        \frac{1}{\alpha_l}\Big[\frac{\Delta}{\eta T} + \frac{\eta\,\alpha_u^2\Lambda}{2}
        + \frac{\alpha_u}{\sqrt b}\sum_i\frac{\|\tilde\sigma_i\|_1}{\sqrt{d_i}}\Big] .

    Tight: with one coordinate per layer it is the bound of LARS, with its witnesses.

    Theorem 3 of You et al. 2020 (arXiv 1904.00962; wording known here second-hand), with
    :math:`\beta_2 = 0`, :math:`d_i = d/h` and b = T, says
    :math:`(E\,\|\nabla f\|_1/\sqrt d)^2 = O(\Delta L_{avg}/T + \|\tilde\sigma\|_1^2/(Th))`. Its
    proof bounds :math:`|r_{ij}|/\|r_i\|` by 1 and a wrong sign's probability by Markov's
    inequality: noise :math:`2\alpha_u\|\tilde\sigma\|_1/\sqrt b` (`published`; the 2 is the paper's
    missing factor of a coordinate that points the wrong way). The noise above is smaller by
    :math:`2\sqrt{d_i}`; it is ours.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (2.0,), coordinate_sigma=((0.5,) * 4,))
    >>> run = {"step_size": optimal_step(problem, steps=100), "steps": 100, "batch_size": 100}
    >>> round(bound(problem, **run), 6), round(published(problem, **run), 6)
    (0.3, 0.6)
    >>> round(robust_bound(problem, **run), 6)
    0.3
    """
    found = terms(constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi)
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``noise``."""
    return values(derivation(), _numbers(constants, step_size, steps, batch_size, phi))


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""The bound with the paper's noise :math:`2\alpha_u\|\tilde\sigma\|_1/\sqrt b`."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi)
    return sum(values(published_derivation(), numbers).values())


def robust_bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""The bound for :math:`r = g/(|g| + \epsilon)` with any :math:`\epsilon`, and for sign(0) = 0.

    The noise is :math:`\alpha_u\sum_i\sigma_i/(\alpha_l\sqrt b)`, with :math:`\sigma_i` per layer;
    the other terms are those of `bound`. A step with few nonzero coordinates is longer per
    coordinate, which costs up to :math:`\sqrt{d_i}\,\sigma_i/\|\tilde\sigma_i\|_1` in the noise.

    :math:`\epsilon` itself costs nothing. A large one turns the step into that of LARS, and in
    between :math:`\langle g_i, r_i\rangle/\|r_i\| \ge \|g_i\|_1/\sqrt{d_i}` too
    (`theory.lemmas.sign.SOFT_SIGN`). LARS, which divides by :math:`\|g_i\| + \epsilon` and does
    not normalise again, pays :math:`\epsilon` per layer.
    """
    found = robust_terms(
        constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi
    )
    return sum(found.values())


def robust_terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> dict[str, float]:
    """Terms of `robust_bound`: ``start``, ``curvature``, ``noise``."""
    return values(robust_derivation(), _numbers(constants, step_size, steps, batch_size, phi))


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r""":math:`\eta^* = \sqrt{2\Delta/(\alpha_u^2\Lambda T)}` makes `bound` least, whatever b."""
    needs_optimum(constants)
    return value(best_step().point, _numbers(constants, 1.0, steps, batch_size, phi))


def metric(gradient_layers: Layers) -> float | Array:
    r""":math:`\sum_i\|\nabla_i f\|_1/\sqrt{d_i}` from the exact gradient, over the last axis."""
    return sum(np.sum(np.abs(gi), axis=-1) / sqrt(gi.shape[-1]) for gi in gradient_layers)


def algorithm(
    step_size: float, *, phi: Phi | None = None, eps: float = 0.0, sign_of_zero: float = 1.0
) -> Step:
    r"""``step(x, g) -> x`` as in `bound`, with ``sign(0) = sign_of_zero``.

    ``eps > 0`` takes :math:`r = g/(|g| + \epsilon)` instead, and ``sign_of_zero=0`` the usual
    sign; both belong to `robust_bound`.
    """
    nonnegative("eps", eps)
    if sign_of_zero not in (-1.0, 0.0, 1.0):
        raise ValueError(f"sign_of_zero={sign_of_zero!r} must be 1, -1 or 0")

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        moved = []
        for xi, gi in zip(x, g, strict=True):
            size = np.abs(gi)
            zero = 0.0 if eps > 0 else sign_of_zero
            r = np.where(size > 0, gi / np.where(size > 0, size + eps, 1.0), zero)
            moved.append(xi - step_size * scaled(phi, xi) * normalised(r))
        return tuple(moved)

    return step


@cache
def derivation() -> Derivation:
    """The sharp bound, derived: the sign lemma in every coordinate, and unbiasedness."""
    return proof.sharp()


@cache
def published_derivation() -> Derivation:
    """The published bound: Markov's inequality, and 1 for 1/sqrt(d_i)."""
    return proof.as_published()


@cache
def robust_derivation() -> Derivation:
    """The bound for zeros among the signs or an eps; one lemma is proved in words."""
    return proof.robust()


@cache
def best_step() -> Minimum:
    """The minimum of the bound over the step size, with its second-order condition."""
    return minimise("LAMB step size", derivation().bound, eta)


def _numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
) -> dict[str, float]:
    sums, sizes = coordinate_sums(constants), constants.dims
    return run_numbers(constants, step_size, steps, batch_size, phi) | {
        "S": sum(constants.sigma),
        "S1": sum(sums),
        "N": sum(row / sqrt(size) for row, size in zip(sums, sizes, strict=True)),
    }
