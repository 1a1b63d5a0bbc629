"""lbopt's own recipes keep every law of what they are, in both precisions, strictly."""

import numpy as np
import pytest

from lbopt import conformance, optim
from lbopt.conformance import CLAIMS, check, from_lbopt

RECIPES = {name: getattr(optim, name) for name in CLAIMS}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("claim", CLAIMS)
def test_recipe_keeps_every_law_of_its_claim(claim, dtype):
    report = check(from_lbopt(RECIPES[claim]), claim, dtype=dtype, strict=True)
    assert {row.verdict for row in report.rows} == {"kept"}, str(report)
    assert report.arithmetic == dtype


def test_recipe_that_computes_in_float32_whatever_it_is_given_passes_and_is_told_so():
    def make(lr, **hyper):
        opt = optim.lamb(lr, **hyper)
        inside = {}

        def single(arrays):
            return {k: np.asarray(a, np.float32) for k, a in arrays.items()}

        def init(params):
            inside["state"] = opt.init(single(params))

        def step(params, grads):
            params, grads = single(params), single(grads)
            u, inside["state"] = opt.update(grads, inside["state"], params)
            return {k: w.astype("float64") for k, w in optim.apply_updates(params, u).items()}

        return init, step

    report = check(make, "lamb")
    assert report.passed, str(report)
    assert (report.dtype, report.arithmetic) == ("float64", "float32")


@pytest.mark.parametrize("seed", range(3))
def test_every_law_has_room_for_the_rounding_of_other_orders_of_operations(seed):
    # the same LAMB written with other temporaries, in float32: never beyond half a tolerance
    rng = np.random.default_rng(seed)
    order = rng.permutation(4)

    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        f = np.float32
        inside = {"t": 0}
        rate = lr if callable(lr) else (lambda t: lr)

        def init(params):
            inside.update(
                {k: [np.zeros(w.shape, f), np.zeros(w.shape, f)] for k, w in params.items()}
            )

        def step(params, grads):
            gamma = f(rate(inside["t"]))
            inside["t"] += 1
            t, out = inside["t"], {}
            for k, w in params.items():
                w, g = w.astype(f), grads[k].astype(f)
                m, v = inside[k]
                m = m + f(1 - b1) * (g - m) if order[0] % 2 else f(b1) * m + (f(1) - f(b1)) * g
                v = (
                    v + (f(1) - f(b2)) * (g * g - v)
                    if order[1] % 2
                    else f(b2) * v + f(1 - b2) * g * g
                )
                inside[k] = [m, v]
                c1, c2 = f(1) - f(b1) ** f(t), f(1) - f(b2) ** f(t)
                if order[2] % 2:
                    u = (m / c1) / (np.sqrt(v) / np.sqrt(c2) + f(eps))
                else:
                    u = m / (c1 * (np.sqrt(v / c2) + f(eps)))
                u = np.asarray(u + f(weight_decay) * w)
                wn, un = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(u * u))
                r = wn / un if wn > 0 and un > 0 else f(1)
                out[k] = w - (gamma * r) * u if order[3] % 2 else w - r * (gamma * u)
            return out

        return init, step

    report = check(make, "lamb", dtype="float32")
    assert report.passed, str(report)
    for row in report.rows:
        if row.verdict == "kept" and row.tolerance:
            assert row.measured <= 0.5 * row.tolerance, row


def test_the_shortest_lamb_in_plain_numpy_passes():
    def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        s = {"t": 0}

        def init(params):
            for k, w in params.items():
                s[k] = np.zeros_like(w), np.zeros_like(w)

        def step(params, grads):
            s["t"] += 1
            out = {}
            for k, w in params.items():
                m = b1 * s[k][0] + (1 - b1) * grads[k]
                v = b2 * s[k][1] + (1 - b2) * grads[k] ** 2
                s[k] = m, v
                u = m / (1 - b1 ** s["t"]) / (np.sqrt(v / (1 - b2 ** s["t"])) + eps)
                u = u + weight_decay * w
                wn, un = np.linalg.norm(w), np.linalg.norm(u)
                out[k] = w - lr * (wn / un if wn > 0 and un > 0 else 1) * u
            return out

        return init, step

    report = conformance.check(make, "lamb")
    assert report.passed, str(report)
    offered = {row.law for row in report.rows if row.verdict == "not offered"}
    assert "schedule_is_asked_for_each_step" in offered  # lr is multiplied as it is
