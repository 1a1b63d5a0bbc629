"""More strangers in plain NumPy: LAMB, LARS, LARS of 2020, AdamW and SGD with one subtle slip each.

Each table says which words have to be among the knobs, in order of appearance in the code.
"""

import numpy as np


def factory(rule, **defaults):
    """A factory of ``rule(slip, t, rate, w, g, memory, h, whole) -> new w``, layer by layer."""

    def with_slip(slip=""):
        def make(lr, **given):
            odd = given.keys() - defaults.keys()
            if odd:
                raise TypeError(f"unexpected {sorted(odd)}")
            h, inside = defaults | given, {"t": 0}

            def init(params):
                inside["memory"] = {k: {} for k in params}

            def step(params, grads):
                inside["t"] += 1
                t = inside["t"]
                rate = lr(t - 1) if callable(lr) else lr
                return {
                    k: rule(slip, t, rate, w, grads[k], inside["memory"][k], h)
                    for k, w in params.items()
                }

            return init, step

        return make

    return with_slip


def norm(x):
    return float(np.sqrt(np.sum(np.square(x, dtype=float))))


def lamb_rule(slip, t, rate, w, g, s, h):
    b1, b2, eps, lam = h["b1"], h["b2"], h["eps"], h["weight_decay"]
    b1, b2 = 0.9 if slip == "b1 ignored" else b1, 0.999 if slip == "b2 ignored" else b2
    eps = eps * eps if slip == "eps squared" else eps
    if slip == "entries clipped":
        g = np.clip(g, -1, 1)
    m = b1 * s.get("m", 0 * w) + (1 - b1) * g
    square = {"centred": (g - m) ** 2, "decay in v": (g + lam * w) ** 2}.get(slip, g * g)
    v = b2 * s.get("v", 0 * w) + (1 if slip == "v summed" else 1 - b2) * square
    if t == 1 and slip in ("started", "v started"):
        v, m = g * g, g if slip == "started" else m
    s["m"], s["v"] = m, v
    t1 = {"m ahead": t + 1, "m lags": max(t - 1, 1)}.get(slip, t)
    t2 = {"v ahead": t + 1, "v lags": max(t - 1, 1)}.get(slip, t)
    c1 = 1.0 if slip in ("started", "only v corrected") else 1 - b1**t1
    c2 = 1.0 if slip in ("started", "v started") else 1 - b2**t2
    root = np.sqrt(v / c2)
    bottom = {
        "eps scaled": root + eps * np.sqrt(c2), "eps twice": np.sqrt(v / c2 + eps) + eps,
        "eps inside, early": np.sqrt((v + eps) / c2), "no root": v / c2 + eps,
    }.get(slip, root + eps)  # fmt: skip
    r = m / c1 / bottom
    if slip == "nesterov":
        r = (b1 * m + (1 - b1) * g) / c1 / bottom
    if slip == "sign":
        r = np.sign(m)
    if slip == "4-D only decayed" and w.ndim != 4:
        lam = 0.0
    if slip == "decay uphill":
        lam = -lam
    if slip == "decay squared":
        lam = lam * lam
    first = s.setdefault("first", w.copy())
    u = r + lam * (first if slip == "first weights decayed" else w)
    top, low = norm(w), norm(u)
    if slip == "in the norm alone":
        u = r
    if slip == "norms added":
        low = norm(r) + lam * norm(w)
    if slip == "norm of m":
        low = norm(m)
    if slip == "stale weights":
        top, s["top"] = s.get("top", top), top
    if slip == "stale updates":
        low, s["low"] = s.get("low", low), low
    if slip == "first norm":
        top = s.setdefault("top", top)
    if slip == "half norms":
        half = [np.asarray(x, np.float16).astype(float) for x in (w, u)]
        top, low = (float(np.float16(norm(x))) for x in half)
    if slip == "eps on both":
        top, low = top + 1e-6, low + 1e-6
    if slip == "least":
        low = max(low, 1e-6)
    ratio = top / low if top > 0 and low > 0 else 1.0
    if slip == "root of the ratio":
        ratio = ratio**0.5
    rate = {"rate squared": rate * rate, "root of the rate": rate**0.5}.get(slip, rate)
    if slip == "logarithm":
        ratio = np.log1p(ratio)
    return w - rate * ratio * u


