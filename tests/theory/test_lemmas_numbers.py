"""The lemmas' statements on many vectors, zeros and opposite ones among them.

A certificate trusts the values that its author wrote for a case; here the letters are computed from
their definitions, and the proofs in words are tried too.
"""

import numpy as np
import pytest
import sympy as sp

from tests.theory.lemma_numbers import draw, evaluate, letters_of
from theory.lemmas import direction, matched, sign, variance
from theory.lemmas import eps as with_eps

POINTWISE = (
    direction.DIRECTION,
    direction.CAUCHY_SCHWARZ,
    with_eps.DIRECTION_EPS,
    with_eps.SHORT,
    sign.SIGN,
    sign.SIGN_LENGTH,
    sign.SIGN_BOUND,
    sign.SOFT_SIGN,
    sign.ROBUST,
    sign.SHORT,
    matched.MATCHED,
    matched.HALF_WRONG,
    matched.WRONG_IS_NOISE,
    matched.WRONG_IN_ONE_NORM,
    matched.CAUCHY_SCHWARZ,
    matched.SHORT,
    variance.MAJORANT,
)


def worst(lemma, draws=100, seed=0):
    """Largest lower - upper over random letters, relative to the size of what stands there."""
    rng, found = np.random.default_rng(seed), -np.inf
    for _ in range(draws):
        size = int(rng.integers(1, 5))
        numbers = letters_of(lemma, rng, size)
        for j in range(size):
            low, high = (evaluate(side, numbers, j) for side in (lemma.lower, lemma.upper))
            scale = 1e-300 + abs(low) + abs(high) + np.abs(numbers["a"]).max(initial=0)
            found = max(found, (low - high) / scale)
    return found


@pytest.mark.parametrize("lemma", POINTWISE, ids=lambda lemma: lemma.name)
def test_a_lemma_holds_on_many_vectors(lemma):
    assert worst(lemma) <= 1e-12


@pytest.mark.parametrize(
    ("lemma", "smaller"),
    [
        (direction.DIRECTION, lambda e: 0.95 * e),
        (with_eps.DIRECTION_EPS, lambda e: e - 0.05 * with_eps.eps),
        (sign.SIGN, lambda e: 0.95 * e),
        (matched.HALF_WRONG, lambda e: 0.95 * e),
        (matched.WRONG_IS_NOISE, lambda e: 0.95 * e),
        (matched.WRONG_IN_ONE_NORM, lambda e: 0.95 * e),
        (with_eps.SHORT, lambda e: 0.95 * sp.sympify(e)),
        (sign.SIGN_LENGTH, lambda e: 0.95 * e),
        (variance.MAJORANT, lambda e: 0.95 * e),
    ],
    ids=lambda x: getattr(x, "name", "smaller"),
)
def test_a_smaller_right_side_fails_on_many_vectors(lemma, smaller):
    assert worst(lemma._replace(upper=smaller(lemma.upper)), draws=400) > 1e-4


def test_a_sign_direction_gains_the_1_norm_over_sqrt_d_for_every_eps():
    """Equality where all coordinates are alike; 5 % more is false, eps of any size is not."""
    rng, alike = np.random.default_rng(0), np.array([2.0, -2.0, 2.0])
    for eps in (0.0, 1e-6, 0.1, 1.0, 1e6):
        for b in (alike, *rng.normal(size=(20, 3)) ** 3, np.array([1.0, 0.0, -1e-3])):
            size = np.abs(b)
            r = np.where(size > 0, b / np.where(size > 0, size + eps, 1), 0)
            gained, norm1 = b @ r / np.sqrt(r @ r), size.sum() / np.sqrt(3)
            assert gained >= norm1 * (1 - 1e-12)
            if b is alike:
                assert gained < 1.05 * norm1


def test_the_inequality_of_chebyshev_holds_and_is_attained():
    rng = np.random.default_rng(0)
    for lemma in (sign.CHEBYSHEV, sign.WEIGHTED):
        ratios = []
        for size in (1, 2, 5) * 20:
            order = np.sort(rng.uniform(size=(2, size))) ** 3
            numbers = {"d": size, "w": order[0], "rho": order[1]}
            ratios.append(evaluate(lemma.lower, numbers) / evaluate(lemma.upper, numbers))
        assert max(ratios) == pytest.approx(1)
        assert min(ratios) < 0.95


