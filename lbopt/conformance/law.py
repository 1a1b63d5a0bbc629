"""What a law is, and the settings in which all of them try an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lbopt.conformance import problem
from lbopt.conformance.contract import HiddenError
from lbopt.conformance.formulas import CLAIMS
from lbopt.conformance.lab import UNIT, Lab, Measurement, size, where

EVERY = tuple(CLAIMS)
NORMALISED = ("lamb", "lars_2020")  # every step has the length lr ||w||
LAYERWISE = ("lamb", "lars_2020", "lars")
ADAM = ("lamb", "adamw")


class Law(NamedTuple):
    """A named law: its derivation is the docstring of ``run``.

    Attributes
    ----------
    run : Lab -> Measurement
    claims : for which claims it holds
    failure : what it means when it is broken, in words
    kind : "law"; "choice" where the paper is silent and implementations differ; "range" where
        numbers beyond the usual are asked for. The last two are reported and fail a check only if
        it is strict.
    """

    run: Callable[[Lab], Measurement]
    claims: Sequence[str]
    failure: str
    kind: str = "law"

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.run.__name__


# eps and decay as good as none, so that a law about something else does not fail by them; but not
# zero, which some take for "off".
_EPS, _DECAY = 2.0**-60, 2.0**-80
# Settings in which every hyperparameter has an effect that no rounding can hide.
_ADAM = {"b1": 0.8, "b2": 0.6, "eps": 0.4, "weight_decay": 0.3}
FULL = {
    "lamb": _ADAM,
    "adamw": _ADAM,
    "lars": {"momentum": 0.8, "weight_decay": 0.3, "trust_coefficient": 0.25, "eps": 0.0},
    "lars_2020": {"b1": 0.8, "weight_decay": 0.3},
    "sgd": {"momentum": 0.8, "weight_decay": 0.3},
}
RATE = 0.25
W = problem.weights()
GRADS = problem.gradients(4)


def full(lab: Lab, **other: object) -> dict:
    """All hyperparameters of the lab's claim large enough to show, some of them changed."""
    return lab.hyper(**FULL[lab.claim.name] | other)


def usual(lab: Lab, **other: object) -> dict:
    """The same with an eps and a decay that do not show, some of them changed."""
    small = {"weight_decay": _DECAY} | ({"eps": _EPS} if lab.claim.name in ADAM else {})
    return full(lab, **small | other)


def unless(m: Measurement, control: Callable[[], Measurement], broken: str) -> Measurement:
    """Let a broken law speak only where the formula holds without what the law is about."""
    if m.broken and control().broken:
        raise HiddenError(f"cannot be told: broken {broken} too", m.measured, m.tolerance)
    return m


def lengths(lab: Lab, path: list, rates: Sequence[float], names: Sequence[str] = ()) -> Measurement:
    """Hold every step's length against lr ||w||, in every layer.

    The ratio divides by the norm of what it multiplies, so only the two norms' roundings count, and
    what the weights before and after hide.
    """
    unit = UNIT[lab.arithmetic]
    cells, wrong = [], set()
    for t, rate in enumerate(rates):
        for k in names or path[t]:
            w, after = path[t][k], path[t + 1][k]
            moved, due = size(after - w), rate * size(w)
            allowed = unit * (4 * (w.size + 10) + (2 * size(w) + 2 * size(after)) / due)
            m = Measurement(abs(moved / due - 1) if moved == moved else float("inf"), allowed)
            cells.append((m, k, t, moved / due))
            if m.broken:
                wrong.add(k)
    m, k, t, times = max(cells, key=lambda c: c[0].measured / c[0].tolerance)
    if not wrong:
        return m
    return m._replace(detail=f"{times:.3g} of the length, {where(path[0], wrong, k, t)}")
