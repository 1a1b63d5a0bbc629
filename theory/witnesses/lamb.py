r"""Witnesses of Theorem 3 with beta2 > 0 (LAMB with a second moment).

One coordinate: :math:`r/\|r\| = \operatorname{sign}(g)` whatever beta2 is, and with beta2 near 0
every term of the bound is nearly attained by a Huber function with :math:`\sup|g| = G`: the long
slope (start), the zigzag between :math:`\pm\eta/2` (curvature), the coin (noise).

The factor :math:`\sqrt{d/(1-\beta_2)}` needs slides: coordinates 2..d have a gradient that grows by
a constant factor per step, so that :math:`v_j` lags behind and
:math:`r_j \to 1/\sqrt{1-\beta_2}`, while coordinate 1 stands on the full slope, where
:math:`r_1 = 1`, and moves by :math:`\eta r_1/\|r\|` only. The gradient must grow from nothing to
:math:`10^{-3}G` over the whole run, so the ratio is limited by the range of floating-point
numbers: .70 to .82 in float64 scaled to use all of it, .85 with 80-bit numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from theory.constants import make_constants
from theory.layers import Layers
from theory.trajectory import average_metric
from theory.witnesses.lars import constant
from theory.witnesses.lars_noise import COIN
from theory.witnesses.runs import Line, on_huber, on_lines
from theory.witnesses.witness import Claim, Witness


class Slide(NamedTuple):
    """d - 1 coordinates that slide, one on the full slope; see the module."""

    dim: int
    beta2: float
    steps: int
    curvature: float  # of coordinate 1, times eta / G
    lead: float  # start of coordinate 1 over the length of its way
    idle: int = 0  # further layers of one coordinate, f does not depend on them
    range: float = 690.0  # log of the growth of the sliding gradients
    scale: float = 2.0**490  # G


def slides(
    slide: Slide, known: tuple[float, float], *, dtype: type[np.floating] = np.float64
) -> Witness:
    """Build the instance; eta = 1."""
    d, beta2, steps, G = slide.dim, slide.beta2, slide.steps, slide.scale
    growth = exp(slide.range / steps)
    fast = sqrt((1 - beta2 / growth**2) / (1 - beta2))  # r_j of a coordinate that slides
    slow = 1 / sqrt(1 + (d - 1) * fast**2)  # move of coordinate 1
    ell = fast * slow * steps / slide.range
    height = 1e-3 * ell * G
    L = slide.curvature * G
    way = slide.lead * slow * steps
    still = tuple(np.zeros(1) for _ in range(slide.idle))
    first = [way] + [-slide.range * ell * (1 - 1e-9)] * (d - 1)
    start = (np.array(first, dtype), *still)

    def gradient(x: Layers) -> Layers:
        e = np.exp(-np.abs(x[0][1:] / ell))
        slope = np.clip(L * x[0][:1], -G, G)
        return (np.concatenate([slope, -(height / ell) * e / (1 + e) ** 2]), *still)

    def measure(claim: Claim, step_size: float, steps: int) -> float:
        step = claim.algorithm(step_size, beta2=beta2)
        return average_metric(step, claim.metric, gradient, start, steps)

    edge = G / L
    gap = (G * (way - edge / 2) if way > edge else L * way**2 / 2) + (d - 1) * height
    bend = max(L, height / ell**2 / (6 * sqrt(3)))  # max |s''| of the logistic function
    return Witness(
        f"LAMB start, d = {d}, {slide.idle} idle layers, beta2 = {beta2}",
        "lamb",
        "start",
        make_constants(
            gap,
            (bend,) + (0.0,) * slide.idle,
            dims=(d,) + (1,) * slide.idle,
            gradient_bound=G,
        ),
        {"step_size": 1.0, "steps": steps, "batch_size": 1, "beta2": beta2},
        measure,
        *known,
    )


def slope(
    name: str,
    known: tuple[float, float],
    *,
    beta2: float = 1e-3,
    eps: float = 0.0,
    phi: tuple[float, float] = (1.0, 1.0),
) -> Witness:
    """One coordinate, 1000 steps of eta alpha_l down a slope of 1: all start."""
    step_size, steps, L = 1e-3, 1000, 20.0
    way = 1 / L + step_size * phi[0] * steps
    return Witness(
        name,
        "lamb",
        "start",
        make_constants(way - 0.5 / L, (L,), gradient_bound=1.0),
        {
            "step_size": step_size,
            "steps": steps,
            "batch_size": 1,
            "beta2": beta2,
            "eps": eps,
            "phi": phi,
        },
        on_huber((L,), [(way,)], {"beta2": beta2, "eps": eps, "phi": constant(phi[0])}, slope=1.0),
        *known,
    )


def one_step(known: tuple[float, float]) -> Witness:
    """T = 1 from x = eta with G = f'(x): f'^2 is half start and half curvature, exactly."""
    step_size, L, beta2 = 0.5, 3.0, 1e-6
    G = L * step_size
    return Witness(
        "LAMB one step",
        "lamb",
        "start",
        make_constants(L * step_size**2 / 2, (L,), gradient_bound=G),
        {"step_size": step_size, "steps": 1, "batch_size": 1, "beta2": beta2},
        on_huber((L,), [(step_size,)], {"beta2": beta2}, slope=G),
        *known,
    )


def zigzag(
    name: str, known: tuple[float, float], *, phi: tuple[float, float] = (1.0, 1.0)
) -> Witness:
    """Two layers of one coordinate between +-eta alpha_u / 2, where |f'| = G: all curvature."""
    step_size, steps, L = 1.0, 400, 2.0
    half = step_size * phi[1] / 2
    G = L * half
    return Witness(
        name,
        "lamb",
        "curvature",
        make_constants(L * half**2, (L, L), gradient_bound=G),
        {"step_size": step_size, "steps": steps, "batch_size": 1, "beta2": 1e-3, "phi": phi},
        on_huber((L, L), [(half,), (half,)], {"beta2": 1e-3, "phi": constant(phi[1])}, slope=G),
        *known,
    )


