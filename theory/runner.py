"""Other people's optimizers, whatever their shape, as one kind of step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from theory.layers import Layers

SHAPES_OF_OPTIMIZERS = (
    "an object with init(params) and update(grads, state, params), a function step(x, g) -> x, "
    "a pair (init, step) with step(x, g, state) -> (x, state), or a function of the step size "
    "that returns one of these"
)


class Runner(NamedTuple):
    """An optimizer as two pure functions on tuples of layer arrays.

    Attributes
    ----------
    init : x -> state
    step : (x, g, state) -> (x, state)
    remembers : bool or None
        False where the optimizer was a bare function, which must not keep anything to itself.
    """

    init: Callable[[Layers], Any]
    step: Callable[[Layers, Layers, Any], tuple[Layers, Any]]
    remembers: bool


def is_factory(optimizer: Any) -> bool:
    """Tell whether ``optimizer`` is a function of one argument, the step size.

    Examples
    --------
    >>> is_factory(lambda step_size: None), is_factory(lambda x, g: x)
    (True, False)
    """
    if isinstance(optimizer, type):
        return True
    if _is_link(optimizer) or not callable(optimizer):
        return False
    needed = [
        p
        for p in inspect.signature(optimizer).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    return len(needed) == 1


def from_factory(factory: Callable[[float], Any], step_size: float) -> Runner:
    """Return a runner that builds a fresh optimizer for every run.

    Examples
    --------
    >>> runner = from_factory(lambda eta: lambda x, g: (x[0] - eta * g[0],), 0.5)
    >>> x = (np.array([1.0]),)
    >>> runner.step(x, x, runner.init(x))[0]
    (array([0.5]),)
    """

    def init(x: Layers) -> tuple[Runner, Any]:
        fresh = as_runner(factory(step_size))
        return fresh, fresh.init(x)

    def step(x: Layers, g: Layers, state: tuple[Runner, Any]) -> tuple[Layers, Any]:
        runner, inner = state
        moved, inner = runner.step(x, g, inner)
        return moved, (runner, inner)

    return Runner(init, step, True)


def as_runner(optimizer: Any) -> Runner:
    """Read an optimizer.

    Parameters
    ----------
    optimizer
        An object with ``init(params) -> state`` and ``update(grads, state, params) -> (updates,
        state)`` on dicts ``{"layer0": array, ...}``, whose updates are added to the parameters; or
        a pair ``(init, step)``, ``step(x, g, state) -> (x, state)``; or ``step(x, g) -> x`` on
        tuples of arrays, one per layer.

    Examples
    --------
    >>> runner = as_runner(lambda x, g: tuple(a - 0.5 * b for a, b in zip(x, g)))
    >>> x = (np.array([1.0, 2.0]),)
    >>> runner.step(x, x, runner.init(x))
    ((array([0.5, 1. ]),), None)
    >>> as_runner("sgd")
    Traceback (most recent call last):
    ...
    TypeError: optimizer='sgd' is none of: an object with init(params) and update(grads, state,
    params), a function step(x, g) -> x, a pair (init, step) with step(x, g, state) -> (x, state),
    or a function of the step size that returns one of these
    """
    if isinstance(optimizer, Runner):
        return optimizer
    if _is_link(optimizer):
        return _from_link(optimizer)
    if (
        isinstance(optimizer, tuple | list)
        and len(optimizer) == 2
        and all(map(callable, optimizer))
    ):
        return Runner(optimizer[0], optimizer[1], True)
    if callable(optimizer) and not isinstance(optimizer, type):
        return Runner(lambda x: None, lambda x, g, state: (optimizer(x, g), None), False)
    raise TypeError(f"optimizer={optimizer!r} is none of: {SHAPES_OF_OPTIMIZERS}")


def _is_link(optimizer: Any) -> bool:
    return callable(getattr(optimizer, "init", None)) and callable(
        getattr(optimizer, "update", None)
    )


def _from_link(link: Any) -> Runner:
    def named(x: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return {f"layer{i}": a for i, a in enumerate(x)}

    def step(x: Layers, g: Layers, state: Any) -> tuple[Layers, Any]:
        params = named(x)
        updates, state = link.update(named(g), state, params)
        return tuple(params[name] + updates[name] for name in params), state

    return Runner(lambda x: link.init(named(x)), step, True)


def check_moved(moved: Any, x: Layers, t: int) -> Layers:
    """Return what a step gave if it is the parameters' next value: a tuple of finite arrays.

    Examples
    --------
    >>> check_moved((np.zeros(3),), (np.zeros(2),), t=1)
    Traceback (most recent call last):
    ...
    ValueError: step 1 gave layer 0 the shape (3,), its parameters have (2,)
    """
    if not isinstance(moved, tuple | list):
        raise TypeError(
            f"step {t} gave a {type(moved).__name__}; it must give the new parameters as a tuple "
            "with one array per layer"
        )
    if len(moved) != len(x):
        raise ValueError(f"step {t} gave {len(moved)} arrays for {len(x)} layers: give one each")
    arrays = tuple(np.asarray(a, dtype=np.float64) for a in moved)
    for i, (a, old) in enumerate(zip(arrays, x, strict=True)):
        if a.shape != old.shape:
            raise ValueError(
                f"step {t} gave layer {i} the shape {a.shape}, its parameters have {old.shape}"
            )
        if not np.isfinite(a).all():
            raise ValueError(
                f"step {t} gave layer {i} a NaN or an infinity: the optimizer diverged or divides "
                "by zero; try a smaller step size or another start"
            )
    return arrays
