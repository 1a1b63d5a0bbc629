r"""LARS with decoupled weight decay is stochastic Frank-Wolfe on a product of balls."""

from __future__ import annotations

from functools import cache

import numpy as np

from theory.constants import Constants
from theory.kernel import Derivation, Minimum, minimise, value, values
from theory.theorems import weight_decay_proof as proof
from theory.theorems.arguments import (
    Array,
    Layers,
    Step,
    check_phi,
    check_run,
    needs_optimum,
    normalised,
    positive,
)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    decay: float,
) -> float:
    r"""Upper bound on the averaged Frank-Wolfe gap of LARS with decoupled weight decay, sharp.

    **Problem and assumptions.** A1 and A2 as in `theory.theorems.lars`, on the balls
    :math:`\|x_i\| \le R = \alpha/\lambda`; :math:`\phi = \alpha` is constant;
    :math:`\gamma = \eta\lambda \le 1`; :math:`\|x_i^1\| \le R`. Then every iterate stays inside
    (`inside_derivation`), and :math:`\Delta = f(x^1) - f^*` needs :math:`f^*` below f there only.

    **Metric.** The Frank-Wolfe gap
    :math:`\frac1T\sum_{t=1}^T E\sum_i\big(R\|\nabla_i f\| + \langle\nabla_i f, x_i\rangle\big)`,
    which is what is left to gain, to first order, inside the balls. It is 0 exactly at the KKT
    points of :math:`\min f` subject to :math:`\|x_i\| \le R`, and
    :math:`(R - \|x_i\|)\|\nabla_i f\|` is at most the term of layer i: a stationary point of f is
    approached only where the limit is off the sphere.

    **Algorithm.** :math:`x_i \leftarrow (1 - \eta\lambda)\,x_i - \eta\alpha\,g_i/\|g_i\|`. With
    :math:`\gamma = \eta\lambda` this is :math:`(1-\gamma)x_i + \gamma s_i`, where
    :math:`s_i = -R\,g_i/\|g_i\|` makes :math:`\langle g_i, s_i\rangle` least in the ball: the
    Frank-Wolfe step.

    **Statement.**

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\big(R\|\nabla_i f\| + \langle\nabla_i f, x_i\rangle\big) \le
        \frac{\Delta}{\gamma T} + 2\gamma R^2\Lambda + \frac{R\sum_i\sigma_i}{\sqrt b} .

    Each term is tight: a linear function (start), a layer that jumps across its ball at
    :math:`\gamma = 1` (curvature) and a coin (noise) come as near to it as one likes. On problems
    drawn at random about half of it is measured.

    Deterministic: Frank and Wolfe 1956, the gap as in Jaggi 2013; stochastic and nonconvex: Reddi
    et al. 2016 (arXiv 1607.08254). That decoupled decay constrains: Chen et al. 2023
    (arXiv 2310.05898) for Lion. Noise constant 1 and the layers are ours. Nothing is claimed for
    LAMB, which adds :math:`\lambda x` before it normalises: the same argument goes through where
    :math:`\lambda\|x\|_\infty \le \rho < 1` all along the run, with
    :math:`(1+\rho)/(1-\rho)` in front, but nothing keeps the iterates there.

    Parameters
    ----------
    constants : Constants
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha, \alpha)`.
    decay : float
        :math:`\lambda > 0`, with :math:`\eta\lambda \le 1`.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0), sigma=(1.0, 1.0))
    >>> for decay in (0.5, 0.25):  # radius 2, 4
    ...     eta = optimal_step(problem, steps=400, decay=decay)
    ...     found = bound(problem, step_size=eta, steps=400, batch_size=400, decay=decay)
    ...     print(round(eta, 4), round(found, 4))
    0.025 0.6
    0.025 1.2
    """
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        decay=decay,
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    decay: float,
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``noise``."""
    return values(derivation(), _numbers(constants, step_size, steps, batch_size, phi, decay))


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
    decay: float,
) -> float:
    r""":math:`\eta^* = \gamma^*/\lambda`.

    .. math:: \gamma^* = \min(1, \sqrt{\Delta/(2R^2\Lambda T)})

    >>> from theory import make_constants
    >>> optimal_step(make_constants(1.0, (1.0, 1.0)), steps=400, decay=0.5)
    0.025
    """
    needs_optimum(constants)
    numbers = _numbers(constants, None, steps, batch_size, phi, decay)
    return min(1.0, value(best_share().point, numbers)) / decay


def radius(phi: tuple[float, float], decay: float) -> float:
    r""":math:`R = \alpha/\lambda`."""
    low, high = check_phi(phi)
    positive("decay", decay)
    if low != high:
        raise ValueError(f"phi={phi!r} must be (alpha, alpha): the radius is alpha / decay")
    return high / decay


def metric(gradient_layers: Layers, x: Layers, *, radius: float) -> float | Array:
    r""":math:`\sum_i(R\|\nabla_i f\| + \langle\nabla_i f, x_i\rangle)`, over the last axis.

    >>> x = (np.array([0.6, 0.8]),)
    >>> for slope in ([0.0, 0.0], [-3.0, -4.0], [3.0, 4.0]):  # stationary, KKT on the sphere, not
    ...     print(float(metric((np.array(slope),), x, radius=1.0)))
    0.0
    0.0
    10.0
    """
    return sum(
        radius * np.sqrt(np.sum(gi * gi, axis=-1)) + np.sum(gi * xi, axis=-1)
        for gi, xi in zip(gradient_layers, x, strict=True)
    )


def algorithm(step_size: float, *, decay: float, alpha: float = 1.0) -> Step:
    r"""``step(x, g) -> x`` as in `bound`; ``alpha`` is the constant :math:`\phi`."""

    def step(x: Layers, g: Layers) -> tuple[Array, ...]:
        return tuple(
            (1 - step_size * decay) * xi - step_size * alpha * normalised(gi)
            for xi, gi in zip(x, g, strict=True)
        )

    return step


@cache
def derivation() -> Derivation:
    """The bound, derived."""
    return proof.gap_bound()


@cache
def inside_derivation() -> Derivation:
    """One step does not leave the balls, derived."""
    return proof.inside()


@cache
def best_share() -> Minimum:
    r"""The minimum of the bound over :math:`\gamma`, with its second-order condition."""
    return minimise("weight decay step", derivation().bound, proof.gamma)


def _numbers(
    constants: Constants,
    step_size: float | None,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    decay: float,
) -> dict[str, float]:
    reach = radius(phi, decay)
    check_run(1.0 if step_size is None else step_size, steps, batch_size)
    share = 1.0 if step_size is None else step_size * decay
    if share > 1:
        raise ValueError(
            f"step_size={step_size!r} times decay={decay!r} must be at most 1: beyond it the step "
            "leaves the ball"
        )
    return {
        "gamma": share,
        "R": reach,
        "T": steps,
        "b": batch_size,
        "gap": constants.gap,
        "Lambda": sum(constants.smoothness),
        "S": sum(constants.sigma),
    }
