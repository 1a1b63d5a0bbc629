"""LARS under heavy tails: infinite variance, a p-th moment, and the mean of b samples."""

from math import inf, log

import numpy as np
import pytest
import sympy as sp

from tests.theory.extension_steps import ends_with_its_terms, refuses_wrong_terms
from theory import noise, problems, tails
from theory.check import check_bound
from theory.constants import make_constants
from theory.kernel.letters import alpha_l, eps, eta
from theory.lemmas import moments
from theory.measure import constants_of
from theory.theorems import heavy_tails, lars

CONSTANTS = make_constants(1.7, (4.0, 1.0, 0.3), sigma=(0.7, 1.2, 0.4))
MOMENT = moments.moment[moments.i]
RUN = {"step_size": 0.07, "steps": 37, "batch_size": 5, "phi": (0.5, 2.0)}


# ---------------------------------------------------------------- the proof


def test_the_derivation_ends_with_the_expression_that_is_evaluated():
    proof = heavy_tails.derivation()
    ends_with_its_terms(proof)
    assert proof.assumptions() == ("A1", "A2 mean", "A2 moment", "A4 lower", "A4 upper")
    assert proof.unproved() == (moments.HEAVY_TAILS.name,)
    ends_with_its_terms(heavy_tails.published_derivation())


def test_wrong_constants_are_refused():
    proof = heavy_tails._derive("again", moments.HEAVY_TAILS)
    refuses_wrong_terms(proof, last="descent over the run", by=eta * alpha_l)


def test_at_two_moments_it_is_the_bound_of_lars():
    ours = heavy_tails.derivation().bound.subs({moments.p: 2, heavy_tails.S_p: lars.S})
    assert sp.simplify(ours - lars.derivation().bound.subs(eps, 0)) == 0
    found = heavy_tails.bound(CONSTANTS, **RUN, p=2.0, moments=CONSTANTS.sigma)
    assert found == pytest.approx(lars.bound(CONSTANTS, **RUN), rel=1e-14)


@pytest.mark.parametrize("p", [1.01, 1.3, 1.8, 2.0])
@pytest.mark.parametrize("b", [1, 2, 7, 1000])
def test_the_three_factors_of_the_noise_are_in_order(p, b):
    exact = (1 + (b - 1) * 2 ** (2 - p)) ** (1 / p) / b
    rounded = 2 ** (2 / p - 1) * b ** (1 / p - 1)
    known = 2 ** (1 / p) * b ** (1 / p - 1)
    assert exact <= rounded * (1 + 1e-12)
    assert rounded <= known * (1 + 1e-12)
    arguments = RUN | {"batch_size": b, "p": p, "moments": (1.0, 0.0, 2.0)}
    found = heavy_tails.terms(CONSTANTS, **arguments)["noise"]
    assert found == pytest.approx(3 * exact * 2.0 / 0.5)
    published = heavy_tails.published(CONSTANTS, **arguments)
    rest = heavy_tails.bound(CONSTANTS, **arguments) - found
    assert published - rest == pytest.approx(3 * known * 2.0 / 0.5)


# ---------------------------------------------------------------- the lemma in numbers


def powered(x, p):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x * np.where(length > 0, length, 1.0) ** (p - 2)


@pytest.mark.parametrize("p", [1.05, 1.5, 1.9])
def test_the_gradient_of_a_power_is_hoelder_with_the_constant_of_opposite_vectors(p):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20_000, 3)) * rng.exponential(size=(2, 20_000, 1))
    y[::2] = -x[::2] + 0.1 * y[::2]  # nearly opposite, where it is nearly attained
    change = np.linalg.norm(powered(x, p) - powered(y, p), axis=-1)
    ratio = change / np.linalg.norm(x - y, axis=-1) ** (p - 1)
    assert 0.98 * 2 ** (2 - p) < ratio.max() <= 2 ** (2 - p) * (1 + 1e-12)


@pytest.mark.parametrize("p", [1.1, 1.5, 2.0])
def test_adding_a_vector_costs_at_most_its_power_times_two_to_two_minus_p(p):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 20_000, 2)) * rng.exponential(size=(2, 20_000, 1))
    y[::2] = -2 * x[::2] + 0.1 * y[::2]
    power = (np.linalg.norm(v, axis=-1) ** p for v in (x + y, x, y))
    after, before, added = power
    linear = p * np.sum(powered(x, p) * y, axis=-1)
    share = (after - before - linear) / added
    assert share.max() <= 2 ** (2 - p) * (1 + 1e-6)  # a difference of large numbers
    assert share.max() > (0.999 if p == 2 else 1.0)


