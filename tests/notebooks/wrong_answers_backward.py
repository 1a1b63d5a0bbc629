"""Plausible wrong answers to notebook 01's exercises, and the law that must refuse each.

The tapes here are of another design than the solution's: objects that know their parents, sorted
when the gradient is asked for, as in micrograd. `tape` with nothing changed is right.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def _affine_not_summed(dy, x, gamma):
    return gamma * dy, x * dy, dy


def _affine_mean(dy, x, gamma):
    return gamma * dy, (x * dy).mean(axis=0), dy.mean(axis=0)


def _affine_gamma_forgotten(dy, x, gamma):
    return dy, (x * dy).sum(axis=0), dy.sum(axis=0)


def _affine_x_forgotten(dy, x, gamma):
    return gamma * dy, dy.sum(axis=0), dy.sum(axis=0)


def _gather_last_wins(dy, index, rows):
    dx = np.zeros((rows, dy.shape[1]))
    dx[index] += dy
    return dx


def _gather_forwards(dy, index, rows):
    return dy[index]


def _gather_mean(dy, index, rows):
    dx = np.zeros((rows, dy.shape[1]))
    np.add.at(dx, index, dy)
    return dx / np.maximum(np.bincount(index, minlength=rows), 1)[:, None]


def _gather_everywhere(dy, index, rows):
    return np.zeros((rows, 1)) + dy.sum(axis=0)


def _gather_in_place(dy, index, rows):
    dx = np.zeros((rows, dy.shape[1]))
    for place in range(len(index)):
        dx[index[place]] += dy[place]
        dy[place] = 0
    return dx


def _rms(x):
    return np.sqrt((x * x).mean(axis=-1, keepdims=True))


def _rms_constant(dy, x):
    return dy / _rms(x)


def _rms_as_layer_norm(dy, x):
    n = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
    dx = dy - dy.mean(-1, keepdims=True) - n * (n * dy).mean(-1, keepdims=True)
    return dx / _rms(x)


def _rms_two_projections(dy, x):
    dx = _rms_right(dy, x)
    one = np.ones_like(x) - x * (x.sum(-1, keepdims=True) / (x * x).sum(-1, keepdims=True))
    return dx - one * (dx * one).sum(-1, keepdims=True) / (one * one).sum(-1, keepdims=True)


def _rms_not_divided(dy, x):
    return _rms_right(dy, x) * _rms(x)


def _rms_half(dy, x):
    return _rms_right(dy, x) / 2


def _rms_right(dy, x):
    n = x / _rms(x)
    return (dy - n * (n * dy).mean(axis=-1, keepdims=True)) / _rms(x)


def _slide(dy, w, stride, length, add=True):
    dx = np.zeros(length)
    for p, d in enumerate(dy):
        at = slice(stride * p, stride * p + len(w))
        dx[at] = d * w + (dx[at] if add else 0)
    return dx


def _slide_flipped(dy, w, stride, length):
    return _slide(dy, w[::-1], stride, length)


def _slide_overwrites(dy, w, stride, length):
    return _slide(dy, w, stride, length, add=False)


def _slide_full(dy, w, stride, length):
    return np.convolve(dy, w)  # right at stride 1


def _slide_shifted(dy, w, stride, length):
    return np.roll(_slide(dy, w, stride, length), 1)


def _slide_past_the_end(dy, w, stride, length):
    dx = _slide(dy, w, stride, length)
    end = stride * (len(dy) - 1) + len(w)
    dx[end:] = dx[end - 1]
    return dx


def tape(
    *,
    gather: str = "add",
    order: str = "sorted",
    fold: bool = True,
    rules: dict | None = None,
    unused: Any = "zeros",
    output: str = "returned",
    total: list | None = None,
    value: Callable = float,
) -> Callable:
    """Make a tape with one thing changed."""

    class Node:
        def __init__(self, value, parents=()):
            self.value, self.parents, self.grad = np.asarray(value, dtype=float), parents, None
            made.append(self)

        def __add__(self, other):
            other = other if isinstance(other, Node) else Node(other)
            y = self.value + other.value
            return Node(y, [(self, lambda d: d), (other, lambda d: d)])

        def __mul__(self, other):
            other = other if isinstance(other, Node) else Node(other)
            left, right = (rules or {}).get("mul", (other, self))
            left, right = (self, other) if left == "own" else (left, right)
            y = self.value * other.value
            return Node(y, [(self, lambda d: d * left.value), (other, lambda d: d * right.value)])

        def __matmul__(self, other):
            other = other if isinstance(other, Node) else Node(other)
            a, b = self.value, other.value
            return Node(a @ b, [(self, lambda d: d @ b.T), (other, lambda d: a.T @ d)])

        def exp(self):
            y = np.exp(self.value)
            slope = self.value if "exp" in (rules or {}) else y
            return Node(y, [(self, lambda d: d * slope)])

        def log(self):
            return Node(np.log(self.value), [(self, lambda d: d / self.value)])

        def relu(self):
            y = (rules or {}).get("relu", lambda x: np.maximum(x, 0))(self.value)
            return Node(y, [(self, lambda d: d * (y > 0))])

        def sum(self, axis=None, keepdims=False):
            def back(d):
                if axis is not None and not keepdims:
                    d = np.expand_dims(d, axis)
                return d * np.ones_like(self.value)

            return Node(self.value.sum(axis=axis, keepdims=keepdims), [(self, back)])

    made: list[Node] = []

    def give(node, d):
        if fold and d.shape != node.value.shape:
            d = d.sum(axis=tuple(range(d.ndim - node.value.ndim)))
            for axis, n in enumerate(node.value.shape):
                d = d.sum(axis=axis, keepdims=True) if n == 1 else d
        if node.grad is None or gather == "assign":
            node.grad = d
        elif gather == "in place" and node.grad.ndim:
            node.grad += d
        else:
            node.grad = node.grad + d

    def by_depth(y):
        found, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.parents:
                    visit(parent)
                found.append(node)

        visit(y)
        return found[::-1]

    def by_breadth(y):
        found = [y]
        for node in found:
            found += [p for p, _ in node.parents if not any(p is q for q in found)]
        return found

    def walk(node, d):
        give(node, d)
        for parent, back in node.parents:
            walk(parent, _folded(back(d), parent.value.shape))

    def gradient(f, *arrays):
        leaves = [Node(a) for a in arrays]
        y = f(*leaves)
        last = made[-1] if output == "last" else y
        if order == "paths":
            walk(y, np.ones_like(y.value))
        else:
            last.grad = np.ones_like(last.value)
            for node in (by_breadth if order == "breadth" else by_depth)(last):
                for parent, back in node.parents:
                    give(parent, back(node.grad))
        blank = [np.zeros_like(n.value) if unused == "zeros" else unused for n in leaves]
        grads = [b if n.grad is None else n.grad for n, b in zip(leaves, blank, strict=True)]
        if total is not None:  # gradients are kept from call to call, place by place
            if [np.shape(a) for a in total] == [np.shape(g) for g in grads]:
                grads = [a + g for a, g in zip(total, grads, strict=True)]
            total[:] = grads
        return (y if value is None else value(y.value)), grads

    return gradient


def _folded(d, shape):
    d = d.sum(axis=tuple(range(d.ndim - len(shape))))
    return d.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def _relu_over_input(x):
    np.maximum(x, 0, out=x)
    return x


def wrapped(change: Callable) -> Callable:
    """A right tape whose gradients go through ``change(gradients)``."""

    def gradient(f, *arrays):
        value, gradients = tape()(f, *arrays)
        return value, change(gradients)

    return gradient


WRONG_BACKWARD = {
    ("01_backward_by_hand", 1): [
        (_affine_not_summed, "the shape law"),
        (_affine_mean, "the counting law"),
        (_affine_gamma_forgotten, "the adjoint law of x"),
        (_affine_x_forgotten, "the adjoint law of gamma"),
    ],
    ("01_backward_by_hand", 2): [
        (_gather_forwards, "the shape law"),
        (_gather_last_wins, "the repeated-use law"),
        (_gather_mean, "the repeated-use law"),
        (_gather_everywhere, "the unused-row law"),
        (_gather_in_place, "the unchanged law"),
    ],
    ("01_backward_by_hand", 3): [
        (_rms_constant, "the scale law"),
        (_rms_as_layer_norm, "the mean-counts law"),
        (_rms_two_projections, "the mean-counts law"),
        (_rms_not_divided, "the homogeneity law"),
        (_rms_half, "the adjoint law"),
    ],
    ("01_backward_by_hand", 4): [
        (_slide_flipped, "the impulse law"),
        (_slide_overwrites, "the overlap law"),
        (_slide_full, "the shape law"),
        (_slide_shifted, "the impulse law"),
        (_slide_past_the_end, "the unseen-pixel law"),
    ],
    ("01_backward_by_hand", 5): [
        (tape(gather="assign"), "the fork law"),
        (tape(order="breadth"), "the order law"),
        (tape(gather="in place"), "the alias law"),
        (tape(order="paths"), "the once law"),
        (tape(fold=False), "the broadcast law"),
        (tape(unused=None), "the unused law"),
        (tape(output="last"), "the dead-end law"),
        (tape(total=[]), "the again law"),
        (tape(value=None), "the form law"),
        (tape(rules={"mul": ("own", "own")}), "the adjoint law"),
        (tape(rules={"exp": "slope of x"}), "the adjoint law"),
        (tape(rules={"relu": np.abs}), "the value law"),
        (tape(rules={"relu": _relu_over_input}), "the unchanged law"),
        (wrapped(lambda gradients: gradients[:1]), "the form law"),
        (wrapped(lambda gradients: [g.ravel() for g in gradients]), "the shape law"),
        (
            wrapped(lambda gradients: [g * (len(gradients) < 7) for g in gradients]),
            "the network law",
        ),
    ],
}
