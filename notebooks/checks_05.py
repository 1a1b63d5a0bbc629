"""Checks of the exercises in 05_lamb.ipynb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from checks import demand, judge
from lamb_laws import B1, B2, DECAY, EPS, GRADS, LAWS, paper, steps

from lbopt import optim
from lbopt.optim.adam import uncorrected


def check_1(first_step: Callable) -> bool:
    """``first_step(w, g, rate)``: LAMB's first step, no eps, no decay."""

    def examine(first_step: Callable) -> None:
        w, g = np.random.default_rng(1).standard_normal((2, 3, 5))
        g[0, 0] = 0.0
        kept = w.copy()
        after = first_step(w, g, 0.1)
        demand(np.array_equal(w, kept), "the inputs-unchanged law", "w was written into")
        demand(
            np.all(np.isfinite(after)),
            "the standstill law",
            "an entry with zero gradient becomes nan or infinite: 0 / 0?",
        )
        demand(
            np.allclose(first_step(w, g, 0.0), w),
            "the rate law",
            "at rate 0 the layer is not where it was: return the new weights, not the step",
        )
        step = after - w
        demand(np.sum(step * g) < 0, "the descent law", "the step goes up the gradient")
        demand(step[0, 0] == 0, "the standstill law", "an entry with zero gradient moved")
        longer = first_step(w, g * np.geomspace(1, 1e6, 15).reshape(3, 5), 0.1) - w
        demand(
            np.allclose(step, longer),
            "the sign law",
            "entries of the gradient 1 to 1e6 times longer make another step",
        )
        length = np.linalg.norm(step) / np.linalg.norm(w)
        demand(
            np.isclose(length, 0.1),
            "the step-length law",
            f"the layer moved by {length:.4f} ||w||, not by rate = 0.1",
        )

    return judge(1, first_step, (np.ones(2), np.ones(2), 0.1), examine)


def check_2(correction: Callable) -> bool:
    """``correction(t, b1, b2)``: corrected over uncorrected direction of Adam, eps = 0."""

    def examine(correction: Callable) -> None:
        late = correction(10**6, 0.9, 0.999)
        demand(
            np.isclose(late, 1), "the late law", f"after a million steps it is {late:.4f}, not 1"
        )
        first = correction(1, 0.9, 0.99)
        demand(
            np.isclose(first, 1),
            "the first-step law",
            f"for betas 0.9 and 0.99 at t = 1 it is sqrt(0.01) / 0.1 = 1, you say {first:.4f}",
        )
        plain = {"first": uncorrected, "second": uncorrected}
        for b1, b2 in ((0.9, 0.999), (0.5, 0.8)):
            links = optim.scale_by_adam(b1, b2, 0.0), optim.scale_by_adam(b1, b2, 0.0, **plain)
            us = (steps(link, GRADS) for link in links)
            for t, (u, v) in enumerate(zip(*us, strict=True), start=1):
                want, got = float((u["a"] / v["a"])[0, 0]), correction(t, b1, b2)
                demand(
                    np.isclose(got, want),
                    "the value law",
                    f"betas {b1}, {b2}, t = {t}: Adam's r changes by {want:.5f}, you say {got:.5f}",
                )

    return judge(2, correction, (1, 0.9, 0.999), examine)