def coins(
    name: str, sigma: Sequence[Sequence[float]], known: tuple[float, float], *, steps: int = 1024
) -> Witness:
    """One coin per layer; coordinates of a layer are proportional, so v does not matter."""
    step_size = 0.64 / sqrt(steps)
    start = 3 * step_size * sqrt(steps)
    lines, smoothness, gap = [], [], 0.0
    for row in sigma:
        root, unit = sqrt(len(row)), np.array(row)
        incline = unit * (1 - 1e-9)
        lines.append(Line(np.ones(len(row)) / root, incline, 1.0, unit * COIN[0], COIN[1], start))
        smoothness.append(float(incline.max()) * root)
        gap += float(incline.sum()) / root * (start - 0.5)
    return Witness(
        name,
        "lamb",
        "noise",
        make_constants(
            gap,
            smoothness,
            coordinate_sigma=sigma,
            gradient_bound=2 * max(max(row) for row in sigma),
        ),
        {"step_size": step_size, "steps": steps, "batch_size": 1, "beta2": 1e-3},
        on_lines(lines, {"beta2": 1e-3}),
        *known,
    )


LAMB: tuple[Witness, ...] = (
    slope("LAMB start, d = 1", (0.965700362, 0.965700362)),
    slope("LAMB start, d = 1, beta2 = 0.75", (0.483091787, 0.483091787), beta2=0.75),
    slope(
        "LAMB start, eps = 1/4, phi at alpha_l",
        (0.756122837, 0.756122837),
        eps=0.25,
        phi=(2.0, 3.0),
    ),
    one_step((0.9999995, 0.9999995)),
    zigzag("LAMB curvature", (0.998875578, 0.998875578)),
    zigzag("LAMB curvature, phi = 2", (0.998875578, 0.998875578), phi=(2.0, 2.0)),
    zigzag("LAMB curvature, phi at alpha_u", (0.665917052, 0.665917052), phi=(0.5, 0.75)),
    coins("LAMB noise, T = 4096", ((1.0,),), (0.917031598, 0.476010221), steps=4096),
    coins(
        "LAMB noise, layers unequal", ((1.0,), (1.0, 0.5), (1.0,) * 9), (0.398685453, 0.155891434)
    ),
    slides(Slide(2, 0.5, 512, 0.03, 1.0), (0.817850814, 0.817850814)),
    slides(Slide(4, 0.9, 512, 0.03, 1.1, 3), (0.725666211, 0.725666211)),
    slides(Slide(8, 0.9, 512, 0.03, 1.1), (0.702172609, 0.702172609)),
)
