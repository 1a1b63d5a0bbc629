"""Notebook 01's laws: each slip breaks just its laws; right tapes of any design pass theirs."""

import importlib
import re

import numpy as np
import pytest

from tests.notebooks.notebook_files import FOLDER, solutions, verdict
from tests.notebooks.wrong_answers_backward import WRONG_BACKWARD, tape

laws = importlib.import_module("backward_laws")
slips = importlib.import_module("backward_slips")
tape_laws = importlib.import_module("tape_laws")
tape_network = importlib.import_module("tape_network")

CAUGHT_BY = {
    "the package's linear": set(),
    "the package's cross-entropy": set(),
    "the package's layer norm": set(),
    "the package's convolution": set(),
    "the package's relu": set(),
    "linear: W not transposed": {"adjoint"},
    "linear: db a mean": {"adjoint", "count"},
    "linear: db not summed": {"count"},
    "entropy: mean as sum": {"adjoint"},
    "entropy: p, not p - q": {"adjoint", "zero sum"},
    "entropy: dloss ignored": {"adjoint", "linear"},
    "entropy: exp may overflow": {"shift"},
    "norm: mean not taken out": {"adjoint", "shift"},
    "norm: n not taken out": {"adjoint", "scale"},
    "norm: gamma at the end": {"adjoint", "shift", "scale"},
    "conv: kernel not flipped": {"adjoint", "impulse"},
    "conv: margin cut wrongly": {"adjoint", "impulse"},
    "conv: last window wins": {"adjoint", "impulse"},
    "relu: back writes into dy": {"unchanged"},
}


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_each_slip_breaks_just_its_laws(name):
    kind, part = slips.SLIPS[name]
    assert {law for law, holds in laws.LAWS[kind].items() if not holds(part)} == CAUGHT_BY[name]


def test_every_slip_and_every_law_of_a_pullback_is_accounted_for():
    assert list(slips.SLIPS) == list(CAUGHT_BY)
    named = {law for kind in laws.LAWS.values() for law in kind}
    assert set.union(*CAUGHT_BY.values()) == named


def test_the_values_of_the_slips_are_right_so_that_only_their_backs_are_wrong():
    for name, (kind, part) in slips.SLIPS.items():
        right = next(right for other, right in slips.SLIPS.values() if other == kind)
        args = laws.ARGUMENTS[kind]()
        np.testing.assert_allclose(part(*args)[0], right(*args)[0], rtol=1e-12, err_msg=name)


def tape_of_indices(f, *arrays):
    """A third design: no parents, no closures in the objects; one list of (output, pull) pairs."""
    steps, count = [], [0]

    class Box:
        __slots__ = ("place", "value")

        def __init__(self, value):
            self.value, self.place = np.asarray(value, dtype=float), count[0]
            count[0] += 1

    def other(b):
        return b.value if isinstance(b, Box) else np.asarray(b, dtype=float)

    def record(y, *pulls):
        box = Box(y)
        pairs = [(p, pull) for p, pull in pulls if isinstance(p, Box)]
        steps.append((box.place, pairs))
        return box

    def total(self, axis=None, keepdims=False):
        full = self.value.sum(axis=axis, keepdims=True).shape
        spread = lambda d: np.broadcast_to(np.reshape(d, full), self.value.shape)  # noqa: E731
        return record(self.value.sum(axis=axis, keepdims=keepdims), (self, spread))

    Box.__add__ = lambda a, b: record(a.value + other(b), (a, lambda d: d), (b, lambda d: d))
    Box.__mul__ = lambda a, b: record(
        a.value * other(b), (a, lambda d: d * other(b)), (b, lambda d: d * a.value)
    )
    Box.__matmul__ = lambda a, b: record(
        a.value @ other(b), (a, lambda d: d @ other(b).T), (b, lambda d: a.value.T @ d)
    )
    Box.exp = lambda a: record(e := np.exp(a.value), (a, lambda d: d * e))
    Box.log = lambda a: record(np.log(a.value), (a, lambda d: d / a.value))
    Box.relu = lambda a: record(a.value * (a.value > 0), (a, lambda d: np.where(a.value > 0, d, 0)))
    Box.sum = total
    leaves = [Box(a) for a in arrays]
    y = f(*leaves)
    found = {y.place: np.ones_like(y.value)}
    for place, pairs in reversed(steps):
        if place in found:
            for parent, pull in pairs:
                d = pull(found[place])
                while d.ndim > parent.value.ndim:
                    d = d.sum(axis=0)
                for axis in (i for i, n in enumerate(parent.value.shape) if n == 1):
                    d = d.sum(axis=axis, keepdims=True)
                found[parent.place] = found.get(parent.place, 0) + d
    return float(y.value), tuple(found.get(b.place, np.zeros_like(b.value)) for b in leaves)


@pytest.mark.parametrize("right", [tape(), tape_of_indices], ids=["parents", "indices"])
def test_a_right_tape_of_another_design_passes(right):
    passed, said = verdict("01_backward_by_hand", 5, right)
    assert passed is True, said


def test_every_law_of_the_tape_refuses_some_wrong_tape():
    source = (FOLDER / "tape_laws.py").read_text()
    named = set(re.findall(r'"(the [\w-]+ law)"', source))
    refused = {law for _, law in WRONG_BACKWARD["01_backward_by_hand", 5]}
    assert len(named) > 10
    assert named == refused


def test_a_tape_that_writes_into_a_constant_is_refused():
    def over_the_constant(f, *arrays):
        answer = solutions("01_backward_by_hand").tape_gradient(f, *arrays)
        for cell in f.__closure__ or ():
            if isinstance(cell.cell_contents, np.ndarray):
                cell.cell_contents[...] = 0
        return answer

    passed, said = verdict("01_backward_by_hand", 5, over_the_constant)
    assert passed is False
    assert "the unchanged law fails: a constant that f used" in said


def test_the_network_by_hand_is_the_network_of_the_tape():
    arrays = tape_laws._draw(*tape_network.SHAPES.values())
    loss, gradients = tape_network.network_by_hand(*arrays)
    assert np.isclose(tape_network.network(*map(tape_laws.Plain, arrays)).value, loss, rtol=1e-13)
    for g, measured in zip(gradients, tape_laws.slopes(tape_network.network, arrays), strict=True):
        np.testing.assert_allclose(g, measured, atol=1e-8)
