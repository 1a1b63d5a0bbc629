"""The numbers that the theorems return, against formulas written down here, and their errors."""

from math import sqrt

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from theory import make_constants
from theory.kernel import h, i, j
from theory.kernel.letters import L, coordinate_sigma, sigma
from theory.kernel.words import d
from theory.theorems import lamb, lamb_sign, lars, sgd

NOISE = ((3.0, 4.0, 0.5), (1.0, 0.2))
PROBLEM = make_constants(
    2.0, (1.5, 0.7), coordinate_sigma=NOISE, sigma=(4.0, 1.02), gradient_bound=6.0
)
RUN = {"step_size": 0.3, "steps": 50, "batch_size": 9}
PHI = (0.5, 2.0)
BEFORE = 2.0 / (0.3 * 50) + 0.3 * 4 * 2.2 / 2  # gap / (eta T) + eta alpha_u^2 Lambda / 2
K = (6.0 + 0.1) * sqrt(3 / (1 - 0.9))
ALL = [sgd, lars, lamb_sign, lamb]


def name_of(module):
    return module.__name__.split(".")[-1]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            sgd.bound(PROBLEM, **RUN),
            (2 / 15 + 0.3 * (1.5 * 16 + 0.7 * 1.02**2) / 18) / (1 - 0.3 * 1.5 / 2),
        ),
        (
            sgd.published(PROBLEM, **RUN),
            (2 / 15 + 0.3 * 1.5 * (16 + 1.02**2) / 18) / (1 - 0.3 * 1.5 / 2),
        ),
        (
            lars.bound(PROBLEM, **RUN, phi=PHI, eps=0.1),
            (BEFORE + 2 * 5.02 / 3 + 2 * 2 * 0.1) / 0.5,
        ),
        (
            lars.published(PROBLEM, **RUN, phi=PHI, eps=0.1),
            (BEFORE + 4 * 5.02 / 3 + 2 * 2 * 0.1) / 0.5,
        ),
        (
            lamb_sign.bound(PROBLEM, **RUN, phi=PHI),
            (BEFORE + 2 * (7.5 / sqrt(3) + 1.2 / sqrt(2)) / 3) / 0.5,
        ),
        (lamb_sign.published(PROBLEM, **RUN, phi=PHI), (BEFORE + 4 * 8.7 / 3) / 0.5),
        (
            lamb_sign.robust_bound(PROBLEM, **RUN, phi=PHI),
            (BEFORE + 2 * 5.02 / 3) / 0.5,
        ),
        (
            lamb.bound(PROBLEM, **RUN, phi=PHI, beta2=0.9, eps=0.1),
            K * (BEFORE + 2 * (3.75 + 0.6) / 3) / 0.5,
        ),
        (
            lamb.published(PROBLEM, **RUN, phi=PHI, beta2=0.9, eps=0.1),
            K * (BEFORE + 2 * 8.7 / 3) / 0.5,
        ),
    ],
)
def test_a_bound_is_its_formula(found, expected):
    assert found == pytest.approx(expected, rel=1e-13)


def test_the_smaller_of_the_two_noises_of_lamb_is_taken_in_each_layer():
    noise = ((1.0,) * 9, (1.0,))  # ||s||_1 / 2 = 4.5 and sigma = 3; 0.5 and 1
    many = make_constants(1.0, (1.0, 1.0), coordinate_sigma=noise, gradient_bound=1.0)
    run = {"step_size": 1.0, "steps": 1, "batch_size": 1, "beta2": 0.5}
    assert lamb.terms(many, **run)["noise"] == pytest.approx(sqrt(9 / 0.5) * (3 + 0.5))


@pytest.mark.parametrize("module", ALL, ids=name_of)
def test_the_terms_add_up_to_the_bound_and_the_published_one_is_no_smaller(module):
    terms = module.terms(PROBLEM, **RUN)
    assert list(terms)[:3] == ["start", "curvature", "noise"]
    assert sum(terms.values()) == module.bound(PROBLEM, **RUN)
    assert module.published(PROBLEM, **RUN) >= module.bound(PROBLEM, **RUN)
    assert all(v >= 0 for v in terms.values())


