"""lbopt's recipes are the theorems' algorithms, step by step, and obey the bounds."""

import numpy as np
import pytest

from lbopt import optim
from theory import noise, problems
from theory.check import check_bound
from theory.demo_optimizers import algorithm, compare, recipe, verdicts

THEOREMS = ("sgd", "lars", "lamb_sign", "lamb")
COUPLED = problems.cosine([2.0, 0.5, 1.0], (1, 3, 2), rng=np.random.default_rng(1), start=0.9)
SHARED = {"step_size": 0.05, "steps": 60, "batch_size": 3}


@pytest.mark.parametrize("phi", [(1.0, 1.0), (0.5, 1.2)])
@pytest.mark.parametrize("theorem", THEOREMS)
def test_every_recipe_follows_its_theorem_to_the_last_digits(theorem, phi):
    for law in (noise.none(), noise.gaussian(0.5), noise.two_point(0.5, probability=0.05)):
        run = compare(theorem, COUPLED, law, phi=phi, beta2=0.9, **SHARED)
        assert run.difference < 1e-12, law.name


@pytest.mark.parametrize("eps", [0.0, 1e-2])
@pytest.mark.parametrize("bias_correction", [True, False])
@pytest.mark.parametrize("beta2", [0.5, 0.999])
def test_lamb_agrees_with_and_without_eps_and_bias_correction(beta2, bias_correction, eps):
    settings = {"beta2": beta2, "bias_correction": bias_correction, "eps": eps}
    for law in (noise.none(), noise.gaussian(0.5)):
        assert compare("lamb", COUPLED, law, **settings, **SHARED).difference < 1e-12


def test_finite_sums_with_noise_of_their_own_agree_too():
    problem, law = problems.sampled_well([2.0, 1.0], (1, 2), start=0.77)
    for theorem in ("sgd", "lars", "lamb"):
        assert compare(theorem, problem, law, beta2=0.9, **SHARED).difference < 1e-12


def test_the_comparison_can_fail():
    law = noise.gaussian(0.5)
    off = compare("lamb", COUPLED, law, beta2=0.9, eps=1e-2, **SHARED)
    assert off.difference < 1e-12

    def differs(**changed):
        """Run lbopt's recipe against the theorem's algorithm with other settings."""
        base = {"phi": (0.5, 1.2), "beta2": 0.9, "eps": 1e-2, "bias_correction": True}
        link, step = recipe("lamb", 0.05, **base), algorithm("lamb", 0.05, **(base | changed))
        x = y = COUPLED.start
        state = link.init({str(i): a for i, a in enumerate(x)})
        for _ in range(5):
            params = {str(i): a for i, a in enumerate(x)}
            grads = {str(i): a for i, a in enumerate(COUPLED.gradient(x))}
            updates, state = link.update(grads, state, params)
            x = tuple(params[k] + updates[k] for k in params)
            y = step(y, COUPLED.gradient(y))
        return max(np.abs(a - b).max() for a, b in zip(x, y, strict=True))

    assert differs() < 1e-12
    changes = ({"phi": (0.5, 1.19)}, {"beta2": 0.89}, {"eps": 0.0}, {"bias_correction": False})
    for changed in changes:
        assert differs(**changed) > 1e-6  # a million tolerances


@pytest.mark.parametrize("theorem", THEOREMS)
def test_the_recipes_obey_the_bounds(theorem):
    beta2 = 0.9 if theorem == "lamb" else None
    phi = (1.0, 1.0) if theorem == "sgd" else (0.5, 1.2)
    for steps in (16, 64):
        found = check_bound(
            lambda eta: recipe(theorem, eta, phi=phi, beta2=0.9),
            COUPLED,
            noise.rademacher(0.3),
            theorem=theorem,
            steps=steps,
            batch_size=steps,
            phi=phi,
            beta2=beta2,
            replicates=6,
        )
        assert found.verdict == ("vacuous" if theorem == "lamb" else "holds")


def test_the_recipes_nearly_attain_the_bounds_where_that_is_possible():
    quadratic = problems.quadratic([4.0, 1.0, 0.25], start=1.0)
    found = check_bound(
        lambda eta: recipe("lars", eta), quadratic, theorem="lars", steps=8, step_size=1 / 8
    )
    assert found.ratio == pytest.approx(1, abs=1e-12)
    found = check_bound(
        lambda eta: recipe("sgd", eta),
        problems.quadratic([2.0], start=1.0),
        theorem="sgd",
        steps=8,
        step_size=0.5,
    )
    assert found.ratio == pytest.approx(1, abs=1e-12)
    found = check_bound(
        lambda eta: recipe("lamb_sign", eta),
        problems.quadratic([4.0, 1.0], (1, 3), start=[1.0, 1 / np.sqrt(3)]),
        theorem="lamb_sign",
        steps=8,
        step_size=1 / 8,
    )
    assert found.ratio == pytest.approx(1, abs=1e-12)
    found = check_bound(
        lambda eta: recipe("lamb", eta, beta2=0.01),
        problems.huber([1.0], 1.0, start=9.0),
        theorem="lamb",
        beta2=0.01,
        steps=900,
        step_size=0.01,
    )
    assert 0.95 < found.ratio <= 1  # a steady slope for 8 parts of 9: |g| = G
    assert found.verdict == "holds"


def test_wrong_recipes_are_caught():
    gentle = problems.quadratic([0.04, 0.01, 0.0025], (1, 2, 3), start=1.003)
    clip = optim.phi.clip(1.0, 1.0)
    wrong = {
        "2017 form": lambda eta: optim.lars(eta, momentum=0.0, weight_decay=0.0),
        "plain": optim.sgd,
        "momentum": lambda eta: optim.lars_2020(eta, b1=0.99, phi=clip),
        "twice": lambda eta: optim.lars_2020(2 * eta, b1=0.0, phi=clip),
        "one ratio": lambda eta: optim.chain(optim.clip_by_global_norm(1e-9), optim.sgd(eta * 1e9)),
    }
    for name, build in wrong.items():
        found = check_bound(build, gentle, theorem="lars", steps=64)
        assert found.verdict == "violated", name


def test_the_demonstration_has_one_line_per_theorem():
    lines = [str(v) for v in verdicts(steps=9, replicates=3)]
    assert [line.split(":")[0] for line in lines] == ["holds", "holds", "holds", "vacuous"]


def test_an_unknown_theorem_lists_the_known_ones():
    with pytest.raises(ValueError, match="theorem='adam' is not one of 'sgd', 'lars'"):
        recipe("adam", 0.1)
