"""Laws of the LARS of 2017 (arXiv 1708.03888, Algorithm 1); see laws.py for their form.

Symbols: w weights, g gradient, gamma learning rate, eta trust coefficient, beta weight decay, m
momentum, lambda = eta ||w|| / (||g|| + beta ||w|| + eps), d = lambda (g + beta w).
"""

import numpy as np

from tests.optim import laws
from tests.optim.laws import GRADS, W, agree_all, falling, length, updates
from tests.optim.problems import agree, differ, gradients, weights

ETA, BETA, M = 0.02, 0.3, 0.8
USUAL = {"momentum": M, "weight_decay": BETA, "trust_coefficient": ETA}
PLAIN = USUAL | {"momentum": 0.0}


def local(w, g, beta=BETA, eps=0.0):
    return ETA * length(w) / (length(g) + beta * length(w) + eps)


def d_of(w, g, beta=BETA, eps=0.0):
    return {k: local(w[k], g[k], beta, eps) * (g[k] + beta * w[k]) for k in w}


def times(c, arrays):
    return {k: c * a for k, a in arrays.items()}


def plus(*many):
    return {k: sum(a[k] for a in many) for k in many[0]}


def step_is_at_most_lr_eta_w(make):
    """||gamma d|| <= gamma eta ||w||, by ||g + beta w|| <= ||g|| + beta ||w||; equality if g ~ w.

    The un-accumulated step, so m = 0. The bound is tested from both sides: never exceeded for any
    angle between g and w (their cosine from -1 to 1), attained to rounding for g = c w, c > 0.
    """
    opt = make(0.5, **PLAIN)
    for angle in np.linspace(0, np.pi, 7):
        for size in (1e-3, 1.0, 1e3):
            w = {"W": np.array([3.0, 0.0])}
            g = {"W": size * np.array([np.cos(angle), np.sin(angle)])}
            step = length(updates(opt, w, [g])[0]["W"])
            assert step <= 0.5 * ETA * 3 * (1 + 1e-12), f"{step} at {angle=}, {size=}"
            if angle == 0:
                assert step >= 0.5 * ETA * 3 * (1 - 1e-12), f"{step} not attained, {size=}"


def gradient_scale_is_forgotten(make):
    """beta = eps = 0: lambda g = eta ||w|| g / ||g|| is the same for c g, any c > 0."""
    opt = make(falling, **USUAL | {"weight_decay": 0.0})
    agree_all(updates(opt, W, [times(1e5, g) for g in GRADS]), updates(opt, W, GRADS))


def weight_scale_is_kept(make):
    """beta = eps = 0: lambda is proportional to ||w||, so c w moves by c times as much."""
    opt = make(falling, **USUAL | {"weight_decay": 0.0})
    agree_all(updates(opt, times(7, W), GRADS), [times(7, u) for u in updates(opt, W, GRADS)])


def both_scales_together_are_kept(make):
    """eps = 0, any beta: (c w, c g) has the same lambda, so everything moves by c times as much."""
    opt = make(falling, **USUAL)
    got = updates(opt, times(7, W), [times(7, g) for g in GRADS])
    agree_all(got, [times(7, u) for u in updates(opt, W, GRADS)])


def first_step_is_lr_lambda_d(make):
    """v_0 = 0, so the first update is -gamma d, for any momentum, with eps in the denominator."""
    for eps in (0.0, 2.0):
        opt = make(0.5, **USUAL | {"eps": eps})
        agree(updates(opt, W, GRADS)[0], times(-0.5, d_of(W, GRADS[0], eps=eps)))


def two_steps_have_a_closed_form(make):
    """v_2 = m gamma_1 d_1 + gamma_2 d_2: ratio AND learning rate are inside the momentum."""
    opt = make(falling, **USUAL)
    first = times(-falling(0), d_of(W, GRADS[0]))
    w = plus(W, first)
    second = plus(times(M, first), times(-falling(1), d_of(w, GRADS[1])))
    agree_all(updates(opt, W, GRADS[:2]), [first, second])


def nesterov_looks_ahead(make):
    """Nesterov's update is gamma d + m v: first (1 + m) gamma_1 d_1, then with v_2 as above."""
    opt = make(falling, **USUAL | {"nesterov": True})
    v = times(-falling(0), d_of(W, GRADS[0]))
    first = times(1 + M, v)
    d = times(-falling(1), d_of(plus(W, first), GRADS[1]))
    second = plus(d, times(M, plus(times(M, v), d)))
    agree_all(updates(opt, W, GRADS[:2]), [first, second])


def momentum_moves_on_at_learning_rate_zero(make):
    """gamma_1 = 0.5, then 0: the rate is inside the buffer, so updates go on as v, m v, m^2 v."""
    opt = make(lambda t: 0.5 if t == 0 else 0.0, **USUAL)
    got = updates(opt, W, GRADS)
    agree_all(got, [times(M**t, got[0]) for t in range(len(GRADS))])
    differ(got[1], times(0.0, got[1]), 1e-6)


