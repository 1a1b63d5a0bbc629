"""Three memories of past updates: heavy ball, Nesterov, exponential average."""

from __future__ import annotations

from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.optim.checks import check_flag, check_number
from lbopt.optim.link import Link, Memory, layerwise


def trace(momentum: float) -> Link:
    r"""Heavy ball (Polyak 1964): :math:`v \leftarrow m v + u`, the update is :math:`v`.

    Parameters
    ----------
    momentum : float
        :math:`m \in [0, 1)`. A constant u builds up to u / (1 - m).

    Examples
    --------
    >>> import numpy as np
    >>> link, params = trace(0.5), {"W": np.array([0.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):
    ...     updates, state = link.update({"W": np.array([1.0])}, state, params)
    ...     print(updates["W"])
    [1.]
    [1.5]
    [1.75]
    """
    m = check_number("momentum", momentum, 0, 1, below=True)

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        v = m * memory["trace"] + u
        return v, {"trace": v}

    return layerwise(rule, lambda w: {"trace": array_namespace(w).zeros_like(w)})


def nesterov_trace(momentum: float) -> Link:
    r"""Nesterov's momentum: :math:`v \leftarrow m v + u`, the update is :math:`u + m v`.

    The form of Sutskever et al. 2013 after the usual change of variables (the parameters kept are
    the look-ahead ones), as in torch and optax.

    Examples
    --------
    >>> import numpy as np
    >>> link, params = nesterov_trace(0.5), {"W": np.array([0.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):
    ...     updates, state = link.update({"W": np.array([1.0])}, state, params)
    ...     print(updates["W"])
    [1.5]
    [1.75]
    [1.875]
    """
    m = check_number("momentum", momentum, 0, 1, below=True)

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        v = m * memory["trace"] + u
        return u + m * v, {"trace": v}

    return layerwise(rule, lambda w: {"trace": array_namespace(w).zeros_like(w)})


def check_nesterov(nesterov: bool, momentum: float) -> None:
    """Refuse Nesterov's form without momentum: it would be accepted and do nothing."""
    if check_flag("nesterov", nesterov) and momentum == 0:
        raise ValueError("nesterov=True needs momentum > 0; with momentum=0 it does nothing")


def ema(b1: float) -> Link:
    r"""Exponential moving average: :math:`m \leftarrow \beta_1 m + (1 - \beta_1) u`.

    It starts at 0 and is not corrected for that (the LARS of the LAMB paper divides by its norm).

    Examples
    --------
    >>> import numpy as np
    >>> link, params = ema(0.5), {"W": np.array([0.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):
    ...     updates, state = link.update({"W": np.array([1.0])}, state, params)
    ...     print(updates["W"])
    [0.5]
    [0.75]
    [0.875]
    """
    b = check_number("b1", b1, 0, 1, below=True)

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        m = b * memory["ema"] + (1 - b) * u
        return m, {"ema": m}

    return layerwise(rule, lambda w: {"ema": array_namespace(w).zeros_like(w)})
