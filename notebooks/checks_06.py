"""Checks of the exercises in 06_descent_lemma_layer_by_layer.ipynb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp
from checks import demand, judge

from theory import make_constants
from theory.theorems import lars

DIMS = (2, 3)


def _diagonal(smoothness: np.ndarray) -> np.ndarray:
    return np.diag(np.repeat(smoothness, DIMS))


def _coupled(rng: np.random.Generator, sizes: np.ndarray) -> np.ndarray:
    """A Hessian with interacting layers, its coordinates scaled by the roots of ``sizes``."""
    A = rng.standard_normal((5, 5)) * np.repeat(np.sqrt(sizes), DIMS)
    return A.T @ A


def check_1(lost: Callable) -> bool:
    """``lost(a, b)``: what a step along b loses against one along a, ||a|| - <a, b/||b||>."""

    def examine(lost: Callable) -> None:
        a, b = np.random.default_rng(1).standard_normal((2, 4))
        size = np.linalg.norm(a)
        along = lost(a, 3 * a)
        demand(abs(along) < 1e-12, "the same-direction law", f"b = 3 a loses {along:.2g}, not 0")
        turned = lost(a, -0.01 * a)
        demand(
            np.isclose(turned, 2 * size),
            "the turned-round law",
            f"b = -a/100 loses {turned:.3f}, not 2 ||a|| = {2 * size:.3f}",
        )
        demand(
            np.isclose(lost(a, b), lost(a, 1000 * b)),
            "the direction law",
            "1000 b points as b does and loses something else",
        )
        demand(
            np.isclose(lost(5 * a, b), 5 * lost(a, b)),
            "the unit law",
            "5 a does not lose five times as much",
        )
        with np.errstate(all="ignore"):
            still = lost(a, 0 * b)
        demand(
            np.isclose(still, size),
            "the standstill law",
            f"b = 0 is no step and loses all, ||a|| = {size:.3f}; you say {still}",
        )

    return judge(1, lost, (np.ones(2), np.ones(2)), examine)


def check_2(lars_bound: Callable) -> bool:
    """``lars_bound(gap, L, sigma, eta, T, b)``: Theorem 2, sharp, phi = 1."""

    def examine(lars_bound: Callable) -> None:
        L, sigma = [4.0, 1.0, 0.25], [0.5, 2.0, 1.0]

        def term(name: str, alone: str, got: float, want: float) -> None:
            demand(
                np.isclose(got, want),
                f"the law of the {name}",
                f"with {alone} it is {want:.4f}, you say {got:.4f}",
            )

        none, run = [0.0] * 3, "eta = 0.1, T = 50, b = 4"
        start, curvature = f"gap 3 alone, {run}", f"L = {L} alone, {run}"
        noise = f"sigma = {sigma} alone, {run}"
        term("start", start, lars_bound(3.0, none, none, 0.1, 50, 4), 0.6)
        term("curvature", curvature, lars_bound(0.0, L, none, 0.1, 50, 4), 0.2625)
        term("noise", noise, lars_bound(0.0, none, sigma, 0.1, 50, 4), 1.75)
        for gap, eta, T, b in ((3.0, 0.1, 50, 4), (0.2, 2.0, 7, 1)):
            want = lars.bound(
                make_constants(gap, L, sigma=sigma), step_size=eta, steps=T, batch_size=b
            )
            term("sum", "all three", lars_bound(gap, L, sigma, eta, T, b), want)

    return judge(2, lars_bound, (1.0, [1.0], [1.0], 0.1, 10, 1), examine)


def check_3(best_step: Callable) -> bool:
    """``best_step(gap, L, T)``: the step size that makes Theorem 2's bound least."""

    def examine(best_step: Callable) -> None:
        rng = np.random.default_rng(3)
        for T in (1, 10, 400):
            gap, L = float(rng.uniform(0.1, 9)), rng.uniform(0.1, 9, size=4)
            eta = best_step(gap, L, T)
            demand(eta > 0, "the descent law", f"a step size of {eta}")
            start, curvature = gap / (eta * T), eta * L.sum() / 2
            demand(
                np.isclose(start, curvature),
                "the balance law",
                f"T = {T}: at your step the start term is {start:.4f}, the curvature term "
                f"{curvature:.4f}; at the minimum of p/eta + q eta both are equal",
            )

    return judge(3, best_step, (1.0, np.ones(2), 4), examine)


def check_4(joint: Callable) -> bool:
    """``joint(H, dims)``: L_i proportional to the layers' own curvature, as small as A1 allows."""

    def examine(joint: Callable) -> None:
        rng = np.random.default_rng(4)
        apart = _diagonal(np.array([4.0, 0.5]))
        got = np.asarray(joint(apart, DIMS), dtype=float)
        demand(got.shape == (2,), "the shape law", f"one L per layer, you give shape {got.shape}")
        demand(
            np.allclose(got, [4, 0.5]),
            "the separate-layers law",
            f"layers that do not interact have their own curvature, (4, 0.5), not {got}",
        )
        for sizes in ([1.0, 1.0], [9.0, 0.1]):
            H = _coupled(rng, np.array(sizes))
            L = np.asarray(joint(H, DIMS), dtype=float)
            own = np.array([np.linalg.eigvalsh(H[:2, :2])[-1], np.linalg.eigvalsh(H[2:, 2:])[-1]])
            demand(
                np.isclose(L[0] / own[0], L[1] / own[1]),
                "the proportion law",
                f"L / own curvature is {L[0] / own[0]:.3f} and {L[1] / own[1]:.3f}: one factor",
            )
            rise = np.linalg.eigvalsh(H - _diagonal(L))[-1]
            demand(
                rise <= 1e-9 * L.max(),
                "the joint-move law",
                f"along some direction the curvature is {rise:.3f} above what your L allow",
            )
            demand(
                rise >= -1e-9 * L.max(),
                "the no-slack law",
                "all your L could be smaller by the same factor",
            )

    return judge(4, joint, (np.eye(5), DIMS), examine)


def check_5(certificate: Callable) -> bool:
    """``certificate(A, B, c)``: nonnegative terms that add up to ||b-a||^2 - ((B - A) c)^2."""

    def examine(certificate: Callable) -> None:
        A, B = sp.symbols("A B", positive=True)
        c = sp.Symbol("c", real=True)
        answer = certificate(A, B, c)
        terms = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
        demand(
            len(terms) > 1,
            "the two-terms law",
            f"{len(terms)} term: its sign is not visible; return a tuple of terms",
        )
        left = sp.expand(A**2 + B**2 - 2 * A * B * c - ((B - A) * c) ** 2 - sum(terms))
        left = left if left == 0 else sp.simplify(left)
        demand(left == 0, "the identity law", f"the terms leave over {left}")
        rng = np.random.default_rng(5)
        for term in terms:
            value = sp.lambdify((A, B, c), term)
            for a, b, cosine in rng.uniform((0, 0, -1), (3, 3, 1), size=(500, 3)):
                at = float(value(a, b, cosine))
                demand(
                    at >= -1e-9,
                    "the sign law",
                    f"{term} is {at:.3f} at A = {a:.2f}, B = {b:.2f}, c = {cosine:.2f}",
                )

    return judge(5, certificate, sp.symbols("A B c"), examine)
