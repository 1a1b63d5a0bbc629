"""The five claims as the papers have them, in numbers that carry their rounding errors.

Each ``*_run`` predicts the updates of one layer at the weights that were observed before each step,
so that only what the optimizer remembers can accumulate an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lbopt.conformance.rounding import Approx, lift, norm, power, rounded, sqrt

Hyper = dict[str, Any]


def zero_like(w: np.ndarray) -> Approx:
    """Memory before the first step: exact zeros."""
    return lift(np.zeros_like(w, dtype=float))


def average(old: Approx, b: float, new: Approx) -> Approx:
    r""":math:`b\,m + (1 - b)\,x`, or :math:`m + (1 - b)(x - m)`, which rounds m and x once more."""
    mean = rounded(b) * old + (1.0 - rounded(b)) * new
    return Approx(mean.value, mean.error + np.abs(old.value) + np.abs(new.value))


def corrected(m: Approx, b: float, t: int) -> Approx:
    r""":math:`m / (1 - b^t)`."""
    return m if b == 0 else m / (1.0 - power(b, t))


def adam_direction(m: Approx, v: Approx, h: Hyper, t: int) -> Approx:
    r""":math:`r = \hat m / (\sqrt{\hat v} + \epsilon)`; 0 where both are 0."""
    on = h.get("bias_correction", True)
    top = corrected(m, h["b1"], t) if on else m
    bottom = sqrt(corrected(v, h["b2"], t) if on else v) + rounded(h["eps"])
    safe = Approx(np.where(bottom.value > 0, bottom.value, 1.0), bottom.error)
    return top / safe


def normalised(u: Approx, w: np.ndarray, phi: Callable[[float], float] | None = None) -> Approx:
    r""":math:`\phi(\|w\|)\,u / \|u\|`; u itself where either norm is 0."""
    w_norm, u_norm = norm(w), norm(u)
    if w_norm.value == 0 or u_norm.value == 0:
        return u
    if phi is not None:
        w_norm = Approx(phi(float(w_norm.value)), w_norm.error)
    return u * (w_norm / u_norm)


def local_rate(w: np.ndarray, g: np.ndarray, h: Hyper) -> Approx:
    r"""LARS 2017: :math:`\eta\|w\| / (\|g\| + \beta\|w\| + \epsilon)`; 1 where w or it is 0."""
    w_norm = norm(w)
    bottom = norm(g) + rounded(h["weight_decay"]) * w_norm + rounded(h["eps"])
    if w_norm.value == 0 or bottom.value == 0:
        return lift(1.0)
    return rounded(h["trust_coefficient"]) * w_norm / bottom


def decayed(x: Approx, w: np.ndarray, h: Hyper) -> Approx:
    r""":math:`x + \lambda w`."""
    return x + rounded(h["weight_decay"]) * w if h["weight_decay"] else x


Run = Callable[[Hyper, Sequence[np.ndarray], Sequence[np.ndarray], Sequence[float]], list[Approx]]


def adam_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """AdamW; with h["ratio"] LAMB (Algorithm 2 of arXiv 1904.00962)."""
    m = v = zero_like(ws[0])
    out = []
    for t, (w, g, rate) in enumerate(zip(ws, gs, rates, strict=True), start=1):
        m, v = average(m, h["b1"], lift(g)), average(v, h["b2"], lift(g) * g)
        u = decayed(adam_direction(m, v, h, t), w, h)
        if h["ratio"]:
            u = normalised(u, w, h.get("phi"))
        out.append(-rounded(rate) * u)
    return out


def lamb_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """LAMB, Algorithm 2 of arXiv 1904.00962."""
    return adam_run(h | {"ratio": True}, ws, gs, rates)


def adamw_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """AdamW, Algorithm 2 of arXiv 1711.05101; the decay is multiplied by the learning rate."""
    return adam_run(h | {"ratio": False}, ws, gs, rates)


def lars_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """LARS, Algorithm 1 of arXiv 1708.03888: ratio and learning rate inside the momentum."""
    v, m = zero_like(ws[0]), rounded(h["momentum"])
    out = []
    for w, g, rate in zip(ws, gs, rates, strict=True):
        d = rounded(rate) * local_rate(w, g, h) * decayed(lift(g), w, h)
        v = m * v + d
        out.append(-(d + m * v) if h.get("nesterov") else -v)
    return out


def lars_2020_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """LARS of the LAMB paper, its Algorithm 1: the averaged momentum is normalised."""
    m, out = zero_like(ws[0]), []
    for w, g, rate in zip(ws, gs, rates, strict=True):
        m = average(m, h["b1"], decayed(lift(g), w, h))
        out.append(-rounded(rate) * normalised(m, w, h.get("phi")))
    return out


def sgd_run(
    h: Hyper, ws: Sequence[np.ndarray], gs: Sequence[np.ndarray], rates: Sequence[float]
) -> list[Approx]:
    """SGD with momentum and an L2 penalty, as in torch and optax: the rate stands outside."""
    v, m = zero_like(ws[0]), rounded(h["momentum"])
    out = []
    for w, g, rate in zip(ws, gs, rates, strict=True):
        d = decayed(lift(g), w, h)
        v = m * v + d
        out.append(-rounded(rate) * (d + m * v if h.get("nesterov") else v))
    return out


class Claim(NamedTuple):
    """What an optimizer may claim to be."""

    name: str
    about: str
    run: Run
    needs: Mapping[str, float]  # hyperparameters by their lbopt names, and what is taken by default
    options: tuple[str, ...]  # tried where the factory has them in its signature


_ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-6, "weight_decay": 0.0}
CLAIMS = {
    "lamb": Claim(
        "lamb", "LAMB, Algorithm 2 of arXiv 1904.00962", lamb_run, _ADAM,
        ("bias_correction", "phi", "norm", "decay_mask", "adapt_mask"),
    ),
    "lars": Claim(
        "lars", "LARS, Algorithm 1 of arXiv 1708.03888", lars_run,
        {"momentum": 0.9, "weight_decay": 0.0, "trust_coefficient": 1e-3, "eps": 0.0},
        ("nesterov", "decay_mask", "adapt_mask"),
    ),
    "lars_2020": Claim(
        "lars_2020", "LARS, Algorithm 1 of arXiv 1904.00962", lars_2020_run,
        {"b1": 0.9, "weight_decay": 0.0}, ("phi", "decay_mask", "adapt_mask"),
    ),
    "adamw": Claim(
        "adamw", "AdamW, Algorithm 2 of arXiv 1711.05101", adamw_run,
        _ADAM | {"eps": 1e-8}, ("decay_mask",),
    ),
    "sgd": Claim(
        "sgd", "SGD with momentum and an L2 penalty", sgd_run,
        {"momentum": 0.0, "weight_decay": 0.0}, ("nesterov", "decay_mask"),
    ),
}  # fmt: skip
