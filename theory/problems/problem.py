"""A problem: a function with everything the theorems need to know about it, exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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


def gap_of(problem: Problem) -> float:
    r"""Return :math:`\Delta = f(x^1) - f^*`."""
    return float(problem.value(problem.start)) - problem.f_star
