r"""Learning rates as functions of the step :math:`t = 0, 1, 2, \dots`, and two scaling rules.

A schedule takes an integer and returns a number; under ``jax.jit`` it takes a traced integer and
returns a traced number (hence `_pick` where plain code would say ``if``). Compose them::

    schedules.warmup(schedules.polynomial(0.1, steps=900, power=2), steps=100)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from numbers import Integral
from typing import Any

from lbopt.backend import array_namespace
from lbopt.optim.checks import Schedule, check_flag, check_learning_rate, check_number


def _pick(condition: Any, yes: Any, no: Any) -> Any:
    """``yes if condition else no``, also for traced conditions."""
    if isinstance(condition, bool):
        return yes if condition else no
    return array_namespace(condition).where(condition, yes, no)


def _check_steps(name: str, steps: Any, at_least: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < at_least:
        raise ValueError(f"{name}={steps!r} must be an integer >= {at_least}")
    return int(steps)


def constant(value: float) -> Schedule:
    r""":math:`\gamma_t = \gamma`.

    Examples
    --------
    >>> [constant(0.1)(t) for t in range(3)]
    [0.1, 0.1, 0.1]
    """
    return check_learning_rate(check_number("value", value, 0))


def polynomial(base: float, steps: int, power: float = 2.0, end: float = 0.0) -> Schedule:
    r"""Polynomial decay :math:`\gamma_t = e + (\gamma_0 - e)(1 - t/T)^p`, then :math:`e`.

    Power 2 is the LARS paper's (Algorithm 1), power 1 the LAMB paper's for BERT.

    Parameters
    ----------
    base, end : float
        :math:`\gamma_0` and :math:`e`, both >= 0.
    steps : int
        :math:`T \ge 1`; the last of T steps has t = T - 1, so the rate is not yet ``end``.
    power : float
        :math:`p \ge 0`.

    Examples
    --------
    >>> [polynomial(1.0, steps=4)(t) for t in range(6)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    >>> [polynomial(1.0, steps=4, power=1)(t) for t in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    base, end = check_number("base", base, 0), check_number("end", end, 0)
    power = check_number("power", power, 0)
    steps = _check_steps("steps", steps, 1)

    def schedule(t: Any) -> Any:
        left = 1 - _pick(t < steps, t, steps) / steps
        return end + (base - end) * left**power

    return schedule


def warmup(
    then: float | Schedule, steps: int, start: float = 0.0, include_start: bool = False
) -> Schedule:
    r"""Gradual warm-up: ramp linearly to ``then(0)`` in ``steps`` steps, then follow ``then``.

    .. math:: \gamma_t = s + (\gamma^{then}_0 - s)\,\frac{t + 1}{W}, \quad t < W

    and :math:`\gamma_t = \gamma^{then}_{t - W}` after it. The ramp's first step is one W-th of the
    way, not ``start`` itself: from 0 that would waste a whole batch on a step of exactly zero. Ask
    for that with ``include_start`` (then the factor is :math:`t / W`).

    Parameters
    ----------
    then : float or schedule
        Sees its own steps 0, 1, 2, ... once the warm-up is over.
    steps : int
        :math:`W \ge 0`; 0 means no warm-up.
    start : float
        :math:`s \ge 0`.

    References
    ----------
    Goyal et al. 2017 (arXiv 1706.02677), section 2.2, gradual warm-up.

    Examples
    --------
    >>> [warmup(polynomial(1.0, steps=2), steps=4)(t) for t in range(7)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 0.25, 0.0]
    >>> [warmup(1.0, steps=4, include_start=True)(t) for t in range(5)]
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    after = check_learning_rate(then)
    start = check_number("start", start, 0)
    steps = _check_steps("steps", steps, 0)
    first = 0 if check_flag("include_start", include_start) else 1
    if steps == 0:
        return after

    def schedule(t: Any) -> Any:
        ramp = start + (after(0) - start) * (t + first) / steps
        # the schedule after the ramp never sees a negative step, not even one that is discarded
        return _pick(t < steps, ramp, after(_pick(t < steps, steps, t) - steps))

    return schedule


def step_decay(base: float, boundaries: Sequence[int], factor: float = 0.1) -> Schedule:
    r"""Multiply by ``factor`` at each boundary: :math:`\gamma_t = \gamma_0 f^{\#\{b \le t\}}`.

    Examples
    --------
    >>> [step_decay(1.0, [2, 4], factor=0.5)(t) for t in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    base, factor = check_number("base", base, 0), check_number("factor", factor, 0)
    boundaries = [_check_steps("boundaries", b, 1) for b in boundaries]
    if boundaries != sorted(set(boundaries)):
        raise ValueError(f"boundaries={boundaries!r} must increase")

    def schedule(t: Any) -> Any:
        value: Any = base
        for b in boundaries:
            value = _pick(t >= b, value * factor, value)
        return value

    return schedule


def linear_scaling(base: float, batch_size: int, base_batch_size: int) -> float:
    r"""Linear rule (Goyal et al. 2017): :math:`\gamma = \gamma_b B / B_b`.

    Examples
    --------
    >>> linear_scaling(0.1, 8192, base_batch_size=256)
    3.2
    """
    ratio = _check_steps("batch_size", batch_size, 1) / _check_steps(
        "base_batch_size", base_batch_size, 1
    )
    return check_number("base", base, 0) * ratio


def sqrt_scaling(base: float, batch_size: int, base_batch_size: int) -> float:
    r"""Square-root rule (the LAMB paper's): :math:`\gamma = \gamma_b \sqrt{B / B_b}`.

    Examples
    --------
    >>> sqrt_scaling(0.1, 4096, base_batch_size=256)
    0.4
    """
    ratio = _check_steps("batch_size", batch_size, 1) / _check_steps(
        "base_batch_size", base_batch_size, 1
    )
    return check_number("base", base, 0) * sqrt(ratio)
