"""Noise: the mini-batch mean's law and its constants, against the law of one sample enumerated."""

from itertools import product

import numpy as np
import pytest

from theory import noise, problems
from theory.layers import join, split

DRAWS = 40_000


def enumerated(values, chances, b):
    """Return the exact law of the mean of b independent samples: sorted values, probabilities."""
    law = {}
    for picks in product(range(len(values)), repeat=b):
        what = tuple(sorted(picks))  # the mean does not see the order
        law[what] = law.get(what, 0.0) + np.prod([chances[k] for k in picks])
    means = sorted((sum(values[k] for k in what) / b, chance) for what, chance in law.items())
    return np.array([m for m, _ in means]), np.array([c for _, c in means])


def two_point_values(p):
    return [-np.sqrt((1 - p) / p), np.sqrt(p / (1 - p))], [p, 1 - p]


DISCRETE = {
    "rademacher": (noise.rademacher(2.0), ([-1.0, 1.0], [0.5, 0.5])),
    "rare": (noise.two_point(2.0, probability=0.1), two_point_values(0.1)),
    "often": (noise.two_point(2.0, probability=0.7), two_point_values(0.7)),
}


@pytest.mark.parametrize("b", [1, 2, 5, 9])
@pytest.mark.parametrize("name", DISCRETE)
def test_the_law_of_the_mean_matches_the_enumeration_of_all_batches(name, b):
    law, (values, chances) = DISCRETE[name]
    support, pmf = enumerated(values, chances, b)
    less, equal = law.below(support, b)
    assert equal == pytest.approx(pmf, abs=1e-12)
    assert less == pytest.approx(np.cumsum(pmf) - pmf, abs=1e-12)
    between = (support[1:] + support[:-1]) / 2
    less, equal = law.below(np.array([support[0] - 1, *between, support[-1] + 1]), b)
    assert less == pytest.approx([0, *np.cumsum(pmf)[:-1], 1], abs=1e-12)
    assert not equal.any()


@pytest.mark.parametrize("b", [1, 3, 6])
@pytest.mark.parametrize("name", DISCRETE)
def test_samples_follow_the_enumerated_law(name, b, rng):
    law, (values, chances) = DISCRETE[name]
    support, pmf = enumerated(values, chances, b)
    zeros = (np.zeros((DRAWS, 2)),)
    drawn = law.sample(rng, zeros, b)[0] / 2.0  # in units of the scale
    for column in drawn.T:
        nearest = np.abs(column[:, None] - support).argmin(axis=1)
        assert np.abs(column - support[nearest]).max() < 1e-8
        counts = np.bincount(nearest, minlength=len(support)) / DRAWS
        assert np.abs(counts - pmf).max() < 5 * np.sqrt(0.25 / DRAWS)  # 5 standard errors
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(DRAWS)  # coordinates are independent


def test_gaussian_means_have_the_gaussian_law(rng):
    law, b = noise.gaussian(3.0), 4
    drawn = law.sample(rng, (np.zeros((DRAWS, 1)),), b)[0][:, 0]
    for u in (-1.0, 0.0, 0.3):
        less, equal = law.below(np.array(u), b)
        assert np.mean(drawn < 3 * u) == pytest.approx(float(less), abs=5 * 0.5 / np.sqrt(DRAWS))
        assert equal == 0
    assert drawn.std() == pytest.approx(3 / 2, rel=5 / np.sqrt(2 * DRAWS))


ADDITIVE = [
    noise.rademacher([[0.5, 1.0], 2.0]),
    noise.two_point([[0.5, 1.0], 2.0], probability=0.05),
    noise.gaussian([[0.5, 1.0], 2.0]),
]


@pytest.mark.parametrize("law", ADDITIVE, ids=lambda law: law.name)
def test_constants_of_independent_noise_are_the_scale(law):
    assert join(law.coordinate_sigma((2, 1))) == pytest.approx([0.5, 1.0, 2.0])
    assert law.sigma((2, 1)) == pytest.approx((np.sqrt(1.25), 2.0))


@pytest.mark.parametrize("b", [1, 16])
@pytest.mark.parametrize("law", ADDITIVE, ids=lambda law: law.name)
def test_samples_are_unbiased_with_the_stated_variance(law, b, rng):
    g = tuple(np.full((DRAWS, d), 3.0) for d in (2, 1))
    off = join(law.sample(rng, g, b)) - 3.0
    sigma = np.array([0.5, 1.0, 2.0]) / np.sqrt(b)
    assert np.all(np.abs(off.mean(axis=0)) < 5 * sigma / np.sqrt(DRAWS))
    kurtosis = 20.0 / b + 3  # of the rarest law here; sets the standard error of a variance
    assert off.var(axis=0) == pytest.approx(sigma**2, rel=5 * np.sqrt(kurtosis / DRAWS))


