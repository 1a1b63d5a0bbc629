"""Problems that are nobody's family, written as a user would: no bound is exceeded on them."""

import numpy as np
import pytest

from theory import check_bound, noise
from theory.layers import join, split
from theory.measure import constants_of
from theory.problems import Problem
from theory.theorems import lamb, lamb_sign, lars, momentum_lars, sgd

ROWS = np.random.default_rng(5).normal(size=(5, 3))  # w_k, layers of 1 and 2 coordinates
UNBOUNDED = (np.full(2, np.inf), np.full(1, np.inf))


def log_cosh():
    r"""Coupled: sum_k log cosh <w_k, x>; its Hessian is at most W'W, at 0."""
    weights = np.array([2.0, 1.0, 1.0])  # any D with W'W <= kappa D will do
    largest = np.linalg.eigvalsh(ROWS.T @ ROWS / np.sqrt(np.outer(weights, weights)))[-1]

    def value(x):
        z = join(x) @ ROWS.T
        return np.sum(np.logaddexp(z, -z) - np.log(2), axis=-1)

    def gradient(x):
        return split(np.tanh(join(x) @ ROWS.T) @ ROWS, (1, 2))

    start = (np.array([1.5]), np.array([-1.0, 0.7]))
    sup = split(np.abs(ROWS).sum(axis=0), (1, 2))
    return Problem("log cosh", value, gradient, start, (2 * largest, largest), 0.0, sup)


def radial():
    """sum_i c_i log(1 + |x_i|^2): nonconvex, depends on norms; curvature 2 c_i at 0, slope c_i."""

    def value(x):
        return sum(c * np.log1p(np.sum(a * a, axis=-1)) for c, a in zip((1, 3), x, strict=True))

    def gradient(x):
        parts = zip((1, 3), x, strict=True)
        return tuple(2 * c * a / (1 + np.sum(a * a, axis=-1, keepdims=True)) for c, a in parts)

    sup = (np.full(4, 1.0), np.full(9, 3.0))
    return Problem("radial", value, gradient, (np.ones(4), np.full(9, 0.3)), (2.0, 6.0), 0.0, sup)


def softplus():
    """log(1 + exp(-x)): the infimum 0 is not attained."""

    def value(x):
        return sum(np.sum(np.logaddexp(0, -a), axis=-1) for a in x)

    def gradient(x):
        return tuple(-1 / (1 + np.exp(a)) for a in x)

    sup = (np.ones(2), np.ones(1))
    return Problem("softplus", value, gradient, (np.zeros(2), np.zeros(1)), (0.25, 0.25), 0.0, sup)


def wavy():
    """c (x^2/2 + 2 sin x): two valleys, second derivative between -c and 3 c."""
    bottom = -1.0298665293222  # where x + 2 cos x = 0
    least = bottom**2 / 2 + 2 * np.sin(bottom)

    def value(x):
        parts = zip((1.0, 0.5), x, strict=True)
        return sum(c * np.sum(a * a / 2 + 2 * np.sin(a), axis=-1) for c, a in parts)

    def gradient(x):
        return tuple(c * (a + 2 * np.cos(a)) for c, a in zip((1.0, 0.5), x, strict=True))

    start = (np.array([4.0, -3.0]), np.array([5.0]))
    return Problem("wavy", value, gradient, start, (3.0, 1.5), 2.5 * least, UNBOUNDED)


PROBLEMS = {p.name: p for p in (log_cosh(), radial(), softplus(), wavy())}
LAWS = (noise.none(), noise.rademacher(0.7), noise.two_point(0.5, probability=0.03))
PHI = (0.5, 2.0)


def clip(z):
    return np.clip(z, *PHI)


# theorem -> (optimizer of a step size, what check_bound is told, may gradients be unbounded)
WAYS = {
    "sgd": (sgd.algorithm, {}, True),
    "lars": (lambda eta: lars.algorithm(eta, phi=clip), {"phi": PHI}, True),
    "lamb_sign": (lambda eta: lamb_sign.algorithm(eta, phi=clip), {"phi": PHI}, True),
    "lamb": (
        lambda eta: lamb.algorithm(eta, phi=clip, beta2=0.5, eps=0.1),
        {"phi": PHI, "beta2": 0.5, "eps": 0.1},
        False,
    ),
    "momentum_lars": (
        lambda eta: momentum_lars.algorithm(eta, phi=clip, beta=0.7),
        {"phi": PHI, "options": {"beta": 0.7}},
        True,
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("theorem", WAYS)
def test_no_bound_is_exceeded_on_a_problem_of_ones_own(theorem, name):
    build, told, unbounded = WAYS[theorem]
    problem = PROBLEMS[name]
    for law in LAWS:
        if not unbounded and not np.isfinite(constants_of(problem, law).gradient_bound):
            continue
        for steps, batch_size in ((1, 1), (5, 2), (50, 50)):
            found = check_bound(
                build,
                problem,
                law,
                theorem=theorem,
                steps=steps,
                batch_size=batch_size,
                replicates=16,
                together=True,
                **told,
            )
            assert found.verdict != "violated", (law.name, steps, found)
            assert found.ratio > 0


@pytest.mark.parametrize("name", PROBLEMS)
def test_their_constants_are_what_they_say(name):
    p, rng = PROBLEMS[name], np.random.default_rng(0)
    x = tuple(rng.normal(size=(500, a.size)) * 3 for a in p.start)
    y = tuple(a + rng.normal(size=a.shape) * 10 ** rng.uniform(-2, 1, (500, 1)) for a in x)
    moved = [b - a for a, b in zip(x, y, strict=True)]
    slope = sum(np.sum(g * m, axis=-1) for g, m in zip(p.gradient(x), moved, strict=True))
    square = sum(c * np.sum(m * m, axis=-1) for c, m in zip(p.smoothness, moved, strict=True)) / 2
    assert np.all(np.abs(p.value(y) - p.value(x) - slope) <= square * (1 + 1e-9))  # A1, both sides
    assert p.value(x).min() > p.f_star
    assert np.all(np.abs(join(p.gradient(x))) <= join(p.gradient_sup))
