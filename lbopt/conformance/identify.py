"""Name an unknown optimizer by probing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from lbopt.conformance.battery import Scene, largest_error, unexplained, watch
from lbopt.conformance.check import prepare
from lbopt.conformance.contract import declared
from lbopt.conformance.edges import remarks_of
from lbopt.conformance.family import Knobs
from lbopt.conformance.fit import BASES, differences, fit, fresh, toward
from lbopt.conformance.known import Known, distance, libraries, recipes
from lbopt.conformance.lab import Lab
from lbopt.conformance.words import NAMES, apart
from lbopt.conformance.wrap import as_factory

NOTHING = "none of the five algorithms, whatever knob is turned"
SAME = 5e-6  # a few float32 numbers in it are no other optimizer; the distance says it
MOST = 0.3  # of the probed steps: if more remain unexplained, the knobs say nothing


@dataclass(frozen=True)
class Identification:
    """What an optimizer is.

    Attributes
    ----------
    name : the recipe of `lbopt.optim` or variant of `lbopt.optim.variants` that it is or is nearest
    distance : largest relative difference of any update from it; rounding is 0
    family : the algorithm that the knobs are counted from
    knobs : in what it differs from ``family``, in words, probed directly
    remarks : what it does at the edges: zero weights and gradients, half precision, float32 norms
    matches : all names that it cannot be told from
    unexplained : share of the probed steps that the knobs do not reproduce
    """

    name: str
    distance: float
    family: str
    knobs: tuple[str, ...]
    remarks: tuple[str, ...]
    matches: tuple[str, ...]
    unexplained: float

    def __str__(self) -> str:
        words = [self.family + (":" if self.knobs else ""), ", ".join(self.knobs)]
        line = " ".join(w for w in words if w)
        if self.unexplained and not self.matches:
            line += f"; {self.unexplained:.0%} of the probed steps remain unexplained"
        if self.matches:
            line += f" (as {', '.join(self.matches)}{self._precision()})"
        else:
            line += f" (nearest: {self.name}, updates differ by up to {self.distance:.1e})"
        return "; ".join([line, *self.remarks])

    def _precision(self) -> str:
        return f", to {self.distance:.0e}" if self.distance else ""

    def _repr_html_(self) -> str:
        def items(title: str, words: tuple[str, ...]) -> str:
            lines = "".join(f"<li>{escape(w)}</li>" for w in words)
            return f"<p>{title}</p><ul>{lines}</ul>" if words else ""

        what = f"as {', '.join(self.matches)}{self._precision()}" if self.matches else (
            f"nearest: {self.name}, updates differ by up to {self.distance:.1e}")  # fmt: skip
        return (
            f"<p><b>{escape(self.family)}</b> ({escape(what)})</p>"
            + items("otherwise than the paper:", self.knobs)
            + items("at the edges:", self.remarks)
        )


def identify(make: Callable[..., Any]) -> Identification:
    """Find out which optimizer a factory builds, and what it does otherwise than its paper.

    About fifty steps are watched, on hyperparameters that let each knob show. A family of
    optimizers with a knob for each known difference is turned until it does the same; then named
    implementations are tried at the weights that were seen.

    Parameters
    ----------
    make : function
        As for `check`; the more hyperparameters it takes, the more can be told apart.

    Raises
    ------
    TypeError, ValueError
        ``make`` is not callable, ``make(0.1)`` fails, or no run went through.

    Examples
    --------
    >>> from lbopt import conformance, optim
    >>> def make(lr, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    ...     phi = optim.phi.clip(0.0, 10.0)
    ...     return conformance.from_lbopt(optim.lamb, settings={"phi": phi})(
    ...         lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay
    ...     )
    >>> found = conformance.identify(make)
    >>> found.family, found.knobs
    ('LAMB', ('weight norm clamped at 10',))
    """
    make = as_factory(make)
    lab = prepare(make, claim_for(make))
    scene = watch(lab)
    if scene is None:
        raise ValueError("identify could not run the optimizer: every probe raised; try check()")
    k = fit(scene)
    base = min(BASES, key=lambda name: differences(k, fresh(BASES[name], scene)))
    k = toward(k, fresh(BASES[base], scene), scene)
    near = nearest(scene, k)
    limit = max(3e3 * scene.unit, min(SAME, 10 * near[0][0]))
    rest = unexplained(k, scene)
    matches = tuple(dict.fromkeys(known.label for far, known in near if far <= limit))
    far, known = near[0]
    return Identification(
        name=known.label,
        distance=0.0 if far <= 300 * scene.unit else far,
        family=NAMES[base] if rest <= MOST else NOTHING,
        knobs=tuple(words(k, BASES[base], scene)) if rest <= MOST else (),
        remarks=remarks_of(lab, base, largest_error(k, scene)),
        matches=matches,
        unexplained=rest,
    )


def claim_for(make: Callable[..., Any]) -> str:
    """Choose the probes by the hyperparameters that the factory takes."""
    named = declared(make)

    def takes(name: str, value: float) -> bool:
        try:
            make(0.1, **{name: value})
        except TypeError:
            return False
        except Exception:
            return True
        return True

    has = {n: n in named or takes(n, 0.5) for n in ("b2", "trust_coefficient", "momentum", "b1")}
    if has["b2"] or not any(has.values()):
        return "lamb"
    if has["trust_coefficient"]:
        return "lars"
    return "sgd" if has["momentum"] else "lars_2020"


def nearest(scene: Scene, k: Knobs) -> list[tuple[float, Known]]:
    """Named optimizers by their distance: all on two runs, the best on every run."""
    quick = [i for i, name in enumerate(scene.names) if name in ("plain", "decay")][:2]
    every = [known for known in recipes() + libraries() if known.adam == (k.direction == "adam")]
    with np.errstate(all="ignore"):
        first = [(distance(known, scene, quick or None), i) for i, known in enumerate(every)]
        best = [every[i] for _, i in sorted(first)[:10]]
        found = [(distance(known, scene), i) for i, known in enumerate(best)]
    return [(far, best[i]) for far, i in sorted(found)]


def words(k: Knobs, base: Knobs, scene: Scene) -> list[str]:
    """In words, what a member does otherwise, and which layers never move."""
    still = [f"never moves: {name!r}" for name in scene.still]
    return still + list(apart(k, fresh(base, scene), scene.at))


def knobs_of(lab: Lab) -> tuple[str, ...]:
    """Say what an optimizer does otherwise than its claim, as far as probing tells."""
    scene = watch(lab)
    if scene is None:
        return ()
    base = BASES[lab.claim.name]
    k = toward(fit(scene), fresh(base, scene), scene)
    out = words(k, base, scene)
    rest = unexplained(k, scene)
    if rest > MOST:
        return ("nothing that a combination of the known differences explains",)
    if rest:
        out.append(f"and something else: this does not explain {rest:.0%} of the probed steps")
    return tuple(out)
