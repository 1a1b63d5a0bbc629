"""The wrong bounds of `theory.mutants` are the right terms, each times a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

from theory.constants import Constants
from theory.mutants.mutant import Formula

Factor = Callable[[Constants, Mapping[str, Any]], float]


def times(term: str, factor: float | Factor) -> Formula:
    """Return the sum of the terms with ``term`` ("all": every one) times ``factor``.

    Examples
    --------
    >>> wrong = times("noise", 0.5)
    >>> wrong({"start": 1.0, "noise": 4.0}, None, {})
    3.0
    """

    def formula(
        parts: Mapping[str, float], constants: Constants, arguments: Mapping[str, Any]
    ) -> float:
        by = factor if isinstance(factor, float | int) else factor(constants, arguments)
        return sum(v * (by if term in (k, "all") else 1.0) for k, v in parts.items())

    return formula


def batch_power(power: float) -> Factor:
    r"""Return the factor from :math:`b^{-1/2}` to :math:`b^{-power}`."""
    return lambda c, a: a["batch_size"] ** (0.5 - power)


def high_power(power: int) -> Factor:
    r"""Return the factor from :math:`\alpha_u` to :math:`\alpha_u^{power + 1}`."""
    return lambda c, a: a.get("phi", (1.0, 1.0))[1] ** power


def low_over_high(power: int) -> Factor:
    r"""Return the factor :math:`(\alpha_l / \alpha_u)^{power}`: the two swapped."""

    def factor(constants: Constants, arguments: Mapping[str, Any]) -> float:
        low, high = arguments.get("phi", (1.0, 1.0))
        return (low / high) ** power

    return factor


def low(constants: Constants, arguments: Mapping[str, Any]) -> float:
    r"""Return :math:`\alpha_l`: the factor that takes :math:`1/\alpha_l` away."""
    return float(arguments.get("phi", (1.0, 1.0))[0])


def horizon(shift: int) -> Factor:
    """Return the factor from 1 / T to 1 / (T + shift)."""
    return lambda c, a: a["steps"] / max(a["steps"] + shift, 1)


def largest(values: tuple[float, ...]) -> float:
    """Largest over sum."""
    return max(values) / _sum(values)


def mean(values: tuple[float, ...]) -> float:
    """Mean over sum."""
    return 1 / len(values)


def euclidean(values: tuple[float, ...]) -> float:
    """L2 norm over sum."""
    return sqrt(sum(v * v for v in values)) / _sum(values)


def _sum(values: tuple[float, ...]) -> float:
    return sum(values) or 1.0


def of_smoothness(share: Callable[[tuple[float, ...]], float]) -> Factor:
    """Return the factor from the sum of the L_i to another number made of them."""
    return lambda c, a: share(c.smoothness)


def of_sigma(share: Callable[[tuple[float, ...]], float]) -> Factor:
    """Return the factor from the sum of the sigma_i to another number made of them."""
    return lambda c, a: share(c.sigma)
