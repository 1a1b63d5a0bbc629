"""The smallest example in which an optimizer leaves the formula of its claim."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lbopt.conformance.check import prepare
from lbopt.conformance.contract import Rate
from lbopt.conformance.lab import Lab
from lbopt.conformance.law import full, usual
from lbopt.conformance.problem import falling


class Example(NamedTuple):
    """One layer of two numbers, a few steps.

    Attributes
    ----------
    settings : what ``make`` was given
    weights, gradients : of the layer, before the first step and in each step
    got, formula : the last update
    """

    settings: dict[str, Any]
    weights: np.ndarray
    gradients: list[np.ndarray]
    got: np.ndarray
    formula: np.ndarray

    def __str__(self) -> str:
        said = ", ".join(f"{k}={v:.6g}" if isinstance(v, float) else f"{k}={v}"
                         for k, v in self.settings.items())  # fmt: skip
        steps = ", ".join(str(g.tolist()) for g in self.gradients)
        return (
            f"make({said})\nw = {self.weights.tolist()}, g = {steps}\n"
            f"update {len(self.gradients)}: {plain(self.got)}, formula {plain(self.formula)}"
        )


def plain(a: np.ndarray) -> str:
    """Five digits."""
    return "[" + ", ".join(f"{x:.5g}" for x in np.ravel(a)) + "]"


def smallest_example(make: Callable[..., Any], claims: str) -> Example | None:
    """Search for the fewest steps and hyperparameters that show a difference; None if none does.

    Examples
    --------
    >>> from lbopt import conformance, optim
    >>> print(conformance.smallest_example(optim.adam, "adamw"))
    make(lr=0.25, b1=0.8, b2=0.6, eps=8.67362e-19, weight_decay=0.3)
    w = [[3.0], [4.0]], g = [[1.0], [-2.0]]
    update 1: [-0.25, 0.25], formula [-0.475, -0.05]
    """
    lab = prepare(make, claims)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for w, grads, lr, h in trials(lab):
            try:
                path = lab.run(h, {"W": w}, [{"W": g} for g in grads], lr)
            except Exception:
                continue
            want = lab.predict(h, path, [{"W": g} for g in grads], lr)
            for t in range(len(grads)):
                got, formula = path[t + 1]["W"] - path[t]["W"], want[t]["W"].value
                gap = np.max(np.abs(got - formula)) / (np.max(np.abs(formula)) or 1.0)
                if not gap < 1e-3:
                    told: dict[str, Any] = {"lr": "1/2, 1/4, 1/6" if callable(lr) else lr}
                    told |= {k: v for k, v in h.items() if k in lab.offers}
                    return Example(told, w, list(grads[: t + 1]), got, formula)
    return None


def trials(lab: Lab) -> list[tuple[np.ndarray, list[np.ndarray], Rate, dict[str, Any]]]:
    """From simple to less so."""
    w, grads = np.array([3.0, 4.0]), [np.array([1.0, -2.0]), np.array([8.0, 1.0])]
    matrix, tiny = w.reshape(2, 1), [2.0**-20 * g for g in grads]
    decay = full(lab)["weight_decay"]
    out: list[tuple[np.ndarray, list[np.ndarray], Rate, dict[str, Any]]] = []
    for shape in ((2, 1), (2,)):
        x, g = w.reshape(shape), [a.reshape(shape) for a in grads]
        out += [
            (x, g[:1], 0.25, usual(lab)),
            (x, g[:1], 0.25, usual(lab, weight_decay=decay)),
            (x, g, 0.25, usual(lab)),
            (x, g, 0.25, usual(lab, weight_decay=decay)),
            (x, g, 0.25, full(lab)),
            (x, g, 0.25, usual(lab, weight_decay=0.0)),
            (x, g, falling, usual(lab)),
        ]
    out += [
        (1024 * matrix, [a.reshape(2, 1) for a in grads[:1]], 0.25, usual(lab)),
        (matrix / 1024, [a.reshape(2, 1) for a in grads[:1]], 0.25, usual(lab)),
        (matrix, [a.reshape(2, 1) for a in tiny], 0.25, full(lab, weight_decay=0.0)),
        (2.0**-20 * matrix, [a.reshape(2, 1) for a in tiny], 0.25, full(lab)),
        (0 * matrix, [a.reshape(2, 1) for a in grads[:1]], 0.25, usual(lab)),
        (matrix, [0 * a.reshape(2, 1) for a in grads[:1]], 0.25, full(lab)),
    ]
    return out
