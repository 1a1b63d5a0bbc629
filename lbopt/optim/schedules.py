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


def sqrt_scaled(
    base: float,
    steps: int,
    batch_size: int,
    *,
    base_batch_size: int,
    base_warmup: float,
    max_warmup: float = 0.5,
    power: float = 1.0,
) -> Schedule:
    r"""The LAMB paper's whole schedule for any batch size, from the setting of one.

    .. math::

        \gamma &= \gamma_b \sqrt{B / B_b}, \quad
        W = \mathrm{round}\big(T \min(f_b B / B_b,\, f_{max})\big) \\
        \gamma_t &= \gamma \frac{t + 1}{W} \;(t < W), \qquad
        \gamma \Big(1 - \frac{t - W}{T - W}\Big)^p \;(t \ge W)

    The rate grows with the square root of the batch and the warm-up, as a share of the epochs, in
    proportion to it ("linear-epoch warm-up"): at a fixed number of epochs, T falls as 1 / B, and
    the number W of warm-up *steps* stays the same until the cap.

    Parameters
    ----------
    base, base_warmup : float
        :math:`\gamma_b` and the share :math:`f_b \in [0, 1)` of the steps, both found at
        ``base_batch_size``.
    steps : int
        T, the steps of this run, at ``batch_size``.
    max_warmup : float
        :math:`f_{max} \in [0, 1)`, the cap; the paper's own settings do not reach it.
    power : float
        1 for BERT.

    Notes
    -----
    The decay starts where the warm-up ends. BERT's own code (github.com/google-research/bert,
    optimization.py, create_optimizer) decays over all T steps and puts the ramp, :math:`t / W`, in
    place of the first W: its rate is zero at step 0, and 1 - W / T of the peak after the ramp.

    References
    ----------
    You et al. 2020 (arXiv 1904.00962), section 4. Its settings for BERT, unverified: rate
    5e-3 / sqrt(64) and warm-up 1/320 at batch 512, from which the other batch sizes follow.

    Examples
    --------
    >>> def bert(batch_size):
    ...     return sqrt_scaled(
    ...         6.25e-4, 320 * 512 * 50 // batch_size, batch_size,
    ...         base_batch_size=512, base_warmup=1 / 320,
    ...     )
    >>> for B in (512, 2048, 32768):  # the peak is where the 50 steps of warm-up end
    ...     print([float(f"{bert(B)(t):.3g}") for t in (0, 24, 49, 50, 100)])
    [1.25e-05, 0.000313, 0.000625, 0.000625, 0.000623]
    [2.5e-05, 0.000625, 0.00125, 0.00125, 0.00123]
    [0.0001, 0.0025, 0.005, 0.005, 0.00375]
    """
    rate = sqrt_scaling(base, batch_size, base_batch_size)
    steps = _check_steps("steps", steps, 1)
    share = check_number("base_warmup", base_warmup, 0, 1, below=True)
    cap = check_number("max_warmup", max_warmup, 0, 1, below=True)
    power = check_number("power", power, 0)
    ramp = round(steps * min(linear_scaling(share, batch_size, base_batch_size), cap))
    return warmup(polynomial(rate, max(steps - ramp, 1), power), ramp)


def two_stage(first: float | Schedule, steps: int, second: float | Schedule) -> Schedule:
    r"""Follow ``first`` for ``steps`` steps, then ``second`` from its own step 0.

    .. math:: \gamma_t = \gamma^{first}_t \;(t < S), \qquad \gamma^{second}_{t - S} \;(t \ge S)

    With a warm-up in ``second`` this is the LAMB paper's mixed-batch training of BERT: short
    sequences first, then long ones at another batch size, and the rate climbs from zero again
    ("re-warm-up") because the second problem is another one. The optimizer's state goes on.

    Parameters
    ----------
    first, second : float or schedule
        Each sees its own steps 0, 1, 2, ...
    steps : int
        :math:`S \ge 1`, the length of the first stage.

    References
    ----------
    You et al. 2020 (arXiv 1904.00962), section 4, "mixed-batch training"; 9/10 of the epochs at
    length 128, 1/10 at 512 (unverified).

    Examples
    --------
    >>> stage = lambda rate, T: warmup(polynomial(rate, T - 2, power=1), 2)
    >>> [round(two_stage(stage(1.0, 6), 6, stage(0.4, 4))(t), 2) for t in range(10)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.2, 0.4, 0.4, 0.2]
    """
    one, two = (_check_schedule(n, v) for n, v in (("first", first), ("second", second)))
    steps = _check_steps("steps", steps, 1)

    def schedule(t: Any) -> Any:
        # neither stage sees a step of the other's, not even one that is discarded
        early = _pick(t < steps, t, steps - 1)
        late = _pick(t < steps, steps, t) - steps
        return _pick(t < steps, one(early), two(late))

    return schedule


def _check_schedule(name: str, value: Any) -> Schedule:
    return value if callable(value) else constant(check_number(name, value, 0))
