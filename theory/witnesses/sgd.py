r"""Witnesses of Theorem 1 (SGD).

Without noise on :math:`f = L\|x\|^2/2`, :math:`x^{t+1} = (1 - \eta L)x^t` and

.. math:: \sum_{t \le T} \|\nabla f(x^t)\|^2 = L^2 \|x^1\|^2\,\frac{1 - q^T}{1 - q},
   \qquad 1 - q = \eta L(2 - \eta L),

which is the bound exactly, for every step size below 2/L, up to :math:`q^T`. Under noise second
moments obey a recursion; the noise term is attained as :math:`T \to \infty` where the
:math:`L_i` are equal, and where they are not, for small :math:`\eta`.
"""

from __future__ import annotations

from collections.abc import Sequence

from theory.constants import make_constants
from theory.witnesses.runs import on_huber, on_moments
from theory.witnesses.witness import Witness


def _without_noise(name: str, term: str, step_size: float, steps: int) -> Witness:
    start = ((0.75,), (1.0, -2.0, 0.5))
    return Witness(
        name,
        "sgd",
        term,
        make_constants(1.5 * (0.75**2 + 5.25), (3.0, 3.0), dims=(1, 3)),
        {"step_size": step_size, "steps": steps, "batch_size": 1},
        on_huber((3.0, 3.0), start, {}),
        known=1.0,
        known_published=1.0,
        tolerance=1e-9,
    )


def _with_noise(
    name: str,
    smoothness: Sequence[float],
    start: Sequence[Sequence[float]],
    sigma: Sequence[Sequence[float]],
    arguments: dict[str, float],
    known: tuple[float, float],
    term: str = "noise",
) -> Witness:
    pairs = zip(smoothness, start, strict=True)
    gap = sum(L / 2 * sum(a * a for a in x) for L, x in pairs)
    return Witness(
        name,
        "sgd",
        term,
        make_constants(gap, smoothness, coordinate_sigma=sigma),
        arguments,
        on_moments(smoothness, start, sigma, int(arguments["batch_size"])),
        *known,
    )


SGD: tuple[Witness, ...] = (
    _without_noise("SGD start, 1/L", "start", 1 / 3, 8),
    _without_noise("SGD start, 0.1/L", "start", 0.1 / 3, 128),
    _without_noise("SGD curvature, 1.5/L", "curvature", 0.5, 64),
    _with_noise(  # (T - 1) / T of the noise term
        "SGD noise, equal L",
        (2.0, 2.0),
        ((0.0,), (0.0, 0.0)),
        ((1.0,), (3.0, 0.5)),
        {"step_size": 0.5, "steps": 1024, "batch_size": 16},
        (1023 / 1024, 1023 / 1024),
    ),
    _with_noise(  # noise where the curvature is small: sum L_i sigma_i^2, not L_inf ||sigma||^2
        "SGD noise, unequal L",
        (4.0, 1.0),
        ((0.0,), (0.0, 0.0)),
        ((0.1,), (2.0, 1.0)),
        {"step_size": 0.02, "steps": 4096, "batch_size": 7},
        (0.963993958, 0.242441594),
    ),
    _with_noise(  # noise where the curvature is largest: not the mean of the L_i either
        "SGD noise, steep layer",
        (4.0, 1.0),
        ((0.0,), (0.0, 0.0)),
        ((2.0,), (0.1, 0.0)),
        {"step_size": 0.375, "steps": 512, "batch_size": 3},
        (0.996964422, 0.995099775),
    ),
    _with_noise(
        "SGD all terms, best step",
        (3.0, 1.0, 0.5),
        ((1.0,), (1.0, -1.0), (2.0,)),
        ((1.0,), (0.5, 0.25), (0.0,)),
        {"steps": 64, "batch_size": 5},
        (0.868102575, 0.830527753),
    ),
)
