"""LARS without momentum: every layer takes a normalised step (Theorem 2)."""

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
    h,
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
from theory.kernel import letters as le
from theory.kernel.letters import (
    L,
    Lambda,
    alpha_l,
    alpha_u,
    b,
    eps,
    eta,
    f,
    f_next,
    gap,
    grad,
    noise,
    phi,
    sigma,
    u,
    unit,
)
from theory.lemmas import direction as plain
from theory.lemmas import eps as lemma
from theory.theorems.arguments import (
    Array,
    Layers,
    Phi,
    Step,
    needs_optimum,
    nonnegative,
    normalised,
    run_numbers,
    scaled,
)

S = sp.Symbol("S", positive=True)
U = Quantity(u, "fresh", r"$g_i/(\|g_i\| + \epsilon)$, or 0", ("direction", le.g, eps), "u_{#}")


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> float:
    r"""Upper bound on the averaged sum of the layers' gradient norms under LARS, sharp.

    **Problem and assumptions.** f is bounded below and smooth in layers (A1, constants
    :math:`L_i`, :math:`\Lambda = \sum_i L_i`); the stochastic gradient is unbiased with variance
    at most :math:`\sigma_i^2` in layer i (A2); batches are b independent samples;
    :math:`0 < \alpha_l \le \phi \le \alpha_u` (A4), which :math:`\phi(z) = z` is not.

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\|`.

    **Algorithm.** :math:`x_i \leftarrow x_i - \eta\,\phi(\|x_i\|)\,g_i/(\|g_i\| + \epsilon)`, and
    no step where that is 0/0; any :math:`\eta > 0`.

    **Statement.**

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\| \le \frac{1}{\alpha_l}\Big[
        \frac{\Delta}{\eta T} + \frac{\eta\,\alpha_u^2\Lambda}{2}
        + \kappa\,\frac{\alpha_u\sum_i\sigma_i}{\sqrt b} + \alpha_u h\,\epsilon\Big],
        \qquad \kappa = 1 .

    Tight: without noise, at the best step size and T an even square, a separable quadratic attains
    it; with noise and b = 1 a Huber function comes within 4.4 % of it at T = 4096. For fixed b the
    noise term does not vanish with T, and neither does the gradient.

    Theorem 2 of You et al. 2020 (arXiv 1904.00962; wording known here second-hand) says
    :math:`(E\,h^{-1/2}\sum_i\|\nabla_i f\|)^2 = O(\Delta L_{avg}/T + \|\sigma\|_1^2/(Th))` at
    b = T and the best step size; its proof gives :math:`\kappa = 2` (`published`).
    :math:`\kappa = 1` (the direction lemma with unbiasedness) and :math:`\epsilon` are ours.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.
    eps : float
        :math:`\epsilon \ge 0`.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> run = {"step_size": optimal_step(problem, steps=100), "steps": 100, "batch_size": 100}
    >>> round(bound(problem, **run), 6), round(published(problem, **run), 6)
    (0.4, 0.6)
    >>> round(bound(problem, **run, phi=(0.5, 1.0), eps=0.01), 6)
    0.84
    """
    found = terms(
        constants, step_size=step_size, steps=steps, batch_size=batch_size, phi=phi, eps=eps
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``noise``, ``eps``."""
    return values(derivation(), _numbers(constants, step_size, steps, batch_size, phi, eps))


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    eps: float = 0.0,
) -> float:
    r"""The bound with the paper's noise constant :math:`\kappa = 2`."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, eps)
    return sum(values(published_derivation(), numbers).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r""":math:`\eta^* = \sqrt{2\Delta/(\alpha_u^2\Lambda T)}` makes `bound` least, for every batch.

    >>> from theory import make_constants
    >>> round(optimal_step(make_constants(2.0, (1.0, 3.0)), steps=400), 6)
    0.05
    """
    needs_optimum(constants)
    return value(best_step().point, _numbers(constants, 1.0, steps, batch_size, phi, 0.0))


def metric(gradient_layers: Layers) -> float | Array:
    r""":math:`\sum_i\|\nabla_i f\|` from the exact gradient, norms over the last axis."""
    return sum(np.sqrt(np.sum(gi * gi, axis=-1)) for gi in gradient_layers)


def algorithm(step_size: float, *, phi: Phi | None = None, eps: float = 0.0) -> Step:
    r"""``step(x, g) -> x`` as in `bound`; ``phi`` maps an array of norms (None: 1)."""

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        return tuple(
            xi - step_size * scaled(phi, xi) * normalised(gi, eps)
            for xi, gi in zip(x, g, strict=True)
        )

    return step


@cache
def derivation() -> Derivation:
    """The sharp bound, derived: noise constant 1, from the direction lemma and unbiasedness."""
    return _derive("LARS", sp.Integer(1))


@cache
def published_derivation() -> Derivation:
    """The published bound: Cauchy-Schwarz where the sharp one has mean zero; constant 2."""
    return _derive("LARS, published form", sp.Integer(2))


@cache
def best_step() -> Minimum:
    """The minimum of the bound over the step size, with its second-order condition."""
    return minimise("LARS step size", derivation().bound, eta)


def _derive(title: str, kappa: sp.Expr) -> Derivation:
    known = (*le.COMMON, le.SIGMA, le.ALPHA_L, le.ALPHA_U, le.PHI, le.EPS, le.UNIT, U)
    proof = Derivation(title, known)
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    ax.unbiased(proof)
    ax.variance(proof)
    ax.phi_bounds(proof)
    proof.lemma("direction", lemma.DIRECTION_EPS, ROLES)
    proof.lemma("length", lemma.SHORT, ROLES)
    lost, pull = norm(noise[i]) + eps, inner(unit[i], noise[i])
    gained = inner(grad[i], u[i])
    if kappa == 2:
        proof.lemma("Cauchy-Schwarz", plain.CAUCHY_SCHWARZ, ROLES)
        lost, pull = 2 * norm(noise[i]) + eps, sp.Integer(0)
        using = {"direction": sp.Integer(1), "Cauchy-Schwarz": sp.Integer(1)}
        why = "the last term is bounded instead of averaged"
        proof.combine("direction, constant 2", norm(grad[i]) - gained, lost, using, why)
    source = "direction, constant 2" if kappa == 2 else "direction"
    progress = alpha_l * norm(grad[i]) - alpha_u * lost + phi[i] * pull
    using = {source: phi[i], "A4 lower": norm(grad[i]), "A4 upper": lost}
    why = "times phi, which lies between its bounds"
    proof.combine("progress of a layer", progress, phi[i] * gained, using, why)
    proof.sum_layers("progress", "progress of a layer")
    ax.curvature(proof, u, "length")

    slope, curved = over_layers(norm(grad[i])), eta**2 * alpha_u**2 / 2 * over_layers(L[i])
    using = {"A1": sp.Integer(1), "progress": eta, "curvature": eta**2 / 2}
    why = "A1 with both bounds inserted"
    right = f - eta * over_layers(progress) + curved
    proof.combine("one step", f_next, right, using, why)
    proof.expect("expected step", "one step")
    ax.jensen(proof, "noise of a layer", norm(noise[i]), sigma[i] / sp.sqrt(b), "A2 variance")
    proof.sum_layers("noise", "noise of a layer")
    noisy = kappa * alpha_u * over_layers(sigma[i]) / sp.sqrt(b) + alpha_u * h * eps
    right = f - eta * alpha_l * slope + eta * noisy + curved
    using = {"expected step": sp.Integer(1), "noise": kappa * eta * alpha_u}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")

    total = (gap / (eta * T) + curved / eta + noisy) / alpha_l
    ax.finish(proof, "descent", over_layers(average(norm(grad[i]))), eta * alpha_l, total)
    named = {
        "start": gap / (alpha_l * eta * T),
        "curvature": eta * alpha_u**2 * Lambda / (2 * alpha_l),
        "noise": kappa * alpha_u * S / (alpha_l * sp.sqrt(b)),
        "eps": alpha_u * h * eps / alpha_l,
    }
    proof.conclude("terms", named, {Lambda: over_layers(L[i]), S: over_layers(sigma[i])})
    return proof


# the lemmas' letters in this theorem
ROLES = {
    plain.a: grad,
    plain.b: le.g,
    plain.u: u,
    plain.delta: noise,
    plain.unit: unit,
    plain.eps: eps,
}


def _numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    eps: float,
) -> dict[str, float]:
    nonnegative("eps", eps)
    numbers = run_numbers(constants, step_size, steps, batch_size, phi)
    return numbers | {"S": sum(constants.sigma), "eps": eps}
