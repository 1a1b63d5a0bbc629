"""What the kit expects of an optimizer, and how it is told that something is not on offer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]
Rate = float | Callable[[int], float]


class Optimizer(NamedTuple):
    """What a factory returns; a plain pair ``(init, step)`` will do.

    Attributes
    ----------
    init : params -> anything
        Start a run. State stays inside; what is returned is not looked at.
    step : (params, grads) -> params
        Dicts of NumPy arrays with the same keys, shapes and dtypes; the arrays given are not to be
        written into.
    save, load : () -> value, value -> None, optional
        Give the state away, and take it after ``init`` in another optimizer of the same factory.
    """

    init: Callable[[Arrays], Any]
    step: Callable[[Arrays, Arrays], Arrays]
    save: Callable[[], Any] | None = None
    load: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Factory:
    """A factory made by an adapter: ``build(lr, **hyperparameters)``, and the names it takes."""

    build: Callable[..., Optimizer]
    names: frozenset[str]
    about: str

    def __call__(self, lr: Rate, **hyperparameters: Any) -> Optimizer:
        """Build the optimizer; TypeError for a hyperparameter that it does not have."""
        odd = sorted(hyperparameters.keys() - self.names)
        if odd:
            raise TypeError(f"{self.about} has no {', '.join(odd)}")
        return self.build(lr, **hyperparameters)


class NotOfferedError(Exception):
    """The factory, or its optimizer, does not take what a law needs: reported, not failed."""


class HiddenError(Exception):
    """What a law is about cannot be seen, as the formula is broken without it too."""

    def __init__(self, why: str, measured: float, tolerance: float) -> None:
        super().__init__(why)
        self.measured, self.tolerance = measured, tolerance


class ContractError(Exception):
    """``step`` gave back something else than dicts of arrays like the ones it got."""


def declared(make: Callable[..., Any]) -> frozenset[str]:
    """Names of hyperparameters that a factory has in its signature (not those of ``**kwargs``).

    Examples
    --------
    >>> sorted(declared(lambda lr, *, b1=0.9, eps=1e-6: None))
    ['b1', 'eps']
    """
    if isinstance(make, Factory):
        return make.names
    try:
        parameters = list(inspect.signature(make).parameters.values())[1:]
    except (TypeError, ValueError):  # a builtin without signature
        return frozenset()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(p.name for p in parameters if p.kind in named)


def as_optimizer(built: Any) -> Optimizer:
    """Accept (init, step) or (init, step, save, load); refuse everything else."""
    parts = tuple(built) if isinstance(built, tuple | list) else ()
    if len(parts) not in (2, 4) or not all(callable(p) for p in parts[:2]):
        raise ContractError(
            "the factory must return (init, step), two functions; "
            f"got {type(built).__name__}" + (f" of {len(parts)}" if parts else "")
        )
    return Optimizer(*parts)


def copies(arrays: Mapping[str, Any], dtype: Any = None) -> Arrays:
    """Arrays of one's own: an optimizer may write into what it gets."""
    return {k: np.array(a, dtype=dtype) for k, a in arrays.items()}


def read(out: Any, like: Arrays) -> Arrays:
    """Check what ``step`` returned against the weights it got, and copy it."""
    if not isinstance(out, Mapping):
        raise ContractError(f"step returned {type(out).__name__}, not a dict name -> array")
    if out.keys() != like.keys():
        lost, odd = sorted(like.keys() - out.keys()), sorted(map(str, out.keys() - like.keys()))
        raise ContractError(f"step returned other names: missing {lost or 'none'}, new {odd}")
    got = {}
    for k, w in like.items():
        a = np.array(out[k])
        if a.shape != w.shape:
            raise ContractError(f"step returned {k!r} of shape {a.shape}, it was {w.shape}")
        if a.dtype.kind != "f":
            raise ContractError(f"step returned {k!r} of dtype {a.dtype}, not floating point")
        got[k] = a
    return got
