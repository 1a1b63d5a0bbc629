"""Links that multiply: by a constant, by the learning rate of the step."""

from __future__ import annotations

from numbers import Real
from typing import Any

from lbopt.backend import Array, array_namespace, device, module_name
from lbopt.optim.checks import Schedule, check_learning_rate, check_number
from lbopt.optim.link import Link, LinkState, Memory, State, layerwise
from lbopt.optim.norm import norm_dtype


def scale_by_learning_rate(learning_rate: float | Schedule) -> Link:
    r"""Multiply by :math:`-\gamma_t`: the place where the sign turns from ascent to descent.

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t \ge 0`; a function is called with the step 0, 1, 2, ... (an integer, or
        a traced integer under ``jax.jit``).

    Examples
    --------
    >>> import numpy as np
    >>> link = scale_by_learning_rate(lambda step: 0.1 / (1 + step))
    >>> params = {"W": np.array([1.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):
    ...     updates, state = link.update({"W": np.array([3.0])}, state, params)
    ...     print(updates["W"])
    [-0.3]
    [-0.15]
    [-0.1]
    """
    schedule = check_learning_rate(learning_rate)

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        rate = number_for(u, schedule(step))
        return u * -rate, {"learning_rate": _remembered(w, rate)}

    return layerwise(rule, lambda w: {"learning_rate": _remembered(w, 0.0)})


def learning_rate(state: State) -> Array | None:
    """Read the learning rate of the last step out of the state of any chain; None without one.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> opt = optim.sgd(optim.schedules.polynomial(0.1, steps=4), momentum=0.9)
    >>> params = {"W": np.array([1.0])}
    >>> state = opt.init(params)
    >>> for _ in range(3):
    ...     updates, state = opt.update(params, state, params)
    ...     print(learning_rate(state))
    0.1
    0.05625
    0.025
    """
    if isinstance(state, LinkState):
        found = (memory.get("learning_rate") for memory in state.layers.values())
    elif isinstance(state, tuple):
        found = (learning_rate(part) for part in state)
    else:
        return None
    return next((rate for rate in found if rate is not None), None)


def _remembered(w: Array, rate: Any) -> Array:
    """Return the rate as a 0-d array of float32 or wider, where w is."""
    xp = array_namespace(w)
    wide = norm_dtype(xp, w)
    if isinstance(rate, Real):
        return xp.asarray(rate, dtype=wide, device=device(w))
    return xp.astype(rate, wide)


def number_for(u: Array, value: Any) -> Any:
    """Return a schedule's value in a form that keeps the dtype of ``u``."""
    if not isinstance(value, Real):
        if getattr(value, "shape", None) != ():
            raise TypeError(f"learning_rate(step) must be a number or a 0-d array, got {value!r}")
        if module_name(value) != "numpy":  # traced or on the device: not read
            return array_namespace(u, value).astype(value, u.dtype)
        value = value.item()
    # a NumPy float64 scalar would widen float32 arrays, a Python float does not (NEP 50)
    return check_number("learning_rate(step)", value, 0)


def scale(factor: float) -> Link:
    """Multiply every update by the number ``factor`` (of any sign)."""
    value = check_number("factor", factor, float("-inf"))
    return layerwise(lambda u, memory, w, step: (u * value, memory))
