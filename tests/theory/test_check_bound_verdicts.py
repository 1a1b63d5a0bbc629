"""check_bound: right optimizers hold, wrong ones are caught, and bad input is explained."""

import numpy as np
import pytest

from theory import noise, problems
from theory.check import Verdict, check_bound, decide
from theory.measure import constants_of
from theory.theorems import lamb, lamb_sign, lars, momentum_lars, sgd

COUPLED = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)
GENTLE = problems.quadratic([0.04, 0.01, 0.0025], (1, 2, 3), start=1.003)
ALGORITHMS = {"sgd": sgd, "lars": lars, "lamb_sign": lamb_sign, "lamb": lamb}
NOISES = [noise.rademacher(0.4), noise.two_point(0.4, probability=0.1)]


@pytest.mark.parametrize("law", NOISES, ids=lambda law: law.name)
@pytest.mark.parametrize("steps", [9, 64])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_theorems_own_algorithms_hold(name, steps, law):
    for problem in (COUPLED, problems.bounded_well([2.0, 1.0], (1, 2), start=1.3)):
        found = check_bound(
            ALGORITHMS[name].algorithm,
            problem,
            law,
            theorem=name,
            steps=steps,
            batch_size=steps,
            together=True,
        )
        assert found.verdict in ("holds", "vacuous")
        assert found.interval[1] <= found.bound


@pytest.mark.parametrize("name", ["sampled_well", "sampled_cosine", "logistic"])
@pytest.mark.parametrize("theorem", ALGORITHMS)
def test_finite_sums_hold(theorem, name):
    rng = np.random.default_rng(2)
    problem, law = {
        "sampled_well": lambda: problems.sampled_well([2.0, 1.0], (1, 2)),
        "sampled_cosine": lambda: problems.sampled_cosine([2.0, 1.0], (1, 2), rng=rng),
        "logistic": lambda: problems.logistic([rng.normal(size=(8, 1)), rng.normal(size=(8, 2))]),
    }[name]()
    found = check_bound(
        ALGORITHMS[theorem].algorithm,
        problem,
        law,
        theorem=theorem,
        steps=40,
        batch_size=20,
        together=True,
    )
    assert found.verdict in ("holds", "vacuous")


def lars_with(change):
    """Return a factory of LARS with a bug."""

    def factory(eta):
        def step(x, g):
            return tuple(a - eta * change(b, g) for a, b in zip(x, g, strict=True))

        return step

    return factory


