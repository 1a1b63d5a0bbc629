"""Wrong input is one clear error that names the culprit, raised before anything is changed."""

import inspect
import pickle
import re

import numpy as np
import pytest

from lbopt import optim
from tests.optim.backends import backend, put_all
from tests.optim.problems import gradients, weights

ONLY = ("conv.W", "fc.b", "scalar")
W, G = weights(only=ONLY), gradients(1, only=ONLY)[0]

RECIPES = {
    "sgd": optim.sgd(0.1, momentum=0.9),
    "sgd_masked": optim.sgd(0.1, momentum=0.9, decay_mask=optim.masks.weights_only),
    "lars": optim.lars(0.1),
    "lars_masked": optim.lars(0.1, decay_mask=optim.masks.weights_only),
    "lars_2020": optim.lars_2020(0.1),
    "lars_2020_masked": optim.lars_2020(0.1, adapt_mask=optim.masks.weights_only),
    "one_ratio": optim.lars_one_global_ratio(0.1),
    "one_ratio_masked": optim.lars_one_global_ratio(0.1, adapt_mask=optim.masks.weights_only),
    "adagrad": optim.adagrad(0.1),
    "adamw": optim.adamw(0.1),
    "lamb": optim.lamb(0.1),
    "lamb_masked": optim.lamb(0.1, adapt_mask=optim.masks.weights_only),
    "clip": optim.clip_by_global_norm(1.0),
    "trace": optim.trace(0.9),
    "identity": optim.identity(),
}


def strict():
    return backend("array_api_strict")


def on_another_device():
    return pytest.importorskip("array_api_strict").asarray([1.0, 2.0, 3.0, 4.0])  # the host


# what is wrong: (gradients, expected error, words the message must have)
WRONG_GRADS = {
    "not_a_dict": (lambda: list(G.values()), TypeError, ["grads", "dict", "list"]),
    "nothing": (lambda: None, TypeError, ["grads", "dict", "NoneType"]),
    "key_missing": (lambda: {k: G[k] for k in ONLY[:2]}, ValueError, ["grads", "keys", "scalar"]),
    "key_extra": (lambda: G | {"fc.w": G["fc.b"]}, ValueError, ["grads", "keys", "fc.w"]),
    "key_renamed": (
        lambda: {k.lower(): a for k, a in G.items()}, ValueError, ["conv.W", "conv.w"],
    ),
    "shape": (lambda: G | {"fc.b": np.ones(5)}, ValueError, ["fc.b", "(5,)", "(4,)"]),
    "broadcastable_shape": (lambda: G | {"fc.b": np.ones(1)}, ValueError, ["fc.b", "(1,)"]),
    "transposed": (lambda: G | {"conv.W": G["conv.W"].T}, ValueError, ["conv.W", "(2, 2, 3)"]),
    "dtype": (lambda: G | {"fc.b": np.ones(4, np.float32)}, TypeError, ["fc.b", "32", "64"]),
    "integers": (lambda: G | {"fc.b": np.ones(4, int)}, TypeError, ["fc.b", "int64", "float64"]),
    "a_list": (lambda: G | {"fc.b": [1.0] * 4}, TypeError, ["list", "convert"]),
    "a_number": (lambda: G | {"scalar": 1.0}, TypeError, ["float", "convert"]),
    "another_module": (
        lambda: G | {"fc.b": strict().put(G["fc.b"])},
        TypeError,
        ["fc.b", "array_api_strict", "numpy"],
    ),
}  # fmt: skip


