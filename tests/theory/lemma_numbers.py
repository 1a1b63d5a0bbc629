"""A lemma's letters and both its sides as numbers, from what the letters mean."""

import numpy as np
import sympy as sp

from theory.kernel import inner, norm


def direction(v, eps):
    length = np.sqrt(v @ v) + eps
    return v / length if length > 0 else 0 * v


def draw(rng, size):
    """A pair of vectors: of all scales, sometimes equal, opposite, or with zeros."""
    a = rng.normal(size=size) * 10 ** rng.uniform(-2, 2)
    b = a + rng.normal(size=size) * 10 ** rng.uniform(-2, 2)
    kind = rng.integers(8)
    if kind == 0:
        b = -(10 ** rng.uniform(-4, 1)) * a
    elif kind == 1:
        b = b * (rng.random(size) < 0.5)
    elif kind == 2:
        a = a * (rng.random(size) < 0.5)
    elif kind == 3:
        b = 0 * b
    elif kind == 4:
        a = 0 * a
    elif kind == 5:
        b = a
    return a, b


def letters_of(lemma, rng, size):
    """Random values for the letters of a lemma, according to its definitions."""
    a, b = draw(rng, size)
    eps = float(rng.choice([0.0, 10 ** rng.uniform(-3, 1)]) * np.abs(a).max())
    bound, share = (
        float(np.max(np.abs(b)) * rng.uniform(1, 2) + 1e-9),
        float(rng.uniform(0.01, 0.9)),
    )
    numbers = {"a": a, "b": b, "eps": eps, "G": bound, "q": share, "d_max": size + rng.integers(2)}
    numbers |= {"delta": b - a, "d": size, "deviation": float(10 ** rng.uniform(-2, 2))}
    for letter, meaning in lemma.where.items():
        numbers[str(letter)] = value_of(meaning, numbers, rng)
    return numbers


def value_of(meaning, numbers, rng):
    kind, *names = meaning
    args = [numbers[str(name)] for name in names]
    if kind == "direction":
        return direction(args[0], args[1] if len(args) > 1 else 0.0)
    if kind == "difference":
        return args[0] - args[1]
    if kind == "sign":
        return np.sign(args[0])
    if kind == "sign, never 0":
        return np.where(args[0] == 0, rng.choice([-1.0, 1.0], size=len(args[0])), np.sign(args[0]))
    if kind == "sign direction":
        size = np.abs(args[0])
        r = np.where(size > 0, args[0] / np.where(size > 0, size + args[1], 1), 0.0)
        return direction(r, 0.0)
    if kind == "where the sign is wrong":
        return np.abs(args[0]) * (args[0] * args[1] < 0)
    if kind == "normalised Adam direction":
        g, share, eps = args
        low, high = share * g * g, numbers["G"] ** 2
        root = np.sqrt(low + (high - low) * rng.uniform(0, 1, len(g)) * rng.choice([0, 1])) + eps
        return direction(np.where(root > 0, g / np.where(root > 0, root, 1), 0.0), 0.0)
    if kind == "largest size":
        return numbers["d_max"]
    raise KeyError(kind)


def evaluate(expr, numbers, j=None):
    """An expression of a lemma at these numbers, for one layer and coordinate j."""
    expr = sp.sympify(expr)
    if isinstance(expr, sp.Indexed):
        value = numbers[str(expr.base)]
        if np.ndim(value) == 0:
            return value
        return value[j] if len(expr.indices) == 2 else value
    if isinstance(expr, sp.Symbol):
        return numbers[str(expr)]
    if expr.is_number:
        return float(expr)
    if isinstance(expr, sp.Sum):
        return sum(evaluate(expr.function, numbers, k) for k in range(numbers["d"]))
    args = [evaluate(arg, numbers, j) for arg in expr.args]
    if expr.func == norm:
        return float(np.sqrt(args[0] @ args[0]))
    if expr.func == inner:
        return float(args[0] @ args[1])
    if expr.is_Add:
        return sum(args)
    if expr.is_Mul:
        return float(np.prod(args))
    if expr.is_Pow:
        return float(args[0]) ** float(args[1])
    if expr.func == sp.Abs:
        return abs(args[0])
    raise TypeError(expr.func)
