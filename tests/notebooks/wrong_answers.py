"""Plausible wrong answers to the exercises, and the law that must refuse each.

(notebook, exercise): list of (wrong answer, words of the law's name).
"""

import numpy as np

from lbopt import optim

norm = np.linalg.norm


def _in_place(x):
    y = x * x
    x *= 2
    return y, lambda dy: x * dy


def _layer_norm_back_mean_only(dn, n, s):
    return s * (dn - dn.mean(axis=1, keepdims=True))


def _layer_norm_back_deviation_only(dn, n, s):
    return s * (dn - n * (dn * n).mean(axis=1, keepdims=True))


def _layer_norm_back_no_deviation(dn, n, s):
    dn = dn - dn.mean(axis=1, keepdims=True)
    return dn - n * (dn * n).mean(axis=1, keepdims=True)


def _see(lengths, T, causal=np.less_equal, padding=np.less):
    at = np.arange(T)
    real = padding(at[None, :], np.asarray(lengths)[:, None])
    return causal(at[None, :], at[:, None]) & real[:, None, :]


def _see_future(lengths, T):
    return _see(lengths, T, causal=np.greater_equal)


def _see_all(lengths, T):
    return _see(lengths, T, causal=lambda s, t: (s == s) & (t == t))


def _see_padding(lengths, T):
    return _see(lengths, T, padding=lambda at, n: (at == at) & (n == n))


def _see_one_too_many(lengths, T):
    return _see(lengths, T, padding=np.less_equal)


def _see_not_yourself(lengths, T):
    return _see(lengths, T, causal=np.less)


def _see_only_yourself(lengths, T):
    return _see(lengths, T, causal=np.equal)


def _see_rows_alone(lengths, T):
    return np.tri(T, dtype=bool)


def _step_normalised_gradient(w, m, g, rate, b1):
    m = b1 * m + (1 - b1) * g / norm(g)
    return w - rate * norm(w) * m / norm(m), m


def _step_not_normalised(w, m, g, rate, b1):
    m = b1 * m + (1 - b1) * g
    return w - rate * m, m


def _step_old_momentum(w, m, g, rate, b1):
    return w - rate * norm(w) / norm(m) * m, b1 * m + (1 - b1) * g


def _clip_each(grads, c):
    return {k: g * min(1, c / norm(g)) for k, g in grads.items()}


def _clip_always(grads, c):
    total = np.sqrt(sum(float((g * g).sum()) for g in grads.values()))
    return {k: g * c / total for k, g in grads.items()}


def _clip_sum_of_norms(grads, c):
    total = sum(norm(g) for g in grads.values())
    return {k: g * min(1, c / total) for k, g in grads.items()}


def _rescale_bias_forgotten(p, s):
    grown = {"layer0.W": s * p["layer0.W"], "layer0.b": p["layer0.b"]}
    return grown | {"layer1.W": p["layer1.W"] / s, "layer1.b": p["layer1.b"]}


def _rescale_last_bias_too(p, s):
    grown = {"layer0.W": s * p["layer0.W"], "layer0.b": s * p["layer0.b"]}
    return grown | {"layer1.W": p["layer1.W"] / s, "layer1.b": p["layer1.b"] / s}


def _chain_rate_outside(rate, momentum, beta, eta):
    return optim.chain(
        optim.scale_by_lars_ratio(eta, beta),
        optim.trace(momentum),
        optim.scale_by_learning_rate(rate),
    )


def _chain_ratio_outside(rate, momentum, beta, eta):
    return optim.chain(
        optim.add_decayed_weights(beta),
        optim.trace(momentum),
        optim.scale_by_trust_ratio(),
        optim.scale(eta),
        optim.scale_by_learning_rate(rate),
    )


def _chain_norm_of_sum(rate, momentum, beta, eta):
    return optim.chain(
        optim.add_decayed_weights(beta),
        optim.scale_by_trust_ratio(),
        optim.scale(eta),
        optim.scale_by_learning_rate(rate),
        optim.trace(momentum),
    )


