"""Each link alone, in one or two steps, against its formula on every array module."""

import numpy as np
import pytest

from lbopt import optim
from lbopt.backend import device
from lbopt.optim import LinkState, phi
from lbopt.optim.adam import look_ahead, uncorrected
from tests.optim.backends import ALL, backend, get_all, put_all
from tests.optim.problems import agree, error, gradients, weights

W, G1, G2 = weights(), *gradients(2)


WITH_RATIO = [
    optim.lars, optim.lars_2020, optim.lars_one_global_ratio, optim.lamb, optim.nlamb, optim.nnlamb,
    optim.lambc,
]  # fmt: skip


def updates_of(link, module, grads=(G1, G2)):
    b = backend(module)
    w = put_all(b, W)
    state, out, step = link.init(w), [], b.compile(link.update)
    for g in grads:
        u, state = step(put_all(b, g), state, w)
        out.append(get_all(b, u))
    return out, state


def each(rule, *arrays):
    return {k: np.asarray(rule(*(a[k] for a in arrays))) for k in W}


def length(a):
    return float(np.sqrt(np.sum(a * a)))


def lars_ratio(g, w, eta=0.1, beta=0.2, eps=0.3):
    bottom = length(g) + beta * length(w) + eps
    return eta * length(w) / bottom if length(w) > 0 else 1.0


ONE_STEP = {
    "identity": (optim.identity(), lambda g, w: g),
    "scale": (optim.scale(-2.5), lambda g, w: -2.5 * g),
    "scale_by_learning_rate": (optim.scale_by_learning_rate(0.3), lambda g, w: -0.3 * g),
    "add_decayed_weights": (optim.add_decayed_weights(0.3), lambda g, w: g + 0.3 * w),
    "scale_by_lars_ratio": (
        optim.scale_by_lars_ratio(0.1, 0.2, 0.3),
        lambda g, w: lars_ratio(g, w) * (g + 0.2 * w),
    ),
    "scale_by_trust_ratio": (
        optim.scale_by_trust_ratio(),
        lambda g, w: g * (length(w) / length(g) if length(w) * length(g) > 0 else 1),
    ),
    "scale_by_trust_ratio_phi": (
        optim.scale_by_trust_ratio(phi.clip(1.0, 2.0)),
        lambda g, w: (
            g * (min(max(length(w), 1), 2) / length(g) if length(w) * length(g) > 0 else 1)
        ),
    ),
    "scale_by_trust_ratio_constant_phi": (
        optim.scale_by_trust_ratio(lambda z: 3.0),
        lambda g, w: g * (3 / length(g) if length(w) * length(g) > 0 else 1),
    ),
    "scale_by_trust_ratio_max_ratio": (
        optim.scale_by_trust_ratio(max_ratio=0.2),
        lambda g, w: g * min(0.2, length(w) / length(g) if length(w) * length(g) > 0 else 1),
    ),
    "chain_of_nothing": (optim.chain(), lambda g, w: g),
    "masked": (
        optim.masked(optim.scale(2.0), optim.masks.weights_only, otherwise=optim.scale(3.0)),
        lambda g, w: g * (2 if w.ndim > 1 else 3),
    ),
    "masked_without_otherwise": (
        optim.masked(optim.scale(2.0), optim.masks.negate(optim.masks.weights_only)),
        lambda g, w: g * (1 if w.ndim > 1 else 2),
    ),
    "layerwise": (optim.layerwise(lambda u, memory, w, step: (u * w, memory)), lambda g, w: g * w),
}


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("name", ONE_STEP)
def test_link_follows_its_formula_in_every_step(name, module):
    link, formula = ONE_STEP[name]
    for got, g in zip(updates_of(link, module)[0], (G1, G2), strict=True):
        agree(got, each(formula, g, W))


TWO_STEPS = {
    "trace": (optim.trace(0.8), lambda a, b: a, lambda a, b: 0.8 * a + b),
    "nesterov_trace": (
        optim.nesterov_trace(0.8),
        lambda a, b: 1.8 * a,
        lambda a, b: b + 0.8 * (0.8 * a + b),
    ),
    "ema": (optim.ema(0.8), lambda a, b: 0.2 * a, lambda a, b: 0.8 * 0.2 * a + 0.2 * b),
    "scale_by_adagrad": (
        optim.scale_by_adagrad(0.3),
        lambda a, b: a / (abs(a) + 0.3),
        lambda a, b: b / (np.sqrt(a * a + b * b) + 0.3),
    ),
    "scale_by_adam": (
        optim.scale_by_adam(0.8, 0.5, 0.3),
        lambda a, b: a / (abs(a) + 0.3),
        lambda a, b: (0.8 * a + b) / 1.8 / (np.sqrt((0.5 * a * a + b * b) / 1.5) + 0.3),
    ),
    "scale_by_adam_raw": (
        optim.scale_by_adam(0.8, 0.5, 0.3, first=uncorrected, second=uncorrected),
        lambda a, b: 0.2 * a / (np.sqrt(0.5) * abs(a) + 0.3),
        lambda a, b: (0.16 * a + 0.2 * b) / (np.sqrt(0.25 * a * a + 0.5 * b * b) + 0.3),
    ),
    "scale_by_adam_look_ahead": (
        optim.scale_by_adam(0.8, 0.5, 0.3, first=look_ahead),
        lambda a, b: (0.8 * 0.2 / 0.36 + 1) * a / (abs(a) + 0.3),
        lambda a, b: (
            (0.8 * (0.16 * a + 0.2 * b) / (1 - 0.8**3) + 0.2 * b / 0.36)
            / (np.sqrt((0.5 * a * a + b * b) / 1.5) + 0.3)
        ),
    ),
}


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("name", TWO_STEPS)
def test_memory_follows_its_two_step_formula(name, module):
    link, first, second = TWO_STEPS[name]
    got = updates_of(link, module)[0]
    agree(got[0], each(first, G1, G2))
    agree(got[1], each(second, G1, G2))


