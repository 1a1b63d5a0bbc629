"""Answers of another form than the solutions: right ones, and slips that look like them.

RIGHT: (notebook, exercise): right answers. ALMOST: the same, each with words of what is said.
"""

import numpy as np

from lbopt import optim

norm = np.linalg.norm


def _scatter_by_one_hot(dy, index, rows):
    return (np.arange(rows)[:, None] == index) @ dy


def _rms_norm_by_jacobian(dy, x):
    rows = []
    for d, row in zip(dy, x, strict=True):
        C, root = len(row), np.sqrt(np.mean(row**2))
        rows.append((np.eye(C) - np.outer(row, row) / (C * root**2)) / root @ d)
    return np.array(rows)


def _slide_by_convolution(dy, w, stride, length):
    spread = np.zeros(stride * (len(dy) - 1) + 1)
    spread[::stride] = dy
    dx = np.convolve(spread, w)
    return list(dx) + [0.0] * (length - len(dx))


def _softmax_by_jacobian(p, dp):
    J = p[:, :, None] * np.eye(p.shape[1]) - p[:, :, None] * p[:, None, :]
    return np.einsum("njk,nj->nk", J, dp)


def _see_by_loops(lengths, T):
    return np.array([[[s <= t and s < n for s in range(T)] for t in range(T)] for n in lengths])


def _see_without_padding_queries(lengths, T):
    real = np.arange(T) < np.asarray(lengths)[:, None]
    return np.tri(T, dtype=bool) & real[:, None, :] & real[:, :, None]


def _clip_by_the_link(grads, c):
    link = optim.clip_by_global_norm(c)
    return link.update(grads, link.init(grads), grads)[0]


def _clip_in_place(grads, c):
    factor = min(1, c / float(optim.global_norm(grads)))
    for g in grads.values():
        g *= factor
    return grads


def _two_equations(G_small, b, G_big, B):
    return np.linalg.solve([[1, 1 / b], [1, 1 / B]], [G_small, G_big])


def _local_rate_where(w, g, eta, beta):
    denominator = norm(g) + beta * norm(w)
    return np.where((norm(w) > 0) & (denominator > 0), eta * norm(w) / denominator, 1.0)


def _local_rate_zero_gradient(w, g, eta, beta):
    return eta * norm(w) / (norm(g) + beta * norm(w)) if norm(w) > 0 and norm(g) > 0 else 1


def _step_2020_list(w, m, g, rate, b1):
    m = b1 * m + (1 - b1) * g
    return [w - rate * norm(w) * m / norm(m), m]


def _rescale_the_dict(params, s):
    for name, factor in (("layer0.W", s), ("layer0.b", s), ("layer1.W", 1 / s)):
        params[name] = factor * params[name]
    return params


def _rescale_in_place(params, s):
    for name, factor in (("layer0.W", s), ("layer0.b", s), ("layer1.W", 1 / s)):
        params[name] *= factor
    return params


def _lars_of_four_links(rate, momentum, beta, eta):
    return optim.chain(
        optim.scale_by_lars_ratio(1.0, beta),
        optim.scale(eta),
        optim.scale_by_learning_rate(rate),
        optim.trace(momentum),
    )


def _which_by_two_directions(opt):
    w = {"w": np.ones(2)}
    _, state = opt.update({"w": np.array([1e6, 0.0])}, opt.init(w), w)
    u, _ = opt.update({"w": np.array([0.0, 1.0])}, state, w)
    return "2017" if abs(u["w"][1]) > 1e-3 * abs(u["w"][0]) else "2020"


