"""Checks of the exercises in 03_large_batches_break_sgd.ipynb."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from checks import demand, judge

from lbopt import optim


def check_1(batch_noise: Callable) -> bool:
    """``batch_noise(sigma2, N, B)``: E||g_B - g||^2 for a batch drawn without replacement."""

    def examine(batch_noise: Callable) -> None:
        g = np.random.default_rng(1).standard_normal((7, 3))
        sigma2 = np.mean(np.sum((g - g.mean(0)) ** 2, axis=1))
        demand(
            np.isclose(batch_noise(sigma2, 7, 7), 0),
            "the whole-data law",
            f"the batch of all 7 examples has no noise, you say {batch_noise(sigma2, 7, 7):.3g}",
        )
        demand(
            np.isclose(batch_noise(sigma2, 7, 1), sigma2),
            "the single-example law",
            "for B = 1 the noise is the spread sigma^2 of the examples",
        )
        for B in (2, 3, 5):
            means = [g[list(rows)].mean(0) for rows in combinations(range(7), B)]
            exact = np.mean([np.sum((m - g.mean(0)) ** 2) for m in means])
            demand(
                np.isclose(batch_noise(sigma2, 7, B), exact),
                "the finite-population law",
                f"all {len(means)} batches of {B} out of 7 have mean noise {exact:.5f}, "
                f"you say {batch_noise(sigma2, 7, B):.5f}",
            )

    return judge(1, batch_noise, (1.0, 10, 2), examine)


def check_2(ramp: Callable) -> bool:
    """``ramp(base, steps, t)``: gradual warm-up over ``steps`` steps, then ``base``."""

    def examine(ramp: Callable) -> None:
        r = [float(ramp(0.8, 4, t)) for t in range(7)]
        demand(
            r[0] > 0,
            "the no-wasted-step law",
            "the first batch is spent on a rate of exactly 0: count from t + 1",
        )
        demand(
            np.isclose(r[3], 0.8) and r[2] < 0.79,
            "the arrival law",
            f"the last of 4 warm-up steps should be the first at 0.8; rates are {np.round(r, 3)}",
        )
        demand(
            np.allclose(np.diff(r[:4]), 0.2),
            "the straight-line law",
            f"the rises are {np.round(np.diff(r[:4]), 3)}, not equal",
        )
        demand(np.allclose(r[3:], 0.8), "the plateau law", f"after it: {np.round(r[4:], 3)}")

    return judge(2, ramp, (0.1, 5, 0), examine)


def check_3(clip: Callable) -> bool:
    """``clip(grads, c)``: shrink to a joint norm of at most c, keeping the direction."""

    def examine(clip: Callable) -> None:
        rng = np.random.default_rng(3)
        grads = {"W": 9 * rng.standard_normal((4, 5)), "b": rng.standard_normal(5)}
        total, kept = float(optim.global_norm(grads)), {k: g.copy() for k, g in grads.items()}
        short = clip(grads, 2 * total)
        demand(
            all(np.allclose(short[k], grads[k]) for k in grads),
            "the leave-short-ones law",
            "a gradient shorter than c came back changed",
        )
        out = clip(grads, total / 3)
        new = float(optim.global_norm(out))
        demand(
            np.isclose(new, total / 3),
            "the joint-norm law",
            f"all layers together have norm {new:.3f}, c was {total / 3:.3f}",
        )
        same = all(np.array_equal(grads[k], kept[k]) for k in kept)
        demand(same, "the inputs-unchanged law", "the gradients that were given were written into")
        factors = [float(out[k].ravel()[0] / grads[k].ravel()[0]) for k in grads]
        demand(
            np.allclose(out["W"], factors[0] * grads["W"]) and np.isclose(*factors),
            "the direction law",
            f"the layers were shrunk by different factors, {np.round(factors, 3)}",
        )

    return judge(3, clip, ({"W": np.ones(2)}, 1.0), examine)


def check_4(largest_rate: Callable) -> bool:
    """``largest_rate(curvature, momentum)``: where heavy ball stops being stable."""

    def examine(largest_rate: Callable) -> None:
        for curvature, m in ((1.0, 0.0), (50.0, 0.9), (4.0, 0.5)):
            rate = largest_rate(curvature, m)
            for factor, stable in ((0.98, True), (1.02, False)):
                end = _heavy_ball_end(factor * rate, curvature, m)
                demand(
                    (end < 1) == stable,
                    "the stability law",
                    f"curvature {curvature:g}, momentum {m:g}: at {factor} times your rate "
                    f"{rate:.4g}, |w| goes from 1 to {end:.1e} in 2000 steps and should "
                    f"{'shrink' if stable else 'grow'}",
                )

    return judge(4, largest_rate, (1.0, 0.9), examine)


def _heavy_ball_end(rate: float, curvature: float, m: float) -> float:
    """Return |w| after 2000 steps of ``optim.sgd`` on curvature w^2 / 2 from w = 1, or inf."""
    opt, params = optim.sgd(rate, momentum=m), {"w": np.array([1.0])}
    state = opt.init(params)
    for _ in range(2000):
        updates, state = opt.update({"w": curvature * params["w"]}, state, params)
        params = optim.apply_updates(params, updates)
        if abs(params["w"][0]) > 1e6:
            return float("inf")
    return abs(float(params["w"][0]))


def check_5(signal_and_noise: Callable) -> bool:
    """``signal_and_noise(G_small, b, G_big, B)`` -> (||g||^2, tr Sigma) from two batch sizes."""

    def examine(signal_and_noise: Callable) -> None:
        rng = np.random.default_rng(5)
        for b, B in ((2, 20), (16, 64)):
            signal, noise = rng.uniform(1, 3, size=2)
            got = signal_and_noise(signal + noise / b, b, signal + noise / B, B)
            pair = isinstance(got, tuple | list | np.ndarray) and np.shape(got) == (2,)
            demand(pair, "the return law", "return two numbers: ||g||^2 and tr Sigma")
            demand(
                np.isclose(got[0], signal),
                "the unbiased-signal law",
                f"||g||^2 is {signal:.4f}, your estimate from exact means is {got[0]:.4f}",
            )
            demand(
                np.isclose(got[1], noise),
                "the unbiased-noise law",
                f"tr Sigma is {noise:.4f}, your estimate from exact means is {got[1]:.4f}",
            )

    return judge(5, signal_and_noise, (2.0, 1, 1.5, 2), examine)
