"""Optimizers as strangers write them, in plain NumPy: right ones, and ones with one mistake.

They were written after the laws, to see what the laws miss. `lamb(slip=...)` is one LAMB with many
small slips, of which at most one is made; WRONG says which law's words have to be among those of a
report on it.
"""

import numpy as np


def lamb(slip=""):
    """A factory of a LAMB in NumPy with one slip, or none."""

    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        s = {"t": 0}

        def init(params):
            for k, w in params.items():
                s[k] = {"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0, "r": None, "n": None}

        def step(params, grads):
            s["t"] += 1
            rate = lr(s["t"] - 1) if callable(lr) else lr
            out = {}
            for i, (k, w) in enumerate(params.items()):
                if slip == "third layer skipped" and i == 2:
                    out[k] = w
                    continue
                if slip == "small layers skipped" and w.size < 4:
                    out[k] = w
                    continue
                if slip == "t counts layers":
                    s["t"] += i > 0
                t, c, g = s["t"], s[k], grads[k]
                if slip == "t jumps after the first step" and t > 1:
                    t += 1
                if slip == "t lags":
                    t = max(t - 1, 1)
                if slip == "layer clipped":
                    g = g / max(1.0, np.linalg.norm(g))
                c["m"] = b1 * c["m"] + (1 - b1) * g
                square = c["m"] ** 2 if slip == "v of m" else g**2
                c["v"] = b2 * c["v"] + (1 - b2) * square
                c1, c2 = 1 - b1**t, 1 - b2**t
                if slip == "one beta for both":
                    c2 = 1 - b1**t
                if slip == "correction stops" and t > 10:
                    c1 = c2 = 1.0
                if slip == "root of the correction forgotten":
                    c2 = c2**2
                v = c["v"] / c2 + (1e-6 if slip == "1e-6 under the root" else 0.0)
                bottom = np.sqrt(v) + eps
                if slip == "max for plus":
                    bottom = np.maximum(np.sqrt(v), eps)
                if slip == "eps squared":
                    bottom = np.sqrt(v + eps**2)
                r = c["m"] / c1 / bottom
                lam = weight_decay
                if slip == "kernels not decayed" and w.ndim == 4:
                    lam = 0.0
                if slip == "vectors not decayed" and w.ndim == 1:
                    lam = 0.0
                if slip == "decay halves":
                    lam = lam / 2
                if slip == "decay of magnitudes":
                    r = r + lam * np.abs(w)
                elif slip == "rate twice in decay":
                    r = r + rate * lam * w
                elif slip == "decay stops" and s["t"] > 6:
                    pass
                else:
                    r = r + lam * w
                wn, un = np.linalg.norm(w), np.linalg.norm(r)
                if slip == "norm of rows" and w.ndim == 2:
                    wn = np.linalg.norm(w, axis=1, keepdims=True)
                    un = np.linalg.norm(r, axis=1, keepdims=True)
                if slip == "stale norm":
                    wn, c["n"] = c["n"] if c["n"] is not None else wn, wn
                if slip == "root mean square of weights":
                    wn = wn / np.sqrt(w.size)
                if slip == "norm from below":
                    wn = max(wn, 1e-2)
                if slip == "1e-6 in the ratio":
                    un = un + 1e-6
                if slip == "1e-6 on both norms":
                    wn, un = wn + 1e-6, un + 1e-6
                ratio = wn / un if np.all(wn > 0) and np.all(un > 0) else 1.0
                if slip == "ratio at most 100":
                    ratio = min(ratio, 100.0)
                if slip == "ratio averaged":
                    c["r"] = ratio if c["r"] is None else 0.9 * c["r"] + 0.1 * ratio
                    ratio = c["r"]
                out[k] = w - rate * ratio * r
            return out

        return init, step

    return make


def lars(slip=""):
    """A factory of LARS (2017) in NumPy with one slip, or none."""

    def make(lr, momentum=0.9, weight_decay=0.0, trust_coefficient=1e-3):
        buffers, s = {}, {"t": -1}

        def init(params):
            buffers.update({k: np.zeros_like(w) for k, w in params.items()})

        def step(params, grads):
            s["t"] += 1
            rate = lr(s["t"]) if callable(lr) else lr
            out = {}
            for k, w in params.items():
                g, wn, gn = grads[k], np.linalg.norm(w), np.linalg.norm(grads[k])
                bottom = gn + weight_decay * wn
                if slip == "hidden eps":
                    bottom += 1e-9
                if slip == "decay without its coefficient":
                    bottom = gn + wn
                local = trust_coefficient * wn / bottom if wn > 0 and bottom > 0 else 1.0
                d = g + weight_decay * w
                if slip == "decay outside":
                    d = g
                if slip == "biases plain" and w.ndim == 1:
                    local = 1.0
                if slip == "momentum times the old rate":
                    buffers[k] = momentum * buffers[k] + d * local
                    out[k] = w - rate * buffers[k]
                    continue
                v = momentum * buffers[k] + rate * local * d
                if slip == "momentum averaged":
                    v = momentum * buffers[k] + (1 - momentum) * rate * local * d
                buffers[k] = v
                out[k] = w - v
                if slip == "decay outside":
                    out[k] = out[k] - rate * weight_decay * w
            return out

        return init, step

    return make


def adamw(slip=""):
    """A factory of AdamW in NumPy with one slip, or none."""

    def make(lr, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01):
        s, first = {"t": 0}, lr(0) if callable(lr) else lr

        def init(params):
            s.update({k: (np.zeros_like(w), np.zeros_like(w)) for k, w in params.items()})

        def step(params, grads):
            s["t"] += 1
            t, out = s["t"], {}
            rate = lr(t - 1) if callable(lr) else lr
            for k, w in params.items():
                g = grads[k] - grads[k].mean() if slip == "centred" else grads[k]
                m, v = b1 * s[k][0] + (1 - b1) * g, b2 * s[k][1] + (1 - b2) * g * g
                s[k] = m, v
                r = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
                shrink = (first if slip == "decay at the first rate" else rate) * weight_decay
                if slip == "decay of matrices" and w.ndim < 2:
                    shrink = 0.0
                out[k] = (w * (1 - shrink)) - rate * r
            return out

        return init, step

    return make


# (factory, slip, claim): words that the report has to say, in a broken law or in the knobs
WRONG = {
    (lamb, "third layer skipped", "lamb"): "'conv1d.weight'",
    (lamb, "small layers skipped", "lamb"): "stands still",
    (lamb, "t counts layers", "lamb"): "count",
    (lamb, "t jumps after the first step", "lamb"): "does not count its steps",
    (lamb, "t lags", "lamb"): "does not count its steps",
    (lamb, "layer clipped", "lamb"): "clip",
    (lamb, "v of m", "lamb"): "a wrong average",
    (lamb, "one beta for both", "lamb"): "bias correction",
    (lamb, "correction stops", "lamb"): "over 24 steps",
    (lamb, "root of the correction forgotten", "lamb"): "bias correction",
    (lamb, "1e-6 under the root", "lamb"): "eps does not stand outside the root",
    (lamb, "max for plus", "lamb"): "eps",
    (lamb, "eps squared", "lamb"): "eps does not stand outside the root",
    (lamb, "kernels not decayed", "lamb"): "not decayed: 4-D layers",
    (lamb, "vectors not decayed", "lamb"): "not decayed: 1-D layers",
    (lamb, "decay halves", "lamb"): "over 24 steps",
    (lamb, "decay of magnitudes", "lamb"): "decay is not a part of the vector that is normalised",
    (lamb, "rate twice in decay", "lamb"): "decay",
    (lamb, "decay stops", "lamb"): "over 24 steps",
    (lamb, "norm of rows", "lamb"): "2-D layers",
    (lamb, "stale norm", "lamb"): "not lr times the norm of its weights",
    (lamb, "root mean square of weights", "lamb"): "not lr times the norm of its weights",
    (lamb, "norm from below", "lamb"): "from below at 0.01",
    (lamb, "1e-6 in the ratio", "lamb"): "an eps is added to the norm in the ratio",
    (lamb, "1e-6 on both norms", "lamb"): "an eps is added to the norm in the ratio",
    (lamb, "ratio at most 100", "lamb"): "ratio clamped at 100",
    (lamb, "ratio averaged", "lamb"): "not lr times the norm of its weights",
    (lars, "hidden eps", "lars"): "a hidden eps",
    (lars, "decay without its coefficient", "lars"): "decay",
    (lars, "decay outside", "lars"): "decay is decoupled",
    (lars, "biases plain", "lars"): "not normalised (ratio 1): 1-D layers",
    (lars, "momentum times the old rate", "lars"): "outside the momentum buffer",
    (lars, "momentum averaged", "lars"): "momentum averages",
    (adamw, "centred", "adamw"): "something is computed layer by layer",
    (adamw, "decay at the first rate", "adamw"): "not multiplied by it",
    (adamw, "decay of matrices", "adamw"): "not decayed: 1-D layers",
}