@pytest.mark.parametrize("module", ALL, ids=name_of)
def test_the_numbers_are_those_of_the_derivation_with_its_sums_written_out(module):
    """`terms` fills abbreviations such as Lambda; here the last step before them is filled."""
    proof = module.derivation()
    expr = proof.step("bound").upper.subs(h, 2).doit()
    for layer, row in enumerate(NOISE, 1):
        expr = expr.subs(d[layer], len(row))
    expr = expr.doit()
    values = {L[1]: 1.5, L[2]: 0.7, sigma[1]: 4.0, sigma[2]: 1.02}
    values |= {
        coordinate_sigma[layer, k]: v
        for layer, row in enumerate(NOISE, 1)
        for k, v in enumerate(row, 1)
    }
    assert not expr.free_symbols & {i, j}
    own = {"gap": 2, "eta": 0.3, "T": 50, "b": 9, "alpha_l": 0.5, "alpha_u": 2, "eps": 0.1}
    own |= {"L_max": 1.5, "G": 6.0, "q": 0.1, "d_max": 3}
    expr = expr.xreplace(values)
    expr = expr.subs({s: own[str(s)] for s in expr.free_symbols if str(s) in own})
    also = {"sgd": {}, "lars": {"eps": 0.1}, "lamb_sign": {}, "lamb": {"eps": 0.1, "beta2": 0.9}}
    extra = also[name_of(module)] | ({} if module is sgd else {"phi": PHI})
    assert module.bound(PROBLEM, **RUN, **extra) == pytest.approx(float(expr), rel=1e-12)


@pytest.mark.parametrize("module", ALL, ids=name_of)
@pytest.mark.parametrize("batch_size", [1, 100])
def test_the_best_step_is_where_the_bound_is_least(module, batch_size):
    best = module.optimal_step(PROBLEM, steps=40, batch_size=batch_size)
    top = 1.999 / 1.5 if module is sgd else 100 * best

    def at(step_size):
        return module.bound(PROBLEM, step_size=step_size, steps=40, batch_size=batch_size)

    found = minimize_scalar(at, bounds=(best / 100, top), method="bounded", options={"xatol": 1e-9})
    assert best == pytest.approx(found.x, rel=1e-4)
    assert at(best) <= min(at(1.01 * best), at(0.99 * best))


def test_sgd_without_noise_is_best_at_one_over_the_smoothness():
    still = make_constants(1.0, (4.0, 1.0))
    assert sgd.optimal_step(still, steps=7, batch_size=1) == pytest.approx(0.25, rel=1e-15)
    run = {"step_size": 0.25, "steps": 7, "batch_size": 1}
    assert sgd.bound(still, **run) == pytest.approx(2 * 4 / 7, rel=1e-15)


@pytest.mark.parametrize("module", ALL, ids=name_of)
def test_a_problem_without_noise_has_no_noise_term(module):
    still = make_constants(1.0, (4.0, 1.0), gradient_bound=1.0)
    terms = module.terms(still, step_size=0.1, steps=10, batch_size=1)
    assert terms["noise"] == 0
    assert terms["start"] > 0


def test_one_coordinate_per_layer_makes_lamb_with_signs_the_bound_of_lars():
    narrow = make_constants(1.0, (4.0, 1.0), sigma=(1.0, 0.5))
    run = {"step_size": 0.1, "steps": 10, "batch_size": 3}
    assert lamb_sign.bound(narrow, **run) == pytest.approx(lars.bound(narrow, **run), rel=1e-15)


@pytest.mark.parametrize("module", ALL, ids=name_of)
def test_metrics_take_layers_and_replicates(module):
    g = [np.array([3.0, -4.0]), np.array([2.0])]
    expected = {"sgd": 29.0, "lars": 7.0, "lamb_sign": 7 / sqrt(2) + 2, "lamb": 29.0}
    assert module.metric(g) == pytest.approx(expected[name_of(module)])
    twice = [np.stack([gi, 2 * gi]) for gi in g]
    factor = 4 if name_of(module) in ("sgd", "lamb") else 2
    assert module.metric(twice) == pytest.approx(
        [expected[name_of(module)], factor * expected[name_of(module)]]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step_size": 0.0}, "step_size=0.0"),
        ({"step_size": float("nan")}, "step_size=nan"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"batch_size": -1}, "batch_size=-1"),
        ({"phi": (0.0, 1.0)}, r"phi=\(0.0, 1.0\)"),
        ({"phi": (2.0, 1.0)}, r"phi=\(2.0, 1.0\)"),
        ({"phi": (1.0, float("inf"))}, "phi="),
    ],
)
@pytest.mark.parametrize("module", ALL, ids=name_of)
def test_a_wrong_argument_is_named(module, arguments, message):
    for function in (module.bound, module.terms, module.published):
        with pytest.raises(ValueError, match=message):
            function(PROBLEM, **{**RUN, **arguments})