def lars_rule(slip, t, rate, w, g, s, h):
    mu, lam, eta = h["momentum"], h["weight_decay"], h["trust_coefficient"]
    a, b = norm(w), norm(g)
    if slip == "maxima" and w.size:
        a, b = np.abs(w).max(), np.abs(g).max()
    if slip == "stale":
        a, s["a"] = s.get("a", a), a
    bottom = {"larger": max(b, lam * a), "hypot": np.hypot(b, lam * a)}.get(slip, b + lam * a)
    local = eta * a / bottom if a > 0 and bottom > 0 else 1.0
    if slip == "bounded":
        local = min(local, 50 * eta)
    if slip == "coefficient ignored" and a > 0:
        local = local / eta / 1000
    d = local * (g + lam * w)
    if slip == "decay beside":
        d = local * g + lam * w
    part = 1 - mu if slip == "dampened" and t > 1 else 1.0
    s["v"] = mu * s.get("v", 0 * w) + part * rate * d
    return w - (rate * d + mu * s["v"] if slip == "nesterov" else s["v"])


def lars_2020_rule(slip, t, rate, w, g, s, h):
    d = g + h["weight_decay"] * w
    s["m"] = h["b1"] * s.get("m", 0 * w) + (1 - h["b1"]) * d
    u = h["b1"] * s["m"] + (1 - h["b1"]) * d if slip == "nesterov" else s["m"]
    low = norm(d) if slip == "newest" else norm(u)
    if slip == "1e-8":
        low += 1e-8
    ratio = norm(w) / low if norm(w) > 0 and low > 0 else 1.0
    return w - rate * ratio * u


def adamw_rule(slip, t, rate, w, g, s, h):
    b1, b2, lam = h["b1"], h["b2"], h["weight_decay"]
    s["m"] = b1 * s.get("m", 0 * w) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0 * w) + (1 - b2) * g * g
    c1 = 1 - b1 ** (t + 1 if slip == "m ahead" else t)
    c2 = 1 - b2 ** (t + 1 if slip == "v ahead" else t)
    r = s["m"] / c1 / (np.sqrt(s["v"] / c2) + h["eps"])
    if slip == "decay of what is left":
        return (w - rate * r) * (1 - rate * lam)
    return w - rate * (r + lam * w)


def sgd_rule(slip, t, rate, w, g, s, h):
    d = g + h["weight_decay"] * w
    if slip == "none at first" and t == 1:
        s["v"] = d
        return w
    part = 1 - h["momentum"] if slip == "dampened" and t > 1 else 1.0
    s["v"] = h["momentum"] * s.get("v", 0 * w) + part * d
    return w - rate * s["v"]


