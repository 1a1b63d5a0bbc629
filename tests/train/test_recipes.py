import numpy as np
import pytest

from lbopt import optim, train
from lbopt.train import Run
from lbopt.train.tasks import RECIPES

W = optim.masks.weights_only

# What each recipe is, with the numbers that the reports state, written down a second time.
STATED = {
    "sgd": lambda rate: optim.sgd(rate, momentum=0.9, weight_decay=5e-4, decay_mask=W),
    "nesterov": lambda rate: optim.sgd(
        rate, momentum=0.9, nesterov=True, weight_decay=5e-4, decay_mask=W
    ),
    "nesterov_clip": lambda rate: optim.chain(
        optim.clip_by_global_norm(1.0), STATED["nesterov"](rate)
    ),
    "lars": lambda rate: optim.lars(
        rate, momentum=0.9, weight_decay=5e-4, trust_coefficient=0.1, decay_mask=W, adapt_mask=W
    ),
    "lars_global": lambda rate: optim.lars_one_global_ratio(
        rate, momentum=0.9, weight_decay=5e-4, trust_coefficient=0.1, decay_mask=W, adapt_mask=W
    ),
    "lars_2020": lambda rate: optim.lars_2020(
        rate, b1=0.9, weight_decay=5e-4, decay_mask=W, adapt_mask=W
    ),
    "adamw": lambda rate: optim.adamw(
        rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.01, decay_mask=W
    ),
    "adamw_clip": lambda rate: optim.chain(optim.clip_by_global_norm(1.0), STATED["adamw"](rate)),
    "lamb": lambda rate: optim.lamb(
        rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.01, decay_mask=W, adapt_mask=W
    ),
}


def problem():
    """Two layers of unequal size, and three gradients of global norm 5."""
    rng = np.random.default_rng(0)
    params = {
        f"fc{i}.{kind}": 4.0**i * rng.standard_normal(shape)
        for i in range(2)
        for kind, shape in (("W", (4, 3)), ("b", (3,)))
    }
    grads = []
    for _ in range(3):
        g = {k: rng.standard_normal(w.shape) for k, w in params.items()}
        size = np.sqrt(sum((a**2).sum() for a in g.values()))
        grads.append({k: 5 * a / size for k, a in g.items()})
    return params, grads


def steps(opt):
    """Return the updates of three steps, and the trust ratios of each."""
    params, grads = problem()
    state, updates, ratios = opt.init(params), [], []
    for g in grads:
        moved, state = opt.update(g, state, params)
        params = optim.apply_updates(params, moved)
        updates.append(moved)
        ratios.append(optim.trust_ratios(state))
    return updates, ratios


def rate(step):
    return 0.1 / (1 + step)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "lamb_slow_biases"])
def test_a_recipe_is_its_optimizer_with_the_stated_numbers(name):
    (got, _), (want, _) = steps(RECIPES[name].optimizer(rate)), steps(STATED[name](rate))
    for a, b in zip(got, want, strict=True):
        for k in b:
            np.testing.assert_allclose(a[k], b[k], rtol=1e-12, atol=0, err_msg=k)


def test_slow_biases_are_a_tenth_of_lamb_s_and_weights_are_lamb_s():
    slow, lamb = RECIPES["lamb_slow_biases"].optimizer(0.1), STATED["lamb"](0.1)
    params, grads = problem()
    a, _ = slow.update(grads[0], slow.init(params), params)
    b, _ = lamb.update(grads[0], lamb.init(params), params)
    for k in params:
        factor = 0.1 if k.endswith("b") else 1.0
        np.testing.assert_allclose(a[k], factor * b[k], rtol=1e-12)


def test_one_global_ratio_is_one_and_layerwise_ratios_are_not():
    _, one = steps(RECIPES["lars_global"].optimizer(0.1))
    _, many = steps(RECIPES["lars"].optimizer(0.1))
    for ratios, same in ((one, True), (many, False)):
        for step in ratios:
            assert step.keys() >= {"fc0.W", "fc1.W"}
            assert (float(step["fc0.W"]) == float(step["fc1.W"])) == same


def test_every_recipe_is_stated():
    assert RECIPES.keys() == STATED.keys() | {"lamb_slow_biases"}


@pytest.mark.parametrize("optimizer", RECIPES)
def test_every_recipe_learns_something(optimizer):
    # chance is 0.1, they reach 0.76 to 0.97
    rate = {"adamw": 0.003, "adamw_clip": 0.003, "lamb": 0.03, "lamb_slow_biases": 0.03}.get(
        optimizer, 0.05
    )
    record = train.run_one(Run("mlp", optimizer, 128, rate, 0, epochs=4))
    assert record["val_accuracy"] > 0.5, record


@pytest.mark.parametrize("name", ["nesterov", "nesterov_clip"])
def test_the_first_step_of_the_nesterov_recipes_is_1_plus_momentum_long(name):
    opt = RECIPES[name].optimizer(0.1)
    params, grads = {"fc.b": np.zeros(1)}, {"fc.b": np.full(1, 0.5)}
    moved, _ = opt.update(grads, opt.init(params), params)
    assert moved["fc.b"] == pytest.approx(-0.1 * 1.9 * 0.5)


def test_the_first_step_of_heavy_ball_is_the_gradient_step():
    opt = RECIPES["sgd"].optimizer(0.1)
    params, grads = {"fc.b": np.zeros(1)}, {"fc.b": np.full(1, 0.5)}
    moved, _ = opt.update(grads, opt.init(params), params)
    assert moved["fc.b"] == pytest.approx(-0.1 * 0.5)


def test_recipes_decay_and_adapt_weights_and_leave_biases_alone():
    rng = np.random.default_rng(0)
    params = {"fc.W": rng.standard_normal((4, 3)), "fc.b": rng.standard_normal(3)}
    zero = {k: np.zeros_like(w) for k, w in params.items()}
    g = {k: rng.standard_normal(w.shape) for k, w in params.items()}
    for name, recipe in RECIPES.items():
        opt = recipe.optimizer(0.1)
        moved, _ = opt.update(zero, opt.init(params), params)
        assert (moved["fc.W"] != 0).all(), f"{name} does not decay weights"
        assert (moved["fc.b"] == 0).all(), f"{name} decays biases"
    opt = RECIPES["lars"].optimizer(0.1)
    moved, _ = opt.update(g, opt.init(params), params)
    np.testing.assert_allclose(moved["fc.b"], -0.1 * g["fc.b"])  # raw learning rate
    W, gW = params["fc.W"], g["fc.W"]
    nW = np.linalg.norm(W)
    lars = 0.1 * 0.1 * nW / (np.linalg.norm(gW) + 5e-4 * nW) * (gW + 5e-4 * W)
    np.testing.assert_allclose(moved["fc.W"], -lars)


def test_clipping_is_what_tells_nesterov_clip_from_nesterov():
    params = {"fc.W": np.ones((2, 2))}
    for size, same in ((0.1, True), (10.0, False)):
        steps = []
        for name in ("nesterov", "nesterov_clip"):
            opt = RECIPES[name].optimizer(0.1)
            steps.append(opt.update({"fc.W": np.full((2, 2), size)}, opt.init(params), params)[0])
        assert np.allclose(steps[0]["fc.W"], steps[1]["fc.W"]) == same
