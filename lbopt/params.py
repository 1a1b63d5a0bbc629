"""Parameters are a flat dict: name -> array, one key per true layer tensor.

The key is the papers' layer index i. Names are dotted, ``"block0.conv1.W"``; never stack layers
in one array, because a layerwise rule takes one norm per key.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from lbopt.backend import Array, array_namespace, device, module_name

Params = dict[str, Array]


def sub(params: Mapping[str, Array], prefix: str) -> Params:
    """Return the entries below ``prefix``, with the prefix taken off.

    Examples
    --------
    >>> sub({"conv1.W": 1, "conv1.b": 2, "fc.W": 3}, "conv1")
    {'W': 1, 'b': 2}
    """
    start = prefix + "."
    return {name[len(start) :]: a for name, a in params.items() if name.startswith(start)}


def prefixed(prefix: str, params: Mapping[str, Array]) -> Params:
    """Put ``prefix`` in front of every name: the inverse of `sub`.

    Examples
    --------
    >>> prefixed("conv1", {"W": 1, "b": 2})
    {'conv1.W': 1, 'conv1.b': 2}
    """
    return {f"{prefix}.{name}": a for name, a in params.items()}


def count(params: Mapping[str, Array]) -> int:
    """Count the numbers in all arrays.

    Examples
    --------
    >>> import numpy as np
    >>> count({"W": np.zeros((3, 4)), "b": np.zeros(4)})
    16
    """
    return sum(prod(a.shape) for a in params.values())


def check_params(params: Mapping[str, Array]) -> None:
    """Refuse anything that is not a dict of real floating-point arrays of one module and device."""
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict name -> array, got {type(params).__name__}")
    if not params:
        return  # a mask may leave a link nothing to do
    xp = array_namespace(*params.values())
    first = next(iter(params))
    for name, a in params.items():
        if not isinstance(name, str):
            raise TypeError(f"parameter names must be strings, got {name!r}")
        if not xp.isdtype(a.dtype, "real floating"):
            raise TypeError(f"{name!r} has dtype {a.dtype}: parameters must be floating point")
        if device(a) != device(params[first]):
            raise TypeError(
                f"{name!r} is on {device(a)}, {first!r} on {device(params[first])}: "
                "move all parameters to one device"
            )


def check_like(given: Mapping[str, Array], params: Mapping[str, Array], what: str) -> None:
    """Demand that ``given`` (called ``what`` in errors) has params' keys, shapes, dtypes, devices.

    Raises
    ------
    ValueError
        Key sets or shapes differ: the first culprits are named.
    TypeError
        Array modules, dtypes or devices differ: both are named.

    Examples
    --------
    >>> import numpy as np
    >>> check_like({"W": np.ones(2)}, {"W": np.ones(3)}, "grads")
    Traceback (most recent call last):
    ...
    ValueError: grads['W'] has shape (2,), params['W'] has shape (3,)
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a dict name -> array, got {type(given).__name__}")
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict name -> array, got {type(params).__name__}")
    if given.keys() != params.keys():
        missing = sorted(params.keys() - given.keys())[:5]
        extra = sorted(given.keys() - params.keys())[:5]
        raise ValueError(f"{what} and params must have the same keys; {missing=}, {extra=}")
    for name, p in params.items():
        g = given[name]
        same_kind = type(g) is type(p) and g.dtype == p.dtype and g.shape == p.shape
        if same_kind and device(g) == device(p):
            continue  # the usual case, cheap: this runs in every step
        array_namespace(g)  # a list or a number is refused here, with the remedy
        for kind, a, b in (
            ("module", module_name(g), module_name(p)),
            ("device", device(g), device(p)),
            ("dtype", g.dtype, p.dtype),
        ):
            if a != b:
                raise TypeError(f"{what}[{name!r}] has {kind} {a}, params[{name!r}] has {kind} {b}")
        if tuple(g.shape) != tuple(p.shape):
            raise ValueError(
                f"{what}[{name!r}] has shape {tuple(g.shape)}, "
                f"params[{name!r}] has shape {tuple(p.shape)}"
            )


def nonfinite(arrays: Mapping[str, Array]) -> list[str]:
    """List the names whose array holds a NaN or an infinity (this reads from the device).

    Examples
    --------
    >>> import numpy as np
    >>> nonfinite({"W": np.array([1.0, np.nan]), "b": np.zeros(2)})
    ['W']
    """
    spaces = {k: array_namespace(a) for k, a in arrays.items()}
    return [k for k, a in arrays.items() if not bool(spaces[k].all(spaces[k].isfinite(a)))]


def check_finite(arrays: Mapping[str, Array], what: str) -> None:
    """Raise FloatingPointError naming every array of ``arrays`` that holds a NaN or an infinity."""
    bad = nonfinite(arrays)
    if bad:
        raise FloatingPointError(
            f"{what} has NaN or infinite values in {', '.join(map(repr, bad))}"
        )
