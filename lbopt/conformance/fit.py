"""Turn the knobs of the family until it does what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lbopt.conformance.battery import Scene, score, unexplained
from lbopt.conformance.family import Knobs

LAMB = Knobs()
LARS = Knobs(direction="momentum", decay="in the gradient", ratio="sum of norms")
BASES = {
    "lamb": LAMB,
    "adamw": LAMB._replace(ratio="none"),
    "lars": LARS,
    "lars_2020": LARS._replace(memory="average", place="after", ratio="layer"),
    "sgd": LARS._replace(place="outside", ratio="none"),
}
ADAM_STARTS = (
    BASES["lamb"], BASES["adamw"], LAMB._replace(correction="none"),
    LAMB._replace(decay="decoupled, after"), LAMB._replace(correction="outside"),
    LAMB._replace(correction="first outside", decay="decoupled, before", ratio_eps="eps"),
)  # fmt: skip
MOMENTUM_STARTS = (
    BASES["lars"], BASES["sgd"], BASES["lars_2020"], LARS._replace(place="before, rate outside"),
    LARS._replace(ratio="norm of the sum"),
)  # fmt: skip
RATIO_EPS = (0.0, "eps", 1e-6, 1e-8, 1e-12)
COMMON: dict[str, tuple[Any, ...]] = {
    "sign": (1.0, -1.0),
    "adapted_without_decay": (True, False),
    "clip": (np.inf, 1.0),
    "clip_by": ("all", "layer", "rms", "entry"),
    "decay_size": (1.0, 0.5, 2.0, -1.0, "rate", "squared"),
    "schedule": ("asked", "kept", "late", "early", "twice", "divided out", "squared", "root"),
    "ratio_eps": RATIO_EPS,
}
ADAM_VALUES: dict[str, tuple[Any, ...]] = {
    "ratio": ("layer", "none", "global", "gradient", "first moment", "inverted", "squared", "root",
              "l1", "linf", "rows", "float16", "bfloat16", "before the moments", "rms of weights",
              "stale weights", "stale updates", "first weights"),
    "decay": ("in the norm", "decoupled, after", "decoupled, before", "in the gradient",
              "not in the norm", "ignored", "decoupled, without the rate",
              "decoupled, at the first rate", "decoupled, of what is left", "in the norm alone",
              "norms added", "of the first weights"),
    "correction": ("inside", "none", "outside", "first outside", "first not", "second not",
                   "from 0", "from 2", "twice", "lags", "first: from 0", "first: from 2",
                   "first: lags", "second: from 0", "second: from 2", "second: lags",
                   "b1 for both", "root forgotten"),
    "moments": ("adam", "swapped", "not squared", "no root", "amsgrad", "nlamb", "nnlamb",
                "nesterov", "summed", "v summed", "of m", "b1 in v", "centred", "decay in v",
                "started", "v started", "sign"),
    "eps": ("outside", "inside", "before the correction", "none", "squared inside", "maximum",
            "squared", "with the correction", "inside, before the correction",
            "inside and outside"),
    "eps_value": (None, 1e-8, 1e-6, 1e-12),
    "b1_value": (None, 0.9, 0.95),
    "b2_value": (None, 0.999, 0.99, 0.95),
    "root_eps": (0.0, 1e-6, 1e-8),
}  # fmt: skip
MOMENTUM_VALUES: dict[str, tuple[Any, ...]] = {
    "ratio": ("sum of norms", "none", "norm of the sum", "norm of the sum, no coefficient",
              "gradient", "larger", "hypot", "squared", "larc", "layer", "global", "newest",
              "inverted", "root", "l1", "linf", "rows", "stale weights"),
    "place": ("before, rate inside", "before, rate outside", "after"),
    "decay": ("in the gradient", "after the momentum", "decoupled, after", "ignored",
              "decoupled, without the rate", "beside the ratio"),
    "memory": ("sum", "average", "dampened", "first dampened", "dampened from the second",
               "nesterov", "average, nesterov", "none at first"),
    "momentum_value": (None, 0.9),
    "coefficient": (None, 1e-3, 1.0),
    "eps_value": (None, 1e-9, 1e-8, 1e-7, 1e-6),
}  # fmt: skip


CLEAR = 1.0  # decades by which one direction has to be nearer for the other not to be tried


def fit(scene: Scene) -> Knobs:
    """Find the member nearest to what was seen: one knob at a time, from several starts."""

    def total(k: Knobs) -> float:
        return score(k, scene) + cost(k)

    starts = [
        sorted((fresh(k, scene) for k in family), key=total)
        for family in (ADAM_STARTS, MOMENTUM_STARTS)
    ]
    starts.sort(key=lambda family: total(family[0]))
    clear = total(starts[0][0]) < total(starts[1][0]) - CLEAR
    found = []
    own = fresh(BASES[scene.claim], scene)
    for k in dict.fromkeys([*starts[0][:2], own, *starts[1][: 0 if clear else 2]]):
        found.append(descend(k, scene))
        if unexplained(found[-1], scene) == 0:
            return found[-1]
    return in_pairs(min(found, key=total), scene)


def fresh(k: Knobs, scene: Scene) -> Knobs:
    """All layers, as many as there are."""
    everything = (True,) * len(scene.at.names)
    return k._replace(decayed=everything, adapted=everything)


def cost(k: Knobs) -> float:
    """A knob has to explain something."""
    return 0.03 * min(differences(k, base) for base in BASES.values())


def differences(k: Knobs, base: Knobs) -> int:
    """Count the knobs in which two members differ; all layers are all layers."""
    base = base._replace(
        decayed=k.decayed if all(k.decayed) else (), adapted=k.adapted if all(k.adapted) else ()
    )
    return sum(a != b for a, b in zip(k, base, strict=True))


def with_knob(k: Knobs, name: str, value: Any) -> Knobs:
    """Turn one knob."""
    return k._replace(**{name: value})


def values(k: Knobs, scene: Scene) -> Iterator[Knobs]:
    """All members that differ in one knob."""
    table = COMMON | (ADAM_VALUES if k.direction == "adam" else MOMENTUM_VALUES)
    for knob, options in table.items():
        for value in options:
            if value != getattr(k, knob) and (value != "eps" or "eps" in scene.told):
                yield with_knob(k, knob, value)
    for knob in ("decayed", "adapted"):
        now = getattr(k, knob)
        sets = {tuple(n > 1 for n in scene.at.ndims), tuple(n == 1 for n in scene.at.ndims)}
        sets |= {(True,) * len(now), tuple(ordinary(n) for n in scene.at.names)}
        sets |= {(*now[:i], not now[i], *now[i + 1 :]) for i in range(len(now))}
        sets |= {tuple(j == i for j in range(len(now))) for i in range(len(now))}
        for mask in sorted(sets - {now}):
            yield with_knob(k, knob, mask)
    for kind in ("both", "least"):
        for eps in RATIO_EPS[1:]:
            if eps != "eps" or "eps" in scene.told:
                yield k._replace(ratio_eps=eps, ratio_eps_as=kind)
    for phi in cuts(scene, per_entry=False):
        yield k._replace(phi=phi)
    for bounds in cuts(scene, per_entry=True):
        yield k._replace(bounds=bounds)


def ordinary(name: str) -> bool:
    """Not what is usually left out by name."""
    return not any(part in name for part in ("bias", "Norm", "gamma", ".b"))


def cuts(scene: Scene, per_entry: bool) -> list[tuple[float, float]]:
    """Read off where ||update|| / lr, or the ratio, stops following the weights."""
    found = [(0.0, np.inf)]
    of = scene.gs if "trust_coefficient" in scene.told else np.ones_like(scene.gs)
    for name, high in (("large weights", True), ("small weights", False)):
        if name in scene.names:
            i = scene.names.index(name)
            level = scene.at.norms(scene.got[0, i]) / scene.rates[0, i]
            level = level / scene.at.norms(of[0, i]) if per_entry else level
            value = float(f"{np.median(level):.6g}")
            if np.ptp(level) < 1e-4 * value and value > 0:
                found.append((0.0, value) if high else (value, np.inf))
    if len(found) == 3:
        found.append((found[2][0], found[1][1]))
    seen = [(0.0, 1.0), (0.0, 10.0), (0.01, 10.0)] if per_entry else [(0.0, 10.0)]
    return found + [cut for cut in seen if cut not in found]


def descend(k: Knobs, scene: Scene) -> Knobs:
    """Turn the one knob that helps most, until none does."""
    best, now = k, score(k, scene) + cost(k)
    for _ in range(8):
        tried = [(score(other, scene) + cost(other), i, other)
                 for i, other in enumerate(values(best, scene))]  # fmt: skip
        least, _, other = min(tried)
        if least >= now - 1e-9:
            return best
        best, now = other, least
    return best


def toward(k: Knobs, base: Knobs, scene: Scene) -> Knobs:
    """Set every knob as ``base`` has it without which as many steps are explained."""
    for name in (*k._fields, *k._fields):
        if name != "direction" and getattr(k, name) != getattr(base, name):
            other = with_knob(k, name, getattr(base, name))
            if unexplained(other, scene) <= unexplained(k, scene):
                k = other
    return k


def in_pairs(k: Knobs, scene: Scene) -> Knobs:
    """Two knobs at once, from the most promising single ones; then one at a time again."""
    singles = sorted(values(k, scene), key=lambda other: score(other, scene))[:8]
    best = min((descend(other, scene) for other in singles[:3]), default=k,
               key=lambda other: score(other, scene) + cost(other))  # fmt: skip
    return min(best, k, key=lambda other: score(other, scene) + cost(other))
