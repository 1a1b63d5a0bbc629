"""A stand-in for CuPy without a GPU: NumPy inside, and as unwilling as CuPy to be taken for it.

Put this folder's parent on ``PYTHONPATH`` and ``import cupy`` finds it. Where CuPy refuses to copy
to the host by itself, so does this: ``np.asarray(x)``, ``np.array([x, y])``, matplotlib, a NumPy
array in a CuPy function or beside a CuPy array in an operator. It is stricter than CuPy in that
NumPy's functions (``np.mean(x)``) are refused, which CuPy answers with its own, and so are NumPy
arrays as an index or in an assignment. It says nothing about what CuPy lacks, or about its numbers.
"""

from __future__ import annotations

import operator
from typing import Any

import array_api_compat.numpy as _np
import numpy

DEVICE = "stand-in for a GPU"
_SCALARS = (bool, int, float, complex, numpy.generic, str)
_MAKERS = ("asarray", "array", "ascontiguousarray")  # these move host arrays to the device
_TO_HOST = ("tolist", "item", "dtype", "shape", "ndim", "size", "itemsize", "nbytes", "flags")


class ndarray:  # what array_api_compat takes for CuPy's own: nothing here is one of these
    pass


class Array:
    """An array that answers to this module alone."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: Any) -> None:
        self._host = numpy.asarray(host)

    def get(self) -> numpy.ndarray:
        return self._host.copy()

    @property
    def device(self) -> str:
        return DEVICE

    @property
    def T(self) -> Array:
        return _wrap(self._host.T)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        import cupy

        return cupy

    def __array__(self, *_: Any, **__: Any) -> None:
        raise TypeError("Implicit conversion to a NumPy array is not allowed; use `.get()`")

    def __array_function__(self, function: Any, *_: Any) -> None:
        raise TypeError(f"numpy.{function.__name__} of an array on the device; use xp or to_numpy")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and any(isinstance(x, numpy.generic) for x in inputs):
            return _wrap(ufunc(*map(_unwrap, inputs)))  # np.float64(2) * x is fine
        raise TypeError(f"Unsupported type for numpy.{ufunc.__name__}: an array on the device")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._host, name)
        if name in _TO_HOST:
            return found
        return _call(found) if callable(found) else _wrap(found)

    def __getitem__(self, where: Any) -> Array:
        return _wrap(self._host[_index(where)])

    def __setitem__(self, where: Any, value: Any) -> None:
        self._host[_index(where)] = _unwrap(value)

    def __iter__(self) -> Any:
        return (_wrap(row) for row in self._host)

    def __len__(self) -> int:
        return len(self._host)

    def __bool__(self) -> bool:
        return bool(self._host)

    def __int__(self) -> int:
        return int(self._host)

    def __float__(self) -> float:
        return float(self._host)

    def __index__(self) -> int:
        return operator.index(self._host.item())

    def __repr__(self) -> str:
        return repr(self._host)

    def __format__(self, how: str) -> str:
        return format(self._host, how)


def _wrap(x: Any) -> Any:
    if isinstance(x, numpy.ndarray | numpy.generic):
        return Array(x) if not isinstance(x, numpy.ndarray) else _of(x)
    if isinstance(x, tuple):
        parts = map(_wrap, x)
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    return [_wrap(part) for part in x] if isinstance(x, list) else x


def _of(host: numpy.ndarray) -> Array:
    new = Array.__new__(Array)
    new._host = host  # a view stays a view
    return new


def _unwrap(x: Any) -> Any:
    if isinstance(x, Array):
        return x._host
    if isinstance(x, numpy.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'> beside an array on the device")
    if isinstance(x, list | tuple):
        return type(x)(map(_unwrap, x))
    return x


def _index(where: Any) -> Any:
    return tuple(map(_unwrap, where)) if isinstance(where, tuple) else _unwrap(where)


def _call(function: Any, moves: bool = False) -> Any:
    def called(*arguments: Any, **options: Any) -> Any:
        options.pop("device", None)
        if moves and isinstance(arguments[0], numpy.ndarray | numpy.generic):
            return Array(numpy.array(function(*arguments, **options)))
        options = {name: _unwrap(value) for name, value in options.items()}
        return _wrap(function(*map(_unwrap, arguments), **options))

    return called


def _operators() -> None:
    two = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
    for name in [f"__{side}{name}__" for name in two for side in ("", "r")]:
        setattr(Array, name, _method(name))
    for name in [f"__i{name}__" for name in two]:
        setattr(Array, name, _in_place(name))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Array, f"__{name}__", _method(f"__{name}__"))
    for name in ("neg", "pos", "abs", "invert"):
        setattr(Array, f"__{name}__", _method(f"__{name}__"))


def _method(name: str) -> Any:
    return lambda self, *other: _wrap(getattr(self._host, name)(*map(_unwrap, other)))


def _in_place(name: str) -> Any:
    def changed(self: Array, other: Any) -> Array:
        getattr(self._host, name)(_unwrap(other))
        return self

    return changed


_operators()


class _Module:
    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return _found(self._module, name)


def _found(module: Any, name: str) -> Any:
    found = getattr(module, name)
    if isinstance(found, type) or not (callable(found) or type(found).__name__ == "module"):
        return found
    return _call(found, moves=name in _MAKERS) if callable(found) else _Module(found)


def is_available() -> bool:
    return True


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return _found(_np, name)