ADAM = {"b1": 0.9, "b2": 0.999, "eps": 1e-6, "weight_decay": 0.0}
FACTORIES = {
    "lamb": factory(lamb_rule, **ADAM),
    "lars": factory(lars_rule, momentum=0.9, weight_decay=0.0, trust_coefficient=1e-3),
    "lars_2020": factory(lars_2020_rule, b1=0.9, weight_decay=0.0),
    "adamw": factory(adamw_rule, **ADAM),
    "sgd": factory(sgd_rule, momentum=0.0, weight_decay=0.0),
}
# (claim, slip): (the first law that is broken, words of the one knob)
TOLD = {
    ("lamb", "m ahead"): ("correction_counts_from_one", "first moment counts from 2"),
    ("lamb", "v ahead"): ("correction_counts_from_one", "second moment counts from 2"),
    ("lamb", "m lags"): ("correction_counts_from_one", "first moment counts 1, 1, 2, 3"),
    ("lamb", "v lags"): ("correction_counts_from_one", "second moment counts 1, 1, 2, 3"),
    ("lamb", "only v corrected"): ("correction_counts_from_one", "first moment is not corrected"),
    ("lamb", "started"): ("correction_counts_from_one", "both moments start at the first gradient"),
    ("lamb", "v started"): ("correction_counts_from_one", "the second moment starts at the first"),
    ("lamb", "b1 ignored"): ("every_hyperparameter_is_alive", "b1 is 0.9 whatever it is told"),
    ("lamb", "b2 ignored"): ("every_hyperparameter_is_alive", "b2 is 0.999 whatever it is told"),
    ("lamb", "eps squared"): ("eps_stands_outside_the_root", "eps is squared"),
    ("lamb", "eps scaled"): ("eps_is_added_after_the_correction", "eps is multiplied by sqrt(1 -"),
    ("lamb", "eps twice"): ("eps_stands_outside_the_root", "sqrt(v + eps) + eps"),
    ("lamb", "eps inside, early"): ("eps_stands_outside_the_root", "added before the bias corr"),
    ("lamb", "no root"): ("decay_has_its_size", "the denominator is v, not its root"),
    ("lamb", "nesterov"): ("correction_counts_from_one", "look-ahead in the first moment"),
    ("lamb", "sign"): ("every_hyperparameter_is_alive", "the sign of the first moment"),
    ("lamb", "centred"): ("decay_has_its_size", "averages (g - m)^2"),
    ("lamb", "decay in v"): ("decay_has_its_size", "averages (g + weight_decay w)^2"),
    ("lamb", "v summed"): ("correction_counts_from_one", "sums squares"),
    ("lamb", "entries clipped"): ("gradient_scale_is_forgotten", "clipped entry by entry to 1"),
    ("lamb", "decay uphill"): ("large_decay_leaves_the_length", "decay has the wrong sign"),
    ("lamb", "4-D only decayed"): ("decay_reaches_every_layer", "not decayed: 1-D and 2-D and 3-D"),
    ("lamb", "decay squared"): ("decay_has_its_size", "weight_decay is squared"),
    ("lamb", "first weights decayed"): ("long_run_is_the_papers", "of the weights at the first"),
    ("lamb", "in the norm alone"): ("large_decay_leaves_the_length", "but not in the step"),
    ("lamb", "norms added"): ("decay_has_its_size", "||r|| + weight_decay ||w||"),
    ("lamb", "norm of m"): ("step_length_is_lr_times_weights", "the norm of the first moment"),
    ("lamb", "stale weights"): ("step_length_is_lr_times_weights", "weight norm of the step bef"),
    ("lamb", "stale updates"): ("step_length_is_lr_times_weights", "the norm of the step before"),
    ("lamb", "first norm"): ("step_length_is_lr_times_weights", "of the first step for ever"),
    ("lamb", "half norms"): ("step_length_is_lr_times_weights", "norms are computed in float16"),
    ("lamb", "eps on both"): ("step_length_is_lr_times_weights", "1e-06 is added to both norms"),
    ("lamb", "least"): ("tiny_updates_are_lengthened", "in the ratio is at least 1e-06"),
    ("lamb", "root of the ratio"): ("step_length_is_lr_times_weights", "the ratio is the root of"),
    ("lamb", "rate squared"): ("step_length_is_lr_times_weights", "multiplied twice: lr^2"),
    ("lamb", "root of the rate"): ("step_length_is_lr_times_weights", "root of the learning rate"),
    ("lars", "maxima"): ("ratio_has_no_bounds", "the norms are maxima"),
    ("lars", "stale"): ("two_steps_build_up_momentum", "the weight norm of the step before"),
    ("lars", "larger"): ("lars_step_is_bounded", "the larger of ||g|| and weight_decay ||w||"),
    ("lars", "hypot"): ("lars_step_is_bounded", "the root of ||g||^2 + weight_decay^2 ||w||^2"),
    ("lars", "bounded"): ("ratio_has_no_bounds", "ratio clamped at 12.5"),
    ("lars", "coefficient ignored"): ("every_hyperparameter_is_alive", "is ignored: 0.001"),
    ("lars", "decay beside"): ("lars_step_is_bounded", "decay is not multiplied by the ratio"),
    ("lars", "dampened"): ("two_steps_build_up_momentum", "dampened from the second step on"),
    ("lars", "nesterov"): ("ratio_has_no_bounds", "Nesterov's look-ahead"),
    ("lars_2020", "nesterov"): ("decay_goes_through_the_momentum", "Nesterov's look-ahead"),
    ("lars_2020", "newest"): ("step_length_is_lr_times_weights", "norm of the newest gradient"),
    ("lars_2020", "1e-8"): ("gradient_scale_is_forgotten", "1e-08 is added to the norm"),
    ("adamw", "m ahead"): ("correction_counts_from_one", "first moment counts from 2"),
    ("adamw", "v ahead"): ("correction_counts_from_one", "second moment counts from 2"),
    ("adamw", "decay of what is left"): ("decay_is_decoupled", "shrinks the weights after the"),
    ("sgd", "none at first"): ("every_layer_moves", "the first step does not move"),
    ("sgd", "dampened"): ("decay_goes_through_the_momentum", "dampened from the second step"),
}
