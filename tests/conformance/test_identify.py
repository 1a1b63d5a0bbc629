"""An unknown optimizer is named, and what it does otherwise is said in the right words."""

import numpy as np
import pytest

from lbopt import optim
from lbopt.conformance import check, from_lbopt, identify
from lbopt.conformance.check import prepare
from lbopt.conformance.identify import knobs_of
from lbopt.conformance.museum import EXHIBITS
from lbopt.optim import variants

BY_NAME = {(e.claim, e.name): e for e in EXHIBITS}
WORDS = {
    ("lamb", "eps_inside_the_root"): "eps stands under the root",
    ("lamb", "eps_before_the_correction"): "epsilon hat",
    ("lamb", "eps_in_the_ratio"): "eps is added to the norm in the ratio",
    ("lamb", "decay_before_adam"): "decay is in the gradient",
    ("lamb", "decay_after_the_ratio"): "decay is decoupled: outside the ratio",
    ("lamb", "decay_without_the_rate"): "not multiplied by the learning rate",
    ("lamb", "ratio_before_decay"): "divides by the norm without decay",
    ("lamb", "ratio_inverted"): "upside down",
    ("lamb", "ratio_from_the_gradient"): "before the moments, which forget it",
    ("lamb", "no_ratio"): "no layerwise ratio",
    ("lamb", "no_bias_correction"): "no bias correction",
    ("lamb", "bias_correction_outside_the_ratio"): "outside the ratio",
    ("lamb", "second_moment_not_corrected"): "the second moment is not corrected",
    ("lamb", "counted_from_zero"): "counts its steps from 0",
    ("lamb", "counted_from_two"): "counts its steps from 2",
    ("lamb", "counted_twice"): "counts every step twice",
    ("lamb", "betas_swapped"): "b1 and b2 are swapped",
    ("lamb", "gradient_not_squared"): "averages |g|",
    ("lamb", "one_global_ratio"): "one ratio for all layers",
    ("lamb", "clamped_at_ten"): "weight norm clamped at 10",
    ("lamb", "ratio_clipped_at_one"): "ratio clamped at 1",
    ("lamb", "clips_by_default"): "gradients are clipped to a joint norm of 1",
    ("lamb", "no_decay_no_ratio"): "weight_decay = 0 switches the ratio off",
    ("lamb", "ascent"): "uphill",
    ("lamb", "squared_norms"): "squared norms",
    ("lamb", "last_layer_skipped"): "never moves: 'head.b'",
    ("lamb", "decay_of_matrices_only"): "not decayed: 1-D layers",
    ("lamb", "ratio_of_matrices_only"): "not normalised (ratio 1): 1-D layers",
    ("lamb", "decay_ignored"): "weight_decay is ignored",
    ("lamb", "rate_of_the_first_step"): "the first learning rate is kept",
    ("lars", "norm_of_the_sum"): "the norm of the sum",
    ("lars", "rate_outside_the_buffer"): "the learning rate stands outside the momentum buffer",
    ("lars", "ratio_outside_the_momentum"): "the ratio is taken of the momentum",
    ("lars", "eps_of_its_own"): "eps is 1e-07 whatever it is told",
    ("lars", "first_step_dampened"): "the first step is dampened",
    ("lars", "step_counted_twice"): "the schedule counts every step twice",
    ("lars_2020", "bounded_ratio"): "ratio clamped at 10",
    ("lars_2020", "gradient_normalised"): "of the gradient, before the momentum",
    ("lars_2020", "decay_after_the_ratio"): "decay is decoupled",
    ("adamw", "adamw_as_adam"): "an L2 penalty through the moments",
    ("sgd", "sgd_rate_inside_the_momentum"): "inside the momentum buffer",
    ("sgd", "sgd_clips_by_default"): "clipped to a joint norm of 1",
}


SOME = [
    pytest.param(key, marks=[pytest.mark.slow] * (i % 3 > 0), id=" ".join(key))
    for i, key in enumerate(WORDS)
]