RIGHT = {
    ("00_reading_guide", 1): [
        lambda x: (np.square(x), lambda dy: (2 * x * dy,)),
        lambda x: [x**2, lambda dy: x * dy + dy * x],
    ],
    ("00_reading_guide", 2): [
        lambda name, array: name.split(".")[-1] == "b",
        lambda name, array: int(name.endswith((".b", ".beta"))),
    ],
    ("00_reading_guide", 3): [
        lambda u, memory, w, step: [np.sign(u), {}],
        lambda u, memory, w, step: (((u > 0) * 1.0 - (u < 0)).astype(u.dtype), memory),
    ],
    ("00_reading_guide", 4): [
        lambda w, u: np.where(w.any() & u.any(), norm(w) / norm(u), 1.0),
        lambda w, u: float(optim.norm(w)) / float(optim.norm(u)) if w.any() and u.any() else 1.0,
    ],
    ("01_backward_by_hand", 1): [
        lambda dy, x, gamma: [dy * gamma, np.einsum("nc,nc->c", dy, x), np.ones(len(dy)) @ dy],
    ],
    ("01_backward_by_hand", 2): [
        _scatter_by_one_hot,
        lambda dy, index, rows: np.array([dy[index == k].sum(axis=0) for k in range(rows)]),
    ],
    ("01_backward_by_hand", 3): [_rms_norm_by_jacobian],
    ("01_backward_by_hand", 4): [_slide_by_convolution],
    ("02_cnn_and_transformer", 2): [lambda V, C: float((C + 1) * C + 2 * C + V)],
    ("02_cnn_and_transformer", 3): [
        _softmax_by_jacobian,
        lambda p, dp: p * dp - p * np.sum(p * dp, axis=-1)[..., None],
    ],
    ("02_cnn_and_transformer", 4): [_see_by_loops],
    ("03_large_batches_break_sgd", 1): [
        lambda sigma2, N, B: np.array(sigma2 * (1 / B - 1 / N) / (1 - 1 / N)),
    ],
    ("03_large_batches_break_sgd", 2): [
        lambda base, steps, t: base * (t + 1) / steps if t < steps else base,
        lambda base, steps, t: np.interp(t + 1, [0, steps], [0, base]),
        lambda base, steps, t: optim.schedules.warmup(base, steps)(t),
    ],
    ("03_large_batches_break_sgd", 3): [_clip_by_the_link],
    ("03_large_batches_break_sgd", 4): [lambda h, m: np.array((2 + 2 * m) / h)],
    ("03_large_batches_break_sgd", 5): [_two_equations, lambda *a: list(_two_equations(*a))],
    ("04_lars_two_of_them", 1): [_local_rate_where],
    ("04_lars_two_of_them", 2): [_step_2020_list],
    ("04_lars_two_of_them", 3): [_rescale_the_dict],
    ("04_lars_two_of_them", 4): [_lars_of_four_links],
    ("04_lars_two_of_them", 5): [_which_by_two_directions],
}

ALMOST = {
    ("00_reading_guide", 3): [
        (lambda u, memory, w, step: (u / abs(u), memory), "the sign of 0 is 0"),
        (lambda u, memory, w, step: (-np.sign(u), memory), "the minus comes with the learning"),
    ],
    ("00_reading_guide", 4): [
        (lambda w, u: norm(w) / norm(u) if norm(u) > 0 else 1, "for zero w, u, both: 0, 1, 1"),
    ],
    ("01_backward_by_hand", 1): [
        (lambda dy, x, gamma: dy * gamma, "form law"),
        (lambda dy, x, gamma: (dy * gamma, (dy * x).sum(axis=0)), "form law"),
    ],
    ("02_cnn_and_transformer", 2): [
        (lambda V, C: (C + 1) * C + 2 * C + V * C, "tied-table law"),  # and b_V forgotten
    ],
    ("02_cnn_and_transformer", 4): [(_see_without_padding_queries, "no-empty-row law")],
    ("03_large_batches_break_sgd", 3): [(_clip_in_place, "inputs-unchanged law")],
    ("04_lars_two_of_them", 1): [(_local_rate_zero_gradient, "zero g but decay")],
    ("04_lars_two_of_them", 3): [(_rescale_in_place, "inputs-unchanged law")],
    ("04_lars_two_of_them", 5): [(lambda opt: 2017, "is '2017', you say 2017")],
}
