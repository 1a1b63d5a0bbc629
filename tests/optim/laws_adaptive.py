"""Laws of AdamW, Adam with an L2 penalty, Adagrad, N-LAMB and NN-LAMB; see laws.py for their form.

Symbols as in laws_lamb.py. Each law takes a recipe of the kind its list is for.
"""

import numpy as np

from lbopt import optim
from tests.optim import laws
from tests.optim.laws import GRADS, W, agree_all, falling, updates
from tests.optim.laws_lamb import B1, B2, EPS, LAM, USUAL, normalised, sign_like
from tests.optim.laws_lars import plus, times
from tests.optim.problems import agree, differ


def two_adam_steps(g1, g2):
    """r_1 and r_2: mhat_2 = (b1 g1 + g2) / (1 + b1), vhat_2 alike."""
    second = {}
    for k in g1:
        m, v = (B1 * g1[k] + g2[k]) / (1 + B1), (B2 * g1[k] ** 2 + g2[k] ** 2) / (1 + B2)
        second[k] = m / (np.sqrt(v) + EPS)
    return sign_like(g1), second


def adamw_two_steps_have_a_closed_form(make):
    """w <- w - gamma (r + lam w): decay is added to r, at the weights before the step."""
    r1, r2 = two_adam_steps(*GRADS[:2])
    first = times(-falling(0), plus(r1, times(LAM, W)))
    second = times(-falling(1), plus(r2, times(LAM, plus(W, first))))
    agree_all(updates(make(falling, **USUAL), W, GRADS[:2]), [first, second])


def adamw_decay_does_not_see_the_gradient(make):
    """At the same weights the update with decay is the one without, less gamma lam w."""
    w = {k: np.array(a) for k, a in W.items()}
    on, off = make(falling, **USUAL), make(falling, **USUAL | {"weight_decay": 0.0})
    s, s_off = on.init(w), off.init(w)
    for t, g in enumerate(GRADS):
        u, s = on.update(laws.copies(g), s, w)
        u_off, s_off = off.update(laws.copies(g), s_off, w)
        agree(u, plus(u_off, times(-falling(t) * LAM, w)))
        w = plus(w, u)


def adamw_zero_gradient_decays_by_lr_lam(make):
    """g = 0: r = 0 and w <- (1 - gamma lam) w."""
    got = updates(make(0.5, **USUAL), W, [times(0.0, W)] * 2)
    agree_all(got, [times(-0.5 * LAM, W), times(-0.5 * LAM * (1 - 0.5 * LAM), W)])


def adam_l2_is_a_gradient_of_the_penalty(make):
    """Decay lam is, step for step, no decay with g + lam w for g."""
    w = {k: np.array(a) for k, a in W.items()}
    on, off = make(falling, **USUAL), make(falling, **USUAL | {"weight_decay": 0.0})
    s, s_off = on.init(w), off.init(w)
    for g in GRADS:
        u, s = on.update(laws.copies(g), s, w)
        want, s_off = off.update(plus(g, times(LAM, w)), s_off, w)
        agree(u, want)
        w = plus(w, u)


def adam_two_steps_have_a_closed_form(make):
    """Without decay: -gamma_1 r_1, -gamma_2 r_2, and the rate is outside the moments."""
    r1, r2 = two_adam_steps(*GRADS[:2])
    opt = make(falling, **USUAL | {"weight_decay": 0.0})
    agree_all(updates(opt, W, GRADS[:2]), [times(-falling(0), r1), times(-falling(1), r2)])


def adam_constant_gradient_has_a_constant_step(make):
    """g_t = g: r = g / (|g| + eps) at every t."""
    opt = make(0.1, **USUAL | {"weight_decay": 0.0})
    agree_all(updates(opt, W, [GRADS[0]] * 4), [times(-0.1, sign_like(GRADS[0]))] * 4)


def adam_gradient_scale_is_forgotten(make):
    """eps = lam = 0: r is the same for c g."""
    opt = make(falling, **USUAL | {"eps": 0.0, "weight_decay": 0.0})
    agree_all(updates(opt, W, [times(1e5, g) for g in GRADS]), updates(opt, W, GRADS))


def merging_layers_changes_nothing(make):
    """An elementwise rule does not know what a layer is (LAMB's law is the opposite)."""
    apart, joined = laws.split_and_merged(lambda lr: make(lr, **USUAL))
    agree_all(apart, joined, 0.0)


def zeros_stay_zero(make):
    """g = w = 0, also with eps = 0 where r is 0 / 0."""
    zero = times(0.0, W)
    for eps in (0.0, EPS):
        opt = make(0.5, **{k: v for k, v in USUAL.items() if k in wants(make)} | {"eps": eps})
        agree_all(updates(opt, zero, [zero, zero]), [zero, zero], 0.0)


def wants(make):
    """Names of the hyperparameters that a family of recipes has besides the learning rate."""
    return {"eps", "weight_decay"} if "adagrad" in make.__name__ else set(USUAL)


