"""Solutions of the exercises in 06_descent_lemma_layer_by_layer.ipynb."""

import numpy as np


def lost(a, b):
    """Exercise 1: the length of a minus what of it points along b; no step gains nothing."""
    length = np.linalg.norm(b)
    return np.linalg.norm(a) - (a @ b / length if length > 0 else 0)


def lars_bound(gap, L, sigma, eta, T, b):
    """Exercise 2: start, curvature, noise."""
    return gap / (eta * T) + eta * sum(L) / 2 + sum(sigma) / b**0.5


def best_step(gap, L, T):
    """Exercise 3: p / eta + q eta is least where both are equal."""
    return (2 * gap / (sum(L) * T)) ** 0.5


def joint(H, dims):
    """Exercise 4: scale every layer to curvature 1, and see what joint moves still add."""
    cuts = np.split(np.arange(len(H)), np.cumsum(dims)[:-1])
    own = np.array([np.linalg.eigvalsh(H[np.ix_(k, k)])[-1] for k in cuts])
    root = np.repeat(np.sqrt(own), dims)
    return own * np.linalg.eigvalsh(H / np.outer(root, root))[-1]


def certificate(A, B, c):
    """Exercise 5: complete the square in A - B, what is left has 1 - c in it."""
    return (A - B) ** 2 * (1 - c) * (1 + c), 2 * A * B * (1 - c)
