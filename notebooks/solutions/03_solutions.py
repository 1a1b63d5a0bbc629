"""Solutions of the exercises in 03_large_batches_break_sgd.ipynb, under the names of the stubs."""

from math import sqrt


def batch_noise(sigma2, N, B):
    """Exercise 1: 1/B as for independent draws, times what is left of the data."""
    return sigma2 / B * (N - B) / (N - 1)


def ramp(base, steps, t):
    """Exercise 2: t + 1, so that the first step is not lost and the last arrives."""
    return base * min(1, (t + 1) / steps)


def clip(grads, c):
    """Exercise 3: ONE factor for all layers, so that the direction stays."""
    total = sqrt(sum(float((g * g).sum()) for g in grads.values()))
    factor = min(1, c / total) if total > 0 else 1
    return {name: g * factor for name, g in grads.items()}


def largest_rate(curvature, momentum):
    """Exercise 4: z = -1 in z^2 - (1 + m - rate * curvature) z + m."""
    return 2 * (1 + momentum) / curvature


def signal_and_noise(G_small, b, G_big, B):
    """Exercise 5: two linear equations G = signal + noise / batch in two unknowns."""
    trace = (G_small - G_big) / (1 / b - 1 / B)
    return G_big - trace / B, trace