@pytest.mark.parametrize("key", SOME)
def test_knobs_of_exhibit_are_its_one_mistake_in_words(key):
    exhibit = BY_NAME[key]
    knobs = knobs_of(prepare(exhibit.factory, exhibit.claim))
    assert len(knobs) == 1, knobs
    assert WORDS[key] in knobs[0]


@pytest.mark.parametrize("claim", ["lamb", "lars", "lars_2020", "adamw", "sgd"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_ones_have_no_knobs(claim, dtype):
    assert knobs_of(prepare(from_lbopt(getattr(optim, claim)), claim, dtype)) == ()


def test_three_mistakes_at_once_are_told_apart():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):  # torch_optimizer, and a clip
        link = variants.make(
            "torch_optimizer_lamb", lr, betas=(b1, b2), eps=eps, weight_decay=weight_decay
        )
        both = optim.chain(optim.clip_by_global_norm(1.0), link)
        return from_lbopt(lambda lr: both)(lr)

    knobs = knobs_of(prepare(make, "lamb"))
    assert len(knobs) == 3, knobs
    for words in ("no bias correction", "weight norm clamped at 10", "joint norm of 1"):
        assert any(words in knob for knob in knobs)


def test_identification_names_the_library_and_the_knobs():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        return from_lbopt(
            lambda lr: variants.make(
                "torch_optimizer_lamb", lr, betas=(b1, b2), eps=eps, weight_decay=weight_decay
            )
        )(lr)

    found = identify(make)
    assert found.family == "LAMB"
    assert found.knobs == ("no bias correction", "weight norm clamped at 10")
    assert found.name == "torch_optimizer_lamb"
    assert found.distance == 0.0
    assert "cybertronai_lamb" in found.matches
    assert "(as torch_optimizer_lamb, cybertronai_lamb)" in str(found)
    assert "<li>no bias correction</li>" in found._repr_html_()


def test_optimizer_without_a_name_has_a_nearest_one_and_its_knobs():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        clamp = optim.phi.clip(0.0, 6.0)
        return from_lbopt(optim.lamb, settings={"phi": clamp})(
            lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay
        )

    found = identify(make)
    assert not found.matches
    assert found.knobs == ("weight norm clamped at 6",)
    assert found.distance > 1e-3
    assert f"nearest: {found.name}" in str(found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("last_layer_skipped", "never moves: 'head.b'"),
        ("zero_weights_frozen", "zero weights never move"),
    ],
)
def test_lamb_but_for_one_layer_or_rule_is_no_lamb(name, words):
    found = identify(BY_NAME["lamb", name].factory)
    assert found.name == "lamb"  # the nearest, and told so
    assert found.distance >= 0.99
    assert found.matches == ()
    assert found.knobs == (words,)
    assert "nearest: lamb, updates differ" in str(found)


def test_zero_rules_tell_libraries_apart():
    def make(lr, momentum=0.9, weight_decay=0.0, trust_coefficient=1e-3, eps=0.0):
        given = {"momentum": momentum, "weight_decay": weight_decay, "eps": eps}
        return from_lbopt(
            lambda lr: variants.make("flash_lars", lr, trust_coefficient=trust_coefficient, **given)
        )(lr)

    found = identify(make)
    assert "flash_lars" in found.matches
    assert "timm_lars" not in found.matches
    assert "a layer without gradient is left alone, its decay too" in found.knobs


def test_float32_numbers_in_float64_are_remarked():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        hyper = {"b1": b1, "b2": b2, "eps": eps, "weight_decay": weight_decay}
        rate = lr if callable(lr) else lambda t: lr
        return from_lbopt(optim.lamb)(lambda t: float(np.float32(rate(t) * 1.1)) / 1.1, **hyper)

    found = identify(make)
    assert any("float32 numbers in float64 arithmetic" in words for words in found.remarks)
    assert check(make, "lamb").passed


def test_identify_refuses_what_is_no_factory():
    with pytest.raises(TypeError, match="make must be a function"):
        identify(optim.lamb(0.1))
    with pytest.raises(ValueError, match="every probe raised"):
        identify(lambda lr: (lambda params: None, lambda params, grads: 1 / 0))
