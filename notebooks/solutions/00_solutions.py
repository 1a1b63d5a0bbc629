"""Solutions of the exercises in 00_reading_guide.ipynb, under the names of the stubs."""

import numpy as np


def square(x):
    """Exercise 1: the pullback reads x again, and writes nowhere."""
    return x * x, lambda dy: 2 * x * dy  # (x + h v)^2 = x^2 + 2 h x v + ...


def biases_only(name, array):
    """Exercise 2: a mask sees names and shapes, never values."""
    return name.endswith(".b")


def sign_rule(u, memory, w, step):
    """Exercise 3: a link without memory gives back the memory it got."""
    return np.sign(u), memory


def trust_ratio(w, u):
    """Exercise 4: where either norm is zero there is nothing to compare, so 1."""
    w_norm, u_norm = np.linalg.norm(w), np.linalg.norm(u)
    return w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1
