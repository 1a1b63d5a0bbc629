r"""LARS after the fact: a bound with the :math:`\phi` that was seen, and no ratio of alphas."""

from __future__ import annotations

from collections.abc import Sequence
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
from theory.kernel import letters as le
from theory.kernel.letters import L, b, eta, f, f_next, gap, grad, noise, phi, sigma, u, unit
from theory.lemmas import direction as plain
from theory.lemmas import vectors
from theory.theorems import lars
from theory.theorems.arguments import Array, Layers, needs_optimum, nonnegative, run_numbers

LPhi2, SPhi = sp.symbols("LPhi2 SPhi", positive=True)
ONE = sp.Integer(1)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi_mean: Sequence[float],
    phi_square: Sequence[float],
) -> float:
    r"""Upper bound on the layers' gradient norms, each weighted with its own :math:`\phi`.

    **Problem and assumptions.** A1 and A2 as in `theory.theorems.lars`. A4 is not needed:
    :math:`\phi \ge 0` may be anything that is known before the batch is drawn,
    :math:`\phi(z) = z` included.

    **Metric.** :math:`\frac1T\sum_{t=1}^T E\sum_i\phi_i^t\|\nabla_i f(x^t)\|`,
    :math:`\phi_i^t = \phi(\|x_i^t\|)`.

    **Algorithm.** LARS's, for any :math:`\eta > 0`.

    **Statement.** With :math:`\bar\phi_i = \frac1T\sum_t E\phi_i^t` and
    :math:`\overline{\phi_i^2}` likewise, measured along the run,

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\phi_i^t\|\nabla_i f(x^t)\| \le
        \frac{\Delta}{\eta T} + \frac{\eta}{2}\sum_i L_i\overline{\phi_i^2}
        + \frac{1}{\sqrt b}\sum_i\bar\phi_i\sigma_i .

    LARS's bound multiplies start and curvature with :math:`1/\alpha_l` and
    :math:`\alpha_u^2/\alpha_l`; here the extremes do not appear. Tight for any mixture of
    :math:`\phi_i` (quadratic, T steps that end at the minimum; a coin per layer). For
    :math:`\phi(z) = z` it bounds :math:`\|x_i\|\|\nabla_i f\|`, which does not keep a layer from
    getting stuck at 0 (`theory.counterexamples.trust_ratio_sticks`).

    Step 3 of the proof of Theorem 2 of You et al. 2020 before its last estimate, with the noise
    constant 1 of ours.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi_mean, phi_square : sequence of float
        :math:`\bar\phi_i`, :math:`\overline{\phi_i^2}` per layer.

    Returns
    -------
    float

    Examples
    --------
    Two layers at the two ends of :math:`0.1 \le \phi \le 10`:

    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> run = {"step_size": 0.02, "steps": 100, "batch_size": 100}
    >>> round(bound(problem, **run, phi_mean=(0.1, 10.0), phi_square=(0.01, 100.0)), 4)
    2.5101
    >>> round(lars.bound(problem, **run, phi=(0.1, 10.0)), 4)  # of the plain sum of norms
    45.0
    """
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi_mean=phi_mean,
        phi_square=phi_square,
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi_mean: Sequence[float],
    phi_square: Sequence[float],
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``noise``."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi_mean, phi_square)
    return values(derivation(), numbers)


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi_mean: Sequence[float],
    phi_square: Sequence[float],
) -> float:
    r""":math:`\sqrt{2\Delta/(T\sum_i L_i\overline{\phi_i^2})}`, if :math:`\phi` stays as it was.

    >>> from theory import make_constants
    >>> problem = make_constants(2.0, (1.0, 3.0))
    >>> ones = (1.0, 1.0)
    >>> round(optimal_step(problem, steps=400, phi_mean=ones, phi_square=ones), 6)
    0.05
    """
    needs_optimum(constants)
    numbers = _numbers(constants, 1.0, steps, batch_size, phi_mean, phi_square)
    if numbers["LPhi2"] == 0:
        raise ValueError("phi_square: no layer that is not flat moves, no step size is best")
    return value(best_step().point, numbers)


def metric(gradient_layers: Layers, phi_layers: Sequence[Array | float]) -> float | Array:
    r""":math:`\sum_i\phi_i\|\nabla_i f\|`, norms over the last axis.

    >>> float(metric((np.array([3.0, 4.0]), np.array([1.0])), (0.5, 2.0)))
    4.5
    """
    return sum(
        phi_i * np.sqrt(np.sum(gi * gi, axis=-1))
        for gi, phi_i in zip(gradient_layers, phi_layers, strict=True)
    )