def refuses(call, error, words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


@pytest.mark.parametrize("wrong", WRONG_GRADS)
@pytest.mark.parametrize("name", RECIPES)
def test_wrong_gradients_are_refused_by_name_and_nothing_changes(name, wrong):
    opt = RECIPES[name]
    make, error, words = WRONG_GRADS[wrong]
    grads, state = make(), opt.init(W)
    before = pickle.dumps((W, state, G))
    refuses(lambda: opt.update(grads, state, W), error, words)
    assert pickle.dumps((W, state, G)) == before


@pytest.mark.parametrize("name", RECIPES)
def test_numpy_gradients_do_not_meet_parameters_of_another_module(name):
    w = put_all(strict(), W)
    opt = RECIPES[name]
    refuses(lambda: opt.update(G, opt.init(w), w), TypeError, ["numpy", "array_api_strict"])


@pytest.mark.parametrize("name", RECIPES)
def test_gradients_on_another_device_are_refused_with_both_devices(name):
    w = put_all(strict(), {"fc.b": W["fc.b"]})
    opt = RECIPES[name]
    grads = {"fc.b": on_another_device()}
    words = ["fc.b", "device", "CPU_DEVICE", "device1"]
    refuses(lambda: opt.update(grads, opt.init(w), w), TypeError, words)


WRONG_PARAMS = {
    "not_a_dict": (lambda: [W["fc.b"]], TypeError, ["params", "dict", "list"]),
    "integers": (lambda: W | {"fc.b": np.ones(4, int)}, TypeError, ["fc.b", "int64", "floating"]),
    "booleans": (lambda: W | {"fc.b": np.ones(4, bool)}, TypeError, ["fc.b", "bool"]),
    "complex": (lambda: W | {"fc.b": np.ones(4, complex)}, TypeError, ["fc.b", "complex"]),
    "strings": (lambda: W | {"fc.b": np.array(["a"])}, TypeError, []),
    "a_list": (lambda: W | {"fc.b": [1.0]}, TypeError, ["list", "convert"]),
    "nested": (lambda: {"fc": W}, TypeError, ["dict", "convert"]),
    "number_as_name": (lambda: {0: W["fc.b"]}, TypeError, ["names", "0"]),
    "two_modules": (
        lambda: W | {"fc.b": strict().put(W["fc.b"])}, TypeError, ["numpy", "array_api_strict"],
    ),
    "two_devices": (
        lambda: {"a": strict().put(W["fc.b"]), "b": on_another_device()},
        TypeError, ["'b'", "CPU_DEVICE", "device1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_PARAMS)
@pytest.mark.parametrize("name", RECIPES)
def test_wrong_parameters_are_refused_at_init(name, wrong):
    make, error, words = WRONG_PARAMS[wrong]
    refuses(lambda: RECIPES[name].init(make()), error, words)


NOT_NUMBERS = [float("nan"), float("inf"), -float("inf"), True, "0.1", None, 1j, np.ones(2), [0.1]]
# recipe, argument, numbers outside its range (None: learning_rate, the first argument)
HYPERPARAMETERS = [
    (optim.sgd, "learning_rate", [-0.1]),
    (optim.sgd, "momentum", [-0.1, 1.0, 1.5]),
    (optim.sgd, "weight_decay", [-0.1]),
    (optim.lars, "learning_rate", [-0.1]),
    (optim.lars, "momentum", [-0.1, 1.0]),
    (optim.lars, "weight_decay", [-0.1]),
    (optim.lars, "trust_coefficient", [-0.1, 0.0]),
    (optim.lars, "eps", [-1e-9]),
    (optim.lars_2020, "learning_rate", [-0.1]),
    (optim.lars_2020, "b1", [-0.1, 1.0]),
    (optim.lars_2020, "weight_decay", [-0.1]),
    (optim.lars_one_global_ratio, "learning_rate", [-0.1]),
    (optim.lars_one_global_ratio, "momentum", [-0.1, 1.0]),
    (optim.lars_one_global_ratio, "weight_decay", [-0.1]),
    (optim.lars_one_global_ratio, "trust_coefficient", [-0.1, 0.0]),
    (optim.lars_one_global_ratio, "eps", [-0.1]),
    (optim.adagrad, "learning_rate", [-0.1]),
    (optim.adagrad, "eps", [-1e-9]),
    (optim.adagrad, "weight_decay", [-0.1]),
    *[
        (make, argument, bad)
        for make in (optim.adam, optim.adamw, optim.lamb, optim.nlamb, optim.nnlamb, optim.lambc)
        for argument, bad in (
            ("learning_rate", [-0.1]),
            ("b1", [-0.1, 1.0]),
            ("b2", [-0.1, 1.0]),
            ("eps", [-1e-9]),
            ("weight_decay", [-0.1]),
        )
    ],
    (optim.scale_by_adam, "b1", [1.0]),
    (optim.scale_by_adam, "b2", [1.0]),
    (optim.scale_by_adam, "eps", [-0.1]),
    (optim.scale_by_adagrad, "eps", [-0.1]),
    (optim.trace, "momentum", [-0.1, 1.0]),
    (optim.nesterov_trace, "momentum", [-0.1, 1.0]),
    (optim.ema, "b1", [-0.1, 1.0]),
    (optim.add_decayed_weights, "weight_decay", [-0.1]),
    (optim.scale, "factor", []),
    (optim.scale_by_learning_rate, "learning_rate", [-0.1]),
    (optim.scale_by_lars_ratio, "trust_coefficient", [-0.1, 0.0]),
    (optim.scale_by_lars_ratio, "weight_decay", [-0.1]),
    (optim.scale_by_lars_ratio, "eps", [-0.1]),
    (optim.scale_by_one_lars_ratio, "trust_coefficient", [-0.1, 0.0]),
    (optim.clip_by_global_norm, "max_norm", [-1.0, 0.0]),
]
CASES = [(m, a, v) for m, a, bad in HYPERPARAMETERS for v in [*bad, *NOT_NUMBERS]]


@pytest.mark.parametrize(
    ("make", "argument", "value"), CASES, ids=[f"{m.__name__}-{a}-{v!r}" for m, a, v in CASES]
)
def test_wrong_hyperparameter_is_refused_with_name_value_and_range(make, argument, value):
    needed = inspect.signature(make).parameters.keys() & {"learning_rate", "trust_coefficient"}
    others = dict.fromkeys(needed, 0.1)
    refuses(
        lambda: make(**others | {argument: value}), ValueError, [f"{argument}={value!r}", "finite"]
    )


MASKS = [(m, a) for m in (optim.lars, optim.lars_2020) for a in ("decay_mask", "adapt_mask")]


LAMBS = (optim.lamb, optim.nlamb, optim.nnlamb, optim.lambc)
MASKS += [(m, a) for m in LAMBS for a in ("decay_mask", "adapt_mask")]
MASKS += [(m, "decay_mask") for m in (optim.sgd, optim.adagrad, optim.adam, optim.adamw)]


@pytest.mark.parametrize(("make", "argument"), MASKS)
@pytest.mark.parametrize("mask", [{"W": True}, ["W"], "weights_only", True])
def test_mask_that_is_no_function_is_refused(make, argument, mask):
    refuses(
        lambda: make(0.1, **{argument: mask}), TypeError, ["mask", "function", type(mask).__name__]
    )


@pytest.mark.parametrize("make", [optim.sgd, optim.lars, optim.lars_one_global_ratio])
def test_nesterov_without_momentum_or_not_a_flag_is_refused(make):
    refuses(lambda: make(0.1, momentum=0.0, nesterov=True), ValueError, ["nesterov", "momentum"])
    for flag in (1, "yes", None):
        refuses(lambda flag=flag: make(0.1, momentum=0.9, nesterov=flag), ValueError, ["nesterov"])


@pytest.mark.parametrize(
    "make", [optim.sgd, optim.lars, optim.lars_2020, optim.adagrad, optim.adam, optim.adamw, *LAMBS]
)
def test_unknown_and_positional_hyperparameters_are_refused(make):
    with pytest.raises(TypeError, match="decay"):
        make(0.1, decay=0.1)
    with pytest.raises(TypeError, match="positional"):
        make(0.1, 0.9)


@pytest.mark.parametrize("phi", [1.0, "clip", (0, 10)])
def test_phi_that_is_no_function_is_refused(phi):
    refuses(lambda: optim.lars_2020(0.1, phi=phi), TypeError, ["phi", type(phi).__name__])
    for make in LAMBS[:3]:
        refuses(lambda m=make: m(0.1, phi=phi), TypeError, ["phi", type(phi).__name__])
    refuses(lambda: optim.phi.clip(2.0, 1.0), ValueError, ["upper=1.0", "[2, inf)"])
    refuses(lambda: optim.phi.clip(-2.0, 1.0), ValueError, ["lower=-2.0"])


@pytest.mark.parametrize("make", LAMBS[:3])
@pytest.mark.parametrize("norm", ["L2", "fro", 2, None])
def test_unknown_norm_is_refused_with_the_known_ones(make, norm):
    refuses(lambda: make(0.1, norm=norm), ValueError, [f"norm={norm!r}", "'l1', 'l2', 'linf'"])


@pytest.mark.parametrize("limit", [-1.0, 0.0, float("nan"), "1", True])
def test_ratio_limit_that_is_no_positive_number_is_refused(limit):
    refuses(lambda: optim.lambc(0.1, max_ratio=limit), ValueError, [f"max_ratio={limit!r}"])


@pytest.mark.parametrize("flag", [1, 0, "yes", None])
def test_bias_correction_that_is_no_flag_is_refused(flag):
    refuses(
        lambda: optim.lamb(0.1, bias_correction=flag), ValueError, [f"bias_correction={flag!r}"]
    )


SCHEDULES = {
    "negative": (lambda t: -0.1, ValueError, ["learning_rate(step)=-0.1"]),
    "negative_later": (lambda t: 0.1 - 0.1 * t, ValueError, ["learning_rate(step)=-0.1"]),
    "nan": (lambda t: float("nan"), ValueError, ["learning_rate(step)=nan"]),
    "numpy_nan": (lambda t: np.float64("nan"), ValueError, ["learning_rate(step)", "nan"]),
    "numpy_array_negative": (lambda t: np.asarray(-1.0), ValueError, ["learning_rate(step)=-1.0"]),
    "infinite": (lambda t: float("inf"), ValueError, ["learning_rate(step)=inf"]),
    "nothing": (lambda t: None, TypeError, ["learning_rate(step)", "None"]),
    "text": (lambda t: "0.1", TypeError, ["learning_rate(step)", "0.1"]),
    "a_vector": (lambda t: np.ones(3), TypeError, ["learning_rate(step)", "0-d"]),
    "true": (lambda t: True, ValueError, ["learning_rate(step)=True"]),
    "another_module": (lambda t: strict().put(np.asarray(0.1)), TypeError, ["numpy", "strict"]),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("make", [optim.sgd, optim.lars, optim.lars_2020])
def test_schedule_that_returns_no_rate_is_refused_in_that_step(make, name):
    schedule, error, words = SCHEDULES[name]
    opt = make(schedule)

    def run():
        state = opt.init(W)
        for _ in range(3):
            _, state = opt.update(G, state, W)

    refuses(run, error, words)


def wrong_states():
    """(optimizer, the state it is given, error, words)."""
    lars, sgd, other = RECIPES["lars"], RECIPES["sgd"], {"fc.W": np.ones((2, 2))}
    wider = W | {"fc.b": np.ones((1, 4))}
    start = "start with state = link.init(params)"
    return {
        "sgd_state_for_lars": (lars, sgd.init(W), TypeError, ["trace", start]),
        "adagrad_for_lamb": (
            RECIPES["lamb"], RECIPES["adagrad"].init(W), TypeError, ["4 links", start],
        ),
        "lars_2020_for_lars": (lars, RECIPES["lars_2020"].init(W), TypeError, ["3 links", start]),
        "lars_for_masked": (RECIPES["lars_masked"], lars.init(W), TypeError, ["masked", start]),
        "masked_for_lars": (lars, RECIPES["lars_masked"].init(W), TypeError, [start]),
        "none": (lars, None, TypeError, ["NoneType", start]),
        "the_parameters": (lars, W, TypeError, ["dict", start]),
        "a_link_state": (lars, RECIPES["trace"].init(W), TypeError, ["LinkState", start]),
        "trace_given_chain": (RECIPES["trace"], lars.init(W), TypeError, ["tuple", start]),
        "clip_given_trace": (RECIPES["clip"], RECIPES["trace"].init(W), ValueError, ["conv.W"]),
        "ratio_given_sgd": (RECIPES["one_ratio"], (None,) * 3, TypeError, ["NoneType", start]),
        "other_names": (lars, lars.init(other), ValueError, ["other parameters", "fc.W"]),
        "fewer_names": (lars, lars.init({"scalar": W["scalar"]}), ValueError, ["conv.W"]),
        "other_shapes": (lars, lars.init(wider), ValueError, ["trace", "fc.b", "(1, 4)", "(4,)"]),
    }  # fmt: skip


@pytest.mark.parametrize("name", wrong_states())
def test_state_of_another_optimizer_or_parameter_set_is_refused(name):
    opt, state, error, words = wrong_states()[name]
    refuses(lambda: opt.update(G, state, W), error, words)


def test_apply_updates_refuses_what_does_not_fit():
    refuses(lambda: optim.apply_updates(W, {}), ValueError, ["updates", "keys"])
    refuses(lambda: optim.apply_updates(W, None), TypeError, ["updates", "dict"])
    bad = G | {"fc.b": np.ones(5)}
    refuses(lambda: optim.apply_updates(W, bad), ValueError, ["updates['fc.b']", "(5,)"])


def test_chain_and_masked_take_links_alone():
    refuses(lambda: optim.chain(optim.trace), TypeError, ["chain", "links", "function"])
    refuses(lambda: optim.chain([optim.trace(0.9)]), TypeError, ["chain", "links", "list"])
    refuses(
        lambda: optim.masked(0.1, optim.masks.weights_only), TypeError, ["masked", "link", "float"]
    )
    refuses(lambda: optim.masks.name_contains(), ValueError, ["name_contains", "non-empty"])
    refuses(lambda: optim.masks.name_contains("a", ""), ValueError, ["name_contains"])


@pytest.mark.parametrize("argument", ["decay_mask", "adapt_mask"])
@pytest.mark.parametrize(
    "make", [optim.lars, optim.lars_2020, optim.lamb, optim.nlamb, optim.lambc]
)
def test_names_that_match_no_layer_are_refused_as_a_misspelling(make, argument):
    wrong = optim.masks.name_contains("cnov", "fcc")
    words = [argument, "'cnov' or 'fcc'", *ONLY]
    for mask in (wrong, optim.masks.negate(wrong)):
        refuses(lambda mask=mask: make(0.1, **{argument: mask}).init(W), ValueError, words)
    make(0.1, **{argument: optim.masks.name_contains("cnov", "fc")}).init(W)
    make(0.1, **{argument: lambda name, w: False}).init(W)  # nobody, on purpose


def test_names_that_match_no_layer_are_refused_by_recipes_without_ratio_and_by_variants():
    wrong = {"decay_mask": optim.masks.name_contains("cnov")}
    for link in (
        *(make(0.1, **wrong) for make in (optim.sgd, optim.adam, optim.adamw, optim.adagrad)),
        optim.nnlamb(0.1, **wrong),
        optim.lars_one_global_ratio(0.1, **wrong),
        optim.variants.make("optax_lamb", 0.1, **wrong),
    ):
        refuses(lambda link=link: link.init(W), ValueError, ["decay_mask", "'cnov'"])


def test_error_messages_are_one_line():
    for make, argument, values in HYPERPARAMETERS[:3]:
        for v in values:
            with pytest.raises(ValueError) as caught:
                make(**{"learning_rate": 0.1} | {argument: v})
            assert re.fullmatch(r".{10,120}", str(caught.value))