WRONG = {
    "one norm for all layers": lambda b, g: b / np.linalg.norm(np.hstack(g)),
    "no norm": lambda b, g: b,
    "ascent": lambda b, g: -b / np.linalg.norm(b),
    "double step": lambda b, g: 2 * b / np.linalg.norm(b),
    "L1 norm": lambda b, g: b / np.abs(b).sum(),
    "half step": lambda b, g: b / np.linalg.norm(b) / 2,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_lars_is_caught_on_a_quadratic(name):
    found = check_bound(lars_with(WRONG[name]), GENTLE, theorem="lars", steps=64)
    assert found.verdict == "violated", found
    right = check_bound(
        lars_with(lambda b, g: b / np.linalg.norm(b)), GENTLE, theorem="lars", steps=64
    )
    assert right.verdict == "holds"
    assert right.ratio > 0.98


def test_an_attained_bound_holds():
    # T steps that end exactly at the minimum: every inequality of the proof is an equality
    problem = problems.quadratic([4.0, 1.0, 0.25], start=1.0)
    attained = check_bound(lars.algorithm, problem, theorem="lars", steps=8, step_size=1 / 8)
    assert attained.ratio == pytest.approx(1, abs=1e-12)
    assert attained.verdict == "holds"
    less = check_bound(lars.algorithm, problem, theorem="lars", steps=7, step_size=1 / 8)
    assert less.ratio < 1 - 1e-3


def test_a_bound_above_every_gradient_is_vacuous():
    small = problems.bounded_well([0.1], start=1.0)
    found = check_bound(lamb.algorithm, small, theorem="lamb", steps=4, beta2=0.999)
    assert found.verdict == "vacuous"
    assert "largest gradient" in str(found)


@pytest.mark.parametrize(("start", "verdict"), [(1.55, "vacuous"), (1.45, "holds")])
def test_vacuous_begins_where_the_bound_passes_the_largest_gradient(start, verdict):
    # slope 1, gap start - 1/2: the bound is gap / (eta T) + eta / 2 = gap + 0.005
    line = problems.huber([1.0], 1.0, start=start)
    found = check_bound(lars.algorithm, line, theorem="lars", steps=100, step_size=0.01)
    assert found.bound == pytest.approx(start - 0.5 + 0.005)
    assert found.verdict == verdict


def test_the_published_form_is_looser_by_the_noise():
    sharp, published = (
        check_bound(
            lars.algorithm, COUPLED, NOISES[0], theorem="lars", steps=16, form=form, together=True
        )
        for form in ("sharp", "published")
    )
    assert sharp.measured == published.measured
    noise_term = 0.4 + 0.4 * np.sqrt(3)
    assert published.bound - sharp.bound == pytest.approx(noise_term)


def test_an_optimizer_object_is_taken_with_the_step_size_it_was_built_with():
    class Normalised:
        def init(self, params):
            return None

        def update(self, grads, state, params):
            return {k: -0.05 * g / np.linalg.norm(g) for k, g in grads.items()}, state

    ours = check_bound(Normalised(), GENTLE, theorem="lars", steps=30, step_size=0.05)
    theirs = check_bound(lars.algorithm(0.05), GENTLE, theorem="lars", steps=30, step_size=0.05)
    assert ours.measured == pytest.approx(theirs.measured, rel=1e-13)
    assert ours.bound == theirs.bound
    assert ours.step_size == 0.05


def test_phi_and_eps_and_beta2_reach_the_bound():
    common = {"steps": 16, "step_size": 0.05}
    base = check_bound(lars.algorithm, GENTLE, theorem="lars", **common).bound
    stretched = check_bound(lars.algorithm, GENTLE, theorem="lars", phi=(0.5, 2.0), **common).bound
    assert stretched > 2 * base
    softened = check_bound(lars.algorithm, GENTLE, theorem="lars", eps=0.1, **common).bound
    assert softened == pytest.approx(base + 0.3)
    two = {
        b: check_bound(lamb.algorithm, COUPLED, theorem="lamb", beta2=b, **common).bound
        for b in (0.75, 0.99)
    }
    assert two[0.99] == pytest.approx(5 * two[0.75])
    common["theorem"] = "lamb_sign"
    sparse = noise.rademacher([0.5, [0.5, 0.0], [0.6, 0.0, 0.0]])
    robust = check_bound(lamb_sign.algorithm(0.05, eps=0.1), GENTLE, sparse, eps=0.1, **common)
    plain = check_bound(lamb_sign.algorithm(0.05), GENTLE, sparse, **common)
    longer = 0.5 * (1 - 2**-0.5) + 0.6 * (1 - 3**-0.5)  # sigma_i for ||s_i||_1 / sqrt(d_i)
    assert robust.bound == pytest.approx(plain.bound + longer)


def test_a_verdict_prints_as_one_readable_line():
    parts = ("lars", "holds", 0.31, (0.30, 0.32), 0.42, 0.738, 0.1)
    assert str(Verdict(*parts)) == ("holds: measured 0.31 +- 0.01 <= bound 0.42, ratio 0.74 (lars)")
    wrong = Verdict(*parts)._replace(verdict="violated", bound=0.2, ratio=1.55)
    assert str(wrong) == "violated: measured 0.31 +- 0.01 > bound 0.2, ratio 1.55 (lars)"
    unsure = Verdict(*parts)._replace(verdict="undecided", bound=0.315, ratio=0.984)
    assert str(unsure).endswith("; take more replicates")
    assert "\n" not in str(unsure)


def test_an_excess_of_a_millionth_is_a_violation_and_rounding_is_not():
    assert decide(1 + 1e-6, 1 + 1e-6, 1.0, np.inf) == "violated"
    assert decide(1 + 1e-12, 1 + 1e-12, 1.0, np.inf) == "holds"
    assert decide(0.9, 1 + 1e-6, 1.0, np.inf) == "undecided"
    assert decide(0.9, 0.95, 1.0, 1 + 1e-6) == "holds"


def test_the_ratio_is_that_of_the_mean_and_seeds_differ():
    law = noise.gaussian(0.1)
    build, arguments = lars.algorithm, {"theorem": "lars", "steps": 4, "replicates": 4}
    first, again, other = (
        check_bound(build, GENTLE, law, seed=seed, **arguments) for seed in (0, 0, 1)
    )
    assert first.ratio == first.measured / first.bound
    assert first.interval[0] < first.measured < first.interval[1]
    assert first == again
    assert first.measured != other.measured


def test_what_is_left_out_is_the_theorems_default():
    arguments = {"theorem": "lamb", "steps": 4, "step_size": 0.1}
    left_out = check_bound(lamb.algorithm, COUPLED, **arguments).bound
    assert left_out == check_bound(lamb.algorithm, COUPLED, beta2=0.999, **arguments).bound
    constants = constants_of(COUPLED, noise.none())
    assert left_out == lamb.bound(constants, step_size=0.1, steps=4, batch_size=1)


def test_the_best_step_is_that_of_the_options():
    found = check_bound(
        lambda eta: momentum_lars.algorithm(eta, beta=0.3),
        COUPLED,
        theorem="momentum_lars",
        steps=16,
        options={"beta": 0.3},
    )
    constants = constants_of(COUPLED, noise.none())
    best = {beta: momentum_lars.optimal_step(constants, steps=16, beta=beta) for beta in (0.3, 0.9)}
    assert found.step_size == best[0.3] > 1.5 * best[0.9]


def test_too_few_replicates_are_undecided():
    # the same wrong optimizer, two noisy runs or many
    law = noise.gaussian(0.003)
    doubled = lars_with(WRONG["double step"])

    def verdict(replicates):
        return check_bound(
            doubled, GENTLE, law, theorem="lars", steps=64, batch_size=64, replicates=replicates
        ).verdict

    assert verdict(2) == "undecided"
    assert verdict(40) == "violated"


GOOD = {"theorem": "lars", "steps": 4}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"theorem": "adam"}, "theorem='adam' is not one of 'sgd', 'lars', 'lamb_sign', 'lamb'"),
        ({"step_size": 0.0}, "step_size=0.0 must be a finite number > 0"),
        ({"step_size": -1.0}, "step_size=-1.0 must be a finite number > 0"),
        ({"steps": 4.5}, "steps=4.5 must be an integer >= 1"),
        ({"steps": 0}, "steps=0 must be an integer >= 1"),
        ({"batch_size": 0.5}, "batch_size=0.5 must be an integer"),
        ({"replicates": 0}, "replicates=0 must be an integer"),
        ({"phi": (0.0, 1.0)}, "phi=\\(0.0, 1.0\\)"),
        ({"phi": 1.0}, "phi=1.0 must be \\(alpha_l, alpha_u\\)"),
        ({"phi": (1.0, 2.0, 3.0)}, "phi=\\(1.0, 2.0, 3.0\\) must be"),
        ({"form": "best"}, "form='best' must be 'sharp' or 'published'"),
        ({"beta2": 0.9}, "beta2=0.9 belongs to theorem 'lamb', not to 'lars'"),
        ({"theorem": "lamb", "beta2": 1.0}, "beta2=1.0 must lie in"),
        ({"theorem": "sgd", "eps": 0.1}, "theorem 'sgd' has no eps"),
        ({"eps": -0.1}, "eps=-0.1 must be a finite number >= 0"),
        ({"theorem": "lamb_sign", "eps": 0.1, "form": "published"}, "published form"),
        ({"theorem": "lamb"}, "gradient_bound=inf"),
        ({"theorem": "sgd", "step_size": 100.0}, "step_size=100.0 must be below 2"),
    ],
)
def test_bad_input_is_named_with_a_remedy(changed, message):
    arguments = GOOD | changed
    build = ALGORITHMS.get(arguments["theorem"], lars).algorithm
    with pytest.raises(ValueError, match=message):
        check_bound(build, GENTLE, **arguments)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": [1.0, 2.0, 3.0]}, r"start=\[1.0, 2.0, 3.0\] must be a tuple with one array"),
        ({"start": (np.ones((2, 1)),) * 3}, r"must be a tuple with one array \(d_i,\) per layer"),
        ({"smoothness": (1.0,)}, r"smoothness=\(1.0,\) must be a tuple with one entry per layer"),
        ({"gradient_sup": (np.ones(1),) * 3}, r"gradient_sup\[1\] has shape \(1,\), start\[1\]"),
        ({"gradient": lambda x: x[0]}, "gradient=.* must be a tuple with one entry per layer"),
        ({"gradient": lambda x: x[::-1]}, r"gradient\[0\] has shape \(3,\), start\[0\] has \(1,\)"),
        ({"value": lambda x: x[2]}, "value gives .* at the start, not one number"),
    ],
)
def test_a_problem_that_does_not_fit_together_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        check_bound(lars.algorithm, GENTLE._replace(**changed), **GOOD)


def test_what_is_no_problem_or_no_noise_is_refused():
    with pytest.raises(TypeError, match=r"problem=\(1, 2\) must be a theory.problems.Problem"):
        check_bound(lars.algorithm, (1, 2), **GOOD)
    with pytest.raises(TypeError, match=r"noise=0.5 must be one of theory.noise"):
        check_bound(lars.algorithm, GENTLE, 0.5, **GOOD)


def test_a_ready_made_optimizer_needs_its_step_size():
    with pytest.raises(ValueError, match="lambda step_size"):
        check_bound(lars.algorithm(0.1), GENTLE, **GOOD)


def test_nan_from_an_optimizer_is_an_error_and_not_a_verdict():
    count = iter(range(10))

    def breaks(x, g):
        return (x[0], x[1] * (np.nan if next(count) == 2 else 1.0), x[2])

    with pytest.raises(ValueError, match="step 3 gave layer 1 a NaN"):
        check_bound(breaks, GENTLE, step_size=0.1, **GOOD)


def test_a_wrong_infimum_is_refused():
    with pytest.raises(ValueError, match=r"gap=.*must be a finite number >= 0"):
        check_bound(lars.algorithm, GENTLE._replace(f_star=1e9), **GOOD)
