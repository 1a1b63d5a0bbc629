"""Wrong arguments are refused by name; an optimizer that breaks the contract fails by name."""

import numpy as np
import pytest

from lbopt import optim
from lbopt.conformance import check, from_lbopt


def test_unknown_claim_lists_the_claims():
    with pytest.raises(ValueError, match="unknown claim 'lion'; known: lamb, lars, lars_2020"):
        check(from_lbopt(optim.lamb), "lion")


def test_factory_that_is_not_callable_is_refused():
    with pytest.raises(TypeError, match=r"make must be a function make\(lr.*got Link"):
        check(optim.lamb(0.1), "lamb")


def test_factory_that_cannot_be_called_is_told():
    with pytest.raises(ValueError, match=r"make\(0.1\) raised TypeError: .*beta"):
        check(lambda lr, beta: None, "lamb")


def test_factory_that_refuses_the_values_of_the_laws_cannot_pass_by_silence():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        if b1 < 0.85:
            raise ValueError("b1 must be at least 0.85")
        return from_lbopt(optim.lamb)(lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)

    with pytest.raises(
        ValueError, match=r"no law can be tried, as make\(0.25, b1=0.8.*at least 0.85"
    ):
        check(make, "lamb")


def test_unknown_dtype_is_refused():
    with pytest.raises(ValueError, match="dtype='float16' must be 'float64', 'float32' or None"):
        check(from_lbopt(optim.lamb), "lamb", dtype="float16")


def stepping(step):
    return lambda lr: (lambda params: None, step)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda lr: (lambda params: None,), "must return (init, step), two functions; got tuple"),
        (lambda lr: None, "must return (init, step), two functions; got NoneType"),
        (stepping(lambda p, g: None), "step returned NoneType, not a dict"),
        (stepping(lambda p, g: {"W": p["fc.bias"]}), "step returned other names: missing ["),
        (stepping(lambda p, g: p | {"fc.bias": np.zeros(3)}), "'fc.bias' of shape (3,), it was"),
        (stepping(lambda p, g: p | {"fc.bias": np.zeros(4, int)}), "'fc.bias' of dtype int64"),
        (stepping(lambda p, g: {k: w * np.nan for k, w in p.items()}), "step 1 returned NaN or"),
        (stepping(lambda p, g: 1 / 0), "it raised ZeroDivisionError: division by zero"),
    ],
)
def test_broken_contract_is_a_failure_that_names_it(make, words):
    report = check(make, "sgd")
    assert report.failures == ("contract",)
    assert words in report.rows[0].detail
    assert words in " ".join(str(report).split())


def test_refused_hyperparameters_are_reported_and_not_failed():
    def make(lr, b1=0.9):  # LARS of 2020 without decay
        return from_lbopt(optim.lars_2020)(lr, b1=b1)

    report = check(make, "lars_2020")
    assert report.passed, str(report)
    assert report.refused == ("weight_decay",)
    assert "masks_choose_the_layers: the factory has no decay_mask" in str(report)
    assert f"{len([r for r in report.rows if r.verdict == 'not offered'])} not judged" in str(
        report
    )
    assert "not offered by the factory: weight_decay" in str(report)


def test_hidden_hyperparameters_make_laws_unclear_and_not_failed():
    def make(lr):  # a right LAMB with an eps and betas that nobody can know
        return from_lbopt(optim.lamb)(lr, b1=0.7, b2=0.8, eps=0.1)

    report = check(make, "lamb")
    assert report.passed, str(report)
    verdicts = {row.law: row.verdict for row in report.rows}
    assert verdicts["step_length_is_lr_times_weights"] == "kept"
    assert verdicts["two_steps_have_a_closed_form"] == "unclear"
    assert "the factory does not say" in str(report)


def test_schedule_that_is_refused_is_reported():
    def make(lr, momentum=0.0, weight_decay=0.0):
        if callable(lr):
            raise TypeError("lr must be a number")
        return from_lbopt(optim.sgd)(lr, momentum=momentum, weight_decay=weight_decay)

    report = check(make, "sgd")
    assert report.passed
    row = next(r for r in report.rows if r.law == "schedule_is_asked_for_each_step")
    assert row.verdict == "not offered"
    assert "a learning rate that is a function" in row.detail


def test_optimizer_that_raises_on_scalars_does_not_offer_them():
    inner = from_lbopt(optim.sgd)

    def make(lr, momentum=0.0, weight_decay=0.0):
        init, step, *_ = inner(lr, momentum=momentum, weight_decay=weight_decay)

        def picky(params, grads):
            for w in params.values():
                w[:] = w  # IndexError for 0-d arrays
            return step(params, grads)

        return init, picky

    report = check(make, "sgd")
    assert report.passed, str(report)
    row = next(r for r in report.rows if r.law == "a_scalar_is_a_layer")
    assert row.verdict == "not offered"
    assert "0-d arrays: IndexError" in row.detail


def test_what_does_not_take_the_claims_hyperparameters_cannot_pass_by_silence():
    # SGD that shrinks its step to the weight norm, as bitsandbytes calls LARS: no coefficient
    def make(lr, momentum=0.9, weight_decay=0.0):
        return from_lbopt(
            lambda lr: optim.variants.make(
                "bitsandbytes_lars", lr, momentum=momentum, weight_decay=weight_decay
            )
        )(lr)

    failures = check(make, "lars").failures
    assert "zero_weights_wake_up" in failures
    assert "gradient_scale_is_forgotten" in failures
