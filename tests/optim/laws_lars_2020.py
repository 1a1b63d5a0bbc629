"""Laws of the LARS of the LAMB paper (arXiv 1904.00962, Algorithm 1); see laws.py for their form.

Symbols: m = b1 m + (1 - b1)(g + lam w), update -gamma phi(||w||) m / ||m||.
"""

import numpy as np

from lbopt.optim import apply_updates, phi
from tests.optim import laws
from tests.optim.laws import GRADS, W, agree_all, falling, length, updates
from tests.optim.laws_lars import plus, times
from tests.optim.problems import agree, differ

B1, LAM = 0.8, 0.3
USUAL = {"b1": B1, "weight_decay": LAM}


def normalised(w, m):
    return {k: length(w[k]) * m[k] / length(m[k]) for k in w}


def step_length_is_lr_phi_of_w(make):
    """||update|| = gamma phi(||w||) ||m|| / ||m||: the same for every step, gradient and decay."""
    for f in (None, phi.clip(0.1, 5.0)):
        value = (lambda z: z) if f is None else (lambda z: min(max(z, 0.1), 5.0))
        opt, w = make(falling, **USUAL, phi=f), W
        state = opt.init(w)
        for t, g in enumerate(GRADS):
            u, state = opt.update(laws.copies(g), state, w)
            for k in w:
                ratio = length(u[k]) / (falling(t) * value(length(w[k])))
                assert abs(ratio - 1) < 1e-12, f"{k}: {ratio} of the length at {t=}"
            w = apply_updates(w, u)


def gradient_scale_is_forgotten(make):
    """lam = 0: m is linear in the gradients, and c m / ||c m|| = m / ||m||."""
    opt = make(falling, b1=B1)
    agree_all(updates(opt, W, [times(1e5, g) for g in GRADS]), updates(opt, W, GRADS))


def weight_scale_is_kept(make):
    """lam = 0, phi(z) = z: m does not see w, so c w moves by c times as much."""
    opt = make(falling, b1=B1)
    agree_all(updates(opt, times(7, W), GRADS), [times(7, u) for u in updates(opt, W, GRADS)])


def first_step_is_the_normalised_gradient(make):
    """m = (1 - b1)(g + lam w) is parallel to g + lam w, so b1 plays no part in the first step."""
    opt = make(0.5, **USUAL)
    agree(updates(opt, W, GRADS)[0], times(-0.5, normalised(W, plus(GRADS[0], times(LAM, W)))))


def two_steps_have_a_closed_form(make):
    """m_2 ~ b1 d_1 + d_2 (the factor 1 - b1 cancels), d = g + lam w, and the rate is outside."""
    opt = make(falling, **USUAL)
    d1 = plus(GRADS[0], times(LAM, W))
    first = times(-falling(0), normalised(W, d1))
    w = plus(W, first)
    d2 = plus(GRADS[1], times(LAM, w))
    second = times(-falling(1), normalised(w, plus(times(B1, d1), d2)))
    agree_all(updates(opt, W, GRADS[:2]), [first, second])


def nothing_moves_at_learning_rate_zero(make):
    """The rate multiplies the normalised momentum from outside: gamma = 0 stands still at once."""
    opt = make(lambda t: 0.5 if t == 0 else 0.0, **USUAL)
    agree_all(updates(opt, W, GRADS)[1:], [times(0.0, W)] * (len(GRADS) - 1), 0.0)


def zero_weights_move_by_the_bare_momentum(make):
    """Zero rule: ||w|| = 0 has ratio 1, so the first update is -gamma (1 - b1) g."""
    opt = make(0.5, **USUAL)
    agree(updates(opt, times(0.0, W), GRADS)[0], times(-0.5 * (1 - B1), GRADS[0]))


def zero_gradient_shrinks_by_lr(make):
    """g = 0, lam > 0: m is parallel to w, so w <- (1 - gamma) w in every step, whatever lam is."""
    for lam in (1e-6, LAM):
        opt, zero = make(0.1, b1=B1, weight_decay=lam), times(0.0, W)
        agree_all(updates(opt, W, [zero] * 3), [times(-0.1 * 0.9**t, W) for t in range(3)])


def nothing_moves_nothing(make):
    """g = 0 without decay, or with w = 0: ||m|| = 0 has ratio 1 and the update is 0."""
    zero = times(0.0, W)
    for w, lam in ((W, 0.0), (zero, LAM)):
        opt = make(0.5, b1=B1, weight_decay=lam)
        agree_all(updates(opt, w, [zero, zero]), [zero, zero], 0.0)


def merging_layers_changes_the_result(make):
    """One norm for two layers is another algorithm."""
    apart, joined = laws.split_and_merged(lambda lr: make(lr, **USUAL))
    for a, b in zip(apart, joined, strict=True):
        differ(a, b, 0.1)


def masks_choose_decay_and_ratio_independently(make):
    """Unadapted layers step by gamma m, that is (1 - b1) gamma (g + lam w) at first."""
    decays, adapts = ("conv.W", "fc.W"), ("conv.W", "fc.b")
    opt = make(
        0.5, **USUAL, decay_mask=lambda k, w: k in decays, adapt_mask=lambda k, w: k in adapts
    )
    want = {}
    for k, w in W.items():
        d = GRADS[0][k] + (LAM if k in decays else 0.0) * w
        want[k] = -0.5 * (length(w) * d / length(d) if k in adapts else (1 - B1) * d)
    agree(updates(opt, W, GRADS)[0], want)


def half_precision_has_the_right_ratio(make):
    """300 x 300 float16 ones: the update is -gamma w though the sum of squares overflows."""
    one = {"W": np.ones((300, 300), np.float16)}
    u = updates(make(0.5, b1=0.0), one, [one])[0]["W"]
    assert u.dtype == np.float16, f"came back as {u.dtype}"
    agree({"W": u.astype("float64")}, {"W": np.full((300, 300), -0.5)}, 2e-3)


def every_hyperparameter_is_alive(make):
    """See laws.every_hyperparameter_is_alive; phi is tightened instead of halved."""
    base = USUAL | {"learning_rate": 0.5}
    laws.every_hyperparameter_is_alive(make, base)
    free = updates(make(**base), W, GRADS)[-1]
    differ(updates(make(**base, phi=phi.clip(0.0, 1.0)), W, GRADS)[-1], free, 1e-8)


LAWS = [
    step_length_is_lr_phi_of_w,
    gradient_scale_is_forgotten,
    weight_scale_is_kept,
    first_step_is_the_normalised_gradient,
    two_steps_have_a_closed_form,
    nothing_moves_at_learning_rate_zero,
    zero_weights_move_by_the_bare_momentum,
    zero_gradient_shrinks_by_lr,
    nothing_moves_nothing,
    merging_layers_changes_the_result,
    masks_choose_decay_and_ratio_independently,
    half_precision_has_the_right_ratio,
    every_hyperparameter_is_alive,
    *laws.COMMON,
]
