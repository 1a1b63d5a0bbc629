"""Laws of LAMB (arXiv 1904.00962, Algorithm 2); see laws.py for their form.

Symbols: r = mhat / (sqrt(vhat) + eps), u = r + lam w, update -gamma phi(||w||) u / ||u||.
"""

import numpy as np

from lbopt import optim
from lbopt.optim import apply_updates, phi
from tests.optim import laws
from tests.optim.laws import GRADS, W, agree_all, falling, length, updates
from tests.optim.laws_lars import plus, times
from tests.optim.loops import NORMS
from tests.optim.problems import agree, differ, gradients, weights

B1, B2, EPS, LAM = 0.8, 0.6, 0.4, 0.3
USUAL = {"b1": B1, "b2": B2, "eps": EPS, "weight_decay": LAM}


def sign_like(g, eps=EPS):
    """r where all gradients so far were g: mhat = g, vhat = g^2."""
    return {k: a / (np.abs(a) + eps) for k, a in g.items()}


def normalised(w, u):
    return {k: length(w[k]) * u[k] / length(u[k]) for k in w}


def step_length_is_lr_phi_of_w(make):
    """||update|| = gamma phi(||w||) in whatever norm was asked for, every step, with decay."""
    for name, size in NORMS.items():
        for f in (None, phi.clip(0.1, 5.0)):
            value = (lambda z: z) if f is None else (lambda z: min(max(z, 0.1), 5.0))
            opt, w = make(falling, **USUAL, phi=f, norm=name), W
            state = opt.init(w)
            for t, g in enumerate(GRADS):
                u, state = opt.update(laws.copies(g), state, w)
                for k in w:
                    ratio = size(u[k]) / (falling(t) * value(size(w[k])))
                    assert abs(ratio - 1) < 1e-12, f"{k}, {name}: {ratio} of the length at {t=}"
                w = apply_updates(w, u)


def direction_is_adamws(make):
    """u is AdamW's direction at the same weights: phi = ||u|| would give AdamW itself.

    phi sees ||w|| alone, so the ||u|| it returns is looked up from an AdamW that runs alongside.
    """
    for k in W:
        only, long = {k: W[k]}, [0.0]
        opt = make(falling, **USUAL, phi=lambda z, long=long: 0 * z + long[0])
        adamw = optim.adamw(falling, **USUAL)
        w, state, other = only, opt.init(only), adamw.init(only)
        for t, g in enumerate(GRADS):
            want, other = adamw.update({k: g[k]}, other, w)
            long[0] = length(want[k]) / falling(t)
            got, state = opt.update({k: np.array(g[k])}, state, w)
            agree(got, want)
            w = apply_updates(w, got)


def unadapted_layers_step_as_adamw(make):
    """adapt_mask keeps nobody: ratio 1 everywhere, which is AdamW."""
    opt = make(falling, **USUAL, adapt_mask=lambda k, w: False)
    agree_all(updates(opt, W, GRADS), updates(optim.adamw(falling, **USUAL), W, GRADS))


def gradient_scale_is_forgotten(make):
    """eps = 0: r is the same for c g, any c > 0, with decay and phi whatever they are."""
    opt = make(falling, **USUAL | {"eps": 0.0})
    agree_all(updates(opt, W, [times(1e5, g) for g in GRADS]), updates(opt, W, GRADS))


def weight_scale_is_kept(make):
    """r does not see w: with lam / c in place of lam, c w has the same u and moves c as far."""
    opt, other = make(falling, **USUAL), make(falling, **USUAL | {"weight_decay": LAM / 7})
    agree_all(updates(other, times(7, W), GRADS), [times(7, u) for u in updates(opt, W, GRADS)])


def first_step_is_a_sign_step(make):
    """t = 1: mhat = g and vhat = g^2, so r = g / (|g| + eps) and no beta plays a part."""
    for betas in ({}, {"b1": 0.0}, {"b2": 0.0}):
        opt = make(0.5, **USUAL | betas)
        u = plus(sign_like(GRADS[0]), times(LAM, W))
        agree(updates(opt, W, GRADS)[0], times(-0.5, normalised(W, u)))


def constant_gradient_has_a_constant_direction(make):
    """g_t = g: both averages, corrected, are g and g^2 at every t, so r = g / (|g| + eps)."""
    opt, w = make(0.1, **USUAL | {"weight_decay": 0.0}), W
    for u in updates(opt, W, [GRADS[0]] * 4):
        agree(u, times(-0.1, normalised(w, sign_like(GRADS[0]))))
        w = plus(w, u)


def two_steps_have_a_closed_form(make):
    """mhat_2 = (b1 g1 + g2) / (1 + b1), vhat_2 = (b2 g1^2 + g2^2) / (1 + b2): 1 - b cancels."""
    opt = make(falling, **USUAL)
    first = times(-falling(0), normalised(W, plus(sign_like(GRADS[0]), times(LAM, W))))
    w, (g1, g2) = plus(W, first), GRADS[:2]
    u = {}
    for k in w:
        m, v = (B1 * g1[k] + g2[k]) / (1 + B1), (B2 * g1[k] ** 2 + g2[k] ** 2) / (1 + B2)
        u[k] = m / (np.sqrt(v) + EPS) + LAM * w[k]
    agree_all(updates(opt, W, GRADS[:2]), [first, times(-falling(1), normalised(w, u))])


