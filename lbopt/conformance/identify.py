"""Name an unknown optimizer by probing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from lbopt.conformance.battery import Scene, edges, largest_error, unexplained, watch
from lbopt.conformance.check import prepare
from lbopt.conformance.contract import declared
from lbopt.conformance.edges import edge_words, remarks_of
from lbopt.conformance.family import Knobs
from lbopt.conformance.fit import BASES, differences, fit, fresh, toward
from lbopt.conformance.known import Known, distance, libraries, recipes
from lbopt.conformance.lab import Lab
from lbopt.conformance.rest import pattern
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
    name : the recipe of `lbopt.optim` or variant of `lbopt.optim.variants`, at its own settings,
        with the fewest updates that are others; not a verdict: see ``matches``
    distance : largest difference of any update from that one's, relative to the larger of both, so
        at most 2; zero weights, zero gradients and layers that never move are among the updates.
        0 is equality to rounding
    matches : all names that it cannot be told from; empty where the nearest one is another
    family : the algorithm that the knobs are counted from
    knobs : in what it differs from ``family``, in words, probed directly
    remarks : of its arithmetic, and of gradients that come late
    unexplained : share of the probed steps that ``family`` and ``knobs`` do not reproduce
    """

    name: str
    distance: float
    matches: tuple[str, ...]
    family: str
    knobs: tuple[str, ...]
    remarks: tuple[str, ...]
    unexplained: float

    def __str__(self) -> str:
        words = [self.family + (":" if self.knobs else ""), "; ".join(self.knobs)]
        line = " ".join(w for w in words if w)
        return "; ".join([f"{line} ({self.alike()})", *self.remarks])

    def alike(self) -> str:
        """Say which names it cannot be told from, or which is nearest."""
        if self.matches:
            exact = f", to {self.distance:.0e}" if self.distance else ""
            return f"as {', '.join(self.matches)}{exact}"
        return f"nearest: {self.name}, updates differ by up to {self.distance:.1e}"

    def _repr_html_(self) -> str:
        def items(title: str, words: tuple[str, ...]) -> str:
            lines = "".join(f"<li>{escape(w)}</li>" for w in words)
            return f"<p>{title}</p><ul>{lines}</ul>" if words else ""

        return (
            f"<p><b>{escape(self.family)}</b> ({escape(self.alike())})</p>"
            + items("otherwise than the paper:", self.knobs)
            + items("by the way:", self.remarks)
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
    border = watch(lab, edges)
    k = fit(scene)
    lost = unexplained(k, scene) > MOST
    least = (lambda own: unexplained(own, scene)) if lost else (lambda own: differences(k, own))
    base = min(BASES, key=lambda name: least(fresh(BASES[name], scene)))
    k = toward(k, fresh(BASES[base], scene), scene)
    near = nearest(scene, border, k)
    limit = max(3e3 * scene.unit, min(SAME, 10 * near[0][0]))
    matches = tuple(dict.fromkeys(known.label for far, known in near if far <= limit))
    far, known = near[0]
    told = words(lab, k, base, scene, border)
    return Identification(
        name=known.label,
        distance=0.0 if far <= 300 * scene.unit else far,
        matches=matches,
        family=NOTHING if lost and not matches else NAMES[base],
        knobs=told,
        remarks=remarks_of(lab, largest_error(k, scene)),
        unexplained=unexplained(k, scene),
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


def nearest(scene: Scene, border: Scene | None, k: Knobs) -> list[tuple[float, Known]]:
    """Named optimizers and the largest difference from each; that with fewest others is first.

    All are tried on two runs, the best ten on every run and at the edges.
    """
    quick = [i for i, name in enumerate(scene.names) if name in ("plain", "decay")][:2]
    every = [known for known in recipes() + libraries() if known.adam == (k.direction == "adam")]

    def far(known: Known) -> tuple[float, float]:
        share, most = distance(known, scene)
        edge_share, edge = (0.0, 0.0) if border is None else distance(known, border)
        return share + edge_share, max(most, edge)

    with np.errstate(all="ignore"):
        first = sorted((distance(known, scene, quick or None), i) for i, known in enumerate(every))
        found = sorted((far(every[i]), i) for _, i in first[:10])
    return [(most, every[i]) for (_, most), i in found]


def words(lab: Lab, k: Knobs, base: str, scene: Scene, border: Scene | None) -> tuple[str, ...]:
    """In words, what a member does otherwise than ``base``, and what it does not explain."""
    out = [f"never moves: {name!r}" for name in scene.still]
    rest = unexplained(k, scene)
    if rest > MOST:
        known = fresh(BASES[base], scene)
        return (*out, f"unlike {NAMES[base]} and every known difference from it: "
                f"{pattern(known, scene)}", *edge_words(lab, base, border, None))  # fmt: skip
    out += apart(k, fresh(BASES[base], scene), scene.at)
    if rest:
        more = "and something else" if out else "something else"
        out.append(f"{more}: in {rest:.0%} of the probed steps {pattern(k, scene)}")
    return (*out, *edge_words(lab, base, border, k))


def knobs_of(lab: Lab) -> tuple[str, ...]:
    """Say what an optimizer does otherwise than its claim, as far as probing tells."""
    scene, border = watch(lab), watch(lab, edges)
    if scene is None:
        return ()
    base = fresh(BASES[lab.claim.name], scene)
    return words(lab, toward(fit(scene), base, scene), lab.claim.name, scene, border)