def factor(b, p):
    """What the lemma has in front of the moment, as a number."""
    return float((moments.HEAVY_TAILS.upper / MOMENT).subs({moments.b: b, moments.p: p}))


@pytest.mark.parametrize("p", [1.1, 1.5, 2.0])
@pytest.mark.parametrize("b", [1, 2, 5, 40])
def test_the_mean_of_b_samples_obeys_the_lemma_exactly(p, b):
    from theory.lattice import batch_mean

    best = 0.0
    for q in (0.5, 0.2, 1 / b if b > 1 else 0.4, log(2) / b / 2):
        sample = batch_mean(1, -1.0, (1 - q) / q, 1 - q)
        mean = batch_mean(b, -1.0, (1 - q) / q, 1 - q)
        moment = float(sample.weights @ np.abs(sample.values) ** p) ** (1 / p)
        first = float(mean.weights @ np.abs(mean.values))
        limit = factor(b, p)
        assert first <= limit * moment * (1 + 1e-12)
        best = max(best, first / (limit * moment))
    assert best > (0.99 if b == 1 else 0.45)


# ---------------------------------------------------------------- infinite variance


def test_stable_noise_has_the_moments_and_the_batch_means_that_it_says():
    rng = np.random.default_rng(0)
    law = tails.stable(0.7, index=1.6)
    zero = (np.zeros((200_000, 1)),)
    for b in (1, 50):
        drawn = np.abs(law.sample(rng, zero, b)[0])
        root = float(np.mean(drawn**0.9)) ** (1 / 0.9)
        assert root == pytest.approx(
            tails.stable_moment(1.6, 0.9, scale=0.7) * b ** (1 / 1.6 - 1), rel=0.02
        )
    five = law.sample(rng, tuple(np.zeros((5, 100_000, 1)) for _ in range(1)), 1)[0].mean(axis=0)
    quantiles = [0.6, 0.75, 0.9]
    mean = law.sample(rng, (np.zeros((100_000, 1)),), 5)[0]
    np.testing.assert_allclose(
        np.quantile(five, quantiles), np.quantile(mean, quantiles), rtol=0.06
    )


def test_with_infinite_variance_lars_has_no_bound_and_this_theorem_has():
    problem = problems.bounded_well([2.0, 1.0], (1, 2), start=1.3)
    law = tails.stable(0.05, index=1.5)
    assert law.sigma((1, 2)) == (inf, inf)
    with pytest.raises(ValueError, match=r"sigma\[0\].*=inf must be a finite"):
        constants_of(problem, law)
    p = 1.25
    sigma = [tails.stable_moment(1.5, p, scale=0.05, size=d) for d in (1, 2)]
    ratios = []
    for batch_size in (1, 64, 4096):
        found = check_bound(
            heavy_tails.algorithm,
            problem,
            law,
            theorem="heavy_tails",
            steps=64,
            batch_size=batch_size,
            options={"p": p, "moments": sigma},
            together=True,
        )
        assert found.verdict in ("holds", "vacuous")
        assert found.interval[1] < found.bound
        ratios.append(found.ratio)
    assert min(ratios) > 0.1


def test_the_bound_holds_with_every_moment_of_ordinary_noise():
    problem = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)
    law = noise.two_point(0.4, probability=0.1)
    sample = np.array([3.0, 1 / 3]) * 0.4, np.array([0.1, 0.9])
    for p in (1.2, 1.6, 2.0):
        one = float(sample[1] @ sample[0] ** p)
        found = check_bound(
            heavy_tails.algorithm,
            problem,
            law,
            theorem="heavy_tails",
            steps=50,
            batch_size=4,
            options={"p": p, "moments": [one ** (1 / p), (3 * one) ** (1 / p)]},
            together=True,
        )
        assert found.verdict == "holds"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"p": 1.0}, r"p=1.0 must lie in \(1, 2\]"),
        ({"p": 2.1}, "p=2.1"),
        ({"moments": (1.0,)}, "moments has 1 entries for 3 layers"),
        ({"moments": (1.0, inf, 1.0)}, r"moments\[1\]=inf"),
        ({"steps": 0}, "steps=0"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = RUN | {"p": 1.5, "moments": (1.0, 1.0, 1.0)} | changed
    with pytest.raises(ValueError, match=message):
        heavy_tails.bound(CONSTANTS, **arguments)
