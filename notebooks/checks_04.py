"""Checks of the exercises in 04_lars_two_of_them.ipynb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from checks import demand, judge
from lars_laws import BETA, ETA, LAWS, LONG, SHORT, WEIGHTS, M, paper, steps

from lbopt import data, models, optim, train


def check_1(local_rate: Callable) -> bool:
    """``local_rate(w, g, eta, beta)``: lambda of Algorithm 1 (2017), with the zero rule."""

    def examine(local_rate: Callable) -> None:
        rng = np.random.default_rng(1)
        w, g = rng.standard_normal((2, 5, 6))
        w_norm = np.linalg.norm(w)
        same_way = 0.5 * w  # decay and gradient add up in full: the longest step there is
        step = np.linalg.norm(local_rate(w, same_way, 0.1, 0.3) * (same_way + 0.3 * w)) / w_norm
        demand(
            step <= 0.1 * (1 + 1e-9),
            "the step-length bound",
            f"the un-accumulated step is {step:.4f} ||w||, more than eta = 0.1",
        )
        nearly = -0.3 * w * (1 + 1e-6)  # gradient and decay cancel
        rest = np.linalg.norm(local_rate(w, nearly, 0.1, 0.3) * (nearly + 0.3 * w)) / w_norm
        demand(
            rest < 1e-3,
            "the balance law",
            f"where gradient and decay cancel the step should vanish, yours is {rest:.3f} ||w||; "
            "the denominator is a sum of norms, not the norm of the sum",
        )
        want = 0.1 * w_norm / (np.linalg.norm(g) + 0.3 * w_norm)
        got = local_rate(w, g, 0.1, 0.3)
        demand(np.isclose(got, want), "the value law", f"lambda is {got:.5f}, should be {want:.5f}")
        zero = np.zeros((5, 6))
        with np.errstate(all="ignore"):
            ratios = [local_rate(zero, g, 0.1, 0.3), local_rate(w, zero, 0.1, 0.0)]
            decay_alone = local_rate(w, zero, 0.1, 0.3)
        said = ", ".join(f"{float(ratio):g}" for ratio in ratios)
        demand(ratios == [1, 1], "the zero rule", f"zero w; zero g and beta: {said}, not 1, 1")
        demand(
            np.isclose(decay_alone, 0.1 / 0.3),
            "the zero rule",
            f"zero g but decay: {decay_alone:.3g}, not eta / beta; nothing is divided by 0 there",
        )

    return judge(1, local_rate, (np.ones(2), np.ones(2), 0.1, 0.0), examine)


def check_2(step_2020: Callable) -> bool:
    """``step_2020(w, m, g, rate, b1) -> (w, m)``: one step of the LAMB paper's LARS, no decay."""

    def examine(step_2020: Callable) -> None:
        rng = np.random.default_rng(2)
        w, m, g = rng.standard_normal((3, 4, 5))
        kept = w.copy(), m.copy()
        out = step_2020(w, m, g, 0.2, 0.9)
        pair = isinstance(out, tuple | list) and len(out) == 2
        demand(pair, "the return law", "return the new weights and the new momentum")
        w_new, m_new = out
        same = np.array_equal(w, kept[0]) and np.array_equal(m, kept[1])
        demand(same, "the inputs-unchanged law", "w or m was written into")
        demand(
            np.allclose(m_new, 0.9 * m + 0.1 * g),
            "the momentum law",
            "the new momentum is not 0.9 m + 0.1 g",
        )
        length = np.linalg.norm(w_new - w) / np.linalg.norm(w)
        demand(
            np.isclose(length, 0.2),
            "the step-length law",
            f"the weights moved by {length:.4f} ||w||, not by exactly rate = 0.2",
        )
        cosine = np.sum((w - w_new) * m_new) / np.linalg.norm(w - w_new) / np.linalg.norm(m_new)
        demand(np.isclose(cosine, 1), "the direction law", f"step and -m have cosine {cosine:.3f}")

    ones = np.ones((2, 2))
    return judge(2, step_2020, (ones, ones, ones, 0.1, 0.9), examine)