def check_3(lamb_ratio: Callable) -> bool:
    """``lamb_ratio(w, r, decay, phi)``: phi(||w||) / ||r + decay w||, with the zero rule."""

    def examine(lamb_ratio: Callable) -> None:
        w, r = np.random.default_rng(3).standard_normal((2, 4, 5))

        def same(z: float) -> float:
            return z

        length = np.linalg.norm(lamb_ratio(w, r, 0.3, same) * (r + 0.3 * w)) / np.linalg.norm(w)
        demand(
            np.isclose(length, 1),
            "the step-length law",
            f"ratio times (r + decay w) has length {length:.4f} ||w||, not ||w||",
        )
        length = np.linalg.norm(lamb_ratio(w, r, 0.3, lambda z: 2.0) * (r + 0.3 * w))
        demand(
            np.isclose(length, 2),
            "the phi law",
            f"for phi = 2 the step should have length 2, it has {length:.4f}",
        )
        square = np.linalg.norm(lamb_ratio(w, r, 0.3, lambda z: z * z) * (r + 0.3 * w))
        demand(
            np.isclose(square, np.linalg.norm(w) ** 2),
            "the phi law",
            f"for phi(z) = z^2 the step should have length ||w||^2 = {np.linalg.norm(w) ** 2:.4f}, "
            f"it has {square:.4f}: phi takes the norm of the layer, a number",
        )
        zero = np.zeros((4, 5))
        for what, arguments in (
            ("w = 0, for phi = 2", (zero, r, 0.3, lambda z: 2.0)),
            ("r = 0 without decay", (w, zero, 0.0, same)),
            ("r = -decay w", (w, -0.5 * w, 0.5, same)),
        ):
            with np.errstate(all="ignore"):
                ratio = float(np.squeeze(lamb_ratio(*arguments)))
            demand(ratio == 1, "the zero rule", f"{what}: the ratio is {ratio:.4g}, not 1")

    return judge(3, lamb_ratio, (np.ones(2), np.ones(2), 0.0, abs), examine)


def check_4(my_lamb: Callable) -> bool:
    """``my_lamb(rate, b1, b2, eps, decay) -> Link``: Algorithm 2 from links."""

    def examine(my_lamb: Callable) -> None:
        def make(b1: float, b2: float, eps: float, decay: float) -> Any:
            return my_lamb(1.0, b1, b2, eps, decay)

        link = make(B1, B2, EPS, DECAY)
        is_link = hasattr(link, "init") and hasattr(link, "update")
        demand(is_link, "the contract", f"a link has init and update, yours is {link!r:.60}")
        (u,), (want,) = (steps(one, GRADS[:1]) for one in (link, paper(B1, B2, EPS, DECAY)))
        signs = all(np.sum(u[k] * want[k]) > 0 for k in u)
        demand(signs, "the descent law", "the step goes up the gradient: where is the minus sign?")
        for name, law in LAWS.items():
            demand(law(make), f"the law of {name}", f"it says: {law.__doc__}")
        (half,) = steps(my_lamb(0.5, B1, B2, EPS, DECAY), GRADS[:1])
        follows = all(np.allclose(half[k], 0.5 * u[k]) for k in u)
        demand(follows, "the rate law", "half of the rate does not make half of the step")

    return judge(4, my_lamb, (0.1, 0.9, 0.999, 1e-6, 0.0), examine)


def check_5(which: Callable) -> bool:
    """``which(opt) -> "adamw" or "lamb"``: tell them apart by what they do."""

    def examine(which: Callable) -> None:
        made: list[tuple[str, str, Any]] = []
        for rate in (1e-4, 3.0):
            made += [
                ("adamw", f"adamw({rate})", optim.adamw(rate)),
                ("adamw", f"adamw({rate}, weight_decay=2)", optim.adamw(rate, weight_decay=2.0)),
                ("adamw", f"adamw({rate}, b1=0)", optim.adamw(rate, b1=0.0, eps=1e-3)),
                ("lamb", f"lamb({rate})", optim.lamb(rate)),
                ("lamb", f"lamb({rate}, weight_decay=2)", optim.lamb(rate, weight_decay=2.0)),
                ("lamb", f"lamb({rate}, phi=clip)", optim.lamb(rate, phi=optim.phi.clip(0, 1))),
            ]
        for kind, name, opt in made:
            said = which(opt)
            demand(said == kind, "the identification law", f"{name} is {kind}, you say {said!r}")

    return judge(5, which, (optim.lamb(0.1),), examine)
