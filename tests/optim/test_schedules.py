"""Schedules and scaling rules: closed forms, every kind of integer, errors."""

import math

import numpy as np
import pytest

from lbopt.optim import schedules as s
from tests.optim.backends import backend

T = 12
# schedule, its values written out by hand for t = 0 .. T
FORMS = {
    "constant": (s.constant(0.3), lambda t: 0.3),
    "polynomial": (s.polynomial(0.3, 8), lambda t: 0.3 * (1 - min(t, 8) / 8) ** 2),
    "polynomial_linear_to_end": (
        s.polynomial(0.3, 8, power=1, end=0.1),
        lambda t: 0.1 + 0.2 * (1 - min(t, 8) / 8),
    ),
    "polynomial_upward": (
        s.polynomial(0.1, 8, power=0.5, end=0.3),
        lambda t: 0.3 - 0.2 * (1 - min(t, 8) / 8) ** 0.5,
    ),
    "polynomial_power_0_jumps_never": (s.polynomial(0.3, 8, power=0), lambda t: 0.3),
    "step_decay": (s.step_decay(0.4, [3, 7]), lambda t: 0.4 * 0.1 ** ((t >= 3) + (t >= 7))),
    "step_decay_nowhere": (s.step_decay(0.4, []), lambda t: 0.4),
    "warmup": (s.warmup(0.4, 5), lambda t: 0.4 * min(t + 1, 5) / 5),
    "warmup_from_start": (
        s.warmup(0.4, 5, start=0.1),
        lambda t: 0.1 + 0.3 * min(t + 1, 5) / 5,
    ),
    "warmup_include_start": (
        s.warmup(0.4, 5, start=0.1, include_start=True),
        lambda t: 0.1 + 0.3 * min(t, 5) / 5,
    ),
    "warmup_of_nothing": (s.warmup(s.polynomial(0.3, 8), 0), lambda t: s.polynomial(0.3, 8)(t)),
    "warmup_then_decay": (
        s.warmup(s.polynomial(0.3, 6, power=1), 4),
        lambda t: 0.3 * (t + 1) / 4 if t < 4 else 0.3 * (1 - min(t - 4, 6) / 6),
    ),
    "sqrt_scaled": (  # four times the base batch: twice the rate, 0.1 * 4 of 10 steps
        s.sqrt_scaled(0.2, 10, 32, base_batch_size=8, base_warmup=0.1),
        lambda t: 0.4 * (t + 1) / 4 if t < 4 else 0.4 * (1 - min(t - 4, 6) / 6),
    ),
    "sqrt_scaled_at_base": (
        s.sqrt_scaled(0.2, 10, 8, base_batch_size=8, base_warmup=0.2, power=2),
        lambda t: 0.2 * (t + 1) / 2 if t < 2 else 0.2 * (1 - min(t - 2, 8) / 8) ** 2,
    ),
    "sqrt_scaled_below_base": (
        s.sqrt_scaled(0.2, 10, 2, base_batch_size=8, base_warmup=0.4),
        lambda t: 0.1 if t == 0 else 0.1 * (1 - min(t - 1, 9) / 9),
    ),
    "sqrt_scaled_capped": (
        s.sqrt_scaled(0.2, 10, 800, base_batch_size=8, base_warmup=0.1, max_warmup=0.3),
        lambda t: 2.0 * (t + 1) / 3 if t < 3 else 2.0 * (1 - min(t - 3, 7) / 7),
    ),
    "sqrt_scaled_no_warmup": (
        s.sqrt_scaled(0.2, 10, 32, base_batch_size=8, base_warmup=0.0),
        lambda t: 0.4 * (1 - min(t, 10) / 10),
    ),
    "two_stage": (
        s.two_stage(s.warmup(s.polynomial(0.4, 4, 1), 2), 6, s.warmup(s.polynomial(0.2, 2, 1), 3)),
        lambda t: [0.2, 0.4, 0.4, 0.3, 0.2, 0.1, 0.2 / 3, 0.4 / 3, 0.2, 0.2, 0.1, 0.0, 0.0][t],
    ),
    "two_stage_of_numbers": (s.two_stage(0.3, 4, 0.1), lambda t: 0.3 if t < 4 else 0.1),
    "two_warmups": (
        s.warmup(s.warmup(0.4, 3), 4),  # ends where the inner one begins
        lambda t: 0.4 / 3 * (t + 1) / 4 if t < 4 else 0.4 * min(t - 3, 3) / 3,
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint64, np.asarray])
@pytest.mark.filterwarnings("error")
def test_schedule_has_its_closed_form_for_every_kind_of_integer(name, kind):
    schedule, form = FORMS[name]
    for t in range(T + 1):
        assert float(schedule(kind(t))) == pytest.approx(form(t), rel=1e-13, abs=1e-16), t