OFTEN = noise.two_point([[0.5, 1.0], 2.0], probability=0.8)  # the rare event pushes up


@pytest.mark.parametrize("law", [*ADDITIVE[:2], OFTEN], ids=["coins", "rare", "often"])
def test_the_supremum_of_bounded_noise_is_attained(law, rng):
    off = join(law.sample(rng, tuple(np.zeros((DRAWS, d)) for d in (2, 1)), 1))
    assert np.abs(off).max(axis=0) == pytest.approx(join(law.bound((2, 1))), rel=1e-12)


def test_no_noise_changes_nothing_and_has_zero_constants(rng):
    g = (np.array([1.0, 2.0]),)
    assert noise.none().sample(rng, g, 3) == g
    assert noise.none().sigma((2,)) == (0.0,)
    assert join(noise.none().bound((2,))).tolist() == [0, 0]
    less, equal = noise.none().below(np.array([-1.0, 0.0, 1.0]), 1)
    assert less.tolist() == [0, 0, 1]
    assert equal.tolist() == [0, 1, 0]


# finite sums: every term is asked for its gradient, and everything is computed from that list

DIMS = (1, 3)


def additive_sum():
    offsets = [np.random.default_rng(1).normal(size=(5, d)) for d in DIMS]
    problem = problems.coupled_quadratic((2.0, 1.0), DIMS, rng=np.random.default_rng(2))
    law = noise.finite_sum(offsets)
    rows = np.concatenate([c - c.mean(0) for c in offsets], axis=1)
    return problem, law, lambda x: join(problem.gradient(split(x, DIMS))) + rows


def well_sum():
    problem, law = problems.sampled_well((2.0, 1.0), DIMS)
    return problem, law, lambda x: 4 * np.diag(join(problem.gradient(split(x, DIMS))))


def cosine_sum():
    problem, law = problems.sampled_cosine((2.0, 1.0), DIMS, rng=np.random.default_rng(3))
    from theory.problems.cosine import cosine_terms

    a, W = cosine_terms((2.0, 1.0), DIMS, np.random.default_rng(3))
    return problem, law, lambda x: (4 * a * np.sin(W @ x))[:, None] * W


def logistic_sum():
    A = np.random.default_rng(4).normal(size=(4, sum(DIMS)))
    problem, law = problems.logistic(split(A, DIMS))

    def gradients(x):
        sigmoid = 1 / (1 + np.exp(-(A @ x)))
        return np.concatenate([(sigmoid - 1)[:, None] * A, sigmoid[:, None] * A])

    return problem, law, gradients


SUMS = {
    "finite_sum": additive_sum,
    "well": well_sum,
    "cosine": cosine_sum,
    "logistic": logistic_sum,
}


def points(count, rng):
    return rng.normal(size=(count, sum(DIMS))) * 10 ** rng.uniform(-1, 2, (count, 1))


@pytest.mark.parametrize("name", SUMS)
def test_the_terms_of_a_finite_sum_average_to_its_gradient(name, rng):
    problem, _, gradients = SUMS[name]()
    for x in points(10, rng):
        exact = join(problem.gradient(split(x, DIMS)))
        assert gradients(x).mean(axis=0) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("name", SUMS)
def test_a_sample_of_one_is_a_term_and_of_two_the_mean_of_two(name, rng):
    problem, law, gradients = SUMS[name]()
    x = rng.normal(size=sum(DIMS))
    at = tuple(np.broadcast_to(a, (4000, a.size)) for a in split(x, DIMS))
    terms = gradients(x)
    pairs = np.array([(s + t) / 2 for s, t in product(terms, repeat=2)])
    for b, support in ((1, terms), (2, pairs)):
        drawn = join(law.sample(rng, problem.gradient(at), b, at))
        distance = np.abs(drawn[:, None, :] - support).max(axis=-1)  # (4000, terms)
        assert distance.min(axis=1).max() < 1e-12
        seen = np.array([(distance[:, k] < 1e-12).mean() for k in range(len(support))])
        same = (np.abs(support[:, None] - support).max(-1) < 1e-12).sum(1)  # coinciding sums
        assert np.abs(seen - same / len(support)).max() < 5 * np.sqrt(0.25 / 4000)


