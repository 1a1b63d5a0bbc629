"""Every bound from both sides: never exceeded, and nearly attained in each of its terms."""

from functools import cache
from math import sqrt

import numpy as np
import pytest

from theory.constants import make_constants
from theory.theorems import lamb, lamb_sign, lars, sgd
from theory.witnesses import CLAIMS, WITNESSES, faults, ratios
from theory.witnesses.lamb import Slide, slides
from theory.witnesses.runs import on_lines

BY_NAME = {w.name: w for w in WITNESSES}


@cache
def found(name):
    witness = BY_NAME[name]
    return ratios(witness, CLAIMS[witness.theorem])


def test_witnesses_have_names_of_their_own():
    assert len(BY_NAME) == len(WITNESSES)
    assert {w.theorem for w in WITNESSES} == set(CLAIMS)


@pytest.mark.parametrize("name", BY_NAME)
def test_measured_over_bound_is_at_most_one_and_what_it_is_known_to_be(name):
    witness = BY_NAME[name]
    assert faults(witness, found(name)) == (), (found(name), witness.known)


# The largest measured / bound among the witnesses of a term, with most of the bound in the term.
NEARLY = {
    ("sgd", "start"): 1 - 1e-9,
    ("sgd", "curvature"): 1 - 1e-9,
    ("sgd", "noise"): 0.999,
    ("lars", "start"): 1 - 1e-9,
    ("lars", "curvature"): 1 - 1e-9,
    ("lars", "noise"): 0.955,
    ("lars", "eps"): 0.82,
    ("lamb_sign", "start"): 1 - 1e-9,
    ("lamb_sign", "curvature"): 1 - 1e-9,
    ("lamb_sign", "noise"): 0.955,
    ("lamb_robust", "start"): 1 - 1e-9,
    ("lamb_robust", "curvature"): 0.99,
    ("lamb_robust", "noise"): 0.89,
    ("lamb", "start"): 1 - 1e-6,
    ("lamb", "curvature"): 0.998,
    ("lamb", "noise"): 0.91,
    # momentum is charged more than it costs: its drift and old noise count twice in the bound
    ("momentum_lars", "start"): 0.92,
    ("momentum_lars", "curvature"): 1 - 1e-9,  # without momentum
    ("momentum_lars", "drift"): 0.38,
    ("momentum_lars", "noise"): 0.7,
    ("weight_decay", "start"): 0.9999,
    ("weight_decay", "curvature"): 0.999,
    ("weight_decay", "noise"): 0.923,
    ("heavy_tails", "start"): 1 - 1e-9,
    ("heavy_tails", "curvature"): 1 - 1e-9,
    ("heavy_tails", "noise"): 0.86,
    ("per_layer", "start"): 1 - 1e-9,
    ("per_layer", "curvature"): 1 - 1e-9,
    ("per_layer", "noise"): 0.95,
}


@pytest.mark.parametrize(("theorem", "term"), NEARLY)
def test_every_term_is_nearly_attained_where_it_is_most_of_the_bound(theorem, term):
    own = [w.name for w in WITNESSES if (w.theorem, w.term) == (theorem, term)]
    best = max(found(name).sharp for name in own if found(name).share >= 0.4)
    assert NEARLY[theorem, term] <= best <= 1 + 1e-9


def test_every_term_of_every_bound_has_a_witness():
    for theorem, claim in CLAIMS.items():
        some = next(w for w in WITNESSES if w.theorem == theorem and "step_size" in w.arguments)
        named = {term for key, term in NEARLY if key == theorem}
        assert set(claim.terms(some.constants, **some.arguments)) == named


def test_the_known_ratios_of_the_published_noise_constants():
    for name, published in (
        ("LARS noise, T = 4096", 0.487),  # constant 2
        ("LAMB sign noise, T = 4096", 0.246),  # 2 and no 1/sqrt(d), d = 4
        ("LAMB noise, T = 4096", 0.476),  # 1 instead of 1/2
    ):
        assert found(name).published == pytest.approx(published, abs=5e-4)


def test_the_noise_ratio_approaches_one_as_the_root_of_the_horizon():
    from theory.witnesses.lars_noise import coins

    gaps = {}
    for steps in (256, 1024, 4096):
        witness = coins("", (1.0,), step_size=0.64 / sqrt(steps), steps=steps, known=(1.0, 1.0))
        gaps[steps] = 1 - ratios(witness, CLAIMS["lars"]).sharp
    assert gaps[256] / gaps[1024] == pytest.approx(2, abs=0.25)
    assert gaps[1024] / gaps[4096] == pytest.approx(2, abs=0.25)


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 16000, reason="needs 80-bit numbers")
def test_the_slides_reach_what_the_range_of_the_numbers_allows():
    for slide, ratio in (
        (Slide(2, 0.5, 2048, 0.01, 1.0, 0, 5500.0, 1.0), 0.845),
        (Slide(4, 0.9, 2048, 0.01, 1.05, 0, 5500.0, 1.0), 0.808),
        (Slide(8, 0.9, 2048, 0.01, 1.1, 0, 5500.0, 1.0), 0.825),
    ):
        witness = slides(slide, (ratio, ratio), dtype=np.longdouble)
        assert ratios(witness, CLAIMS["lamb"]).sharp == pytest.approx(ratio, abs=1e-3)


