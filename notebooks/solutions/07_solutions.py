"""Solutions of the exercises in 07_rates_slack_and_broken_hypotheses.ipynb."""

import numpy as np


def slope(T, values):
    """Exercise 1: a power of T is a straight line on these axes."""
    return np.polyfit(np.log(T), np.log(values), 1)[0]


def floor(sigma, b, low, high):
    """Exercise 2: start and curvature go to zero, the noise stays."""
    return high / low * sum(sigma) / b**0.5


def verdict(low, high, bound, ceiling):
    """Exercise 3: a violation is one even of a useless bound; then ask whether it is useless."""
    if low > bound:
        return "violated"
    if bound >= ceiling:
        return "vacuous"
    return "holds" if high <= bound else "undecided"


def best_batch(gap, L, sigma, N):
    """Exercise 4: p sqrt(b) + q / sqrt(b) is least where both are equal."""
    return sum(sigma) * (N / (2 * gap * sum(L))) ** 0.5


def attain(L, T):
    """Exercise 5: k = sqrt(T) steps down, then to and fro across the minimum, for T - k steps."""
    k = round(T**0.5)
    return [k + 1e-6] * len(L), 1.0