@pytest.mark.parametrize("module", ALL)
def test_both_branches_of_masked_keep_their_memory(module):
    link = optim.masked(optim.trace(0.8), optim.masks.weights_only, otherwise=optim.ema(0.8))
    out, _ = updates_of(link, module)
    want = {
        k: np.asarray(0.8 * G1[k] + G2[k] if w.ndim > 1 else 0.16 * G1[k] + 0.2 * G2[k])
        for k, w in W.items()
    }
    agree(out[1], want)


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("make", WITH_RATIO)
def test_trust_ratios_start_at_one_on_the_device_of_the_weights(make, module):
    w = put_all(backend(module), W)
    ratios = optim.trust_ratios(make(0.1).init(w))
    assert ratios.keys() == W.keys()
    for k, r in ratios.items():
        assert r.shape == ()
        assert device(r) == device(w[k])
        assert r.dtype == w[k].dtype
        assert float(r) == 1


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("make", [optim.sgd, optim.adagrad, optim.adam, optim.adamw, *WITH_RATIO])
def test_updates_are_arrays_as_the_weights_are_0d_ones_too(make, module):
    w = put_all(backend(module), W)
    opt = make(0.1)
    u, _ = opt.update(w, opt.init(w), w)
    for k in W:
        assert type(u[k]) is type(w[k])
        assert u[k].shape == w[k].shape


@pytest.mark.parametrize("module", ALL)
def test_trust_ratios_are_those_of_the_last_step_for_adapted_layers_alone(module):
    opt = optim.lars(
        0.1, weight_decay=0.2, trust_coefficient=0.1, eps=0.3, adapt_mask=optim.masks.weights_only
    )
    _, state = updates_of(opt, module)
    ratios = optim.trust_ratios(state)
    want = {k: np.asarray(lars_ratio(G2[k], w)) for k, w in W.items() if w.ndim > 1}
    agree(get_all(backend(module), ratios), want)
    assert all(r.shape == () for r in ratios.values())
    assert optim.trust_ratios(optim.sgd(0.1).init(W)) == {}


@pytest.mark.parametrize("module", ALL)
def test_global_ratio_is_the_same_number_for_every_layer(module):
    _, state = updates_of(optim.lars_one_global_ratio(0.1), module)
    ratios = get_all(backend(module), optim.trust_ratios(state))
    assert ratios.keys() == W.keys()
    assert len({float(r) for r in ratios.values()}) == 1
    assert float(ratios["fc.W"]) != 1.0


@pytest.mark.parametrize("module", ALL)
def test_schedule_is_called_with_the_step_0_1_2(module):
    out, state = updates_of(optim.scale_by_learning_rate(lambda t: t + 1.0), module, (G1, G1, G1))
    for t, u in enumerate(out):
        agree(u, {k: -(t + 1.0) * g for k, g in G1.items()})
    assert int(state.step) == 3


def test_state_is_a_nest_of_named_tuples_and_dicts():
    link = optim.trace(0.5)
    state = link.init({"W": np.zeros(2)})
    assert isinstance(state, LinkState)
    assert state.step == 0
    assert list(state.layers) == ["W"]
    assert list(state.layers["W"]) == ["trace"]


@pytest.mark.parametrize("module", ALL)
def test_apply_updates_adds_layer_by_layer(module):
    b = backend(module)
    got = get_all(b, optim.apply_updates(put_all(b, W), put_all(b, G1)))
    agree(got, each(np.add, W, G1))


def test_masks_pick_by_axes_and_by_name():
    keep = {k for k, w in W.items() if optim.masks.weights_only(k, w)}
    assert keep == {"conv.W", "fc.W", "tiny.W", "empty", "new.W", "dead.W", "kernel.W"}
    new = optim.masks.name_contains("new", "scal")
    assert {k for k in W if new(k, None)} == {"new.W", "new.b", "scalar"}
    assert {k for k in W if not optim.masks.negate(new)(k, None)} == {"new.W", "new.b", "scalar"}
    assert all(optim.masks.everything(k, w) for k, w in W.items())


def test_a_mask_that_keeps_everything_equals_no_mask():
    on, off = optim.masks.everything, None
    a = updates_of(optim.lars(0.1, decay_mask=on, adapt_mask=on), "numpy")[0][1]
    b = updates_of(optim.lars(0.1, decay_mask=off, adapt_mask=off), "numpy")[0][1]
    assert error(a, b) == 0


def test_phi_clip_holds_both_bounds():
    f = phi.clip(0.5, 2.0)
    assert [float(f(np.asarray(z))) for z in (0.0, 0.5, 1.0, 2.0, 3.0)] == [0.5, 0.5, 1, 2, 2]
    assert float(phi.identity(np.asarray(7.0))) == 7.0


def test_empty_parameter_set_is_allowed_everywhere():
    for opt in (
        optim.sgd(0.1, momentum=0.9),
        optim.lars(0.1),
        optim.lars_2020(0.1),
        optim.lars_one_global_ratio(0.1),
        optim.adagrad(0.1),
        optim.lamb(0.1),
        optim.clip_by_global_norm(1.0),
    ):
        assert opt.update({}, opt.init({}), {})[0] == {}
