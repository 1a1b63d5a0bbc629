"""Checks of the exercises in 00_reading_guide.ipynb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from checks import demand, judge

from lbopt import models, optim


def check_1(square: Callable) -> bool:
    """``square(x) -> y, back``: value, shape, the adjoint law, called twice.

    ``back`` may return the gradient bare, as lbopt does, or in a tuple of one.
    """

    def examine(square: Callable) -> None:
        rng = np.random.default_rng(1)
        x, u, v = rng.standard_normal((3, 4, 5))
        kept = x.copy()
        y, back = square(x)
        demand(np.allclose(y, x * x), "the value law", "y is not x * x")
        back = _bare(back)
        dx = back(u)
        demand(np.shape(dx) == x.shape, "the shape law", f"back(dy) has shape {np.shape(dx)}")
        h = 1e-6
        moved = (square(x + h * v)[0] - square(x - h * v)[0]) / (2 * h)
        left, right = float((u * moved).sum()), float((dx * v).sum())
        demand(
            abs(left - right) < 1e-6 * max(1.0, abs(left)),
            "the adjoint law",
            f"<u, J v> = {left:.6f} but <J'u, v> = {right:.6f}",
        )
        again = np.allclose(back(u), dx) and np.allclose(back(2 * u), 2 * dx)
        demand(again, "the call-it-twice law", "back gives another answer the second time")
        demand(np.array_equal(x, kept), "the inputs-unchanged law", "x was written into")

    return judge(1, square, (np.ones(2),), examine)


def _bare(back: Callable) -> Callable:
    def bare(dy: np.ndarray) -> object:
        d = back(dy)
        return d[0] if isinstance(d, tuple | list) and len(d) == 1 else d

    return bare


def check_2(biases_only: Callable) -> bool:
    """``biases_only(name, array) -> bool``: the complement of weights_only on an mlp."""

    def examine(biases_only: Callable) -> None:
        params = models.mlp(layers=3).init(np.random.default_rng(0))
        for name, a in params.items():
            answer = biases_only(name, a)
            demand(
                answer != optim.masks.weights_only(name, a),
                "the complement law",
                f"{name} of shape {a.shape} is in both masks or in neither (you said {answer})",
            )
        gamma = np.ones(4)
        demand(
            not biases_only("bn.gamma", gamma),
            "the name law",
            "bn.gamma is a vector but no bias: look at the end of the name",
        )

    return judge(2, biases_only, ("fc.b", np.ones(3)), examine)


def check_3(sign_rule: Callable) -> bool:
    """``sign_rule(u, memory, w, step) -> (u, memory)``: sign descent as a link."""

    def examine(sign_rule: Callable) -> None:
        link = optim.layerwise(sign_rule)
        params = {"W": np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)}
        grads = {"W": np.array([[0.5, -2.0], [0.0, 7.0]], dtype=np.float32)}
        out = sign_rule(grads["W"], {}, params["W"], 0)
        pair = isinstance(out, tuple | list) and len(out) == 2
        demand(pair, "the link contract", "a rule returns two things, the update and the memory")
        u = link.update(grads, link.init(params), params)[0]["W"]
        u_big = link.update({"W": 1000 * grads["W"]}, link.init(params), params)[0]["W"]
        demand(
            not np.isnan(u).any(),
            "the sign law",
            f"got {u.tolist()}: the sign of 0 is 0, and 0 / 0 is nothing",
        )
        demand(
            np.array_equal(u, u_big),
            "the gradient-scale law",
            "a gradient 1000 times larger gives another update",
        )
        demand(u.dtype == np.float32, "the same-dtype law", f"float32 came in, {u.dtype} went out")
        want = [[1, -1], [0, 1]]
        minus = "; the minus comes with the learning rate, another link"
        how = f"got {u.tolist()}, not {want}{minus if np.array_equal(-u, want) else ''}"
        demand(np.array_equal(u, want), "the sign law", how)

    return judge(3, sign_rule, (np.ones(2), {}, np.ones(2), 0), examine)


def check_4(trust_ratio: Callable) -> bool:
    """``trust_ratio(w, u) -> number``: ||w|| / ||u|| with the zero rule."""

    def examine(trust_ratio: Callable) -> None:
        rng = np.random.default_rng(4)
        w, u = rng.standard_normal((2, 6, 7))
        r = trust_ratio(w, u)
        demand(
            np.isclose(trust_ratio(5 * w, u), 5 * r),
            "the weight-scale law",
            f"weights 5 times larger change the ratio by {trust_ratio(5 * w, u) / r:.3g}, not 5",
        )
        demand(
            np.isclose(trust_ratio(w, 5 * u), r / 5),
            "the gradient-scale law",
            f"updates 5 times larger change the ratio by {trust_ratio(w, 5 * u) / r:.3g}, not 1/5",
        )
        step = r * np.linalg.norm(u) / np.linalg.norm(w)
        demand(
            np.isclose(step, 1), "the step-length law", f"||r u|| is {step:.3g} ||w||, not ||w||"
        )
        zero = np.zeros((6, 7))
        with np.errstate(all="ignore"):
            ratios = [trust_ratio(zero, u), trust_ratio(w, zero), trust_ratio(zero, zero)]
        said = ", ".join(f"{float(ratio):g}" for ratio in ratios)
        demand(ratios == [1, 1, 1], "the zero rule", f"for zero w, u, both: {said}, not 1, 1, 1")

    return judge(4, trust_ratio, (np.ones(2), np.ones(2)), examine)
