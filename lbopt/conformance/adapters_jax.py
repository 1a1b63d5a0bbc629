"""Adapters for optax and keras; see adapters.py."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from lbopt.conformance.adapters import Names, found_names, keywords, rate_at
from lbopt.conformance.contract import Arrays, Factory, Optimizer, Rate

STEPS = 64  # a schedule is handed over as a table of so many steps, which works under tracing too


def from_optax(
    factory: Callable[..., Any],
    *,
    names: Names | None = None,
    settings: Mapping[str, Any] | None = None,
    jit: bool = False,
) -> Factory:
    """Wrap ``factory(learning_rate, **hyperparameters) -> optax.GradientTransformation``.

    A check builds the transformation a hundred times, and each would be compiled anew where it
    calls ``jax.jit`` itself: so ``jax.disable_jit()`` is on while it runs, unless ``jit=True``
    (minutes in place of seconds, then).

    A schedule is handed over as a function of optax's count. JAX computes in float32 unless
    ``jax.config.update("jax_enable_x64", True)``; the kit sees which.

    Examples
    --------
    ``check(from_optax(optax.lamb), claims="lamb")``; a chain:
    ``from_optax(lambda lr, b1=0.9: optax.chain(optax.scale_by_adam(b1), optax.scale(-lr)))``.
    """
    import jax
    import jax.numpy as jnp
    import optax

    known, tracing = found_names(factory, names), nullcontext if jit else jax.disable_jit

    def build(lr: Rate, **given: Any) -> Optimizer:
        rate: Any = lr
        if callable(lr):
            table = jnp.asarray(np.array([rate_at(lr, t) for t in range(STEPS)]))
            rate = lambda count: table[count]  # noqa: E731
        with tracing():
            transformation = factory(rate, **keywords(factory, known, settings or {}, given))
        inside: list[Any] = [None]

        def on_device(arrays: Arrays) -> dict[str, Any]:
            return {k: jnp.asarray(a) for k, a in arrays.items()}

        def init(params: Arrays) -> None:
            with tracing():
                inside[0] = transformation.init(on_device(params))

        def step(params: Arrays, grads: Arrays) -> Arrays:
            p = on_device(params)
            with tracing():
                updates, inside[0] = transformation.update(on_device(grads), inside[0], p)
                return {k: np.array(a) for k, a in optax.apply_updates(p, updates).items()}

        def load(saved: bytes) -> None:
            inside[0] = pickle.loads(saved)

        return Optimizer(init, step, lambda: pickle.dumps(inside[0]), load)

    return Factory(build, frozenset(known), getattr(factory, "__name__", "the factory"))


def from_keras(
    optimizer_class: Callable[..., Any],
    *,
    names: Names | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Factory:
    """Wrap a keras optimizer class, on whichever backend keras has.

    The learning rate is assigned before each step. Keras keeps it, and the powers of the betas, in
    ``keras.config.floatx()``.

    Examples
    --------
    ``check(from_keras(keras.optimizers.Lamb), claims="lamb")``
    """
    import keras

    known = {**found_names(optimizer_class, names)}

    def build(lr: Rate, **given: Any) -> Optimizer:
        kw = keywords(optimizer_class, known, settings or {}, given)
        opt = optimizer_class(learning_rate=rate_at(lr, 0), **kw)
        variables: dict[str, Any] = {}
        steps = [0]

        def init(params: Arrays) -> None:
            for i, (k, a) in enumerate(params.items()):
                name = "".join(c if c.isalnum() else "_" for c in k)
                variables[k] = keras.Variable(a, dtype=str(a.dtype), name=f"{name}_{i}")
            opt.build(list(variables.values()))

        def step(params: Arrays, grads: Arrays) -> Arrays:
            for k, a in params.items():
                variables[k].assign(a)
            if callable(lr):
                opt.learning_rate.assign(rate_at(lr, steps[0]))
            tensors = [
                keras.ops.convert_to_tensor(grads[k], dtype=str(grads[k].dtype)) for k in variables
            ]
            opt.apply(tensors, list(variables.values()))
            steps[0] += 1
            return {k: np.array(keras.ops.convert_to_numpy(v)) for k, v in variables.items()}

        return Optimizer(init, step)

    return Factory(build, frozenset(known), getattr(optimizer_class, "__name__", "the optimizer"))