def _chain_without_sign(rate, momentum, beta, eta):
    return optim.chain(_chain_right(rate, momentum, beta, eta), optim.scale(-1.0))


def _chain_half_eta(rate, momentum, beta, eta):
    return _chain_right(rate, momentum, beta, eta / 2)


def _chain_right(rate, momentum, beta, eta):
    return optim.lars(rate, momentum=momentum, weight_decay=beta, trust_coefficient=eta)


def _which_by_size(opt):
    w = {"w": np.ones((2, 2))}
    u, _ = opt.update(w, opt.init(w), w)
    return "2017" if norm(u["w"]) < 0.01 else "2020"


def _first_step_of_adam(w, g, rate):
    return w - rate * np.sign(g)


def _first_step_all_entries(w, g, rate):
    return w - rate * norm(w) / np.sqrt(w.size) * np.sign(g)


def _first_step_of_lars(w, g, rate):
    return w - rate * norm(w) / norm(g) * g


def _first_step_with_eps(w, g, rate):
    r = g / (abs(g) + 1e-3)
    return w - rate * norm(w) / norm(r) * r


def _lamb_ratio_of_r(w, r, decay, phi):
    return phi(norm(w)) / norm(r)


def _lamb_ratio_without_phi(w, r, decay, phi):
    return norm(w) / norm(r + decay * w)


def _lamb_ratio_sum_of_norms(w, r, decay, phi):
    return phi(norm(w)) / (norm(r) + decay * norm(w))


def _lamb_ratio_no_zero_rule(w, r, decay, phi):
    return phi(norm(w)) / norm(r + decay * w)


def _lamb_ratio_phi_of_zero(w, r, decay, phi):
    u_norm = norm(r + decay * w)
    return phi(norm(w)) / u_norm if phi(norm(w)) > 0 and u_norm > 0 else 1


def _lamb_chain(order, rate, b1, b2, eps, decay):
    links = {
        "adam": optim.scale_by_adam(b1, b2, eps),
        "decay": optim.add_decayed_weights(decay),
        "ratio": optim.scale_by_trust_ratio(),
        "rate": optim.scale_by_learning_rate(rate),
    }
    return optim.chain(*[links[name] for name in order.split()])


def _lamb_decay_first(*settings):
    return _lamb_chain("decay adam ratio rate", *settings)


def _lamb_ratio_then_decay(*settings):
    return _lamb_chain("adam ratio decay rate", *settings)


def _lamb_rate_then_ratio(*settings):
    return _lamb_chain("adam decay rate ratio", *settings)


def _lamb_without_ratio(*settings):
    return _lamb_chain("adam decay rate", *settings)


def _lamb_without_sign(*settings):
    return optim.chain(_lamb_chain("adam decay ratio rate", *settings), optim.scale(-1.0))


def _lamb_betas_swapped(rate, b1, b2, eps, decay):
    return _lamb_chain("adam decay ratio rate", rate, b2, b1, eps, decay)


def _which_adaptive_by_size(opt):
    w = {"w": np.ones(2)}
    u, _ = opt.update({"w": np.array([1.0, 0.0])}, opt.init(w), w)
    return "lamb" if norm(u["w"]) > 0.1 else "adamw"


def _which_adaptive_by_two_gradients(opt):
    w, lengths = {"w": np.ones(2)}, []
    for g in ([1.0, 2.0], [5.0, 1.0]):  # the same signs: nobody's first step can tell
        u, _ = opt.update({"w": np.array(g)}, opt.init(w), w)
        lengths.append(norm(u["w"]))
    return "lamb" if np.isclose(*lengths) else "adamw"