@pytest.mark.parametrize("name", FORMS)
def test_schedule_of_a_python_integer_is_a_python_float(name):
    assert all(type(FORMS[name][0](t)) is float for t in range(T + 1))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.peers
def test_schedule_takes_traced_integers(name):
    schedule, form = FORMS[name]
    traced = backend("jax").compile(schedule)
    for t in range(T + 1):
        # XLA may turn t / T into t * (1 / T): 1 - t / T is then 0 to a rounding of 1
        assert float(traced(t)) == pytest.approx(form(t), rel=1e-13, abs=2**-52), t


@pytest.mark.parametrize("steps", [1, 2, 10, 1000])
@pytest.mark.parametrize("then", [s.constant(0.1), s.polynomial(0.1, 10), s.warmup(0.1, 7)])
def test_warmup_never_stands_still_unless_asked(then, steps):
    ramp = [s.warmup(then, steps)(t) for t in range(steps)]
    assert ramp[0] > 0
    assert ramp == sorted(ramp)
    assert ramp[-1] == pytest.approx(then(0), rel=1e-15)
    assert s.warmup(then, steps, include_start=True)(0) == 0


def test_warmup_shows_the_following_schedule_no_negative_step():
    seen = []

    def then(t):
        seen.append(t)
        return 0.1

    for t in range(8):
        s.warmup(then, 4)(t)
    assert min(seen) == 0
    assert max(seen) == 3


def test_stages_see_their_own_steps_alone():
    seen = {"first": [], "second": []}

    def stage(name):
        return lambda t: seen[name].append(t) or 0.1

    schedule = s.two_stage(stage("first"), 3, stage("second"))
    for t in range(6):
        schedule(t)
    assert set(seen["first"]) == {0, 1, 2}
    assert set(seen["second"]) == {0, 1, 2}
    assert max(seen["second"]) == 2


def test_linear_epoch_warmup_has_the_same_number_of_steps_at_every_batch_size():
    # fixed epochs: steps fall as 1 / B, their share that is warm-up grows as B
    for batch in (512, 1024, 8192, 32768):
        steps = 16000 * 512 // batch
        schedule = s.sqrt_scaled(1e-3, steps, batch, base_batch_size=512, base_warmup=1 / 320)
        peak = 1e-3 * math.sqrt(batch / 512)
        assert [t for t in range(steps) if schedule(t) == pytest.approx(peak, rel=1e-12)] == [
            49,
            50,
        ]


def test_the_papers_bert_settings_follow_from_one_of_them():
    # unverified numbers (reference: the LAMB paper's table of untuned BERT): 5e-3 at 32768, 1/5
    want = {2**k * 512: (5 / (2 ** ((6 - k) / 2) * 1e3), 2**k / 320) for k in range(7)}
    for batch, (rate, share) in want.items():
        assert s.sqrt_scaling(6.25e-4, batch, 512) == pytest.approx(rate, rel=1e-12)
        assert s.linear_scaling(1 / 320, batch, 512) == pytest.approx(share, rel=1e-12)


def test_polynomial_decay_of_the_paper_is_quadratic():
    # arXiv 1708.03888, Algorithm 1: gamma_t = gamma_0 (1 - t/T)^2
    assert [s.polynomial(2.0, 4)(t) for t in range(5)] == [2.0, 1.125, 0.5, 0.125, 0.0]


def test_steps_may_be_numpy_integers():
    assert s.polynomial(1.0, np.int64(4))(1) == s.polynomial(1.0, 4)(1)
    assert s.warmup(1.0, np.int32(4))(1) == s.warmup(1.0, 4)(1)
    assert s.step_decay(1.0, np.array([2, 4]))(3) == s.step_decay(1.0, [2, 4])(3)


