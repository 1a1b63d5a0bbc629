"""pytorch_optimizer's Lamb as plain NumPy, from pytorch_optimizer/optimizer/lamb.py (4.1.0)."""

import math

import numpy as np

from tests.optim.variant_loops_lamb import joint, size


def rectified_rate(lr, t, beta2, threshold, to_sgd):
    """base/optimizer.py: get_rectify_step_size; -1 is the library's sign for no step."""
    top = 2.0 / (1.0 - beta2) - 1.0
    n = top - 2 * t * beta2**t / (1.0 - beta2**t)
    if n >= threshold:
        r = (1 - beta2**t) * (n - 4) / (top - 4) * (n - 2) / n * top / (top - 2)
        return lr * math.sqrt(r), n
    return (lr if to_sgd else -lr), n


def kozistr(
    L, betas=(0.9, 0.999), weight_decay=0.0, weight_decouple=True, fixed_decay=False,
    rectify=False, degenerated_to_sgd=False, n_sma_threshold=5, grad_averaging=True,
    max_grad_norm=1.0, adam=False, pre_norm=False, eps=1e-6, maximize=False, adam_debias=False,
    adanorm=False, adanorm_r=0.95,
):  # fmt: skip
    b1, b2 = betas
    g, w, wd = L.g, L.w, weight_decay * L.on
    if pre_norm and max_grad_norm != 0:
        g = g * min(max_grad_norm / (joint(L.all_g) + eps), 1.0)
    g = -g if maximize else g
    s = g
    if adanorm:
        e = L.s["e"] = adanorm_r * L.s.get("e", 0.0) + (1 - adanorm_r) * size(g)
        s = g * e / size(g) if 0 < size(g) < e else g
    m = L.s["m"] = b1 * L.s.get("m", 0) + (1 - b1 if grad_averaging else 1.0) * s
    v = L.s["v"] = b2 * L.s.get("v", 0) + (1 - b2) * g * g
    step, n = L.lr, 0.0
    if rectify:
        step, n = rectified_rate(L.lr, L.t, b2, n_sma_threshold, degenerated_to_sgd)
    step = step if adam_debias else step / (1 - b1**L.t)
    if weight_decouple:
        w = w * (1 - wd * (1.0 if fixed_decay else L.lr))
    if rectify and step <= 0:
        return w
    u = m / (np.sqrt(v) + eps)
    if rectify:
        u = u if n >= n_sma_threshold else m
        measured = w - step * u
    else:
        u = u if weight_decouple else u + wd * w
        measured = u
    w_norm = min(size(w), 10.0)
    r = 1.0 if w_norm == 0 or size(measured) == 0 else w_norm / (size(measured) + eps)
    return w - step * (1.0 if adam or not L.fit else r) * u
