"""Strangers in torch and optax: right ones pass, wrong ones are described; adapters by the way."""

import numpy as np
import pytest

from lbopt.conformance import check, from_keras, from_optax, from_torch, identify

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
torch_names = [
    "first parameter forgotten", "decay into the gradient in place", "step from two", "b1 in v",
    "eps under the root", "epsilon hat", "decay for matrices", "decay first",
    "norm of the gradient", "clamped", "one-element tensors not adapted",
]  # fmt: skip
optax_names = [
    "decay_last", "eps_root_for_eps", "eps_in_the_ratio", "masked_decay", "clipped",
    "half_the_ratio", "no_correction", "rate_kept",
]  # fmt: skip


def told(report, words):
    broken = [f"{r.means} {r.detail}" for r in report.rows if r.verdict == "broken"]
    return any(words in text for text in [*broken, *report.knobs])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_torch_ones_pass(dtype):
    torch = pytest.importorskip("torch")
    from tests.conformance.strangers_torch import Lamb

    for one, claim in ((Lamb, "lamb"), (torch.optim.AdamW, "adamw"), (torch.optim.SGD, "sgd")):
        report = check(from_torch(one), claim, dtype=dtype)
        assert report.passed, str(report)
        assert check(one, claim, dtype=dtype).passed  # a class as it is


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", torch_names)
def test_wrong_torch_one_fails_and_is_described(name, dtype):
    pytest.importorskip("torch")
    from tests.conformance.strangers_torch import WRONG, slipped

    assert set(torch_names) == set(WRONG)
    report = check(from_torch(slipped(name)), "lamb", dtype=dtype)
    assert report.failures
    assert told(report, WRONG[name]), str(report)


def test_state_in_a_torch_class_is_seen():
    pytest.importorskip("torch")
    from tests.conformance.strangers_torch import SharedState

    assert "two_runs_share_nothing" in check(from_torch(SharedState), "lamb").failures


def test_gradient_that_a_torch_optimizer_writes_into_is_seen():
    torch = pytest.importorskip("torch")

    class Greedy(torch.optim.SGD):
        """Reuses p.grad for its update."""

        def step(self):
            super().step()
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad.mul_(group["lr"])

    assert check(from_torch(Greedy), "sgd").failures == ("inputs_are_not_overwritten",)


def test_other_wrong_torch_ones_are_described():
    pytest.importorskip("torch")
    from tests.conformance.strangers_torch import DampenedSGD, FirstRateAdamW

    report = check(from_torch(DampenedSGD), "sgd")
    assert "two_steps_build_up_momentum" in report.failures
    report = check(from_torch(FirstRateAdamW), "adamw")
    assert told(report, "the first learning rate is kept"), str(report)


def optax_with_float64():
    jax = pytest.importorskip("jax")
    pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)


def test_right_optax_ones_pass():
    optax_with_float64()
    import optax

    from tests.conformance.strangers_optax import right

    for one, claim in ((right, "lamb"), (optax.lamb, "lamb"), (optax.adamw, "adamw")):
        report = check(from_optax(one), claim)
        assert report.passed, str(report)
        assert report.arithmetic == "float64"


def test_optax_transformation_that_compiles_itself_takes_no_longer():
    optax_with_float64()
    import jax
    import optax

    traced = []

    def compiled(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        opt = optax.lamb(learning_rate, b1, b2, eps, weight_decay=weight_decay)

        def update(grads, state, params):
            traced.append(isinstance(params["W"], jax.core.Tracer))
            return opt.update(grads, state, params)

        return optax.GradientTransformation(opt.init, jax.jit(update))

    w = {"W": np.ones((2, 3))}
    for jit in (False, True):
        init, step, *_ = from_optax(compiled, jit=jit)(0.5)
        init(w)
        assert np.allclose(step(w, w)["W"], 0.5)
    assert traced == [False, True]


@pytest.mark.parametrize("name", optax_names)
def test_wrong_optax_one_fails_and_is_described(name):
    optax_with_float64()
    from tests.conformance import strangers_optax

    found = {f.__name__: words for f, words in strangers_optax.WRONG.items()}
    assert set(optax_names) == set(found)
    report = check(from_optax(getattr(strangers_optax, name)), "lamb")
    assert report.failures
    assert told(report, found[name]), str(report)


def test_optax_lamb_is_identified():
    optax_with_float64()
    import optax

    found = identify(from_optax(optax.lamb))
    assert "optax_lamb" in found.matches
    assert found.knobs == ()
    assert "float16 norms overflow" in found.remarks


def test_keras_lamb_is_identified(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    report = check(from_keras(keras.optimizers.Lamb), "lamb")
    assert told(report, "decay is decoupled"), str(report)
    assert not any("first_step" in name for name in report.failures)


def test_layer_without_gradient_is_none_in_torch():
    torch = pytest.importorskip("torch")
    init, step, *_ = from_torch(torch.optim.SGD)(0.5)
    w = {"a": np.ones(2), "b": np.ones(2)}
    init(w)
    after = step(w, {"a": np.ones(2)})
    assert after["a"].tolist() == [0.5, 0.5]
    assert after["b"].tolist() == [1.0, 1.0]