@pytest.mark.parametrize("name", SUMS)
def test_constants_of_a_finite_sum_hold_at_every_point(name, rng):
    _, law, gradients = SUMS[name]()
    tilde, sigma = join(law.coordinate_sigma(DIMS)), np.array(law.sigma(DIMS))
    bound = join(law.bound(DIMS))
    for x in points(300, rng):
        terms = gradients(x)
        variance = terms.var(axis=0)
        assert np.all(variance <= tilde**2 * (1 + 1e-9))
        per_layer = np.array([v.sum() for v in split(variance, DIMS)])
        assert np.all(per_layer <= sigma**2 * (1 + 1e-9))
        assert np.all(np.abs(terms - terms.mean(axis=0)) <= bound * (1 + 1e-9))
        if law.gradient_bound is not None:
            assert np.abs(terms).max() <= law.gradient_bound * (1 + 1e-12)


def worst_points(name):
    """Return points that should attain the sums' constants: all corners of the sines, or one."""
    if name == "well":
        return [np.full(4, 1 / np.sqrt(3))]
    if name == "cosine":
        from theory.problems.cosine import cosine_terms

        _, W = cosine_terms((2.0, 1.0), DIMS, np.random.default_rng(3))
        corners = product((-1, 1), repeat=4)
        return [np.linalg.solve(W, np.pi / 2 * np.array(c)) for c in corners]
    return [np.zeros(4)]


@pytest.mark.parametrize("name", ["finite_sum", "well", "cosine"])
def test_constants_of_a_finite_sum_are_attained(name):
    _, law, gradients = SUMS[name]()
    tables = [gradients(x) for x in worst_points(name)]
    variances = np.array([t.var(axis=0) for t in tables])
    off = np.array([np.abs(t - t.mean(axis=0)).max(axis=0) for t in tables])
    assert np.sqrt(variances.max(axis=0)) == pytest.approx(join(law.coordinate_sigma(DIMS)))
    layers = np.array([[v.sum() for v in split(row, DIMS)] for row in variances])
    assert np.sqrt(layers.max(axis=0)) == pytest.approx(law.sigma(DIMS))
    assert off.max(axis=0) == pytest.approx(join(law.bound(DIMS)))
    if law.gradient_bound is not None:
        assert max(np.abs(t).max() for t in tables) == pytest.approx(law.gradient_bound)


def test_the_variance_of_logistic_noise_is_within_half_to_all_of_its_bound():
    _, law, gradients = logistic_sum()
    variance = gradients(np.zeros(4)).var(axis=0)
    assert variance == pytest.approx(join(law.coordinate_sigma(DIMS)) ** 2 / 2)
    sigma2 = np.array([v.sum() for v in split(variance, DIMS)])
    assert 2 * sigma2 == pytest.approx(np.array(law.sigma(DIMS)) ** 2)


def test_the_bounds_of_logistic_noise_are_the_stated_ones(rng):
    """G is reached where all points are on the sure side; the noise's bound is an upper one."""
    problem, law = problems.logistic([np.array([[1.0], [-2.0], [3.0]])], start=1.0)
    assert law.gradient_bound == pytest.approx(3.0)
    assert law.bound((1,))[0] == pytest.approx([3.0 + 6.0 / 6])
    at = (np.full((200, 1), 40.0),)
    (drawn,) = law.sample(rng, problem.gradient(at), 1, at)
    assert np.abs(drawn).max() == pytest.approx(law.gradient_bound)


@pytest.mark.parametrize("name", SUMS)
def test_replicates_of_a_sample_differ_and_seeds_repeat(name, rng):
    problem, law, _ = SUMS[name]()
    at = tuple(np.ones((50, d)) for d in DIMS)
    first, again, other = (
        join(law.sample(np.random.default_rng(seed), problem.gradient(at), 1, at))
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) > 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: noise.two_point(1.0, probability=1.0), "probability=1.0 must be between"),
        (lambda r: noise.two_point(1.0, probability=0.0), "probability=0.0 must be a finite"),
        (lambda r: noise.rademacher(-1.0).sigma((1,)), "must not be negative"),
        (lambda r: noise.rademacher([1.0]).sigma((1, 1)), "scale has 1 entries for 2 layers"),
        (lambda r: noise.none().sample(r, (np.zeros(1),), 0), "batch_size=0 must be an integer"),
        (lambda r: noise.finite_sum([np.zeros(3)]), "one array \\(n, d_i\\) per layer"),
        (lambda r: noise.finite_sum([np.ones((2, 1))]).sigma((2,)), r"sizes \(1,\), not \(2,\)"),
        (
            lambda r: problems.sampled_well([1.0])[1].sample(r, (np.zeros(1),), 1),
            "give it as at=x",
        ),
    ],
)
def test_a_bad_argument_of_the_noise_is_named(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(rng)