# ---------------------------------------------------------------- the statements, written out


def random_constants(rng):
    layers = int(rng.integers(1, 5))
    dims = rng.integers(1, 6, layers)
    return make_constants(
        rng.uniform(0.1, 5),
        rng.uniform(0.1, 5, layers),
        sigma=rng.uniform(0, 3, layers),
        coordinate_sigma=[rng.uniform(0, 2, d) for d in dims],
        dims=dims,
        gradient_bound=rng.uniform(0.5, 5),
    )


def statements(c, eta, T, b, low, high, beta2, eps):
    """What theory.md and the paper say, in one line each."""
    Df, Lam, Linf = c.gap, sum(c.smoothness), max(c.smoothness)
    sigma, s1 = c.sigma, [sum(row) for row in c.coordinate_sigma]
    square = sum(s**2 for s in sigma)
    weighted = sum(L * s**2 for L, s in zip(c.smoothness, sigma, strict=True))
    scaled = sum(s / sqrt(d) for s, d in zip(s1, c.dims, strict=True))
    half = sum(min(s / 2, t) for s, t in zip(s1, sigma, strict=True))
    base = Df / (eta * T) + eta * high**2 * Lam / 2
    K = (c.gradient_bound + eps) * sqrt(max(c.dims) / (1 - beta2))
    root = sqrt(b)
    eta_sgd = eta / (eta * Linf + 1)  # below 1 / L_inf
    start = Df / (eta_sgd * T)
    return {
        "sgd": (
            (start + eta_sgd * weighted / (2 * b)) / (1 - Linf * eta_sgd / 2),
            (start + eta_sgd * Linf * square / (2 * b)) / (1 - Linf * eta_sgd / 2),
        ),
        "lars": tuple(
            (base + k * high * sum(sigma) / root + high * eps * len(sigma)) / low for k in (1, 2)
        ),
        "lamb_sign": tuple((base + high * noise / root) / low for noise in (scaled, 2 * sum(s1))),
        "lamb_robust": ((base + high * sum(sigma) / root) / low, None),
        "lamb": tuple(K * (base + high * noise / root) / low for noise in (half, sum(s1))),
    }


def test_the_bounds_are_the_statements_written_out():
    rng = np.random.default_rng(7)
    for _ in range(30):
        c = random_constants(rng)
        T, b = int(rng.integers(1, 50)), int(rng.integers(1, 50))
        eta, low, beta2, eps = rng.uniform(0.05, 1, 4)
        high = low * rng.uniform(1, 3)
        expected = statements(c, eta, T, b, low, high, beta2, eps)
        setting = {"step_size": eta, "steps": T, "batch_size": b, "phi": (low, high)}
        extra = {
            "sgd": {"step_size": eta / (eta * max(c.smoothness) + 1), "phi": (1.0, 1.0)},
            "lars": {"eps": eps},
            "lamb_sign": {},
            "lamb_robust": {},
            "lamb": {"eps": eps, "beta2": beta2},
        }
        for theorem, (sharp, published) in expected.items():
            claim, arguments = CLAIMS[theorem], setting | extra[theorem]
            assert claim.bound(c, **arguments) == pytest.approx(sharp, rel=1e-12)
            assert sum(claim.terms(c, **arguments).values()) == pytest.approx(sharp, rel=1e-12)
            if claim.published is not None:
                assert claim.published(c, **arguments) == pytest.approx(published, rel=1e-12)
                assert published >= sharp * (1 - 1e-12)


@pytest.mark.parametrize("theorem", ["sgd", "lars", "lamb_sign", "lamb"])
def test_the_best_step_size_has_the_least_bound(theorem):
    rng = np.random.default_rng(8)
    claim = CLAIMS[theorem]
    for _ in range(10):
        c = random_constants(rng)
        T, b = int(rng.integers(1, 50)), int(rng.integers(1, 50))
        phi = (1.0, 1.0) if theorem == "sgd" else (0.5, 1.7)
        best = claim.optimal_step(c, steps=T, batch_size=b, phi=phi)

        def at(factor, c=c, T=T, b=b, phi=phi, best=best):
            return claim.bound(c, step_size=factor * best, steps=T, batch_size=b, phi=phi)

        # the bound is a / eta + b eta (LARS, LAMB): parabola-like, equal on both sides of the best
        assert at(0.97) > at(1.0) < at(1.03)
        assert at(0.999) == pytest.approx(at(1.001), rel=1e-6)


