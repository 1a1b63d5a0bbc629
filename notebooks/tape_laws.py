"""Laws of a reverse-mode tape, ``tape_gradient(f, *arrays) -> value, gradients``.

A law is a small f and what it is for. The right gradient is measured, entry by entry, with central
differences of f on `Plain` numbers, which can do what the tape's objects can, and only forwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from checks import demand
from tape_network import SHAPES, network, network_by_hand

H = 1e-5
TOLERANCE = 1e-7
WEIGH = np.arange(1.0, 13).reshape(3, 4)  # so that every entry has a slope of its own


class Plain:
    """What f may do with an object of the tape, on values alone."""

    __array_ufunc__ = None  # an array on the left is refused, as the stub says

    def __init__(self, value: Any) -> None:
        self.value = np.asarray(value, dtype=float)

    def __add__(self, other: Any) -> Plain:
        return Plain(self.value + _value(other))

    def __mul__(self, other: Any) -> Plain:
        return Plain(self.value * _value(other))

    def __matmul__(self, other: Any) -> Plain:
        return Plain(self.value @ _value(other))

    def exp(self) -> Plain:
        """Raise e to each entry."""
        return Plain(np.exp(self.value))

    def log(self) -> Plain:
        """Take the logarithm of each entry."""
        return Plain(np.log(self.value))

    def relu(self) -> Plain:
        """Set negative entries to zero."""
        return Plain(np.maximum(self.value, 0))

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Plain:
        """Add all entries, or those along an axis, as NumPy does."""
        return Plain(self.value.sum(axis=axis, keepdims=keepdims))


def _value(other: Any) -> Any:
    return other.value if isinstance(other, Plain) else other


class Case(NamedTuple):
    """A function whose gradients show whether a law holds."""

    law: str
    what: str
    f: Callable
    arrays: tuple[np.ndarray, ...]


def _draw(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(5)
    numbers = [rng.standard_normal(shape) for shape in shapes]
    return tuple(a + np.copysign(0.1, a) for a in numbers)  # no kink of relu within reach


def cases() -> list[Case]:
    """Everything that is compared with differences, the simple before the composed."""
    (a, b, m, row, column) = _draw((3, 4), (3, 4), (4, 2), (4,), (3, 1))
    one, add, order = "the adjoint law", "the fork law", "the order law"
    return [
        Case(one, "of sum()", lambda a: a.sum(), (a,)),
        Case(one, "of a * b", lambda a, b: (a * b).sum(), (a, b)),
        Case(one, "of a + b", lambda a, b: ((a + b) * WEIGH).sum(), (a, b)),
        Case(one, "of a @ b", lambda a, m: ((a @ m) * WEIGH[:, :2]).sum(), (a, m)),
        Case(one, "of a constant on the right", lambda a: (a * WEIGH + 2.0).sum(), (a,)),
        Case(one, "of exp", lambda a: (a.exp() * WEIGH).sum(), (a,)),
        Case(one, "of log", lambda a: (a.log() * WEIGH).sum(), (a * a,)),
        Case(one, "of relu", lambda a: (a.relu() * WEIGH).sum(), (a,)),
        Case(one, "of sum(axis=0)", lambda a: (a.sum(axis=0) * WEIGH[0]).sum(), (a,)),
        Case(one, "of sum(axis=1)", lambda a: (a.sum(axis=1) * WEIGH[:, 0]).sum(), (a,)),
        Case(
            one,
            "of sum(axis=1, keepdims=True)",
            lambda a: (a.sum(axis=1, keepdims=True) * WEIGH[:, :1]).sum(),
            (a,),
        ),
        Case("the broadcast law", "(3, 4) + (4,)", lambda a, r: ((a + r) * WEIGH).sum(), (a, row)),
        Case("the broadcast law", "(3, 1) * (3, 4)", lambda c, a: (c * a).sum(), (column, a)),
        Case(
            "the broadcast law", "(3, 1) + (4,)", lambda c, r: ((c + r).exp()).sum(), (column, row)
        ),
        Case(add, "a * a", lambda a: (a * a * WEIGH).sum(), (a,)),
        Case(add, "a + a.exp()", lambda a: ((a + a.exp()) * WEIGH).sum(), (a,)),
        Case(add, "a.exp() + a", lambda a: ((a.exp() + a) * WEIGH).sum(), (a,)),
        Case(order, "h = a * b, then h + h.exp()", _short_and_long, (a, b)),
        Case(order, "h = a * b, then h.exp() + h", _long_and_short, (a, b)),
        Case("the alias law", "s = a + b after t = a * 3", _later, (a, b)),
        Case("the alias law", "s = a + b before t = a * 3", _earlier, (a, b)),
        Case("the unused law", "f(a, b) does not use b", lambda a, b: a.sum(), (a, b)),
        Case("the dead-end law", "f makes a.exp() and drops it", _dead_end, (a,)),
    ]


def _short_and_long(a: Any, b: Any) -> Any:
    h = a * b
    return (h + h.exp()).sum()


def _long_and_short(a: Any, b: Any) -> Any:
    h = a * b
    return (h.exp() + h).sum()


def _later(a: Any, b: Any) -> Any:
    t = a * 3.0
    s = a + b
    return ((t + s) * WEIGH).sum()


def _earlier(a: Any, b: Any) -> Any:
    s = a + b
    t = a * 3.0
    return ((s + t) * WEIGH).sum()


def _dead_end(a: Any) -> Any:
    y = (a * a).sum()
    (a.exp() + 1.0).sum()
    return y


def slopes(f: Callable, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Measure every partial derivative of f by a central difference."""
    found = [np.zeros_like(a) for a in arrays]
    for k, a in enumerate(arrays):
        for at in np.ndindex(a.shape):
            ahead, behind = a.copy(), a.copy()
            ahead[at] += H
            behind[at] -= H
            up, down = (
                f(*map(Plain, (*arrays[:k], moved, *arrays[k + 1 :]))).value
                for moved in (ahead, behind)
            )
            found[k][at] = (up - down) / (2 * H)
    return found