def decay_mask_chooses(make):
    """Layers outside the mask are those of no decay."""
    hyper = {k: v for k, v in USUAL.items() if k in wants(make)}
    some = updates(make(0.5, **hyper, decay_mask=lambda k, w: k == "fc.W"), W, GRADS)
    on = updates(make(0.5, **hyper), W, GRADS)
    off = updates(make(0.5, **hyper | {"weight_decay": 0.0}), W, GRADS)
    want = [{k: (on if k == "fc.W" else off)[t][k] for k in W} for t in range(len(GRADS))]
    agree_all(some, want, 0.0)
    differ(on[-1], off[-1], 1e-6)


def half_precision_keeps_small_moments(make):
    """float16 gradients of 1 and 1e-4 have sign steps of equal size: 1e-8 is kept in v."""
    one = {"W": np.ones(2, np.float16)}
    small = {"W": np.array([1.0, 1e-4], np.float16)}
    got = updates(make(0.5, eps=0.0, weight_decay=0.0), one, [small])[0]["W"]
    assert got.dtype == np.float16, f"came back as {got.dtype}"
    agree({"W": got.astype("float64")}, {"W": np.array([-0.5, -0.5])}, 2e-3)


def every_hyperparameter_is_alive(make):
    """See laws.every_hyperparameter_is_alive."""
    hyper = {k: v for k, v in USUAL.items() if k in wants(make)}
    laws.every_hyperparameter_is_alive(make, hyper | {"learning_rate": 0.5})


def adagrad_steps_have_a_closed_form(make):
    """g_t + lam w_t over the root of the sum of their squares, eps outside."""
    opt, w, v = make(falling, eps=EPS, weight_decay=LAM), W, times(0.0, W)
    for t, u in enumerate(updates(opt, W, GRADS)):
        g = plus(GRADS[t], times(LAM, w))
        v = {k: v[k] + g[k] ** 2 for k in w}
        agree(u, {k: -falling(t) * g[k] / (np.sqrt(v[k]) + EPS) for k in w})
        w = plus(w, u)


def adagrad_constant_gradient_falls_as_one_over_root_t(make):
    """g_t = g, eps = 0: v_t = t g^2, the step is gamma / sqrt(t)."""
    opt = make(0.1, eps=0.0)
    want = [times(-0.1 / (t + 1) ** 0.5, sign_like(GRADS[0], 0.0)) for t in range(4)]
    agree_all(updates(opt, W, [GRADS[0]] * 4), want)


def nesterov_forms(make, second):
    """mhat_t, vhat_t by the appendix's formulas, three steps, then LAMB's ratio."""
    opt, w = make(falling, **USUAL), W
    m, v = times(0.0, W), times(0.0, W)
    for t, got in enumerate(updates(opt, W, GRADS[:3]), start=1):
        g, u = GRADS[t - 1], {}
        for k in w:
            m[k], v[k] = B1 * m[k] + (1 - B1) * g[k], B2 * v[k] + (1 - B2) * g[k] ** 2
            ahead = B1 * m[k] / (1 - B1 ** (t + 1)) + (1 - B1) * g[k] / (1 - B1**t)
            vhat = v[k] / (1 - B2**t)
            if second:
                vhat = B2 * v[k] / (1 - B2 ** (t + 1)) + (1 - B2) * g[k] ** 2 / (1 - B2**t)
            u[k] = ahead / (np.sqrt(vhat) + EPS) + LAM * w[k]
        agree(got, times(-falling(t - 1), normalised(w, u)))
        w = plus(w, got)


def nlamb_looks_ahead_in_m(make):
    """The look-ahead weighs the newest gradient more: see `nesterov_forms`."""
    nesterov_forms(make, second=False)


def nnlamb_looks_ahead_in_m_and_v(make):
    """As N-LAMB, in v too: see `nesterov_forms`."""
    nesterov_forms(make, second=True)


def without_first_memory_it_is_lamb(make):
    """b1 = 0: mhat = g with or without looking ahead, so N-LAMB is LAMB (NN-LAMB: b2 = 0 too)."""
    hyper = USUAL | {"b1": 0.0, "b2": 0.0}
    agree_all(
        updates(make(falling, **hyper), W, GRADS), updates(optim.lamb(falling, **hyper), W, GRADS)
    )


ELEMENTWISE = [
    adam_two_steps_have_a_closed_form,
    adam_constant_gradient_has_a_constant_step,
    adam_gradient_scale_is_forgotten,
    merging_layers_changes_nothing,
    zeros_stay_zero,
    decay_mask_chooses,
    half_precision_keeps_small_moments,
    every_hyperparameter_is_alive,
]
ADAMW = [
    adamw_two_steps_have_a_closed_form,
    adamw_decay_does_not_see_the_gradient,
    adamw_zero_gradient_decays_by_lr_lam,
    *ELEMENTWISE,
    *laws.COMMON,
]
ADAM = [adam_l2_is_a_gradient_of_the_penalty, *ELEMENTWISE, *laws.COMMON]
ADAGRAD = [
    adagrad_steps_have_a_closed_form,
    adagrad_constant_gradient_falls_as_one_over_root_t,
    zeros_stay_zero,
    decay_mask_chooses,
    half_precision_keeps_small_moments,
    every_hyperparameter_is_alive,
    *laws.COMMON,
]
NLAMB = [nlamb_looks_ahead_in_m, without_first_memory_it_is_lamb, *laws.COMMON]
NNLAMB = [nnlamb_looks_ahead_in_m_and_v, without_first_memory_it_is_lamb, *laws.COMMON]
