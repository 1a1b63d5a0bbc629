"""The numbers that the theorems speak about, in one record that is checked once."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, sqrt
from typing import NamedTuple

import numpy as np

from theory.layers import check_number


class Constants(NamedTuple):
    r"""What is known about a problem and its noise; build it with `make_constants`.

    The parameters are :math:`x = (x_1, \dots, x_h)`, one vector per layer,
    :math:`x_i \in \mathbb{R}^{d_i}`; every tuple below has one entry per layer.

    Attributes
    ----------
    gap : float
        :math:`\Delta = f(x^1) - f^*` with :math:`f^* = \inf f` (which need not be attained).
    smoothness : tuple of float
        :math:`L_i` of A1: :math:`f(y) \le f(x) + \langle \nabla f(x), y - x\rangle +
        \tfrac12\sum_i L_i\|y_i - x_i\|^2` for all :math:`x, y`.
    sigma : tuple of float
        :math:`\sigma_i` of A2: :math:`E\|\nabla_i \ell(x, s) - \nabla_i f(x)\|^2 \le \sigma_i^2`
        for one sample :math:`s`.
    coordinate_sigma : tuple of tuple of float
        :math:`\tilde\sigma_{ij}`, the same per coordinate of layer :math:`i`.
    dims : tuple of int
        :math:`d_i`.
    gradient_bound : float
        :math:`G` of A3: every coordinate of every stochastic gradient lies in :math:`[-G, G]`;
        ``inf`` where there is no such bound.
    """

    gap: float
    smoothness: tuple[float, ...]
    sigma: tuple[float, ...]
    coordinate_sigma: tuple[tuple[float, ...], ...]
    dims: tuple[int, ...]
    gradient_bound: float


def make_constants(
    gap: float,
    smoothness: Sequence[float],
    *,
    sigma: Sequence[float] | None = None,
    coordinate_sigma: Sequence[Sequence[float]] | None = None,
    dims: Sequence[int] | None = None,
    gradient_bound: float = inf,
) -> Constants:
    r"""Check the numbers and fill in what follows from them.

    Parameters
    ----------
    gap, smoothness, gradient_bound
        As in `Constants`.
    sigma : sequence of float, optional
        :math:`\sigma_i`. Left out: :math:`(\sum_j \tilde\sigma_{ij}^2)^{1/2}`, or 0 if there is
        no ``coordinate_sigma`` either (no noise).
    coordinate_sigma : sequence of sequences, optional
        :math:`\tilde\sigma_{ij}`. Left out: :math:`\sigma_i` for every coordinate, which is true
        and, with many coordinates, loose; LAMB's bounds deserve better.
    dims : sequence of int, optional
        :math:`d_i`. Left out: the lengths in ``coordinate_sigma``, or 1.

    Returns
    -------
    Constants

    Examples
    --------
    >>> make_constants(1.0, (1, 4), coordinate_sigma=((3, 4), (1,)))  # doctest: +ELLIPSIS
    Constants(gap=1.0, smoothness=(1.0, 4.0), sigma=(5.0, 1.0), ..., dims=(2, 1), ...)
    >>> make_constants(1.0, (1, -4))
    Traceback (most recent call last):
    ...
    ValueError: smoothness[1]=-4 must be a finite number >= 0
    """
    if not isinstance(smoothness, Sequence | np.ndarray):
        raise ValueError(f"smoothness={smoothness!r} must be a sequence, one number L_i per layer")
    lipschitz = tuple(check_number(f"smoothness[{i}]", v, 0) for i, v in enumerate(smoothness))
    layers = len(lipschitz)
    if layers == 0:
        raise ValueError("smoothness=() has no layer; give one number L_i per layer")
    sizes = _dims(dims, coordinate_sigma, layers)
    if coordinate_sigma is not None:
        _same_length("coordinate_sigma", len(coordinate_sigma), layers)
        per_coordinate = tuple(
            tuple(check_number(f"coordinate_sigma[{i}][{j}]", v, 0) for j, v in enumerate(row))
            for i, row in enumerate(coordinate_sigma)
        )
        for i, (row, size) in enumerate(zip(per_coordinate, sizes, strict=True)):
            if len(row) != size:
                raise ValueError(
                    f"coordinate_sigma[{i}] has {len(row)} numbers, dims[{i}]={size}; "
                    "give one number per coordinate"
                )
    if sigma is not None:
        _same_length("sigma", len(sigma), layers)
        per_layer = tuple(check_number(f"sigma[{i}]", v, 0) for i, v in enumerate(sigma))
    elif coordinate_sigma is not None:
        per_layer = tuple(sqrt(sum(v * v for v in row)) for row in per_coordinate)
    else:
        per_layer = (0.0,) * layers
    if coordinate_sigma is None:
        per_coordinate = tuple((s,) * n for s, n in zip(per_layer, sizes, strict=True))
    bound = float(gradient_bound)
    if isnan(bound) or bound <= 0:
        raise ValueError(
            f"gradient_bound={gradient_bound!r} must be a number > 0, or inf for no bound"
        )
    return Constants(
        check_number("gap", gap, 0), lipschitz, per_layer, per_coordinate, sizes, bound
    )


def _same_length(name: str, given: int, layers: int) -> None:
    if given != layers:
        raise ValueError(
            f"{name} has {given} entries, smoothness has {layers}; give one entry per layer"
        )


def _dims(
    dims: Sequence[int] | None, rows: Sequence[Sequence[float]] | None, layers: int
) -> tuple[int, ...]:
    """Layer sizes as given, else as the coordinate sigmas have them, else one each."""
    if dims is None:
        dims = (1,) * layers if rows is None else tuple(len(row) for row in rows)
    _same_length("dims", len(dims), layers)
    for i, size in enumerate(dims):
        if int(size) != size or size < 1:
            raise ValueError(f"dims[{i}]={size!r} must be an integer >= 1")
    return tuple(int(size) for size in dims)
