"""What `variants.make` refuses, with the keyword, the value and the reason."""

import pytest

from lbopt.optim import variants
from lbopt.optim.variants.refused import REFUSED
from tests.optim.problems import USUAL, agree, gradients, weights
from tests.optim.test_variants import KEYWORDS, OURS, keywords
from tests.optim.variant_cases import CASES


def is_refused(words, error, name, /, *args, **kw):
    with pytest.raises(error) as caught:
        variants.make(name, *args, **kw)
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


def test_unknown_names_and_keywords_are_refused_with_the_known_ones():
    is_refused(["'pytorch_lamb'", "timm_lamb", "chainer_lars"], ValueError, "pytorch_lamb", 0.1)
    for name in CASES:
        known = ["learning_rat", name, *keywords(name)]
        is_refused(known, TypeError, name, 0.1, learning_rat=1)
    is_refused(["no keyword 'for_each'"], TypeError, "timm_lamb", 0.1, for_each=True)
    for name in ("paddle_lars", "bitsandbytes_lars"):
        is_refused(["momentum", name], TypeError, name, 0.1)


def test_keywords_of_the_library_that_are_not_taken_are_told_from_unknown_ones():
    words = ["does not take 'foreach'", "the library has", "kernel", "always_adapt"]
    is_refused(words, TypeError, "timm_lamb", 0.1, foreach=True)
    is_refused(["does not take 'foreach'"], TypeError, "timm_lamb", 0.1, foreach=None, aaa=1)
    is_refused(["no keyword 'amsgrad'"], TypeError, "timm_lamb", 0.1, amsgrad=True)


def test_a_name_as_keras_takes_it_is_no_second_name_of_the_variant():
    is_refused(["keras_lamb does not take 'name'"], TypeError, "keras_lamb", 0.1, name="lamb")
    is_refused(["no keyword 'name'"], TypeError, "timm_lamb", 0.1, name="lamb")


@pytest.mark.parametrize("name", ["tfmodels_lamb", "tfmodels_lars"])
def test_what_is_no_regular_expression_is_told_when_the_variant_is_made(name):
    words = ["exclude_from_weight_decay", "'(bias'", "no regular expression"]
    is_refused(words, ValueError, name, 0.1, exclude_from_weight_decay=["b", "(bias"])
    variants.make("paddle_lars", 0.1, momentum=0.9, exclude_from_weight_decay=["(bias"])  # a part


@pytest.mark.parametrize("name", CASES)
def test_every_refused_keyword_is_refused_with_its_reason(name):
    assert not REFUSED[name].keys() & keywords(name).keys()
    needed = {k: 0.9 for k in ("momentum",) if k in keywords(name)}
    for keyword, why in REFUSED[name].items():
        for value in (None, False, True):
            words = [name, f"does not take {keyword!r}", why]
            is_refused(words, TypeError, name, 0.1, **needed, **{keyword: value})
    for keyword in ("lr", "params"):
        is_refused([f"does not take {keyword!r}"], TypeError, name, 0.1, **{keyword: 0.1})


def test_betas_that_are_one_in_float32_are_refused_where_the_library_keeps_them_so():
    near = 1 - 1e-9
    is_refused(["beta2", "float32"], ValueError, "paddle_lamb", 0.1, beta2=near)
    is_refused(["beta_1", "float32"], ValueError, "tfmodels_lamb", 0.1, beta_1=near)
    is_refused(["beta1", "float32"], ValueError, "mxnet_lamb", 0.1, beta1=near)
    variants.make("timm_lamb", 0.1, betas=(0.9, near))


WRONG = [-0.1, float("nan"), float("inf"), "0.1", True, 1j]


