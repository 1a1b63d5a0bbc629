"""Two options of pytorch_optimizer's Lamb that need the raw moments: AdaNorm and rectification."""

from __future__ import annotations

from math import sqrt
from numbers import Integral
from typing import Any, NamedTuple

from lbopt.backend import Array, array_namespace, device
from lbopt.optim.adam import one_minus_power, wide_zeros
from lbopt.optim.checks import Schedule
from lbopt.optim.link import Link, Memory, layerwise
from lbopt.optim.norm import norm, scaled_by
from lbopt.optim.scale import number_for
from lbopt.optim.trust import remember_ratio
from lbopt.optim.variants.ratios import clamped, or_one


class Moments(NamedTuple):
    """How the two moments are kept; ``adanorm`` is the decay of the norm's average or None."""

    betas: tuple[float, float]
    eps: float
    grad_averaging: bool
    adanorm: float | None

    def start(self, w: Array) -> Memory:
        """Return the memory before the first step."""
        zero = {"norm": 0 * remember_ratio(w)["ratio"]} if self.adanorm is not None else {}
        return {"mu": wide_zeros(w), "nu": wide_zeros(w)} | zero

    def step(self, g: Array, memory: Memory) -> Memory:
        r"""Accumulate :math:`m \leftarrow \beta_1 m + \beta_3 s`, :math:`v` of the bare gradient.

        AdaNorm lengthens gradients shorter than the running average e of their norm:
        :math:`s = g \max(1, e / \|g\|)`.
        """
        b1, b2 = self.betas
        wide = array_namespace(g).astype(g, memory["mu"].dtype, copy=False)
        out, s = {}, wide
        if self.adanorm is not None:
            length = norm(wide)
            xp = array_namespace(length)
            average = self.adanorm * memory["norm"] + (1 - self.adanorm) * length
            short = (length > 0) & (average > length)
            longer = xp.where(short, average / or_one(length), xp.ones_like(length))
            out, s = {"norm": average}, scaled_by(wide, longer)
        out["mu"] = b1 * memory["mu"] + ((1 - b1) if self.grad_averaging else 1.0) * s
        out["nu"] = b2 * memory["nu"] + (1 - b2) * wide * wide
        return out

    def direction(self, memory: Memory) -> Array:
        r"""Return :math:`m / (\sqrt v + \epsilon)`."""
        root = array_namespace(memory["nu"]).sqrt(memory["nu"]) + self.eps
        return memory["mu"] / or_one(root)


def scale_by_raw_moments(moments: Moments) -> Link:
    r"""Adam's direction without bias correction, :math:`m / (\sqrt v + \epsilon)`."""

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        memory = moments.step(g, memory)
        return array_namespace(g).astype(moments.direction(memory), g.dtype, copy=False), memory

    return layerwise(rule, moments.start)


def rectified_lamb(
    moments: Moments, rate: Schedule, threshold: float, to_sgd: bool, debias: bool, adapt: bool
) -> Link:
    r"""The whole step of ``rectify=True``, from moments and learning rate to the update.

    With RAdam's rectified rate :math:`a_t`, and d the direction (m itself where the variance is not
    tractable yet; then there is no step at all unless ``to_sgd``),

    .. math:: w \leftarrow w - a_t \frac{\min(\|w\|, 10)}{\|w - a_t d\| + \epsilon}\, d

    The norm below is that of the new weights and not of the step, so the ratio is about 1.
    """
    ratio_of = clamped(None, 10.0, moments.eps)

    def rule(g: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        xp = array_namespace(g)
        memory = moments.step(g, memory)
        t, wide = step + 1, memory["mu"]
        a, tractable = _rectification(moments.betas[1], t, threshold, to_sgd, wide)
        a = a * number_for(wide, rate(step))
        if debias:
            a = a / one_minus_power(moments.betas[0], t, wide)
        if isinstance(tractable, bool):
            d = moments.direction(memory) if tractable else wide
        else:
            d = xp.where(tractable, moments.direction(memory), wide)
        r = ratio_of(norm(w), norm(xp.astype(w, wide.dtype, copy=False) - a * d), step)
        r = r if adapt else xp.ones_like(r)
        u = xp.astype(-a * r * d, g.dtype, copy=False)
        return u, memory | {"ratio": r}

    return layerwise(rule, lambda w: moments.start(w) | remember_ratio(w))


def _rectification(b2: float, t: Any, threshold: float, to_sgd: bool, like: Array) -> Any:
    """Return RAdam's factor of the step (0: no step) and whether the variance is tractable."""
    most = 2.0 / (1.0 - b2) - 1.0
    left = one_minus_power(b2, t, like)
    otherwise = 1.0 if to_sgd else 0.0
    if isinstance(t, Integral):
        n = most - 2 * int(t) * (1 - left) / left
        if n < threshold:
            return otherwise, False
        return sqrt(left * (n - 4) / (most - 4) * (n - 2) / n * most / (most - 2)), True
    xp = array_namespace(left)
    n = most - 2 * xp.astype(t, left.dtype) * (1 - left) / left
    enough = n >= threshold
    n = xp.where(enough, n, xp.full_like(n, most))
    factor = xp.sqrt(left * (n - 4) / (most - 4) * (n - 2) / n * most / (most - 2))
    fallback = xp.full_like(factor, otherwise, device=device(factor))
    return xp.where(enough, factor, fallback), enough