def test_the_rate_of_a_matched_coordinate_is_attained():
    lemma, i, j = matched.MATCHED, matched.i, matched.j
    more = 0.05 * matched.C * matched.a[i, j] * matched.b[i, j]
    faster = lemma._replace(lower=lemma.lower + more)
    tight = {"a": np.ones(1), "b": np.ones(1), "eps": 0.0, "G": 1.0, "q": 1.0, "d_max": 1, "d": 1}
    tight |= {"u": np.ones(1), "wrong": np.zeros(1)}
    assert evaluate(lemma.lower, tight, 0) == evaluate(lemma.upper, tight, 0) == 0
    assert evaluate(faster.lower, tight, 0) > 0.04


def test_two_is_needed_without_unbiasedness_and_one_with_it():
    """Pointwise |a| - <a, u> comes near 2 |b - a|; its mean stays below 1 E|b - a|."""
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(4000):
        a, b = draw(rng, 2)
        noise = np.sqrt((b - a) @ (b - a))
        if noise > 0 and a @ a > 0:
            u = b / np.sqrt(b @ b) if b @ b > 0 else 0 * b
            ratios.append((np.sqrt(a @ a) - a @ u) / noise)
    assert 1.9 < max(ratios) <= 2 + 1e-12
    a, flips = 0.99, np.array([1.0, -1.0])  # noise of size 1 and random sign
    means = [a - np.mean(a * np.sign(a + flips))]
    for _ in range(1000):
        a, k = rng.normal(size=2), int(rng.integers(2, 4))
        p = rng.dirichlet(np.ones(k))
        xi = rng.normal(size=(k, 2)) * 10 ** rng.uniform(-1, 1)
        xi[-1] = -(p[:-1] @ xi[:-1]) / p[-1]
        b = a + xi
        loss = np.sqrt(a @ a) - p @ (b @ a / np.sqrt((b * b).sum(1)))
        means.append(loss / (p @ np.sqrt((xi * xi).sum(1))))
    assert 0.98 < max(means) <= 1 + 1e-12


def test_a_zero_sign_breaks_the_sign_lemma():
    """The one coordinate that is left makes the whole step, in the wrong direction."""
    a, b = np.array([1.0, 0.01]), np.array([-0.01, 0.0])
    delta, r = b - a, np.sign(b)
    sharp = (np.abs(delta).sum() - np.sign(a) @ delta) / np.sqrt(2)
    loss = np.abs(a).sum() / np.sqrt(2) - a @ r / np.sqrt(r @ r)
    assert loss > 1.15 * sharp


@pytest.mark.parametrize("p", [1.1, 1.5, 2.0])
def test_the_gradient_of_a_power_of_the_norm_is_hoelder_with_that_constant(p):
    """Behind the heavy-tail lemma; attained at y = -x."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20000, 3))
    y[:5000] = -x[:5000] * rng.uniform(0.9, 1.1, size=(5000, 1))

    def power(v, q):
        return np.sqrt((v * v).sum(1)) ** q

    change = power(x * power(x, p - 2)[:, None] - y * power(y, p - 2)[:, None], 1)
    ratio = (change / power(x - y, p - 1)).max() / 2 ** (2 - p)
    assert 0.999 < ratio <= 1 + 1e-12


@pytest.mark.parametrize("p", [1.2, 1.5, 2.0])
def test_the_mean_of_samples_with_a_rare_large_value_obeys_the_heavy_tail_lemma(p):
    """Exact: samples are M with probability 1/M^p, else a small negative number; b of them."""
    from math import comb

    for b in (1, 4, 16, 64):
        for big in (3.0, 8.0, 20.0):
            q = big**-p
            low = -big * q / (1 - q)
            s = (q * big**p + (1 - q) * abs(low) ** p) ** (1 / p)
            mean = sum(
                comb(b, k) * q**k * (1 - q) ** (b - k) * abs(k * big + (b - k) * low) / b
                for k in range(b + 1)
            )
            assert mean <= 2 ** (2 / p - 1) * s * b ** (1 / p - 1) * (1 + 1e-12)
