"""One NaN or infinity must not switch ratios or clipping off; nor is it hidden by them."""

import numpy as np
import pytest

from lbopt import optim

PARAMS = {"W": np.array([[3.0, 4.0], [1.0, 2.0]]), "healthy": np.array([5.0, 12.0])}


def grads(bad):
    return {"W": np.array([[1000.0, bad], [0.0, 1.0]]), "healthy": np.array([1000.0, 0.0])}


def first_update(opt, bad):
    with np.errstate(all="ignore"):
        return opt.update(grads(bad), opt.init(PARAMS), PARAMS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "make", [optim.lars, optim.lars_2020, optim.lamb], ids=["lars", "lars_2020", "lamb"]
)
def test_one_broken_entry_never_leaves_its_layer_a_ratio_of_one(make, bad):
    updates, state = first_update(make(0.1), bad)
    ratio = float(optim.trust_ratios(state)["W"])
    assert np.isnan(ratio) or ratio == 0.0
    # no entry of the layer takes the bare step: it is nothing, or visibly broken
    assert all(np.isnan(u) or u == 0.0 for u in updates["W"].ravel())
    alone = {k: v for k, v in PARAMS.items() if k == "healthy"}
    opt = make(0.1)
    expected, _ = opt.update({"healthy": grads(bad)["healthy"]}, opt.init(alone), alone)
    np.testing.assert_array_equal(updates["healthy"], expected["healthy"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "opt",
    [
        optim.chain(optim.clip_by_global_norm(1.0), optim.sgd(1.0)),
        optim.lars_one_global_ratio(1.0, momentum=0.0),
    ],
    ids=["clip", "one ratio"],
)
def test_a_broken_entry_breaks_or_stops_every_layer_where_one_norm_is_shared(opt, bad):
    updates, _ = first_update(opt, bad)
    assert all(np.isnan(u) or u == 0.0 for u in updates["healthy"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_norm_of_a_broken_array_is_what_broke_it(bad):
    with np.errstate(all="raise"):
        found = float(optim.norm(np.array([1.0, bad])))
    np.testing.assert_equal(found, bad)


def test_the_learning_rate_of_the_last_step_is_in_the_state_of_any_recipe():
    schedule = optim.schedules.polynomial(0.1, steps=4, power=1)
    for make in (optim.sgd, optim.lars, optim.lars_2020, optim.lamb, optim.adamw):
        opt = optim.chain(optim.clip_by_global_norm(1.0), make(schedule))
        state = opt.init(PARAMS)
        for t in range(3):
            _, state = opt.update(grads(0.0), state, PARAMS)
            assert float(optim.learning_rate(state)) == pytest.approx(schedule(t), rel=1e-15)
    assert optim.learning_rate(optim.trace(0.9).init(PARAMS)) is None


def test_same_state_sees_a_step_a_bit_a_key_and_a_dtype():
    opt = optim.lars(0.1)
    start = opt.init(PARAMS)
    _, one = opt.update(grads(0.0), start, PARAMS)
    _, again = opt.update(grads(0.0), start, PARAMS)
    _, other = opt.update(grads(1e-9), start, PARAMS)
    assert optim.same_state(one, again)
    assert not optim.same_state(start, one)
    assert not optim.same_state(one, other)
    assert not optim.same_state(one, one[:2])
    assert not optim.same_state({"W": np.ones(2)}, {"V": np.ones(2)})
    assert not optim.same_state({"W": np.ones(2)}, {"W": np.ones(2, np.float32)})


@pytest.mark.parametrize("make", [optim.sgd, optim.adamw, optim.lars, optim.lamb])
def test_an_update_without_parameters_is_told_what_is_missing(make):
    opt = make(0.1)
    with pytest.raises(TypeError, match="params must be a dict name -> array, got NoneType"):
        opt.update(grads(0.0), opt.init(PARAMS), None)


@pytest.mark.parametrize(
    ("make", "culprit"),
    [
        (lambda: optim.masked(3, None), "int"),
        (lambda: optim.masked(optim.trace(0.9), None, otherwise=3), "int"),
        (lambda: optim.masked(optim.trace(0.9), lambda n, a: "no").init(PARAMS), "'no' for 'W'"),
        (lambda: optim.masked(optim.trace(0.9), lambda n, a: None).init(PARAMS), "None for 'W'"),
    ],
)
def test_masked_refuses_what_is_no_link_and_masks_that_do_not_answer(make, culprit):
    with pytest.raises(TypeError, match=culprit):
        make()
