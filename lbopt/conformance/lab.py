"""Where a law tries an optimizer: it is built, run on weights and gradients, and measured.

A law sees weights before and after each step and nothing else. What it measures are *updates*, and
a wrong update can hide behind large weights; so the learning rates are such that a step is a
sensible part of the weights, and what rounding can hide is in the tolerance:

    u (4 e + 2 |w| + 2 |w'|) + the smallest normal number,

u the unit roundoff of the arithmetic, e the bound of the prediction's rounding errors
(`lbopt.conformance.rounding`), w and w' the weights before and after. The 4 leaves room for
another order of the same operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lbopt.conformance.contract import (
    Arrays,
    ContractError,
    NotOfferedError,
    Optimizer,
    Rate,
    as_optimizer,
    copies,
    read,
)
from lbopt.conformance.formulas import Claim, Hyper
from lbopt.conformance.rounding import Approx

SAFETY = 4.0
UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
TINY = {"float16": 6.0e-8, "float32": 2.0**-126, "float64": 2.0**-1022}
Path = list[Arrays]  # weights before the first step, after it, after the second, ...


class Measurement(NamedTuple):
    """What a law measured, what it allows, and which layers or steps it was about."""

    measured: float
    tolerance: float
    detail: str = ""

    @property
    def broken(self) -> bool:
        """True where more was measured than is allowed, or something endless, or NaN."""
        return not (self.measured <= self.tolerance and self.measured < np.inf)


@dataclass
class Lab:
    """A factory, what it claims to be, and the precision it is held to."""

    make: Callable[..., Any]
    claim: Claim
    offers: frozenset[str]
    declares: frozenset[str] = frozenset()
    dtype: str = "float64"
    arithmetic: str = "float64"
    assumed: set[str] = field(default_factory=set)  # values that nobody told
    guessed: set[str] = field(default_factory=set)  # those of them that a prediction relies on

    def hyper(self, **wanted: Any) -> Hyper:
        """All hyperparameters the claim needs; those the factory lacks keep their usual values."""
        h = {**self.claim.needs, **wanted}
        for name, usual in self.claim.needs.items():
            if name not in self.offers:
                h[name] = usual
                if usual:  # 0 is no assumption: without decay there is none
                    self.assumed.add(name)
        return h

    def relies(self, *names: str) -> None:
        """Note that what a law measures turns on these hyperparameters, told or assumed."""
        self.guessed |= self.assumed & set(names or self.claim.needs)

    def need(self, *names: str) -> None:
        """Leave the law if the factory does not take these."""
        missing = [n for n in names if n not in self.offers]
        if missing:
            raise NotOfferedError(f"the factory does not take {', '.join(missing)}")

    def option(self, name: str) -> None:
        """Leave the law if the factory does not declare this optional hyperparameter."""
        if name not in self.declares:
            raise NotOfferedError(f"the factory has no {name}")

    def build(self, h: Mapping[str, Any], lr: Rate) -> Optimizer:
        """Build one optimizer, passing what the factory takes."""
        given = {k: v for k, v in h.items() if k in self.offers}
        try:
            built = self.make(lr, **given)
        except (TypeError, ValueError) as e:
            what = ", ".join([*(f"{k}={v}" for k, v in given.items())])
            schedule = "a learning rate that is a function, " if callable(lr) else ""
            raise NotOfferedError(f"the factory refuses {schedule}{what}: {e}") from e
        return as_optimizer(built)

    def run(self, h: Mapping[str, Any], w: Arrays, grads: Sequence[Arrays], lr: Rate) -> Path:
        """Weights before the first step and after each, in float64."""
        return self.follow(self.build(h, lr), w, grads, callable(lr))

    def follow(
        self, optimizer: Optimizer, w: Arrays, grads: Sequence[Arrays], schedule: bool = False
    ) -> Path:
        """Run an optimizer that was built before."""
        params = copies(w, self.dtype)
        path = [copies(params, np.float64)]
        try:
            optimizer.init(copies(params))
            for g in grads:
                params = read(optimizer.step(copies(params), copies(g, self.dtype)), params)
                path.append(copies(params, np.float64))
        except TypeError as e:
            if schedule:
                raise NotOfferedError(f"a learning rate that is a function: {e}") from e
            raise
        return path

    def predict(self, h: Hyper, path: Path, grads: Sequence[Arrays], lr: Rate) -> list[dict]:
        """Updates by the claim's formula, at the weights that were seen."""
        self.relies()
        rates = [float(lr(t)) if callable(lr) else lr for t in range(len(grads))]
        layers = {
            k: self.claim.run(h, [w[k] for w in path[:-1]], [g[k] for g in grads], rates)
            for k in path[0]
        }
        return [{k: layer[t] for k, layer in layers.items()} for t in range(len(grads))]

    def follows_formula(
        self, h: Hyper, w: Arrays, grads: Sequence[Arrays], lr: Rate, names: Sequence[str] = ()
    ) -> Measurement:
        """Run, predict and compare."""
        path = self.run(h, w, grads, lr)
        return self.compare(path, self.predict(h, path, grads, lr), names)

    def compare(
        self, path: Path, predicted: Sequence[Mapping[str, Approx]], names: Sequence[str] = ()
    ) -> Measurement:
        """Hold the updates of a run against predicted ones; the worst entry is reported."""
        cells, wrong = [], set()
        for t, want in enumerate(predicted):
            for k in names or want:
                got = path[t + 1][k] - path[t][k]
                allowed = self.allowed(want[k].error, path[t][k], path[t + 1][k])
                cell = worst(got, want[k].value, allowed)
                cells.append((cell, k, t))
                if cell.broken:
                    wrong.add(k)
        if not cells:
            return Measurement(0.0, 0.0)
        cell, k, t = max(cells, key=lambda c: excess(c[0]))
        return cell._replace(detail=where(path[0], wrong, k, t) if wrong else "")

    def allowed(self, error: Any, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Tolerance of each entry of an update; see the module's first lines."""
        unit, tiny = UNIT[self.arithmetic], TINY[self.arithmetic]
        return unit * (SAFETY * error + 2 * np.abs(before) + 2 * np.abs(after)) + tiny

    def same(self, a: Path, b: Path, scale: float = 1.0, operations: int = 64) -> Measurement:
        """Compare two runs step by step; the second moves ``scale`` times as far.

        They may differ by the roundings of so many operations on the largest entry of a layer.
        """
        both = [
            {k: Approx(s * (y[k] - x[k]), operations * s * peak(y[k] - x[k])) for k in x}
            for s, (x, y) in ((scale, pair) for pair in pairwise(a))
        ]
        return self.compare(b, both)


def peak(a: np.ndarray) -> float:
    """Largest magnitude, 0 of an empty array; NaN counts as endless."""
    return float(np.max(np.nan_to_num(np.abs(a), nan=np.inf))) if a.size else 0.0


def excess(m: Measurement) -> float:
    """How many times the tolerance was measured."""
    if m.measured == 0:
        return 0.0
    return m.measured / m.tolerance if m.measured < np.inf and m.tolerance else np.inf


def worst(got: np.ndarray, want: np.ndarray, allowed: np.ndarray) -> Measurement:
    """Find the entry that is furthest beyond its tolerance, relative to the layer's largest."""
    if not got.size:
        return Measurement(0.0, 0.0)
    gap = np.ravel(np.abs(got - want))
    gap = np.where(np.isfinite(gap), gap, np.inf)
    limit = np.ravel(np.broadcast_to(allowed, got.shape))
    limit = np.where(np.isfinite(limit), limit, 1e-300)
    i = int(np.argmax(gap / limit))
    scale = peak(np.asarray(want)) or 1.0
    return Measurement(float(gap[i] / scale), float(limit[i] / scale))


def where(w: Arrays, wrong: set[str], name: str, t: int) -> str:
    """Say in which layers a prediction failed, and where most."""
    kinds = sorted({w[k].ndim for k in wrong})
    if wrong >= {k for k in w if w[k].size > 1}:  # one of a single number often cannot tell
        which = "in every layer"
    elif len(kinds) == 1 and wrong == {k for k in w if w[k].ndim == kinds[0]}:
        which = f"in all {kinds[0]}-D layers and no others"
    else:
        which = "in " + ", ".join(f"{k!r} ({w[k].ndim}-D)" for k in w if k in wrong) + " only"
    return f"{which}; most in {name!r} at step {t + 1}"


def size(a: np.ndarray) -> float:
    """The 2-norm of all entries, which cannot overflow."""
    top = peak(a)
    return top * float(np.sqrt(np.sum(np.square(a / top)))) if 0 < top < np.inf else top


__all__ = ["ContractError", "Lab", "Measurement", "NotOfferedError", "Path", "size", "worst"]