@pytest.mark.parametrize(("name", "keyword"), KEYWORDS)
def test_wrong_values_are_refused_with_the_keyword_and_the_value(name, keyword):
    default, base = keywords(name)[keyword], dict(CASES[name][0])
    base.pop(keyword, None)
    if keyword in OURS:
        is_refused(["mask", "dict"], TypeError, name, 0.1, **base, **{keyword: {"W": True}})
        return
    if keyword.endswith("mask"):
        for value in ("fc", 1, [True]):
            is_refused([keyword, "dict"], TypeError, name, 0.1, **base, **{keyword: value})
        return
    bad = WRONG
    if isinstance(default, bool):
        bad = [1, 0, None, "yes"]
    elif isinstance(default, tuple):
        bad = [0.9, (0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, 0.99, 0.999), None, (0.9, "x")]
    elif keyword.startswith("exclude") or keyword == "skip_list":
        bad = ["b$", 3, [1], [""], ("a", None)]
    elif keyword == "rescale_grad":
        bad = WRONG[1:]
    elif default is not None and keyword != "max_grad_norm":
        bad = [*WRONG, None]
    for value in bad:
        is_refused([f"{keyword}"], ValueError, name, 0.1, **base, **{keyword: value})


def test_wrong_learning_rates_are_refused():
    for name in CASES:
        for bad in (-1.0, None, "0.1", float("nan")):
            is_refused(["learning_rate"], ValueError, name, bad, **CASES[name][0])


def test_a_mask_that_says_nothing_about_a_layer_is_refused_by_name():
    w = weights(only=USUAL)
    for mask in ({"fc.W": True}, lambda params: True):
        with pytest.raises(ValueError, match=r"mask must be a dict .* nothing about 'conv\.W'"):
            variants.make("optax_lamb", 0.1, mask=mask).init(w)


IDLE = [
    ("timm_lamb", {"corrected_weight_decay": True}, "decoupled_decay"),
    ("timm_lamb", {"decoupled_decay": True, "max_lr": 1.0}, "corrected_weight_decay"),
    ("timm_lars", {"nesterov": True}, "momentum"),
    ("timm_lars", {"momentum": 0.9, "nesterov": True, "dampening": 0.1}, "dampening"),
    ("bolts_lars", {"dampening": 0.1}, "momentum"),
    ("apex_larc", {"nesterov": True}, "momentum"),
    ("apex_fused_lamb", {"max_grad_norm": 0.0}, "max_grad_norm"),
    ("apex_fused_lamb", {"max_grad_norm": None}, "max_grad_norm"),
    ("kozistr_lamb", {"max_grad_norm": 2.0}, "pre_norm"),
    ("kozistr_lamb", {"weight_decouple": False, "fixed_decay": True}, "fixed_decay"),
    ("kozistr_lamb", {"degenerated_to_sgd": True}, "rectify"),
    ("kozistr_lamb", {"n_sma_threshold": 6}, "rectify"),
    ("kozistr_lamb", {"adanorm_r": 0.5}, "adanorm"),
    (
        "kozistr_lamb",
        {"rectify": True, "weight_decouple": False, "weight_decay": 0.1},
        "weight_decouple",
    ),
    ("tfmodels_lamb", {"clipnorm": 1.0, "global_clipnorm": 1.0}, "only one"),
    ("kozistr_lars", {"momentum": 0.0, "nesterov": True}, "momentum"),
    ("keras_lamb", {"clipnorm": 1.0, "clipvalue": 1.0}, "only one"),
    ("bitsandbytes_lars", {"momentum": 0.0}, "momentum"),
    ("tinygrad_lars", {"momentum": 0.0, "nesterov": True}, "momentum"),
    ("optax_lars", {"momentum": 0.0, "nesterov": True}, "momentum"),
]


def test_the_corrected_decay_of_a_schedule_needs_to_be_told_the_peak():
    kw = {"decoupled_decay": True, "corrected_weight_decay": True, "weight_decay": 0.1}
    is_refused(["max_lr"], ValueError, "timm_lamb", lambda t: 0.5, **kw)
    w, g = weights(only=USUAL), gradients(1, only=USUAL)[0]
    one, other = (variants.make("timm_lamb", 0.5, **kw, **more) for more in ({}, {"max_lr": 0.5}))
    agree(one.update(g, one.init(w), w)[0], other.update(g, other.init(w), w)[0], 0.0)


@pytest.mark.parametrize(("name", "kw", "word"), IDLE)
def test_what_would_do_nothing_is_refused(name, kw, word):
    is_refused([word], ValueError, name, 0.1, **kw)
