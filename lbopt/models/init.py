"""How one parameter is drawn: an initialiser is a function (rng, shape) -> float64 array.

The draw is float64 and `Model.init` rounds it, so float32 and float64 parameters made from equal
seeds are the same numbers up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Initialiser = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


class Tensor(NamedTuple):
    """A parameter before it exists: its shape and how it is drawn."""

    shape: tuple[int, ...]
    draw: Initialiser


Layout = dict[str, Tensor]


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw N(0, 2 / fan_in): keeps the mean square of activations constant through relu layers.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (I, O) of a linear layer or (KH, KW, C / groups, O) of a convolution. fan_in is the product
        of all axes but the last: the number of inputs that one output sees.

    Returns
    -------
    array, float64

    Notes
    -----
    He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers", eq. 10 (the forward version).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> [round(float(he_normal(rng, (inputs, 1000)).std()), 2) for inputs in (8, 200)]
    [0.5, 0.1]
    """
    if len(shape) < 2:
        raise ValueError(f"he_normal needs a weight with 2 axes or more, got shape {shape}")
    return math.sqrt(2 / math.prod(shape[:-1])) * rng.standard_normal(shape)


def normal(std: float) -> Initialiser:
    """Make the initialiser N(0, std²), the same for every layer whatever its size.

    The first AlexNet used std 0.01 everywhere (Krizhevsky, Sutskever, Hinton 2012, sec. 5).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> [round(float(normal(0.01)(rng, (inputs, 1000)).std()), 3) for inputs in (8, 200)]
    [0.01, 0.01]
    """
    if not (math.isfinite(std) and std >= 0):
        raise ValueError(f"std must be a finite number >= 0, got {std}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return std * rng.standard_normal(shape)

    return draw


def truncated_normal(std: float) -> Initialiser:
    """Make the initialiser N(0, std²) with what lies beyond 2 std drawn again.

    What is left has a standard deviation of 0.88 ``std``. TensorFlow's truncated_normal, with which
    BERT's published code starts at ``std`` 0.02.

    Examples
    --------
    >>> W = truncated_normal(0.02)(np.random.default_rng(0), (1000, 100))
    >>> print(f"{W.std():.4f} {abs(W).max():.4f}")
    0.0176 0.0400
    """
    if not (math.isfinite(std) and std >= 0):
        raise ValueError(f"std must be a finite number >= 0, got {std}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        z = rng.standard_normal(shape)
        while (beyond := np.flatnonzero(np.abs(z) > 2)).size:
            z.flat[beyond] = rng.standard_normal(beyond.size)
        z *= std
        return z

    return draw


def constant(value: float) -> Initialiser:
    """Make the initialiser that fills with ``value`` and draws nothing from ``rng``.

    Examples
    --------
    >>> constant(0.1)(np.random.default_rng(0), (3,))
    array([0.1, 0.1, 0.1])
    """
    if not math.isfinite(value):
        raise ValueError(f"value must be finite, got {value}")

    def fill(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, value, dtype=np.float64)

    return fill


zeros = constant(0.0)
ones = constant(1.0)


def joined(*layouts: Layout) -> Layout:
    """Join layouts in order; a name used twice is an error, since one key is one layer."""
    all_names = [name for layout in layouts for name in layout]
    twice = sorted({name for name in all_names if all_names.count(name) > 1})
    if twice:
        raise ValueError(f"parameter names used twice: {twice}")
    return {name: tensor for layout in layouts for name, tensor in layout.items()}
