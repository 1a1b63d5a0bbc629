"""Checks of the exercises in 01_backward_by_hand.ipynb; the tape's laws are in tape_laws.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tape_laws
from checks import demand, judge
from network_laws import gap


def check_1(affine_back: Callable) -> bool:
    """``affine_back(dy, x, gamma)``: dx, dgamma, dbeta of y = gamma x + beta, rows x."""

    def examine(affine_back: Callable) -> None:
        rng = np.random.default_rng(1)
        x, dy, gamma = rng.standard_normal((6, 4)), rng.standard_normal((6, 4)), np.arange(1.0, 5)
        out = affine_back(dy, x, gamma)
        three = isinstance(out, tuple | list) and len(out) == 3
        demand(three, "the form law", "three arguments, so three gradients: dx, dgamma, dbeta")
        parts = dict(zip(("dx", "dgamma", "dbeta"), out, strict=True))
        for (name, d), wanted in zip(parts.items(), ((6, 4), (4,), (4,)), strict=True):
            demand(
                np.shape(d) == wanted,
                "the shape law",
                f"{name} has shape {np.shape(d)}, its argument has {wanted}",
            )
        ones = affine_back(np.ones((6, 4)), x, gamma)[2]
        demand(
            np.allclose(ones, 6),
            "the counting law",
            f"beta goes to 6 rows: for dy = 1 its gradient is 6, not {ones[0]:.3g}",
        )
        maps = {
            "x": (x, lambda x: gamma * x, 0),
            "gamma": (gamma, lambda gamma: gamma * x, 1),
            "beta": (gamma, lambda beta: gamma * x + beta, 2),
        }
        for name, (at, f, k) in maps.items():
            at_gamma = name == "gamma"

            def part(
                a: np.ndarray, f: Callable = f, k: int = k, at_gamma: bool = at_gamma
            ) -> tuple:
                other = a if at_gamma else gamma
                return f(a), lambda dy: affine_back(dy, x, other)[k]

            error = gap(part, at)
            demand(error < 1e-6, f"the adjoint law of {name}", f"the sides differ by {error:.1%}")

    sample = (np.ones((2, 1)), np.ones((2, 1)), np.ones(1))
    return judge(1, affine_back, sample, examine)


def check_2(gather_back: Callable) -> bool:
    """``gather_back(dy, index, rows)``: dx of y = x[index], x with so many rows."""

    def examine(gather_back: Callable) -> None:
        index, dy = np.array([4, 1, 1, 0, 1]), np.random.default_rng(2).standard_normal((5, 3))
        given = dy.copy()
        dx = gather_back(dy, index, 6)
        demand(np.shape(dx) == (6, 3), "the shape law", f"wanted (6, 3), dx has {np.shape(dx)}")
        demand(np.array_equal(dy, given), "the unchanged law", "dy was written into")
        demand(
            not np.any(np.asarray(dx)[[2, 3, 5]]),
            "the unused-row law",
            "rows 2, 3 and 5 were never looked up, y does not depend on them: their gradient is 0",
        )
        demand(
            np.allclose(dx[1], dy[[1, 2, 4]].sum(axis=0)),
            "the repeated-use law",
            "row 1 was looked up three times: its gradient is the sum of three",
        )
        error = gap(lambda x: (x[index], lambda dy: gather_back(dy, index, 6)), np.ones((6, 3)))
        demand(error < 1e-6, "the adjoint law", f"<u, J v> and <J'u, v> differ by {error:.1%}")

    return judge(2, gather_back, (np.ones((1, 1)), np.array([0]), 1), examine)


def check_3(rms_norm_back: Callable) -> bool:
    """``rms_norm_back(dy, x)``: dx of y = x / sqrt(mean x^2), over the last axis."""

    def examine(rms_norm_back: Callable) -> None:
        x, dy = np.random.default_rng(3).standard_normal((2, 4, 7))
        x += 1.0  # a mean that is not 0

        def norm(x: np.ndarray) -> tuple:
            y = x / np.sqrt((x * x).mean(axis=-1, keepdims=True))
            return y, lambda dy: rms_norm_back(dy, x)

        dx = rms_norm_back(dy, x)
        demand(np.shape(dx) == x.shape, "the shape law", f"dx has shape {np.shape(dx)}")
        along = abs((dx * x).sum(axis=-1)).max()
        demand(
            along < 1e-10,
            "the scale law",
            f"a row of dx has the product {along:.3f} with x, not 0: 2 x has the same y",
        )
        demand(
            abs(dx.sum(axis=-1)).max() > 1e-6,
            "the mean-counts law",
            "rows of dx sum to 0, as if a shift of x changed nothing; here nothing is centred",
        )
        half = rms_norm_back(dy, 2 * x)
        demand(
            np.allclose(2 * half, dx),
            "the homogeneity law",
            "y does not change when x is doubled, so that its slope halves: dx should halve",
        )
        error = gap(norm, x)
        demand(error < 1e-6, "the adjoint law", f"<u, J v> and <J'u, v> differ by {error:.1%}")

    return judge(3, rms_norm_back, (np.ones((1, 2)), np.array([[1.0, 2.0]])), examine)


def check_4(slide_back: Callable) -> bool:
    """``slide_back(dy, w, stride, length)``: dx of y[p] = sum_i w[i] x[stride p + i]."""

    def examine(slide_back: Callable) -> None:
        w = np.array([1.0, 2.0, 4.0])
        for stride, length in ((1, 8), (2, 8), (2, 9), (4, 13)):
            OW = (length - 3) // stride + 1
            case = f"stride {stride}, length {length}"
            dx = np.asarray(slide_back(np.ones(OW), w, stride, length))
            demand(dx.shape == (length,), "the shape law", f"{case}: dx has shape {dx.shape}")
            unseen = np.ones(length, bool)
            for p in range(OW):
                unseen[stride * p : stride * p + 3] = False
            demand(
                not dx[unseen].any(),
                "the unseen-pixel law",
                f"{case}: no window covers x[{int(np.argmax(unseen))}], its gradient is 0",
            )
            lit = np.zeros(OW)
            lit[-1] = 1.0
            laid = np.zeros(length)
            laid[stride * (OW - 1) : stride * (OW - 1) + 3] = w
            demand(
                np.allclose(slide_back(lit, w, stride, length), laid),
                "the impulse law",
                f"{case}: one lit pixel of dy lays the kernel, as it is, on its window",
            )
            demand(
                np.isclose(dx.sum(), 7 * OW),
                "the overlap law",
                f"{case}: every window hands out its whole kernel, {7 * OW} in all, "
                f"not {dx.sum():g}; where windows overlap, the shares add",
            )

            def slide(x: np.ndarray, OW: int = OW, s: int = stride, n: int = length) -> tuple:
                y = np.array([w @ x[s * p : s * p + 3] for p in range(OW)])
                return y, lambda dy: slide_back(dy, w, s, n)

            error = gap(slide, np.ones(length))
            demand(error < 1e-6, "the adjoint law", f"{case}: the sides differ by {error:.1%}")

    return judge(4, slide_back, (np.ones(1), np.ones(1), 1, 1), examine)


def check_5(tape_gradient: Callable) -> bool:
    """``tape_gradient(f, *arrays)``: the value of f and its gradients, by a tape."""
    return judge(5, tape_gradient, (lambda a: a.sum(), np.ones(2)), tape_laws.examine)
