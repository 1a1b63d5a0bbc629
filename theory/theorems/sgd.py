"""Stochastic gradient descent (Theorem 1)."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp

from theory.constants import Constants
from theory.kernel import (
    Derivation,
    Minimum,
    Quantity,
    T,
    average,
    i,
    inner,
    mean_now,
    minimise,
    norm,
    over_layers,
    value,
    values,
)
from theory.kernel import axioms as ax
from theory.kernel.letters import COMMON, SIGMA, L, b, eta, f, f_next, g, gap, grad, noise, sigma
from theory.theorems.arguments import Array, Layers, Step, check_phi, needs_optimum, run_numbers

L_max = sp.Symbol("L_max", positive=True)
N, S2 = sp.symbols("N S2", positive=True)
HALF = eta * L_max / 2


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""Upper bound on the averaged squared gradient norm of SGD, sharp.

    **Problem and assumptions.** f is bounded below and smooth in layers (A1, constants
    :math:`L_i`); the stochastic gradient is unbiased with variance at most :math:`\sigma_i^2` in
    layer i (A2); batches are b independent samples.

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\|\nabla f(x^t)\|^2`.

    **Algorithm.** :math:`x^{t+1} = x^t - \eta g_t`, for any :math:`0 < \eta < 2/L_\infty`,
    :math:`L_\infty = \max_i L_i`.

    **Statement.**

    .. math::

        \frac1T\sum_{t=1}^T E\|\nabla f(x^t)\|^2 \le
        \frac{1}{1 - \eta L_\infty/2}
        \Big[\frac{\Delta}{\eta T} + \frac{\eta}{2b}\sum_i L_i\sigma_i^2\Big].

    At :math:`\eta = 1/L_\infty` this is at most
    :math:`2L_\infty\Delta/T + \|\sigma\|_2^2/b`. Tight: without noise
    :math:`f = L x^2/2` attains it for every T at :math:`\eta = 1/L`.

    Theorem 1 of You et al. 2020 (arXiv 1904.00962, after Ghadimi and Lan 2013; its wording is
    known here second-hand) says :math:`O(L_\infty\Delta/T + \|\sigma\|^2/T)` at b = T. The
    constants, and :math:`\sum_i L_i\sigma_i^2` in place of :math:`L_\infty\|\sigma\|^2`
    (`published`), are ours.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        Must be (1, 1): SGD has no :math:`\phi`; the argument is there for the common signature.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 4.0), sigma=(2.0, 1.0))
    >>> round(bound(problem, step_size=0.25, steps=100, batch_size=100), 6)
    0.1
    >>> round(published(problem, step_size=0.25, steps=100, batch_size=100), 6)
    0.13
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
    r"""Terms of `bound`, same arguments.

    ``start`` and ``noise`` are those in brackets, ``curvature`` is what the factor in front adds:
    :math:`\frac{\eta L_\infty/2}{1 - \eta L_\infty/2}` times both.
    """
    return values(derivation(), _numbers(constants, step_size, steps, batch_size, phi))


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""The bound with :math:`L_\infty\|\sigma\|_2^2` for :math:`\sum_i L_i\sigma_i^2`."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi)
    return sum(values(published_derivation(), numbers).values())


def optimal_step(
    constants: Constants, *, steps: int, batch_size: int, phi: tuple[float, float] = (1.0, 1.0)
) -> float:
    r"""The step size that makes `bound` least; never above :math:`1/L_\infty`.

    >>> from theory import make_constants
    >>> optimal_step(make_constants(1.0, (1.0, 4.0)), steps=100, batch_size=1)
    0.25
    """
    needs_optimum(constants)
    return value(best_step().point, _numbers(constants, None, steps, batch_size, phi))


def metric(gradient_layers: Layers) -> float | Array:
    r""":math:`\|\nabla f\|^2` from the exact gradient, one array per layer, over the last axis."""
    return sum(np.sum(gi * gi, axis=-1) for gi in gradient_layers)


def algorithm(step_size: float) -> Step:
    r"""``step(x, g) -> x``: :math:`x_i \leftarrow x_i - \eta g_i`."""

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        return tuple(xi - step_size * gi for xi, gi in zip(x, g, strict=True))

    return step


@cache
def derivation() -> Derivation:
    """The sharp bound, derived."""
    return _derive("SGD", N, {N: over_layers(L[i] * sigma[i] ** 2)})


@cache
def published_derivation() -> Derivation:
    """The published form: every layer's noise is charged at the largest smoothness."""
    return _derive("SGD, published form", L_max * S2, {S2: over_layers(sigma[i] ** 2)})


