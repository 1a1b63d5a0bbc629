"""A problem: a function with everything the theorems need to know about it, exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from theory.layers import Array, Layers, sizes


class Problem(NamedTuple):
    r"""A function of h layers, with its exact constants.

    The theorems' smoothness assumption is, for all x and y,

    .. math::

        f(y) \le f(x) + \langle\nabla f(x), y - x\rangle
                 + \tfrac12 \sum_i L_i \|y_i - x_i\|^2,

    which every family here satisfies with no slack: no :math:`L_i` alone can be lowered.

    Attributes
    ----------
    name : str
    value : x -> array
        :math:`f`; ``x`` is a tuple of arrays (..., d_i), the result has their leading axes.
    gradient : x -> tuple of arrays
        :math:`\nabla f`, split by layers like ``x``.
    start : tuple of arrays (d_i,)
        :math:`x^1`.
    smoothness : tuple of float
        :math:`L_i`.
    f_star : float
        :math:`\inf f`.
    gradient_sup : tuple of arrays (d_i,)
        :math:`\sup_x |\nabla_j f(x)|` of every coordinate; inf where it is unbounded.

    Notes
    -----
    A problem of your own is one call of this class. Its ``value`` and ``gradient`` must keep axes
    in front, because replicates are computed together.
    """

    name: str
    value: Callable[[Layers], Array]
    gradient: Callable[[Layers], Layers]
    start: Layers
    smoothness: tuple[float, ...]
    f_star: float
    gradient_sup: Layers


def dims_of(problem: Problem) -> tuple[int, ...]:
    """Return d_i, the sizes of the layers."""
    return sizes(problem.start)


def check_problem(problem: Problem) -> None:
    """Raise where a problem of one's own does not fit together, naming what does not.

    Examples
    --------
    >>> import numpy as np
    >>> from theory.problems import quadratic
    >>> check_problem(quadratic([1.0])._replace(start=(np.zeros(2),)))
    Traceback (most recent call last):
    ...
    ValueError: gradient_sup[0] has shape (1,), start[0] has (2,): give one number per coordinate
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem={problem!r} must be a theory.problems.Problem")
    start = problem.start
    if not isinstance(start, tuple) or not all(_is_vector(a) for a in start) or not start:
        raise ValueError(f"start={start!r} must be a tuple with one array (d_i,) per layer")
    parts: dict[str, Any] = {
        "smoothness": problem.smoothness,
        "gradient_sup": problem.gradient_sup,
        "gradient": problem.gradient(start),
    }
    for name, part in parts.items():
        if not isinstance(part, tuple) or len(part) != len(start):
            raise ValueError(f"{name}={part!r} must be a tuple with one entry per layer of start")
    for name in ("gradient_sup", "gradient"):
        for i, (a, x) in enumerate(zip(parts[name], start, strict=True)):
            if np.shape(a) != x.shape:
                raise ValueError(
                    f"{name}[{i}] has shape {np.shape(a)}, start[{i}] has {x.shape}: give one "
                    "number per coordinate"
                )
    if np.ndim(problem.value(start)) != 0:
        raise ValueError(f"value gives {problem.value(start)!r} at the start, not one number")


def _is_vector(a: object) -> bool:
    return isinstance(a, np.ndarray) and a.ndim == 1 and a.size > 0


def gap_of(problem: Problem) -> float:
    r"""Return :math:`\Delta = f(x^1) - f^*`."""
    return float(problem.value(problem.start)) - problem.f_star
