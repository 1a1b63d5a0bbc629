"""What a caller can get wrong, each in one clear error; cheap, because steps are small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lbopt.backend import Array, array_namespace
from lbopt.models.init import Layout


def check_call(
    params: Mapping[str, Array], x: Array, layout: Layout, x_shape: tuple[int | None, ...] | None
) -> None:
    """Refuse params that do not fit the layout, and an x that fits neither model nor params."""
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict name -> array, got {type(params).__name__}")
    if params.keys() != layout.keys():
        missing = sorted(layout.keys() - params.keys())[:5]
        extra = sorted(params.keys() - layout.keys())[:5]
        raise ValueError(
            f"params must have this model's keys (see model.init); {missing=}, {extra=}"
        )
    kind = type(x)
    for key, tensor in layout.items():
        p = params[key]
        if type(p) is not kind:  # cheap; the slow question is asked only where types differ
            array_namespace(x, p)
        if p.shape != tensor.shape:
            raise ValueError(f"params[{key!r}] must have shape {tensor.shape}, got {p.shape}")
        if p.dtype != x.dtype:
            raise TypeError(
                f"x has dtype {x.dtype}, params[{key!r}] has {p.dtype}; convert one of them"
            )
    if x.ndim < 2 or x.shape[0] == 0:
        raise ValueError(f"x must be a batch of at least one example, got shape {x.shape}")
    if x_shape is not None and (
        x.ndim != len(x_shape) + 1
        or any(want not in (None, got) for want, got in zip(x_shape, x.shape[1:], strict=True))
    ):
        want = ", ".join("*" if n is None else str(n) for n in x_shape)
        raise ValueError(f"x must have shape (N, {want}), got {x.shape}")


def check_state(
    stats: Mapping[str, Any] | None, rng: Any, norms: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse statistics of another model and anything that is not a random generator."""
    if stats is not None:
        if not isinstance(stats, Mapping):
            raise TypeError(f"stats must be a dict name -> (mean, var), got {type(stats).__name__}")
        if stats.keys() != norms.keys():
            missing = sorted(norms.keys() - stats.keys())[:5]
            extra = sorted(stats.keys() - norms.keys())[:5]
            raise ValueError(
                f"stats must be made by this model's statistics(params, x); {missing=}, {extra=}"
            )
        for name, (mean, var) in stats.items():
            if mean.shape != norms[name] or var.shape != norms[name]:
                raise ValueError(
                    f"stats[{name!r}] must be two arrays of shape {norms[name]}, "
                    f"got {mean.shape} and {var.shape}"
                )
    if rng is not None and not hasattr(rng, "random"):
        raise TypeError(
            f"rng must be a numpy.random.Generator or None, got {type(rng).__name__}; "
            "write numpy.random.default_rng(seed)"
        )


def check_sizes(**sizes: Any) -> None:
    """Refuse layer sizes that are not positive integers, naming the first wrong one.

    Examples
    --------
    >>> check_sizes(hidden=64, layers=0)
    Traceback (most recent call last):
    ...
    ValueError: layers must be a positive integer, got 0
    """
    for what, n in sizes.items():
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise ValueError(f"{what} must be a positive integer, got {n!r}")