def no_memory_means_a_sign_step_each_time(make):
    """b1 = b2 = 0: r = g / (|g| + eps) in every step."""
    opt, w = make(falling, **USUAL | {"b1": 0.0, "b2": 0.0}), W
    for t, u in enumerate(updates(opt, W, GRADS)):
        agree(u, times(-falling(t), normalised(w, plus(sign_like(GRADS[t]), times(LAM, w)))))
        w = plus(w, u)


def bias_correction_cancels_without_eps_and_decay(make):
    """eps = lam = 0: the corrections are one factor on r, which u / ||u|| forgets.

    With eps or decay it is not forgotten, and shows.
    """
    bare = {"b1": B1, "b2": B2, "eps": 0.0, "weight_decay": 0.0}
    on, off = (updates(make(falling, **bare, bias_correction=c), W, GRADS) for c in (True, False))
    agree_all(on, off)
    for hyper in ({"eps": EPS}, {"weight_decay": LAM}):
        on, off = (make(falling, **bare | hyper, bias_correction=c) for c in (True, False))
        differ(updates(on, W, GRADS)[-1], updates(off, W, GRADS)[-1], 1e-3)


def without_bias_correction_the_first_step_has_small_moments(make):
    """t = 1: r = (1 - b1) g / (sqrt(1 - b2) |g| + eps)."""
    opt, g = make(0.5, **USUAL, bias_correction=False), GRADS[0]
    r = {k: (1 - B1) * a / ((1 - B2) ** 0.5 * np.abs(a) + EPS) for k, a in g.items()}
    agree(updates(opt, W, GRADS)[0], times(-0.5, normalised(W, plus(r, times(LAM, W)))))


def nothing_moves_at_learning_rate_zero(make):
    """The rate multiplies from outside: gamma = 0 stands still at once."""
    opt = make(lambda t: 0.5 if t == 0 else 0.0, **USUAL)
    agree_all(updates(opt, W, GRADS)[1:], [times(0.0, W)] * (len(GRADS) - 1), 0.0)


def zero_weights_move_as_adamw(make):
    """Zero rule: ||w|| = 0 has ratio 1, so the first update is -gamma r."""
    opt = make(0.5, **USUAL)
    agree(updates(opt, times(0.0, W), GRADS)[0], times(-0.5, sign_like(GRADS[0])))


def zero_gradient_shrinks_by_lr(make):
    """g = 0, lam > 0: u = lam w is parallel to w, so w <- (1 - gamma) w whatever lam is."""
    for lam in (1e-6, LAM):
        opt, zero = make(0.1, **USUAL | {"weight_decay": lam}), times(0.0, W)
        agree_all(updates(opt, W, [zero] * 3), [times(-0.1 * 0.9**t, W) for t in range(3)])


def nothing_moves_nothing(make):
    """g = 0 without decay, or with w = 0: ||u|| = 0, also with eps = 0 (0 / 0 in r)."""
    zero = times(0.0, W)
    for w, lam in ((W, 0.0), (zero, LAM)):
        for eps in (0.0, EPS):
            opt = make(0.5, **USUAL | {"weight_decay": lam, "eps": eps})
            agree_all(updates(opt, w, [zero, zero]), [zero, zero], 0.0)


def decay_to_zero_is_continuous(make):
    """u is continuous in lam where g != 0: no decay at all equals a decay of 1e-13."""
    without, with_little = (make(0.5, **USUAL | {"weight_decay": b}) for b in (0.0, 1e-13))
    agree_all(updates(without, W, GRADS), updates(with_little, W, GRADS), 1e-10)


def merging_layers_changes_the_result(make):
    """One norm for two layers is another algorithm (AdamW's law is the opposite)."""
    apart, joined = laws.split_and_merged(lambda lr: make(lr, **USUAL))
    for a, b in zip(apart, joined, strict=True):
        differ(a, b, 0.1)


def masks_choose_decay_and_ratio_independently(make):
    """Each layer is one of four kinds, and its first update follows from its kind alone."""
    decays, adapts = ("conv.W", "fc.W"), ("conv.W", "fc.b")
    opt = make(
        0.5, **USUAL, decay_mask=lambda k, w: k in decays, adapt_mask=lambda k, w: k in adapts
    )
    r, want = sign_like(GRADS[0]), {}
    for k, w in W.items():
        u = r[k] + (LAM if k in decays else 0.0) * w
        want[k] = -0.5 * (length(w) / length(u) if k in adapts else 1.0) * u
    agree(updates(opt, W, GRADS)[0], want)