def run(tape_gradient: Callable, case: Case) -> tuple:
    """Call it, with the laws that every call must keep: form, value, shapes, inputs unchanged."""
    law, what, f, arrays = case
    given = tuple(a.copy() for a in arrays)
    answer = tape_gradient(f, *given)
    demand(
        isinstance(answer, tuple | list) and len(answer) == 2,
        "the form law",
        f"wanted value, gradients; got {type(answer).__name__}",
    )
    value, gradients = answer
    want = f(*map(Plain, arrays)).value
    number = isinstance(value, int | float | np.number | np.ndarray) and np.shape(value) == ()
    demand(number, "the form law", f"{what}: the value is a {type(value).__name__}, not a number")
    close = np.allclose(value, want, rtol=1e-12)
    demand(close, "the value law", f"{what}: f is {want:.6g}, not {value:.6g}")
    demand(
        isinstance(gradients, tuple | list) and len(gradients) == len(arrays),
        "the form law",
        f"{what}: wanted a list of {len(arrays)} gradients, one for each array",
    )
    for k, (g, a) in enumerate(zip(gradients, arrays, strict=True)):
        law = law if law in ("the broadcast law", "the unused law") else "the shape law"
        how = f"{what}: gradient {k} has shape {np.shape(g)}, its array {a.shape}"
        demand(np.shape(g) == a.shape, law, how)
    same = all(np.array_equal(a, b) for a, b in zip(given, arrays, strict=True))
    demand(same, "the unchanged law", f"{what}: an array that was given has other numbers now")
    return value, gradients


def examine(tape_gradient: Callable) -> None:
    """Demand all laws, in an order in which the first that fails says most."""
    _again(tape_gradient)
    for case in cases():
        law, what, f, arrays = case
        _, gradients = run(tape_gradient, case)
        for k, (g, want) in enumerate(zip(gradients, slopes(f, arrays), strict=True)):
            off = abs(g - want).max() / max(1.0, abs(want).max())
            demand(off < TOLERANCE, law, f"{what}: gradient {k} is off by {off:.2g}")
    _constant_kept(tape_gradient)
    _once(tape_gradient)
    _network(tape_gradient)


def _constant_kept(tape_gradient: Callable) -> None:
    a, held = np.ones(3), np.array([1.0, 2.0, 3.0])
    tape_gradient(lambda a: ((a * held + held) * a).sum(), a)
    kept = np.array_equal(held, [1.0, 2.0, 3.0])
    demand(kept, "the unchanged law", "a constant that f used has other numbers now")


def _again(tape_gradient: Callable) -> None:
    (a,) = _draw((2, 3))
    case = Case("the again law", "a.sum()", lambda a: a.sum(), (a,))
    first, second = (np.array(run(tape_gradient, case)[1][0]) for _ in range(2))
    demand(
        np.array_equal(first, second),
        "the again law",
        "a second call with the same f and array gives another gradient: something was kept",
    )


def _once(tape_gradient: Callable) -> None:
    """A value is handed on once, when its gradient is complete; not once for every path to it."""

    def doubled(times: int) -> Callable:
        def f(a: Any) -> Any:
            for _ in range(times):
                a = a + a
            return a

        return f

    calls = {}
    for times in (7, 14):
        _, (g,) = tape_gradient(doubled(times), np.array(1.0))
        right = np.allclose(g, 2.0**times)
        demand(right, "the fork law", f"a doubled {times} times has slope {2**times}, not {g}")
        calls[times] = _calls(partial(tape_gradient, doubled(times), np.array(1.0)))
    factor = calls[14] / calls[7]
    demand(
        factor < 8,
        "the once law",
        f"14 additions take {factor:.0f} times the calls of 7: every path is walked by itself, and "
        "there are 2^14; wait until the gradient of a value is complete, then hand it on",
    )


def _calls(work: Callable) -> int:
    """Count the function calls in ``work()``: unlike seconds, they are the same every time."""
    count = 0

    def seen(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def _network(tape_gradient: Callable) -> None:
    arrays = _draw(*SHAPES.values())
    loss, wanted = network_by_hand(*arrays)
    value, gradients = run(tape_gradient, Case("the network law", "the network", network, arrays))
    demand(np.allclose(value, loss, rtol=1e-12), "the value law", "the network's loss differs")
    for name, g, want in zip(SHAPES, gradients, wanted, strict=True):
        off = abs(g - want).max() / abs(want).max()
        demand(off < 1e-10, "the network law", f"the gradient of {name} is off by {off:.2g}")
