"""Solutions of the exercises in 01_backward_by_hand.ipynb, under the names of the stubs."""

import numpy as np


def affine_back(dy, x, gamma):
    """Exercise 1: gamma and beta are broadcast over the rows, so theirs are sums over the rows."""
    return gamma * dy, (x * dy).sum(axis=0), dy.sum(axis=0)


def gather_back(dy, index, rows):
    """Exercise 2: a gather turns into a scatter-add."""
    dx = np.zeros((rows, *dy.shape[1:]))
    np.add.at(dx, index, dy)  # dx[index] += dy would keep the last of several
    return dx


def rms_norm_back(dy, x):
    """Exercise 3: one projection is taken out, that along x."""
    r = np.sqrt((x * x).mean(axis=-1, keepdims=True))
    n = x / r
    return (dy - n * (n * dy).mean(axis=-1, keepdims=True)) / r


def slide_back(dy, w, stride, length):
    """Exercise 4: every window gives its pixels their share; shares add."""
    dx = np.zeros(length)
    for p in range(len(dy)):
        dx[stride * p : stride * p + len(w)] += dy[p] * w
    return dx


def tape_gradient(f, *arrays):
    """Exercise 5: write down what was computed, then read it upwards."""
    tape = []  # in order: every value stands after those it was made from

    class Value:
        def __init__(self, value, *parents):
            self.value, self.parents = np.asarray(value, dtype=float), parents
            self.d = np.zeros_like(self.value)
            tape.append(self)  # parents: (value, its pullback)

        def __add__(self, other):
            other = made(other)
            y = self.value + other.value
            return Value(y, (self, lambda dy: dy), (other, lambda dy: dy))

        def __mul__(self, other):
            other = made(other)
            y = self.value * other.value
            return Value(
                y, (self, lambda dy: dy * other.value), (other, lambda dy: dy * self.value)
            )

        def __matmul__(self, other):
            other = made(other)
            by_left, by_right = (lambda dy: dy @ other.value.T), (lambda dy: self.value.T @ dy)
            return Value(self.value @ other.value, (self, by_left), (other, by_right))

        def exp(self):
            y = np.exp(self.value)
            return Value(y, (self, lambda dy: dy * y))

        def log(self):
            return Value(np.log(self.value), (self, lambda dy: dy / self.value))

        def relu(self):
            return Value(np.maximum(self.value, 0), (self, lambda dy: dy * (self.value > 0)))

        def sum(self, axis=None, keepdims=False):
            def back(dy):  # a sum turns into a broadcast
                lost = axis is not None and not keepdims
                return np.broadcast_to(np.expand_dims(dy, axis) if lost else dy, self.value.shape)

            return Value(self.value.sum(axis=axis, keepdims=keepdims), (self, back))

    def made(other):  # a constant becomes a value whose gradient nobody asks for
        return other if isinstance(other, Value) else Value(other)

    def folded(d, shape):  # a broadcast turns into a sum
        d = d.sum(axis=tuple(range(d.ndim - len(shape))))
        short = tuple(i for i, length in enumerate(shape) if length == 1)
        return d.sum(axis=short, keepdims=True)

    given = [Value(a) for a in arrays]
    y = f(*given)
    y.d = np.ones_like(y.value)
    for node in reversed(tape):  # all that used a value stands after it: its d is complete
        for parent, back in node.parents:
            parent.d = parent.d + folded(back(node.d), parent.value.shape)  # gradients add
    return y.value, [a.d for a in given]
