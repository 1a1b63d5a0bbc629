r"""Witnesses of Theorem 3 with beta2 = 0 (LAMB as a normalised sign step).

On :math:`\sum_i L_i\|x_i\|^2/2` A1 is an equality for every step, and a step is
:math:`-\eta\phi\,\mathrm{sign}(g_i)/\sqrt{d_i}`, so that
:math:`\langle\nabla_i f, \Delta x_i\rangle = -\eta\phi\|\nabla_i f\|_1/\sqrt{d_i}` exactly,
coordinate by coordinate: the bound is attained from any point of the lattice
:math:`x_{ij} \in (\eta\phi/\sqrt{d_i})\,\mathbb Z` with T of the right parity. With
sign(0) = +1 the walk goes on at 0 itself, and the theorem's own step size gives the ratio 1 with
no offset.

Noise: all coordinates of a layer toss the same coin, coordinate j with slope just below
:math:`\tilde\sigma_{ij}`. The robust form (sign(0) = 0, or eps) has a noise term :math:`\sigma_i`
that is not attained for d > 1: where one sample in :math:`1 + \sqrt d` has a single nonzero
coordinate, of the wrong sign, the ratio is :math:`d^{-1/4}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np

from theory.constants import make_constants
from theory.witnesses.lars import clip, constant
from theory.witnesses.lars_noise import COIN, rare
from theory.witnesses.runs import Line, on_huber, on_lines
from theory.witnesses.witness import Witness

SMOOTHNESS = (4.0, 1.0, 0.25)
COUNTS = ((2,), (4, -2), (0, 6, -2, 4))  # in units of eta phi / sqrt(d_i), even


def on_lattice(
    name: str,
    theorem: str,
    term: str,
    arguments: dict[str, Any],
    counts: Sequence[Sequence[float]],
    length: float,
    known: tuple[float, float | None],
    *,
    options: dict[str, Any],
    centre: float = 0.0,
) -> Witness:
    """Quadratic from ``counts`` times ``length / sqrt(d_i)``; ``length`` is eta phi."""
    start = [np.array(row) * (length / sqrt(len(row))) for row in counts]
    smoothness = SMOOTHNESS[: len(start)]
    gap = sum(L / 2 * float(x @ x) for L, x in zip(smoothness, start, strict=True))
    return Witness(
        name,
        theorem,
        term,
        make_constants(gap, smoothness, dims=[len(row) for row in counts]),
        {"batch_size": 1} | arguments,
        on_huber(smoothness, [x.tolist() for x in start], options, centre=[centre] * len(start)),
        *known,
    )


def coins(
    name: str,
    theorem: str,
    sigma: Sequence[Sequence[float]],
    *,
    step_size: float,
    steps: int,
    known: tuple[float, float | None],
    phi: float = 1.0,
) -> Witness:
    """One coin per layer: coordinate j has noise +-sigma_ij, slope just below it, b = 1."""
    start = max(1.0, 3 * step_size * phi * sqrt(steps))  # of p, where x = p * ones / sqrt(d)
    lines, smoothness, gap = [], [], 0.0
    for row in sigma:
        root = sqrt(len(row))
        slope = np.array(row) * (1 - 1e-9)
        if not any(row):  # a layer that f does not depend on
            smoothness.append(0.0)
            continue
        lines.append(
            Line(np.ones(len(row)) / root, slope, 1.0, np.array(row) * COIN[0], COIN[1], start)
        )
        smoothness.append(float(slope.max()) * root)  # slope_j reached at x_j = 1 / sqrt(d)
        gap += float(slope.sum()) / root * (start - 0.5)
    return Witness(
        name,
        theorem,
        "noise",
        make_constants(gap, smoothness, coordinate_sigma=sigma),
        {"step_size": step_size, "steps": steps, "batch_size": 1, "phi": (phi, phi)},
        on_lines(lines, {"phi": constant(phi)}, phi=phi),
        *known,
    )


def single(dim: int, known: tuple[float, None]) -> Witness:
    """sign(0) = 0; one sample in 1 + sqrt(d) is wrong and has one nonzero coordinate, the first."""
    root, tiny, step_size, steps = round(sqrt(dim)), 1e-9, 0.03, 512
    wrong = 1 / (1 + root)
    first = np.array([-1 - tiny, (1 + tiny) * wrong / (1 - wrong)])
    noise = np.zeros((2, dim))
    noise[:, 0] = first
    noise[1, 1:] = tiny  # any gradient of full support; its own mean is of order tiny
    chances = np.array([wrong, 1 - wrong])
    slope = np.zeros(dim)
    slope[0] = 1.0
    start = 3 * step_size * sqrt(steps) / sqrt(root)
    sigma = np.full(dim, tiny)
    sigma[0] = sqrt(float(chances @ first**2))
    gap = start - 0.5 if start > 1 else start**2 / 2
    line = Line(np.eye(dim)[0], slope, 1.0, noise, chances, start)
    return Witness(
        f"LAMB robust noise, d = {dim}",
        "lamb_robust",
        "noise",
        make_constants(gap, (1.0,), coordinate_sigma=(sigma.tolist(),)),
        {"step_size": step_size, "steps": steps, "batch_size": 1},
        on_lines([line], {"sign_of_zero": 0.0}, parts=root),
        *known,
    )


LAMB_SIGN: tuple[Witness, ...] = (
    on_lattice(
        "LAMB sign start",
        "lamb_sign",
        "start",
        {"step_size": 0.01, "steps": 64},
        ((64,), (64, -64), (64, 64, -64, 64)),
        0.01,
        (1.0, 1.0),
        options={},
    ),
    on_lattice(
        "LAMB sign curvature",
        "lamb_sign",
        "curvature",
        {"step_size": 0.5, "steps": 64},
        ((0.0,), (0.0, 0.0), (0.0, 0.0, 0.0, 0.0)),
        0.5,
        (1.0, 1.0),
        options={},
    ),
    on_lattice(
        "LAMB sign start and curvature, coordinates apart",
        "lamb_sign",
        "curvature",
        {"step_size": 0.25, "steps": 12, "phi": (2.0, 2.0)},
        COUNTS,
        0.5,
        (1.0, 1.0),
        options={"phi": constant(2.0)},
    ),
    on_lattice(  # eta* = 1/4, the walk reaches 0 after 8 of 64 steps: sign(0) = +1 is needed
        "LAMB sign best step, phi = 1/2",
        "lamb_sign",
        "start",
        {"steps": 64, "phi": (0.5, 0.5)},
        ((8,), (8, 8), (8, 8, 8, 8)),
        0.125,
        (1.0, 1.0),
        options={"phi": constant(0.5)},
    ),
    on_lattice(
        "LAMB sign curvature, phi at alpha_u",
        "lamb_sign",
        "curvature",
        {"step_size": 0.01, "steps": 64, "phi": (2.0, 3.0)},
        ((0.5,), (0.5, 0.5), (0.5, 0.5, 0.5, 0.5)),
        0.03,
        (0.664072633, 0.664072633),
        options={"phi": clip(2.0, 3.0)},
        centre=100.0,
    ),
    on_lattice(
        "LAMB sign start, phi at alpha_l",
        "lamb_sign",
        "start",
        {"step_size": 0.001, "steps": 100, "phi": (2.0, 3.0)},
        ((100,), (100, -100)),
        0.002,
        (0.987775061, 0.987775061),
        options={"phi": clip(2.0, 3.0)},
    ),
    coins(
        "LAMB sign noise, T = 4096",
        "lamb_sign",
        ((1.0, 1.0, 1.0, 1.0),),
        step_size=0.01,
        steps=4096,
        known=(0.955965725, 0.24603184),
    ),
    coins(
        "LAMB sign noise, coordinates unequal",
        "lamb_sign",
        ((1.0, 4.0), (0.5, 2.0, 1.0, 0.5), (3.0,)),
        step_size=0.01,
        steps=1024,
        known=(0.916745207, 0.34320557),
        phi=2.0,
    ),
    coins(  # its own d_i, not the mean of both
        "LAMB sign noise, small layer",
        "lamb_sign",
        ((3.0,), (0.0,) * 9),
        step_size=0.03,
        steps=512,
        known=(0.892345487, 0.470438799),
    ),
    rare(
        "lamb_sign",
        "LAMB sign noise, b = 16",
        16,
        (1.0, 4.0, 2.0, 1.0),
        np.full(4, 0.5),
        known=(0.778020156, 0.205271272),
    ),
)

ROBUST: tuple[Witness, ...] = (
    on_lattice(
        "LAMB robust start",
        "lamb_robust",
        "start",
        {"step_size": 0.01, "steps": 64},
        ((64,), (64, -64), (64, 64, -64, 64)),
        0.01,
        (1.0, None),
        options={"sign_of_zero": 0.0},
    ),
    on_lattice(  # half a step from the minimum, on both sides of it
        "LAMB robust curvature, phi = 2",
        "lamb_robust",
        "curvature",
        {"step_size": 0.25, "steps": 64, "phi": (2.0, 2.0)},
        ((0.5,), (0.5, 0.5), (0.5, 0.5, 0.5, 0.5)),
        0.5,
        (0.996108949, None),
        options={"phi": constant(2.0), "sign_of_zero": 0.0},
    ),
    single(4, (0.627230619, None)),
    single(1, (0.892345487, None)),
    on_lattice(  # coordinates of one size have exact signs whatever eps
        "LAMB robust start, eps",
        "lamb_robust",
        "start",
        {"step_size": 0.01, "steps": 64},
        ((64,), (64, -64), (64, 64, -64, 64)),
        0.01,
        (1.0, None),
        options={"eps": 3.0},
    ),
    on_lattice(
        "LAMB robust eps, coordinates apart",
        "lamb_robust",
        "start",
        {"step_size": 0.25, "steps": 16, "phi": (1.0, 2.0)},
        COUNTS,
        0.25,
        (0.1478313, None),
        options={"phi": clip(1.0, 2.0), "eps": 3.0},
    ),
)