algorithm = lars.algorithm


@cache
def derivation() -> Derivation:
    """The bound, derived."""
    proof = Derivation("LARS layer by layer, after the fact", QUANTITIES)
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    ax.unbiased(proof)
    ax.variance(proof)
    proof.lemma("direction", vectors.DIRECTION_OF_SUM, ROLES)
    proof.lemma("length", vectors.UNIT, {plain.b: le.g})
    gained = norm(grad[i]) - norm(noise[i]) + inner(unit[i], noise[i])
    lower, upper = phi[i] * gained, phi[i] * inner(grad[i], u[i])
    proof.combine("progress of a layer", lower, upper, {"direction": phi[i]}, "times phi")
    proof.sum_layers("progress", "progress of a layer")
    weight = L[i] * phi[i] ** 2
    using = {"length": weight * (1 + norm(u[i]))}
    why = "1 - |u|^2 = (1 - |u|)(1 + |u|)"
    proof.combine("curvature of a layer", weight * norm(u[i]) ** 2, weight, using, why)
    proof.sum_layers("curvature", "curvature of a layer")
    curved = eta**2 / 2 * over_layers(weight)
    using = {"A1": ONE, "progress": eta, "curvature": eta**2 / 2}
    right = f - eta * over_layers(phi[i] * gained) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")

    ax.jensen(proof, "deviation", norm(noise[i]), sigma[i] / sp.sqrt(b), "A2 variance")
    lower, upper = phi[i] * mean_now(norm(noise[i])), phi[i] * sigma[i] / sp.sqrt(b)
    proof.combine("noise of a layer", lower, upper, {"deviation": phi[i]}, "times phi")
    proof.sum_layers("noise", "noise of a layer")
    right = f - eta * over_layers(phi[i] * norm(grad[i]) - phi[i] * sigma[i] / sp.sqrt(b)) + curved
    using = {"expected step": ONE, "noise": eta}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")

    metric = over_layers(average(phi[i] * norm(grad[i])))
    squares = over_layers(L[i] * average(phi[i] ** 2))
    deviations = over_layers(sigma[i] * average(phi[i]))
    total = gap / (eta * T) + eta / 2 * squares + deviations / sp.sqrt(b)
    ax.finish(proof, "descent", metric, eta, total)
    named = {
        "start": gap / (eta * T),
        "curvature": eta * LPhi2 / 2,
        "noise": SPhi / sp.sqrt(b),
    }
    proof.conclude("terms", named, {LPhi2: squares, SPhi: deviations})
    return proof


@cache
def best_step() -> Minimum:
    """The minimum of the bound over the step size, with its second-order condition."""
    return minimise("per-layer step size", derivation().bound, eta)


QUANTITIES = (
    *le.COMMON,
    le.SIGMA,
    le.UNIT,
    le.PHI,
    Quantity(u, "fresh", r"$g_i/\|g_i\|$, or 0", ("direction", le.g), "u_{#}"),
)
ROLES = {plain.a: grad, plain.b: le.g, plain.u: u, plain.delta: noise, plain.unit: unit}


def _numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi_mean: Sequence[float],
    phi_square: Sequence[float],
) -> dict[str, float]:
    layers = len(constants.smoothness)
    for name, row in (("phi_mean", phi_mean), ("phi_square", phi_square)):
        if len(row) != layers:
            raise ValueError(f"{name} has {len(row)} entries for {layers} layers; give one each")
        for k, number in enumerate(row):
            nonnegative(f"{name}[{k}]", number)
    for k, (mean, square) in enumerate(zip(phi_mean, phi_square, strict=True)):
        if mean**2 > square * (1 + 1e-12):
            raise ValueError(
                f"phi_square[{k}]={square!r} is below phi_mean[{k}]**2={mean**2!r}; give the mean "
                "of the squares"
            )
    numbers = run_numbers(constants, step_size, steps, batch_size, (1.0, 1.0))
    pairs = zip(constants.smoothness, phi_square, constants.sigma, phi_mean, strict=True)
    rows = [(lip * square, dev * mean) for lip, square, dev, mean in pairs]
    return numbers | {"LPhi2": sum(r[0] for r in rows), "SPhi": sum(r[1] for r in rows)}
