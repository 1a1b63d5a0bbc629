"""One set of optimizer tests, five array modules: NumPy values in, steps, NumPy values out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from lbopt.optim import apply_updates


class Backend(NamedTuple):
    """An array module: how arrays get in and out, and how one step is compiled (if at all)."""

    put: Callable[[np.ndarray], Any]
    get: Callable[[Any], np.ndarray]
    compile: Callable[[Callable], Callable] = lambda step: step


def _numpy() -> Backend:
    return Backend(np.array, np.asarray)


def _unread(array_type: type) -> Callable[[Callable], Callable]:
    """Let no step look at a value: a Python ``if`` on an array would break jit and stall a GPU."""

    def compile_(step: Callable) -> Callable:
        def stepped(*args: Any) -> Any:
            with pytest.MonkeyPatch.context() as patch:
                for name in ("__bool__", "__float__", "__int__", "__index__"):
                    patch.setattr(array_type, name, refuse)
                return step(*args)

        return stepped

    def refuse(array: Any) -> None:
        raise AssertionError("a step looked at an array's value")

    return compile_


def _strict() -> Backend:
    """The standard and nothing else, on a device that refuses to meet the host by accident."""
    xp = pytest.importorskip("array_api_strict")
    host, device1 = xp.Device("CPU_DEVICE"), xp.Device("device1")
    return Backend(
        lambda a: xp.asarray(a, dtype=getattr(xp, str(a.dtype)), device=device1),
        lambda x: np.array(x.to_device(host)),
        _unread(type(xp.asarray(0.0))),
    )


def _jax() -> Backend:
    """Every step under jax.jit: the state, its step count too, is traced."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return Backend(jax.numpy.asarray, np.asarray, jax.jit)


def _torch() -> Backend:
    torch = pytest.importorskip("torch")
    return Backend(lambda a: torch.asarray(np.array(a)), lambda x: x.numpy())


def _cupy() -> Backend:
    cupy = pytest.importorskip("cupy")
    return Backend(cupy.asarray, cupy.asnumpy)


MAKERS = {
    "numpy": _numpy,
    "array_api_strict": _strict,
    "jax": _jax,
    "torch": _torch,
    "cupy": _cupy,
}
# array_api_strict has the standard's dtypes alone: no float16
ALL = [
    "numpy",
    "array_api_strict",
    pytest.param("jax", marks=pytest.mark.peers),
    pytest.param("torch", marks=pytest.mark.peers),
    pytest.param("cupy", marks=pytest.mark.gpu),
]
WITH_FLOAT16 = [a for a in ALL if a != "array_api_strict"]


def backend(name: str) -> Backend:
    return MAKERS[name]()


def put_all(b: Backend, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {k: b.put(a) for k, a in arrays.items()}


def get_all(b: Backend, arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    return {k: b.get(a) for k, a in arrays.items()}


def trajectory(
    opt: Any, params: dict[str, np.ndarray], grads: list[dict[str, np.ndarray]], name: str = "numpy"
) -> list[dict[str, np.ndarray]]:
    """Weights after each step of ``opt``, state carried through, as NumPy arrays."""
    b = backend(name)
    w = put_all(b, params)
    state = opt.init(w)
    step = b.compile(opt.update)
    out = []
    for g in grads:
        updates, state = step(put_all(b, g), state, w)
        w = apply_updates(w, updates)
        for k, a in w.items():
            assert type(a) is type(b.put(params[k])), f"{k} came back as {type(a)}"
        out.append(get_all(b, w))
    return out
