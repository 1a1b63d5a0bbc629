"""Norms, ratios and dtypes: half precision, huge and tiny numbers, 0-d and empty arrays."""

import numpy as np
import pytest

from lbopt import optim
from tests.optim.backends import ALL, WITH_FLOAT16, backend, put_all, trajectory
from tests.optim.problems import agree, error, gradients, weights

RECIPES = {
    "sgd": lambda: optim.sgd(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "lars": lambda: optim.lars(0.1, weight_decay=0.1, trust_coefficient=0.02),
    "lars_scheduled": lambda: optim.lars(optim.schedules.polynomial(1.0, 9), eps=1e-6),
    "lars_numpy_scalars": lambda: optim.lars(
        np.float64(0.1), momentum=np.float64(0.9), weight_decay=np.float64(0.1)
    ),
    "lars_schedule_of_numpy_scalars": lambda: optim.lars(lambda t: np.float64(0.1) / (1 + t)),
    "lars_masked": lambda: optim.lars(0.1, adapt_mask=optim.masks.weights_only),
    "lars_2020": lambda: optim.lars_2020(0.1, weight_decay=0.1, phi=optim.phi.clip(0.1, 2.0)),
    "one_ratio": lambda: optim.lars_one_global_ratio(0.1),
    "adagrad": lambda: optim.adagrad(0.1, weight_decay=0.1),
    "adam": lambda: optim.adam(lambda t: np.float64(0.1) / (1 + t), weight_decay=0.1),
    "adamw": lambda: optim.adamw(0.1, eps=0.0, weight_decay=0.1),
    "lamb": lambda: optim.lamb(0.1, weight_decay=0.1, phi=optim.phi.clip(0.1, 2.0)),
    "lamb_numpy_scalars": lambda: optim.lamb(
        np.float64(0.1), b1=np.float64(0.8), b2=np.float64(0.9), eps=np.float64(1e-6), norm="l1"
    ),
    "lamb_raw": lambda: optim.lamb(
        0.1, norm="linf", bias_correction=False, adapt_mask=optim.masks.weights_only
    ),
    "nlamb": lambda: optim.nlamb(0.1, weight_decay=0.1),
    "nnlamb": lambda: optim.nnlamb(0.1, weight_decay=0.1),
    "lambc": lambda: optim.lambc(0.1, weight_decay=0.1),
    "clip": lambda: optim.chain(optim.clip_by_global_norm(1.0), optim.sgd(0.1)),
}


def all_arrays(nest):
    """Every array in a state, however nested."""
    if isinstance(nest, dict):
        return [a for v in nest.values() for a in all_arrays(v)]
    if isinstance(nest, tuple):
        return [a for v in nest for a in all_arrays(v)]
    return [] if isinstance(nest, int) else [nest]


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("name", RECIPES)
def test_float32_stays_float32_in_updates_weights_and_state(name, module):
    b = backend(module)
    w = put_all(b, weights(dtype="float32"))
    opt = RECIPES[name]()
    state, step = opt.init(w), b.compile(opt.update)
    for g in gradients(3, dtype="float32"):
        u, state = step(put_all(b, g), state, w)
        w = optim.apply_updates(w, u)
        for a in (*u.values(), *w.values()):
            assert str(a.dtype).endswith("float32")
    for a in all_arrays(state):
        assert str(a.dtype).endswith(("float32", "int32", "int64"))


@pytest.mark.parametrize("module", WITH_FLOAT16)
@pytest.mark.parametrize("name", RECIPES)
def test_float16_stays_float16_and_near_the_float64_result(name, module):
    only = ("conv.W", "fc.b", "scalar", "empty")
    w16, g16 = weights(only=only, dtype="float16"), gradients(3, only=only, dtype="float16")
    wide = {k: a.astype("float64") for k, a in w16.items()}
    want = trajectory(
        RECIPES[name](), wide, [{k: a.astype("float64") for k, a in g.items()} for g in g16]
    )[-1]
    got = trajectory(RECIPES[name](), w16, g16, module)[-1]
    assert all(a.dtype == np.float16 for a in got.values())
    assert error({k: a.astype("float64") for k, a in got.items()}, want) < 0.01  # 10 x 2^-10


@pytest.mark.parametrize("module", WITH_FLOAT16)
def test_float16_matrix_of_ones_has_the_right_ratio(module):
    # sum of squares 90000 > 65504: most public implementations give NaN here
    b = backend(module)
    w = {"W": b.put(np.ones((300, 300), np.float16))}

    def ahead(b):  # the look-ahead of the first step: b (1 - b) / (1 - b^2)
        return b / (1 + b)

    for opt, want in (
        (optim.lars(1.0, weight_decay=0.5, trust_coefficient=0.3), 0.3 / 1.5),
        (optim.lars_2020(1.0, b1=0.0), 1.0),
        (optim.lars_one_global_ratio(1.0, weight_decay=0.5, trust_coefficient=0.3), 0.3 / 1.5),
        (optim.lamb(1.0), 1.0),
        (optim.lamb(1.0, norm="l1"), 1.0),
        (optim.lamb(1.0, norm="linf", weight_decay=1.0), 0.5),
        (optim.nlamb(1.0, weight_decay=1.0, norm="l1"), 1 / (1 + ahead(0.9) + 1)),
        (optim.nnlamb(1.0), (1 + ahead(0.999)) ** 0.5 / (1 + ahead(0.9))),
        (optim.lambc(1.0, max_ratio=0.25), 0.25),
    ):
        u, state = b.compile(opt.update)(w, opt.init(w), w)
        ratio = b.get(optim.trust_ratios(state)["W"])
        assert ratio.dtype == np.float32
        assert float(ratio) == pytest.approx(want, rel=2.0**-11)  # r is kept in float16
        assert np.isfinite(b.get(u["W"])).all()


@pytest.mark.parametrize("module", WITH_FLOAT16)
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_float16_norms_beyond_the_largest_float16_give_the_right_ratio(norm, module):
    # weights of 300: ||w||_2 = 90000, ||w||_1 = 27 million, and the ratio is 300
    b = backend(module)
    w = {"W": b.put(np.full((300, 300), 300, np.float16))}
    g = {"W": b.put(np.full((300, 300), 60000, np.float16))}
    opt = optim.lamb(2.0**-8, eps=0.0, norm=norm)
    u, state = b.compile(opt.update)(g, opt.init(w), w)
    assert float(b.get(optim.trust_ratios(state)["W"])) == pytest.approx(300, rel=1e-6)
    np.testing.assert_allclose(b.get(u["W"]).astype("f8"), -300 / 256, rtol=1e-3)


@pytest.mark.parametrize("module", ALL)
def test_bias_correction_keeps_its_digits_in_float32(module):
    # 1 - 0.999 formed in float32 is wrong by 1e-5; so are the first steps of several libraries
    w, g = {"W": np.ones(3, np.float32)}, {"W": np.array([1, -2, 3], np.float32)}
    for make in (optim.adam, optim.adamw, optim.lamb, optim.nlamb, optim.nnlamb):
        wide = [{k: a.astype("f8") for k, a in x.items()} for x in (w, g)]
        got = trajectory(make(0.1), w, [g] * 3, module)[-1]
        agree(got, trajectory(make(0.1), wide[0], [wide[1]] * 3)[-1], 1e-6)


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_float32_norms_neither_overflow_nor_vanish(module, size):
    b = backend(module)
    x = b.put(np.array([3.0, -4.0], np.float32) * np.float32(size))
    assert float(b.get(optim.norm(x))) == pytest.approx(5 * size, rel=1e-6)
    assert float(b.get(optim.global_norm({"a": x, "b": x}))) == pytest.approx(
        5 * 2**0.5 * size, rel=1e-6
    )


@pytest.mark.parametrize("module", ALL)
def test_huge_float32_layers_take_the_step_of_their_scaled_selves(module):
    # lars without decay is equivariant: weights 1e30 larger move 1e30 further
    opt = optim.lars(0.5, weight_decay=0.0, trust_coefficient=0.1)
    w, g = np.array([3.0, -4.0], np.float32), np.array([1.0, 2.0], np.float32)
    small = trajectory(opt, {"W": w}, [{"W": g}] * 3, module)[-1]["W"]
    big = trajectory(opt, {"W": w * np.float32(1e30)}, [{"W": g * np.float32(1e25)}] * 3, module)
    np.testing.assert_allclose(big[-1]["W"] / np.float32(1e30), small, rtol=1e-5)


@pytest.mark.parametrize("module", ALL)
def test_norm_of_zeros_empty_and_scalars(module):
    b = backend(module)
    for a, want in ((np.zeros((2, 3)), 0), (np.zeros((0, 3)), 0), (np.asarray(-2.5), 2.5)):
        n = optim.norm(b.put(a))
        assert n.shape == ()
        assert float(b.get(n)) == want


def test_norm_agrees_with_numpy_on_ordinary_numbers(rng):
    for shape in ((7,), (3, 4), (2, 3, 4, 5)):
        x = rng.standard_normal(shape)
        assert float(optim.norm(x)) == pytest.approx(np.linalg.norm(x), rel=1e-15 * x.size**0.5)


def test_norm_of_huge_parameter_keeps_its_digits_in_float32(rng):
    x = rng.standard_normal(10**6).astype(np.float32)
    assert float(optim.norm(x)) == pytest.approx(np.linalg.norm(x.astype("f8")), rel=1e-6)


@pytest.mark.parametrize("module", ALL)
def test_a_nan_gradient_spoils_its_layer_alone(module):
    w, (g,) = weights(only=("conv.W", "fc.W")), gradients(1, only=("conv.W", "fc.W"))
    bad = {"conv.W": g["conv.W"] * np.nan, "fc.W": g["fc.W"]}
    for opt in (optim.lars(0.1), optim.lars_2020(0.1), optim.sgd(0.1)):
        got = trajectory(opt, w, [bad], module)[0]
        assert np.isnan(got["conv.W"]).all()
        agree({"fc.W": got["fc.W"]}, {"fc.W": trajectory(opt, w, [g])[0]["fc.W"]})


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.filterwarnings("error")
def test_zero_layers_cause_no_warning(name):
    zero = {k: 0 * a for k, a in weights().items()}
    for w in (weights(), zero):
        for g in (gradients(1)[0], zero):
            got = trajectory(RECIPES[name](), w, [g, g])[-1]
            assert all(np.isfinite(a).all() for a in got.values())


def test_mixed_precision_layers_keep_their_own_dtype():
    w = {"a": np.ones(3, np.float32), "b": np.ones(3), "h": np.ones(3, np.float16)}
    for make in RECIPES.values():
        got = trajectory(make(), w, [w, w])[-1]
        assert {k: a.dtype for k, a in got.items()} == {k: a.dtype for k, a in w.items()}