# ---------------------------------------------------------------- the algorithms, written out


def test_the_algorithms_take_the_step_that_the_theorem_is_about():
    rng = np.random.default_rng(9)
    x = (rng.normal(size=3), rng.normal(size=2))
    g = (rng.normal(size=3), np.array([0.0, 2.0]))
    norms = [sqrt(float(v @ v)) for v in g]
    clipped = [min(max(sqrt(float(v @ v)), 0.5), 1.5) for v in x]
    eta, eps, beta2 = 0.3, 0.2, 0.7

    def phi(z):
        return np.clip(z, 0.5, 1.5)

    moved = {
        "sgd": (sgd.algorithm(eta), [eta * v for v in g]),
        "lars": (
            lars.algorithm(eta, phi=phi, eps=eps),
            [eta * p * v / (n + eps) for p, v, n in zip(clipped, g, norms, strict=True)],
        ),
        "sign": (
            lamb_sign.algorithm(eta, phi=phi),
            [
                eta * p * np.where(v >= 0, 1.0, -1.0) / sqrt(v.size)
                for p, v in zip(clipped, g, strict=True)
            ],
        ),
        "robust": (
            lamb_sign.algorithm(eta, sign_of_zero=0.0),
            [eta * np.sign(v) / sqrt(np.count_nonzero(v)) for v in g],
        ),
    }
    for step, expected in moved.values():
        for before, after, change in zip(x, step(x, g), expected, strict=True):
            np.testing.assert_allclose(before - after, change, rtol=1e-12)

    step, second = lamb.algorithm(eta, beta2=beta2, eps=eps), [0.0, 0.0]
    for _ in range(3):
        after = step(x, g)
        for i, v in enumerate(g):
            second[i] = beta2 * second[i] + (1 - beta2) * v**2
            r = v / (np.sqrt(second[i]) + eps)
            np.testing.assert_allclose(x[i] - after[i], eta * r / sqrt(float(r @ r)), rtol=1e-12)
        x, g = after, tuple(v * rng.normal(size=v.shape) for v in g)


def test_bias_correction_divides_by_the_weights_so_far():
    eta, eps, beta2 = 0.3, 0.2, 0.7
    step = lamb.algorithm(eta, beta2=beta2, eps=eps, bias_correction=True)
    x, rows = (np.zeros(2),), np.array([[1.0, -4.0], [0.5, 2.0], [-3.0, 0.1]])
    for t, g in enumerate(rows, 1):
        weights = beta2 ** np.arange(t - 1, -1, -1.0)
        root = np.sqrt(weights @ rows[:t] ** 2 / weights.sum())  # a mean of the squares so far
        r = g / (root + eps)
        (after,) = step(x, (g,))
        np.testing.assert_allclose(x[0] - after, eta * r / sqrt(float(r @ r)), rtol=1e-12)
        x = (after,)


def test_the_metrics_are_the_norms_of_the_statements():
    g = (np.array([3.0, -4.0]), np.array([-12.0]))
    assert float(sgd.metric(g)) == pytest.approx(169)
    assert float(lars.metric(g)) == pytest.approx(17)
    assert float(lamb_sign.metric(g)) == pytest.approx(7 / sqrt(2) + 12)
    assert float(lamb.metric(g)) == pytest.approx(169)


def test_an_exact_walk_agrees_with_the_enumeration_of_all_paths():
    """Twelve coins, 4096 paths together on a leading axis."""
    from theory.witnesses.lars_noise import COIN
    from theory.witnesses.runs import Line

    steps, eta = 12, 0.4
    line = Line(
        np.array([0.6, 0.8]),
        np.array([0.54, 0.72]),
        1.0,
        np.array([0.6, 0.8]) * COIN[0],
        COIN[1],
        0.5,
    )
    exact = on_lines([line], {})(CLAIMS["lars"], eta, steps)
    paths = (np.arange(2**steps)[:, None] >> np.arange(steps)) & 1
    p, total = np.full(2**steps, 0.5), 0.0
    for t in range(steps):
        slope = 0.9 * np.clip(p, -1, 1)
        total += np.mean(np.abs(slope))
        p = p - eta * np.sign(slope + 2 * paths[:, t] - 1)
    assert exact == pytest.approx(total / steps, rel=1e-12)