def half_precision_has_the_right_ratio(make):
    """300 x 300 float16 ones: the update is -gamma w though the sum of squares overflows."""
    one = {"W": np.ones((300, 300), np.float16)}
    u = updates(make(0.5), one, [one])[0]["W"]
    assert u.dtype == np.float16, f"came back as {u.dtype}"
    agree({"W": u.astype("float64")}, {"W": np.full((300, 300), -0.5)}, 2e-3)


def half_precision_keeps_small_moments(make):
    """float16 gradients of 1 and 1e-4 have sign steps of equal size: 1e-8 is kept in v."""
    one = {"W": np.ones(2, np.float16)}
    got = updates(make(0.5, eps=0.0), one, [{"W": np.array([1.0, 1e-4], np.float16)}])[0]
    agree({"W": got["W"].astype("float64")}, {"W": np.array([-0.5, -0.5])}, 2e-3)


def every_hyperparameter_is_alive(make):
    """See laws.every_hyperparameter_is_alive; phi is tightened and norm changed, not halved."""
    base = USUAL | {"learning_rate": 0.5, "bias_correction": True}
    laws.every_hyperparameter_is_alive(make, base)
    free = updates(make(**base), W, GRADS)[-1]
    for other in ({"phi": phi.clip(0.0, 1.0)}, {"norm": "l1"}, {"norm": "linf"}):
        differ(updates(make(**base | other), W, GRADS)[-1], free, 1e-8)


def a_longer_run_is_the_papers_loop(make):
    """No closed form: 8 steps of Algorithm 2 as it stands, one line per line."""
    opt, w = make(falling, **USUAL), weights(seed=7, only=tuple(W))
    grads = gradients(8, seed=8, only=tuple(W))
    got = updates(opt, w, grads)
    m, v = times(0.0, w), times(0.0, w)
    for t, g in enumerate(grads):
        m = plus(times(B1, m), times(1 - B1, g))
        v = {k: B2 * v[k] + (1 - B2) * g[k] ** 2 for k in w}
        u = {
            k: (m[k] / (1 - B1 ** (t + 1))) / (np.sqrt(v[k] / (1 - B2 ** (t + 1))) + EPS)
            + LAM * w[k]
            for k in w
        }
        step = times(-falling(t), normalised(w, u))
        agree(got[t], step)
        w = plus(w, step)


def a_scalar_is_a_layer(make):
    """An array without axes has a norm, |w|, and so a ratio: it moves by gamma phi(|w|)."""
    opt, w = make(0.1, **USUAL), {"temperature": np.array(-3.0)}
    (u,) = updates(opt, w, [{"temperature": np.array(0.5)}])
    agree({"temperature": abs(u["temperature"])}, {"temperature": np.array(0.1 * 3.0)})


def an_empty_layer_changes_nobody(make):
    """An array without entries beside the others: they move as if it were not there."""
    opt, none = make(falling, **USUAL), np.zeros((0, 3))
    beside = updates(opt, W | {"none": none}, [g | {"none": none} for g in GRADS])
    assert all(u.pop("none").shape == (0, 3) for u in beside)
    agree_all(beside, updates(opt, W, GRADS))


def a_late_layer_has_the_runs_t(make):
    """A layer whose first gradient is not zero at step t is corrected by 1 - beta^t, not anew."""
    opt = make(0.1, **USUAL | {"weight_decay": 0.0})
    w, g, nothing = np.array([3.0, 4.0]), np.array([0.5, -0.1]), np.zeros(2)
    *_, u = updates(opt, {"W": w}, [{"W": nothing}, {"W": nothing}, {"W": g}])
    m, v = (1 - B1) * g / (1 - B1**3), (1 - B2) * g * g / (1 - B2**3)  # t = 3
    agree(u, {"W": -0.1 * normalised({"W": w}, {"W": m / (np.sqrt(v) + EPS)})["W"]})


LAWS = [
    step_length_is_lr_phi_of_w,
    direction_is_adamws,
    unadapted_layers_step_as_adamw,
    gradient_scale_is_forgotten,
    weight_scale_is_kept,
    first_step_is_a_sign_step,
    constant_gradient_has_a_constant_direction,
    two_steps_have_a_closed_form,
    no_memory_means_a_sign_step_each_time,
    bias_correction_cancels_without_eps_and_decay,
    without_bias_correction_the_first_step_has_small_moments,
    nothing_moves_at_learning_rate_zero,
    zero_weights_move_as_adamw,
    zero_gradient_shrinks_by_lr,
    nothing_moves_nothing,
    decay_to_zero_is_continuous,
    merging_layers_changes_the_result,
    masks_choose_decay_and_ratio_independently,
    half_precision_has_the_right_ratio,
    half_precision_keeps_small_moments,
    every_hyperparameter_is_alive,
    a_scalar_is_a_layer,
    an_empty_layer_changes_nobody,
    a_late_layer_has_the_runs_t,
    a_longer_run_is_the_papers_loop,
    *laws.COMMON,
]
