r"""Witnesses of Theorem 2 (LARS) without noise.

On :math:`f = \sum_i L_i\|x_i\|^2/2` the assumption A1 is an equality for every step, and a
normalised step along :math:`x_i` makes Cauchy-Schwarz one too. So with
:math:`\phi = \alpha_l = \alpha_u` every step of the proof is an equality, and the bound is
attained if :math:`f(x^{T+1}) = f^*`: start at :math:`\|x_i\| = (k + \delta)\eta\phi`, walk down in
k steps and alternate between :math:`\delta\eta\phi` and :math:`(\delta - 1)\eta\phi` for an even
number of further ones. k = T is all start, k = 0 all curvature, :math:`k = \sqrt T` the theorem's
own step size. (:math:`\delta = 2^{-30}` keeps the gradient from being 0, where LARS stops.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.counterexamples import staircase
from theory.layers import Array
from theory.trajectory import average_metric
from theory.witnesses.runs import on_huber
from theory.witnesses.witness import Claim, Witness

SMOOTHNESS = (4.0, 1.0, 0.25, 2.0)
DIRECTIONS = (  # unit vectors, one per layer: dims 1, 2, 3, 4
    np.array([1.0]),
    np.array([0.6, -0.8]),
    np.array([2.0, -1.0, 2.0]) / 3,
    np.array([1.0, 5.0, -1.0, 3.0]) / 6,
)
DELTA = 2.0**-30


def constant(value: float) -> Any:
    """Return the function phi(z) = value."""

    def phi(z: Array) -> Array:
        return np.full_like(z, value)

    return phi


def clip(low: float, high: float) -> Any:
    """Return the function phi(z) = min(max(z, low), high)."""

    def phi(z: Array) -> Array:
        return np.clip(z, low, high)

    return phi


def quadratic(
    name: str,
    theorem: str,
    term: str,
    arguments: dict[str, Any],
    counts: Sequence[int],
    length: float,
    known: tuple[float, float | None],
    *,
    phi: Any = None,
    centre: float = 0.0,
) -> Witness:
    """Start k_i + delta steps of ``length`` (eta phi) from the minimum along `DIRECTIONS`."""
    start = [
        (k + DELTA) * length * u for k, u in zip(counts, DIRECTIONS[: len(counts)], strict=True)
    ]
    smoothness = SMOOTHNESS[: len(counts)]
    gap = sum(L / 2 * float(x @ x) for L, x in zip(smoothness, start, strict=True))
    dims = tuple(len(x) for x in start)
    options = {} if phi is None else {"phi": phi}
    return Witness(
        name,
        theorem,
        term,
        make_constants(gap, smoothness, dims=dims),
        {"batch_size": 1} | arguments,
        on_huber(
            smoothness,
            [x.tolist() for x in start],
            options,
            centre=[centre] * len(start),
        ),
        *known,
    )


def _stairs(ratio: int, known: tuple[float, float]) -> Witness:
    stairs = staircase.build(ratio, steps=2048, width=400)

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        step = claim.algorithm(step_size, phi=clip(*stairs.phi))
        return average_metric(step, claim.metric, stairs.gradient, stairs.start, steps)

    return Witness(
        f"LARS staircase, alpha_u/alpha_l = {ratio}",
        "lars",
        "curvature",
        stairs.constants,
        {
            "step_size": stairs.step_size,
            "steps": stairs.steps,
            "batch_size": 1,
            "phi": stairs.phi,
        },
        measure,
        *known,
    )


def _slope_eps(known: tuple[float, float]) -> Witness:
    r"""Two layers of slope s = 1, eps = e = 1/2: a step is 2/3 as long.

    The ratio goes to s (s + e) / (s^2 + s e + e^2) = 6/7 as eta L and 1/T do to 0.
    """
    step_size, steps, smoothness = 1e-3, 512, (10.0, 20.0)
    starts = [1 / L + 2 * step_size * steps * 2 / 3 for L in smoothness]
    gap = sum(x - 0.5 / L for x, L in zip(starts, smoothness, strict=True))
    return Witness(
        "LARS eps",
        "lars",
        "eps",
        make_constants(gap, smoothness),
        {
            "step_size": step_size,
            "steps": steps,
            "batch_size": 1,
            "phi": (2.0, 2.0),
            "eps": 0.5,
        },
        on_huber(
            smoothness,
            [(x,) for x in starts],
            {"phi": constant(2.0), "eps": 0.5},
            slope=1.0,
        ),
        *known,
    )


LARS: tuple[Witness, ...] = (
    quadratic(
        "LARS start",
        "lars",
        "start",
        {"step_size": 0.01, "steps": 64},
        (64, 64, 64, 64),
        0.01,
        (1.0, 1.0),
    ),
    quadratic(
        "LARS curvature",
        "lars",
        "curvature",
        {"step_size": 0.5, "steps": 64},
        (0, 0, 0, 0),
        0.5,
        (1.0, 1.0),
    ),
    quadratic(  # eta* = k eta / sqrt(T)
        "LARS best step, phi = 3",
        "lars",
        "curvature",
        {"steps": 64, "phi": (3.0, 3.0)},
        (8, 8, 8, 8),
        3 * 0.25,
        (1.0, 1.0),
        phi=constant(3.0),
    ),
    quadratic(
        "LARS start and curvature, layers apart",
        "lars",
        "start",
        {"step_size": 0.125, "steps": 36, "phi": (0.5, 0.5)},
        (36, 4, 16, 2),
        0.0625,
        (1.0, 1.0),
        phi=constant(0.5),
    ),
    quadratic(  # ||x_i|| below alpha_l all the way: phi = alpha_l
        "LARS start, phi at alpha_l",
        "lars",
        "start",
        {"step_size": 0.001, "steps": 100, "phi": (2.0, 3.0)},
        (100, 100),
        0.002,
        (0.987775061, 0.987775061),
        phi=clip(2.0, 3.0),
    ),
    quadratic(  # ||x_i|| far above alpha_u: phi = alpha_u
        "LARS curvature, phi at alpha_u",
        "lars",
        "curvature",
        {"step_size": 0.01, "steps": 64, "phi": (2.0, 3.0)},
        (0, 0, 0, 0),
        0.03,
        (0.666666667, 0.666666667),
        phi=clip(2.0, 3.0),
        centre=100.0,
    ),
    _slope_eps((0.820824137, 0.820824137)),
    _stairs(8, (0.449873524, 0.449873524)),
)