def check_3(rescale_first: Callable) -> bool:
    """``rescale_first(params, s)``: layer0 times s, same function (mlp of two layers)."""

    def examine(rescale_first: Callable) -> None:
        model = models.mlp(inputs=6, hidden=5, layers=2, classes=3)
        rng = np.random.default_rng(3)
        params = {k: rng.standard_normal(a.shape) for k, a in model.init(rng).items()}
        batch = data.Split(rng.standard_normal((9, 6)), np.arange(9) % 3)
        kept = {k: a.copy() for k, a in params.items()}
        moved = rescale_first(dict(params), 4.0)
        same = all(np.array_equal(params[k], kept[k]) for k in kept)
        demand(same, "the inputs-unchanged law", "an array of params was written into")
        demand(moved.keys() == params.keys(), "the same-keys law", f"keys are {list(moved)}")
        grown = np.allclose(moved["layer0.W"], 4 * params["layer0.W"])
        demand(grown, "the scale law", "layer0.W is not 4 times what it was")
        before, after = (model.forward(p, batch.x)[0] for p in (params, moved))
        gap = float(np.abs(before - after).max())
        demand(
            gap < 1e-10,
            "the same-function law",
            f"the outputs changed by up to {gap:.3g}; relu(s z) = s relu(z) also for the bias",
        )
        g, h = (train.loss_and_gradient(model, p, batch)[1]["layer0.W"] for p in (params, moved))
        demand(np.allclose(h, g / 4), "the gradient law", "the gradient of layer0.W is not g / 4")

    names = ("layer0.W", "layer0.b", "layer1.W", "layer1.b")
    sample = ({k: np.ones((2, 2) if k[-1] == "W" else 2) for k in names}, 2.0)
    return judge(3, rescale_first, sample, examine)


def check_4(my_lars: Callable) -> bool:
    """``my_lars(rate, momentum, beta, eta) -> Link``: the 2017 algorithm from links."""

    def examine(my_lars: Callable) -> None:
        def make(rate: Any) -> optim.Link:
            return my_lars(rate, M, BETA, ETA)

        u, want = (steps(f, [SHORT], WEIGHTS)[0] for f in (make, paper))
        signs = all(np.sum(u[k] * want[k]) > 0 for k in u)
        demand(signs, "the descent law", "the step goes up the gradient: where is the minus sign?")
        for name, law in LAWS.items():
            demand(law(make), f"the law of {name}", f"it says: {law.__doc__}")
        for what, g in (("short", [SHORT]), ("long, then a short", [LONG, SHORT])):
            u, want = (steps(f, g, WEIGHTS)[-1] for f in (make, paper))
            same = all(np.allclose(u[k], want[k], rtol=1e-9, atol=0) for k in u)
            demand(same, "the value law", f"after a {what} gradient the step is not Algorithm 1's")

    return judge(4, my_lars, (0.1, 0.9, 0.0, 0.1), examine)


def check_5(which: Callable) -> bool:
    """``which(opt) -> "2017" or "2020"``: tell the two LARS apart by what they do."""

    def examine(which: Callable) -> None:
        made: list[tuple[str, str, Any]] = []
        for rate in (0.01, 3.0):
            by_hand = optim.chain(
                optim.scale_by_lars_ratio(0.7), optim.scale_by_learning_rate(rate), optim.trace(0.5)
            )
            made += [
                ("2017", f"lars({rate})", optim.lars(rate)),
                ("2017", f"lars({rate}, weight_decay=0)", optim.lars(rate, weight_decay=0.0)),
                ("2017", f"links with rate {rate}, momentum 0.5", by_hand),
                ("2020", f"lars_2020({rate})", optim.lars_2020(rate)),
                ("2020", f"lars_2020({rate}, b1=0.5)", optim.lars_2020(rate, b1=0.5)),
            ]
        for year, name, opt in made:
            said = which(opt)
            demand(said == year, "the identification law", f"{name} is {year!r}, you say {said!r}")

    return judge(5, which, (optim.lars(0.1),), examine)