def zero_weights_move_by_the_bare_rate(make):
    """Zero rule: ||w|| = 0 has ratio 1, so the first update is -gamma g and the layer wakes up."""
    opt = make(0.5, **USUAL)
    w, g = times(0.0, W), GRADS[0]
    agree(updates(opt, w, [g])[0], times(-0.5, g))


def zero_gradient_shrinks_by_lr_eta(make):
    """g = 0, beta > 0: lambda beta = eta literally, so w <- (1 - gamma eta) w whatever beta is."""
    for beta in (1e-6, BETA):
        opt = make(0.5, **PLAIN | {"weight_decay": beta})
        agree(updates(opt, W, [times(0.0, W)])[0], times(-0.5 * ETA, W))


def nothing_moves_nothing(make):
    """g = 0 with beta = 0, or with w = 0: denominator or weights are zero, the update is 0."""
    zero = times(0.0, W)
    for w, beta in ((W, 0.0), (zero, BETA), (zero, 0.0)):
        opt = make(0.5, **USUAL | {"weight_decay": beta})
        agree_all(updates(opt, w, [zero, zero]), [zero, zero], 0.0)


def decay_to_zero_is_continuous(make):
    """lambda is continuous in beta at 0 where g != 0: no decay at all equals a decay of 1e-13."""
    without, with_little = (make(0.5, **USUAL | {"weight_decay": b}) for b in (0.0, 1e-13))
    agree_all(updates(without, W, GRADS), updates(with_little, W, GRADS), 1e-10)


def merging_layers_changes_the_result(make):
    """One ratio for two layers is another algorithm: the ratios of 40 x unequal layers differ."""
    apart, joined = laws.split_and_merged(lambda lr: make(lr, **USUAL))
    for a, b in zip(apart, joined, strict=True):
        differ(a, b, 0.1)


def masks_choose_decay_and_ratio_independently(make):
    """Each layer is one of four kinds, and its first update follows from its kind alone."""
    decays, adapts = ("conv.W", "fc.W"), ("conv.W", "fc.b")
    opt = make(
        0.5,
        **USUAL,
        decay_mask=lambda k, w: k in decays,
        adapt_mask=lambda k, w: k in adapts,
    )
    want = {}
    for k, w in W.items():
        g, beta = GRADS[0][k], BETA if k in decays else 0.0
        want[k] = -0.5 * (local(w, g, beta) if k in adapts else 1.0) * (g + beta * w)
    agree(updates(opt, W, GRADS)[0], want)


def half_precision_has_the_right_ratio(make):
    """300 x 300 float16 ones: ||w|| = 300 though the sum of squares, 90000, is past 65504."""
    one = {"W": np.ones((300, 300), np.float16)}
    opt = make(1.0, momentum=0.0, weight_decay=1.0, trust_coefficient=0.5)
    u = updates(opt, one, [one])[0]["W"]  # lambda (g + w) = 0.5 / 2 * 2
    assert u.dtype == np.float16, f"came back as {u.dtype}"
    agree({"W": u.astype("float64")}, {"W": np.full((300, 300), -0.5)}, 2e-3)


def float32_does_not_overflow(make):
    """Numbers of 1e30 have squares past float32; the first step is the scaled one all the same."""
    w, g = weights(only=("fc.W",), dtype="float32"), gradients(1, only=("fc.W",), dtype="float32")
    big = [{k: a * np.float32(1e30) for k, a in x.items()} for x in (w, g[0])]
    opt = make(0.5, **USUAL)
    want = {k: u.astype("float64") * 1e30 for k, u in updates(opt, w, g)[0].items()}
    agree(updates(opt, big[0], [big[1]])[0], want, 1e-5)


def every_hyperparameter_is_alive(make):
    """See laws.every_hyperparameter_is_alive; nesterov is switched instead of halved."""
    base = USUAL | {"learning_rate": 0.5, "eps": 0.2, "nesterov": False}
    laws.every_hyperparameter_is_alive(make, base)
    laws.every_hyperparameter_is_alive(make, base | {"nesterov": True})


LAWS = [
    step_is_at_most_lr_eta_w,
    gradient_scale_is_forgotten,
    weight_scale_is_kept,
    both_scales_together_are_kept,
    first_step_is_lr_lambda_d,
    two_steps_have_a_closed_form,
    nesterov_looks_ahead,
    momentum_moves_on_at_learning_rate_zero,
    zero_weights_move_by_the_bare_rate,
    zero_gradient_shrinks_by_lr_eta,
    nothing_moves_nothing,
    decay_to_zero_is_continuous,
    merging_layers_changes_the_result,
    masks_choose_decay_and_ratio_independently,
    half_precision_has_the_right_ratio,
    float32_does_not_overflow,
    every_hyperparameter_is_alive,
    *laws.COMMON,
]