@cache
def best_step() -> Minimum:
    r"""The minimum of the bound, over :math:`\eta = 2y/(L_\infty(1 + y))`, y > 0."""
    y = sp.Symbol("y", positive=True)
    place = 2 * y / (L_max * (1 + y))
    return minimise("SGD step size", derivation().bound, eta, substitution=(y, place))


def _derive(title: str, short: sp.Expr, meaning: dict) -> Derivation:
    """``short`` is the noise in abbreviated letters, whose ``meaning`` spells it out."""
    noisy = short.xreplace(meaning)
    largest = Quantity(L_max, "constant", "the largest $L_i$", (), r"L_\infty")
    proof = Derivation(title, (*COMMON, SIGMA, largest))
    one = sp.Integer(1)
    ax.smooth(proof, direction=g, scale=eta)
    ax.unbiased(proof)
    ax.variance(proof)
    proof.assume("largest smoothness", L[i], L_max, "definition of the largest")
    proof.assume("step size", HALF, one, "the step size is below 2 / L_max", relation="<")

    slope, cross, noise2 = norm(grad[i]) ** 2, inner(grad[i], noise[i]), norm(noise[i]) ** 2
    square = slope + 2 * cross + noise2
    expanded = f - eta * over_layers(slope + cross) + eta**2 / 2 * over_layers(L[i] * square)
    why = "g = gradient + noise, inner products are bilinear"
    proof.combine("A1 expanded", f_next, expanded, {"A1": one}, why)
    proof.expect("expected step", "A1 expanded")

    why = "times the squared gradient of the layer"
    proof.combine("curvature of a layer", L[i] * slope, L_max * slope,
                  {"largest smoothness": slope}, why)  # fmt: skip
    proof.sum_layers("curvature", "curvature of a layer")
    weight = L_max if noisy.has(L_max) else L[i]
    using: dict[str, sp.Expr] = {"A2 variance": L[i]}
    if weight == L_max:
        using["largest smoothness"] = sigma[i] ** 2 / b
    charged = weight * sigma[i] ** 2 / b
    proof.combine("noise of a layer", L[i] * mean_now(noise2), charged, using, "times L_i")
    proof.sum_layers("noise", "noise of a layer")

    descent = f - eta * (1 - HALF) * over_layers(slope) + eta**2 * noisy / (2 * b)
    using = {"expected step": one, "curvature": eta**2 / 2, "noise": eta**2 / 2}
    why = "the square of the step is a share of the gained slope, plus noise"
    proof.combine("descent", mean_now(f_next), descent, using, why)

    start, wobble = gap / (eta * T), eta * short / (2 * b)
    total = (start + wobble.xreplace(meaning)) / (1 - HALF)
    by = eta * (1 - HALF)
    ax.finish(proof, "descent", over_layers(average(slope)), by, total, given=("step size",))
    named = {"start": start, "curvature": (start + wobble) * HALF / (1 - HALF), "noise": wobble}
    proof.conclude("terms", named, meaning)
    return proof


def _numbers(
    constants: Constants,
    step_size: float | None,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
) -> dict[str, float]:
    if check_phi(phi) != (1.0, 1.0):
        raise ValueError(f"phi={phi!r} must be (1, 1): SGD does not scale its step by a norm")
    largest = max(constants.smoothness)
    if step_size is not None and step_size * largest >= 2:
        raise ValueError(
            f"step_size={step_size!r} must be below 2 / max(smoothness) = {2 / largest!r}; "
            "beyond it SGD can diverge"
        )
    variances = [v * v for v in constants.sigma]
    pairs = zip(constants.smoothness, variances, strict=True)
    numbers = run_numbers(
        constants, 1.0 if step_size is None else step_size, steps, batch_size, phi
    )
    return numbers | {"L_max": largest, "N": sum(s * v for s, v in pairs), "S2": sum(variances)}
