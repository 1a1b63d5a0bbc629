"""Laws of SGD with momentum and an L2 penalty; see laws.py for their form.

Symbols: d = g + beta w, v = m v + d, update -gamma v (Nesterov: -gamma (d + m v)).
"""

from tests.optim import laws
from tests.optim.laws import GRADS, W, agree_all, falling, updates
from tests.optim.laws_lars import plus, times
from tests.optim.problems import agree

M, BETA = 0.8, 0.3
USUAL = {"momentum": M, "weight_decay": BETA}


def d_of(w, g):
    return plus(g, times(BETA, w))


def two_steps_have_a_closed_form(make):
    """First -gamma_1 d_1, then -gamma_2 (m d_1 + d_2): the rate is outside the momentum."""
    d1 = d_of(W, GRADS[0])
    first = times(-falling(0), d1)
    d2 = d_of(plus(W, first), GRADS[1])
    second = times(-falling(1), plus(times(M, d1), d2))
    agree_all(updates(make(falling, **USUAL), W, GRADS[:2]), [first, second])


def nesterov_looks_ahead(make):
    """First -gamma_1 (1 + m) d_1, then -gamma_2 (d_2 + m (m d_1 + d_2))."""
    d1 = d_of(W, GRADS[0])
    first = times(-falling(0) * (1 + M), d1)
    d2 = d_of(plus(W, first), GRADS[1])
    second = times(-falling(1), plus(d2, times(M, plus(times(M, d1), d2))))
    agree_all(updates(make(falling, **USUAL, nesterov=True), W, GRADS[:2]), [first, second])


def nothing_moves_at_learning_rate_zero(make):
    """The rate multiplies the momentum from outside: gamma = 0 stands still at once."""
    opt = make(lambda t: 0.5 if t == 0 else 0.0, **USUAL)
    agree_all(updates(opt, W, GRADS)[1:], [times(0.0, W)] * (len(GRADS) - 1), 0.0)


def constant_gradient_builds_up_geometrically(make):
    """beta = 0, constant g: v_t = (1 + m + ... + m^(t-1)) g = (1 - m^t) / (1 - m) g."""
    got = updates(make(0.5, momentum=M), W, [GRADS[0]] * 4)
    agree_all(got, [times(-0.5 * (1 - M**t) / (1 - M), GRADS[0]) for t in (1, 2, 3, 4)])


def update_is_linear_in_the_gradient(make):
    """beta = 0: c g moves by c times as much, and the weights play no part."""
    opt = make(falling, momentum=M)
    want = [times(1e3, u) for u in updates(opt, W, GRADS)]
    agree_all(updates(opt, times(9, W), [times(1e3, g) for g in GRADS]), want)


def merging_layers_changes_nothing(make):
    """Every number is updated by itself, so two layers joined into one move the same."""
    apart, joined = laws.split_and_merged(lambda lr: make(lr, **USUAL))
    agree_all(joined, apart, 0.0)


def decay_mask_chooses_the_decayed_layers(make):
    """First update -gamma (g + beta w) where the mask says so, -gamma g elsewhere."""
    opt = make(0.5, **USUAL, decay_mask=lambda k, w: k in ("fc.W", "fc.b"))
    beta = {k: BETA if k in ("fc.W", "fc.b") else 0.0 for k in W}
    agree(updates(opt, W, GRADS)[0], {k: -0.5 * (GRADS[0][k] + beta[k] * w) for k, w in W.items()})


def every_hyperparameter_is_alive(make):
    """See laws.every_hyperparameter_is_alive."""
    base = USUAL | {"learning_rate": 0.5, "nesterov": False}
    laws.every_hyperparameter_is_alive(make, base)


LAWS = [
    two_steps_have_a_closed_form,
    nesterov_looks_ahead,
    nothing_moves_at_learning_rate_zero,
    constant_gradient_builds_up_geometrically,
    update_is_linear_in_the_gradient,
    merging_layers_changes_nothing,
    decay_mask_chooses_the_decayed_layers,
    every_hyperparameter_is_alive,
    *laws.COMMON,
]
