"""LAMB with beta1 = 0 and 0 < beta2 < 1 (Theorem 3, second half)."""

from __future__ import annotations

from functools import cache
from math import isfinite

import numpy as np

from theory.constants import Constants
from theory.kernel import Derivation, Minimum, minimise, value, values
from theory.kernel.letters import eta
from theory.theorems import lamb_proof as proof
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    Step,
    check_beta2,
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
    beta2: float = 0.999,
    eps: float = 0.0,
) -> float:
    r"""Upper bound on the averaged squared gradient norm under LAMB without first moment, sharp.

    **Problem and assumptions.** f is bounded below and smooth in layers (A1, constants
    :math:`L_i`, :math:`\Lambda = \sum_i L_i`); the stochastic gradient is unbiased with variance
    at most :math:`\sigma_i^2` in layer i and :math:`\tilde\sigma_{ij}^2` in its coordinate j (A2),
    and **every coordinate of it lies in** [-G, G] (A3; a bound on :math:`\nabla f` would not do);
    batches are b independent samples; :math:`0 < \alpha_l \le \phi \le \alpha_u` (A4).

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\|\nabla f(x^t)\|^2`.

    **Algorithm.** :math:`v \leftarrow \beta_2 v + (1 - \beta_2)g^2`,
    :math:`r = g/(\sqrt v + \epsilon)`,
    :math:`x_i \leftarrow x_i - \eta\,\phi(\|x_i\|)\,r_i/\|r_i\|` (no step if :math:`r_i = 0`), with
    or without bias correction of v; any :math:`\eta > 0`.

    **Statement.** With :math:`K = (G + \epsilon)\sqrt{d_{max}/(1 - \beta_2)}`,

    .. math::

        \frac1T\sum_{t=1}^T E\|\nabla f(x^t)\|^2 \le \frac{K}{\alpha_l}\Big[
        \frac{\Delta}{\eta T} + \frac{\eta\,\alpha_u^2\Lambda}{2}
        + \frac{\alpha_u}{\sqrt b}\sum_i\min\big(\tfrac12\|\tilde\sigma_i\|_1, \sigma_i\big)
        \Big] .

    An upper bound; its factors are nearly attained one at a time (ratio .84 to .99), and on an
    ordinary problem it is far above what happens, since K is a worst case: where the right side is
    above :math:`G^2 d` it says nothing.

    Theorem 3 of You et al. 2020 (arXiv 1904.00962; wording known here second-hand), with
    :math:`\beta_2 > 0`, :math:`d_i = d/h` and b = T, says :math:`O(\sqrt{G^2 d/(h(1 - \beta_2))}\,
    [\sqrt{2\Delta\Lambda/T} + \|\tilde\sigma\|_1/\sqrt T])`; `published` has its noise
    :math:`\|\tilde\sigma\|_1`. The minimum, :math:`\epsilon` and unequal layers are ours.

    Parameters
    ----------
    constants : Constants
        With a finite ``gradient_bound``.
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.
    beta2 : float
        :math:`\beta_2 \in (0, 1)`.
    eps : float
        :math:`\epsilon \ge 0`.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> noise = ((0.5,) * 4,)  # sigma = 1, ||s||_1 = 2
    >>> problem = make_constants(1.0, (2.0,), coordinate_sigma=noise, gradient_bound=1.0)
    >>> run = {"step_size": optimal_step(problem, steps=100), "steps": 100, "batch_size": 100}
    >>> round(bound(problem, **run, beta2=0.99), 6), round(published(problem, **run, beta2=0.99), 6)
    (6.0, 8.0)
    >>> round(bound(problem, **run, beta2=0.99, eps=0.1), 6)
    6.6
    """
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        beta2=beta2,
        eps=eps,
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
) -> dict[str, float]:
    r"""Terms of `bound` in its order, with the factor: ``start``, ``curvature``, ``noise``."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, beta2, eps)
    return values(derivation(), numbers)


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
) -> float:
    r"""The bound with the paper's noise :math:`\|\tilde\sigma\|_1` instead of the sum of minima."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, beta2, eps)
    return sum(values(published_derivation(), numbers).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r""":math:`\eta^* = \sqrt{2\Delta/(\alpha_u^2\Lambda T)}` makes `bound` least.

    It does not depend on the batch size, :math:`\beta_2`, :math:`\epsilon` or G.
    """
    needs_optimum(constants)
    numbers = run_numbers(constants, 1.0, steps, batch_size, phi)
    return value(best_step().point, numbers)


def metric(gradient_layers: Layers) -> float | Array:
    r""":math:`\|\nabla f\|^2` from the exact gradient, one array per layer, over the last axis."""
    return sum(np.sum(gi * gi, axis=-1) for gi in gradient_layers)


def algorithm(
    step_size: float,
    *,
    phi: Phi | None = None,
    beta2: float = 0.999,
    eps: float = 0.0,
    bias_correction: bool = False,
) -> Step:
    """``step(x, g) -> x`` as in `bound`.

    The returned step remembers v: make a fresh one for every run.
    """
    check_beta2(beta2)
    nonnegative("eps", eps)
    second: list[Array] = []
    count = 0

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        nonlocal count
        count += 1
        if not second:
            second.extend(np.zeros_like(gi, dtype=float) for gi in g)
        correction = 1 - beta2**count if bias_correction else 1.0
        moved = []
        for i, (xi, gi) in enumerate(zip(x, g, strict=True)):
            second[i] = beta2 * second[i] + (1 - beta2) * gi * gi
            root = np.sqrt(second[i] / correction) + eps
            r = np.where(root > 0, gi / np.where(root > 0, root, 1.0), 0.0)
            moved.append(xi - step_size * scaled(phi, xi) * normalised(r))
        return tuple(moved)

    return step


@cache
def derivation() -> Derivation:
    """The sharp bound, derived."""
    return proof.derive("LAMB, beta2 > 0", published=False)


@cache
def published_derivation() -> Derivation:
    """The published bound: Markov's inequality for the wrong signs."""
    return proof.derive("LAMB, beta2 > 0, published form", published=True)


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
    beta2: float,
    eps: float,
) -> dict[str, float]:
    check_beta2(beta2)
    nonnegative("eps", eps)
    if not isfinite(constants.gradient_bound):
        raise ValueError(
            "gradient_bound=inf: LAMB with beta2 > 0 needs A3, a bound G on every coordinate of "
            "every stochastic gradient"
        )
    sums = coordinate_sums(constants)
    least = (min(row / 2, s) for row, s in zip(sums, constants.sigma, strict=True))
    return run_numbers(constants, step_size, steps, batch_size, phi) | {
        "G": constants.gradient_bound,
        "eps": eps,
        "q": 1 - beta2,
        "d_max": max(constants.dims),
        "N": sum(least),
        "S1": sum(sums),
    }