def test_step_decay_does_not_follow_later_changes_of_its_list():
    boundaries = [2]
    schedule = s.step_decay(1.0, boundaries)
    boundaries.append(3)
    assert schedule(5) == 0.1


@pytest.mark.parametrize(
    ("batch", "base"), [(8192, 256), (32, 256), (256, 256), (np.int64(512), 8)]
)
def test_scaling_rules_have_their_closed_form(batch, base):
    assert s.linear_scaling(0.1, batch, base) == pytest.approx(0.1 * batch / base, rel=1e-15)
    want = 0.1 * math.sqrt(batch / base)
    assert s.sqrt_scaling(0.1, batch, base_batch_size=base) == pytest.approx(want, rel=1e-15)


def bert(**wrong):
    usual = {
        "base": 0.1, "steps": 9, "batch_size": 8, "base_batch_size": 4, "base_warmup": 0.1,
    }  # fmt: skip
    return s.sqrt_scaled(**usual | wrong)


ERRORS = [
    (lambda v: s.constant(v), "value", [-1, math.nan, math.inf, "1", True]),
    (lambda v: s.polynomial(v, 5), "base", [-1, math.nan, None]),
    (lambda v: s.polynomial(1, v), "steps", [0, -1, 2.0, True, None, "3"]),
    (lambda v: s.polynomial(1, 5, power=v), "power", [-1, math.inf]),
    (lambda v: s.polynomial(1, 5, end=v), "end", [-1, math.nan]),
    (lambda v: s.warmup(v, 5), "learning_rate", [-1, math.nan, "1"]),
    (lambda v: s.warmup(1.0, v), "steps", [-1, 1.5, True]),
    (lambda v: s.warmup(1.0, 5, start=v), "start", [-1, math.inf]),
    (lambda v: s.warmup(1.0, 5, include_start=v), "include_start", [1, "yes", None]),
    (lambda v: s.step_decay(v, [1]), "base", [-1]),
    (lambda v: s.step_decay(1.0, [1], factor=v), "factor", [-0.1, math.nan]),
    (lambda v: s.step_decay(1.0, v), "boundaries", [[0], [-1], [1.5], [2, 1], [1, 1]]),
    (lambda v: bert(base=v), "base", [-1, math.nan]),
    (lambda v: bert(steps=v), "steps", [0, 2.0]),
    (lambda v: bert(batch_size=v), "batch_size", [0, 2.0, True]),
    (lambda v: bert(base_batch_size=v), "base_batch_size", [0, 2.5]),
    (lambda v: bert(base_warmup=v), "base_warmup", [-0.1, 1.0, math.nan, None]),
    (lambda v: bert(max_warmup=v), "max_warmup", [-0.1, 1.0, None]),
    (lambda v: bert(power=v), "power", [-1, None]),
    (lambda v: s.two_stage(v, 3, 0.1), "first", [-1, math.nan, "1"]),
    (lambda v: s.two_stage(0.1, v, 0.1), "steps", [0, 1.5, True]),
    (lambda v: s.two_stage(0.1, 3, v), "second", [-1, None]),
    (lambda v: s.linear_scaling(v, 8, 8), "base", [-1, math.nan]),
    (lambda v: s.linear_scaling(1.0, v, 8), "batch_size", [0, -8, 8.0, True]),
    (lambda v: s.linear_scaling(1.0, 8, v), "base_batch_size", [0, 2.5]),
    (lambda v: s.sqrt_scaling(v, 8, 8), "base", [-1, math.inf]),
    (lambda v: s.sqrt_scaling(1.0, v, 8), "batch_size", [0, -8, 8.0]),
    (lambda v: s.sqrt_scaling(1.0, 8, v), "base_batch_size", [0, None]),
]
CASES = [(make, name, v) for make, name, values in ERRORS for v in values]


@pytest.mark.parametrize(
    ("make", "name", "value"), CASES, ids=[f"{n}-{v}-{i}" for i, (_, n, v) in enumerate(CASES)]
)
def test_wrong_schedule_is_refused_when_it_is_made(make, name, value):
    with pytest.raises(ValueError, match=f"{name}=") as caught:
        make(value)
    assert repr(value[0] if value in ([0], [-1], [1.5]) else value) in str(caught.value)