def test_what_a_theorem_needs_is_asked_for():
    unbounded = make_constants(1.0, (1.0,))
    with pytest.raises(ValueError, match="gradient_bound=inf"):
        lamb.bound(unbounded, **RUN)
    with pytest.raises(ValueError, match="beta2=0"):
        lamb.bound(PROBLEM, **RUN, beta2=0.0)
    with pytest.raises(ValueError, match="eps=-1"):
        lars.bound(PROBLEM, **RUN, eps=-1.0)
    with pytest.raises(ValueError, match="SGD does not scale"):
        sgd.bound(PROBLEM, **RUN, phi=PHI)
    with pytest.raises(ValueError, match="below 2 / max"):
        sgd.bound(PROBLEM, **{**RUN, "step_size": 2 / 1.5})
    for module in ALL:
        with pytest.raises(ValueError, match="no finite positive step size"):
            module.optimal_step(make_constants(0.0, (1.0,)), steps=3, batch_size=1)


def test_constants_are_checked_once_and_by_name():
    for wrong, name in [
        ({"gap": -1.0}, "gap=-1.0"),
        ({"gap": float("inf")}, "gap=inf"),
        ({"smoothness": ()}, "smoothness"),
        ({"sigma": (1.0,)}, "sigma has 1 entries, smoothness has 2"),
        ({"coordinate_sigma": ((1.0,), (1.0, -2.0))}, r"coordinate_sigma\[1\]\[1\]=-2.0"),
        ({"coordinate_sigma": ((1.0,), (1.0,)), "dims": (1, 2)}, r"coordinate_sigma\[1\] has 1"),
        ({"dims": (1, 0)}, r"dims\[1\]=0"),
        ({"gradient_bound": 0.0}, "gradient_bound=0.0"),
    ]:
        good = {"gap": 1.0, "smoothness": (1.0, 1.0)}
        with pytest.raises(ValueError, match=name):
            make_constants(**{**good, **wrong})


def test_left_out_deviations_are_filled_with_what_is_true():
    by_coordinate = make_constants(1.0, (1.0,), coordinate_sigma=((3.0, 4.0),))
    assert by_coordinate.sigma == (5.0,)
    assert by_coordinate.dims == (2,)
    by_layer = make_constants(1.0, (1.0,), sigma=(5.0,), dims=(2,))
    assert by_layer.coordinate_sigma == ((5.0, 5.0),)


def test_the_algorithms_take_the_steps_of_their_statements():
    x, g = [np.array([1.0, 2.0]), np.array([5.0])], [np.array([3.0, -4.0]), np.array([0.0])]
    near = lambda new: [list(np.round(v, 12)) for v in new]  # noqa: E731
    half = lambda z: np.clip(z, 0.5, 2.0)  # noqa: E731
    assert near(sgd.algorithm(0.1)(x, g)) == [[0.7, 2.4], [5.0]]
    assert near(lars.algorithm(0.1)(x, g)) == [[0.94, 2.08], [5.0]]
    assert near(lars.algorithm(0.1, phi=half)(x, g)) == [[0.88, 2.16], [5.0]]
    assert near(lars.algorithm(0.1, eps=5.0)(x, g)) == [[0.97, 2.04], [5.0]]
    root = 0.1 / sqrt(2)
    assert near(lamb_sign.algorithm(0.1)(x, g)) == near([[1 - root, 2 + root], [4.9]])
    assert near(lamb_sign.algorithm(0.1, sign_of_zero=0.0)(x, g))[1] == [5.0]
    assert near(lamb_sign.algorithm(0.1, sign_of_zero=-1.0)(x, g))[1] == [5.1]
    step = lamb.algorithm(0.1, beta2=0.5)
    x1 = step(x, g)
    assert near(x1) == near([[1 - root, 2 + root], [5.0]])  # r = +-sqrt 2, then normalised
    r = np.array([1.0, 1.0]) / np.sqrt([0.5 * 4.5 + 0.5, 0.5 * 8 + 0.5])
    expected = x1[0] - 0.1 * r / sqrt(r @ r)
    assert near(step(x1, [np.ones(2), np.zeros(1)]))[0] == near([expected])[0]


def test_bias_correction_of_lamb_changes_nothing_without_eps():
    rng = np.random.default_rng(0)
    plain, corrected, shifted = (
        lamb.algorithm(0.1, beta2=0.9),
        lamb.algorithm(0.1, beta2=0.9, bias_correction=True),
        lamb.algorithm(0.1, beta2=0.9, bias_correction=True, eps=0.1),
    )
    x = y = z = [rng.normal(size=3)]
    for _ in range(5):
        g = [rng.normal(size=3)]
        x, y, z = plain(x, g), corrected(y, g), shifted(z, g)
    assert np.allclose(x[0], y[0], rtol=0, atol=1e-13)
    assert np.abs(x[0] - z[0]).max() > 1e-4