WRONG = {
    ("00_reading_guide", 1): [
        (lambda x: (x * x, lambda dy: x * dy), "adjoint law"),
        (lambda x: (2 * x, lambda dy: 2 * dy), "value law"),
        (lambda x: (x * x, lambda dy: np.sum(2 * x * dy)), "shape law"),
        (_in_place, "law"),
    ],
    ("00_reading_guide", 2): [
        (lambda name, array: array.ndim == 1, "name law"),
        (lambda name, array: name.endswith(".W"), "complement law"),
    ],
    ("00_reading_guide", 3): [
        (lambda u, memory, w, step: (u, memory), "gradient-scale law"),
        (lambda u, memory, w, step: np.sign(u), "link contract"),
        (lambda u, memory, w, step: (-np.sign(u), memory), "sign law"),
        (lambda u, memory, w, step: (np.sign(u).astype(float), memory), "same-dtype law"),
    ],
    ("00_reading_guide", 4): [
        (lambda w, u: norm(u) / norm(w), "weight-scale law"),
        (lambda w, u: norm(w), "gradient-scale law"),
        (lambda w, u: 2 * norm(w) / norm(u), "step-length law"),
        (lambda w, u: norm(w) / (norm(u) + 1e-12), "zero rule"),
    ],
    ("02_cnn_and_transformer", 1): [
        (lambda dy, norm, body: norm(body(dy)), "open-way law"),
        (lambda dy, norm, body: dy + body(dy), "adjoint law"),
        (lambda dy, norm, body: norm(dy + body(dy)), "open-way law"),
        (lambda dy, norm, body: dy + body(norm(dy)), "adjoint law"),
    ],
    ("02_cnn_and_transformer", 2): [
        (lambda V, C: (C + 1) * C + 2 * C + V + V * C, "tied-table law"),
        (lambda V, C: (C + 1) * C + 2 * C, "counting law"),
        (lambda V, C: C * C + V, "counting law"),
    ],
    ("02_cnn_and_transformer", 3): [
        (lambda p, dp: p * dp, "shift law"),
        (lambda p, dp: p * (1 - p) * dp, "shift law"),
        (lambda p, dp: dp - dp.mean(axis=-1, keepdims=True), "saturation law"),
        (lambda p, dp: 2 * p * (dp - (p * dp).sum(-1, keepdims=True)), "adjoint law"),
    ],
    ("02_cnn_and_transformer", 4): [
        (_see_future, "no-future law"),
        (_see_all, "no-future law"),
        (_see_padding, "padding law"),
        (_see_one_too_many, "padding law"),
        (_see_not_yourself, "see-yourself law"),
        (_see_only_yourself, "counting law"),
        (_see_rows_alone, "shape law"),
    ],
    ("02_cnn_and_transformer", 5): [
        (_layer_norm_back_mean_only, "scale law"),
        (_layer_norm_back_deviation_only, "shift law"),
        (_layer_norm_back_no_deviation, "adjoint law"),
        (lambda dn, n, s: s * dn, "shift law"),
    ],
    ("03_large_batches_break_sgd", 1): [
        (lambda sigma2, N, B: sigma2 / B, "whole-data law"),
        (lambda sigma2, N, B: sigma2 / B * (N - B) / N, "single-example law"),
        (lambda sigma2, N, B: sigma2 * (N - B) / (N - 1), "finite-population law"),
    ],
    ("03_large_batches_break_sgd", 2): [
        (lambda base, steps, t: base * min(1, t / steps), "no-wasted-step law"),
        (lambda base, steps, t: base * min(1, (t + 1) / (steps + 1)), "arrival law"),
        (lambda base, steps, t: base * min(1, ((t + 1) / steps) ** 2), "straight-line law"),
        (lambda base, steps, t: base * (t + 1) / steps, "plateau law"),
    ],
    ("03_large_batches_break_sgd", 3): [
        (_clip_always, "leave-short-ones law"),
        (_clip_each, "joint-norm law"),
        (_clip_sum_of_norms, "joint-norm law"),
    ],
    ("03_large_batches_break_sgd", 4): [
        (lambda curvature, momentum: 2 / curvature, "stability law"),
        (lambda h, m: 2 * (1 + m) / (1 + 2 * m) / h, "stability law"),
        (lambda h, m: 2 * (1 + m), "stability law"),
    ],
    ("03_large_batches_break_sgd", 5): [
        (lambda Gs, b, Gb, B: (Gb, (Gs - Gb) / (1 / b - 1 / B)), "unbiased-signal law"),
        (lambda Gs, b, Gb, B: ((B * Gb - b * Gs) / (B - b), b * Gs), "unbiased-noise law"),
    ],
    ("04_lars_two_of_them", 1): [
        (lambda w, g, eta, beta: eta * norm(w) / norm(g), "step-length bound"),
        (lambda w, g, eta, beta: eta * norm(w) / norm(g + beta * w), "balance law"),
        (lambda w, g, eta, beta: eta * norm(w) / (norm(g) + norm(w)), "value law"),
        (lambda w, g, eta, beta: eta * norm(w) / (norm(g) + beta * norm(w)), "zero rule"),
    ],
    ("04_lars_two_of_them", 2): [
        (_step_normalised_gradient, "momentum law"),
        (_step_not_normalised, "step-length law"),
        (_step_old_momentum, "direction law"),
    ],
    ("04_lars_two_of_them", 3): [
        (_rescale_bias_forgotten, "same-function law"),
        (_rescale_last_bias_too, "same-function law"),
        (lambda p, s: dict(p), "scale law"),
    ],
    ("04_lars_two_of_them", 4): [
        (_chain_rate_outside, "law of lag"),
        (_chain_ratio_outside, "law of"),
        (_chain_norm_of_sum, "law of balance"),
        (_chain_without_sign, "descent law"),
        (_chain_half_eta, "value law"),
    ],
    ("04_lars_two_of_them", 5): [
        (_which_by_size, "identification law"),
        (lambda opt: "2017", "identification law"),
    ],
    ("05_lamb", 1): [
        (_first_step_of_adam, "step-length law"),
        (_first_step_all_entries, "step-length law"),
        (_first_step_of_lars, "sign law"),
        (_first_step_with_eps, "sign law"),
        (lambda w, g, rate: 2 * w - _first_step_all_entries(w, g, rate), "descent law"),
        (lambda w, g, rate: w - rate * norm(w) / 4 * (np.sign(g) + (g == 0)), "standstill law"),
    ],
    ("05_lamb", 2): [
        (lambda t, b1, b2: 1 / (1 - b1**t), "first-step law"),
        (lambda t, b1, b2: (1 - b2**t) / (1 - b1**t), "first-step law"),
        (lambda t, b1, b2: (1 - b1**t) / (1 - b2**t) ** 0.5, "value law"),
        (lambda t, b1, b2: (1 - b2) ** 0.5 / (1 - b1), "late law"),
    ],
    ("05_lamb", 3): [
        (_lamb_ratio_of_r, "step-length law"),
        (_lamb_ratio_sum_of_norms, "step-length law"),
        (_lamb_ratio_without_phi, "phi law"),
        (_lamb_ratio_no_zero_rule, "zero rule"),
        (_lamb_ratio_phi_of_zero, "zero rule"),
    ],
    ("05_lamb", 4): [
        (_lamb_decay_first, "law of"),
        (_lamb_ratio_then_decay, "law of length"),
        (_lamb_without_ratio, "law of length"),
        (_lamb_without_sign, "descent law"),
        (_lamb_rate_then_ratio, "rate law"),
        (_lamb_betas_swapped, "law of two"),
    ],
    ("05_lamb", 5): [
        (_which_adaptive_by_size, "identification law"),
        (_which_adaptive_by_two_gradients, "identification law"),
        (lambda opt: "lamb", "identification law"),
    ],
}
