"""Words for what no knob explains: length or direction, in which runs, steps and layers."""

from __future__ import annotations

import numpy as np

from lbopt.conformance.battery import NEAR, Scene, misses
from lbopt.conformance.family import Flat, Knobs
from lbopt.conformance.simulate import simulate


def pattern(k: Knobs, scene: Scene) -> str:
    """How the steps that a member of the family does not reproduce differ from its own.

    Two updates x, y of a layer have one direction where x.y > (1 - NEAR^2) ||x|| ||y||, and one
    length where the norms differ by less than the part NEAR.
    """
    wrong = misses(k, scene)
    if not wrong.any():
        return ""
    want = simulate(k, scene.h, scene.ws, scene.gs, scene.rates, scene.at)
    with np.errstate(all="ignore"):
        got_norm, want_norm = scene.at.norms(scene.got), scene.at.norms(want)
        times = got_norm / want_norm
        along = np.add.reduceat(scene.got * want, scene.at.starts, axis=-1) / got_norm / want_norm
    straight, long = along > 1 - NEAR**2, np.abs(times - 1) < NEAR
    return f"{how(straight[wrong], long[wrong], times[wrong])}{when(wrong, scene)}"


def how(straight: np.ndarray, long: np.ndarray, times: Flat) -> str:
    """Length or direction."""
    if np.all(straight):
        low, high = np.min(times), np.max(times)
        much = f"{low:.3g}" if high - low < 2 * NEAR * high else f"{low:.2g} to {high:.2g}"
        return f"the direction is right and the length {much} times what it should be"
    if np.all(long):
        return "the length is right and the direction another"
    return "length and direction are others" if not np.any(long) else "the direction is another"


def when(wrong: np.ndarray, scene: Scene) -> str:
    """In which steps, runs and layers; nothing where in all of them."""
    out = []
    steps = np.any(wrong, axis=(1, 2))
    first = int(np.argmax(steps))
    if first > 0:
        out.append(f"from step {first + 1} on")
    elif not steps[1:].any():
        out.append("in the first step only")
    runs = np.any(wrong, axis=(0, 2))
    out += only(runs, scene)
    here = np.any(wrong, axis=(0, 1))
    names = [k for k, there in zip(scene.at.names, here, strict=True) if there]
    kinds = {n for n, there in zip(scene.at.ndims, here, strict=True) if there}
    others = {n for n, there in zip(scene.at.ndims, here, strict=True) if not there}
    if len(names) < len(scene.at.names) - 1:  # one number has no direction but its sign
        every = not kinds & others
        out.append(f"in {' and '.join(f'{n}-D' for n in sorted(kinds))} layers only" if every
                   else f"in {', '.join(map(repr, names))} only")  # fmt: skip
    return f" ({', '.join(out)})" if out else ""


def only(runs: np.ndarray, scene: Scene) -> list[str]:
    """What the runs have in common that no other run has."""
    decay, eps = scene.h["weight_decay"][:, 0] > 1e-6, scene.h["eps"][:, 0] > 1e-3
    by_name = {
        "schedule": "under a schedule", "no decay": "without decay", "small eps": "where eps is "
        "near the gradients", "large weights": "with large weights", "small weights": "with small "
        "weights", "quiet": "where gradients change their scale", "tiny gradients": "with tiny "
        "gradients", "tiny": "with tiny weights and gradients",
    }  # fmt: skip
    hit = {name for name, there in zip(scene.names, runs, strict=True) if there}
    if len(hit) == 1 and (name := next(iter(hit))) in by_name:
        return [f"only {by_name[name]}"]
    if runs.all():
        return []
    for what, has in (("with decay", decay), ("where eps shows", eps)):
        if has.any() and not (runs & ~has).any():
            return [f"only {what}"]
        if what == "with decay" and has.any() and not (runs & has).any():
            return ["only without decay"]
    small = hit <= {"small eps", "eps", "eps and decay", "tiny gradients"}
    return ["only where eps shows"] if small else []
