"""See what somebody hands in, and wrap it: classes and functions of the known frameworks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lbopt.conformance.adapters import from_lbopt, from_torch
from lbopt.conformance.adapters_jax import from_keras, from_optax
from lbopt.conformance.contract import Factory


def as_factory(make: Any) -> Callable[..., Any]:
    """Return a factory as it is; wrap a torch or keras class, an optax factory, a recipe of lbopt.

    Examples
    --------
    >>> from lbopt import optim
    >>> as_factory(optim.sgd).about
    'sgd'
    """
    if not callable(make):
        raise TypeError(
            "make must be a function make(lr, **hyperparameters) -> (init, step), "
            f"got {type(make).__name__}"
        )
    if isinstance(make, Factory):
        return make
    if inspect.isclass(make):
        for base in make.__mro__:
            package = base.__module__.partition(".")[0]
            if package == "torch" and base.__name__ == "Optimizer":
                return from_torch(make)
            if package == "keras" and base.__name__ in ("BaseOptimizer", "Optimizer"):
                return from_keras(make)
        return make
    try:
        built = make(0.1)
    except Exception:
        return make
    if hasattr(built, "init") and hasattr(built, "update") and not hasattr(built, "step"):
        return from_lbopt(make) if type(built).__module__.startswith("lbopt") else from_optax(make)
    return make
