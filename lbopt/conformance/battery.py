"""The runs on which an unknown optimizer is watched, and how far a member of the family is off."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import Arrays, Rate
from lbopt.conformance.family import Flat, Knobs, Layout, layout
from lbopt.conformance.formulas import Hyper
from lbopt.conformance.lab import UNIT, Lab
from lbopt.conformance.law import ADAM, FULL, RATE, W, usual
from lbopt.conformance.simulate import simulate

NEAR = 1e-3  # an error that a knob has to explain


class Scene(NamedTuple):
    """All runs of one optimizer in rows: arrays (steps, runs, entries), hyperparameters (runs, 1).

    A run shorter than the longest is filled with zeros, which ``seen`` leaves out.
    """

    names: tuple[str, ...]
    h: Hyper
    ws: Flat
    gs: Flat
    rates: Flat  # twice as many steps
    got: Flat
    seen: np.ndarray  # (steps, runs, 1): whether there was such a step
    at: Layout
    unit: float
    claim: str
    told: frozenset[str]  # the claim's hyperparameters
    still: tuple[str, ...] = ()  # layers that never moved; no knob is turned for them


class Watched(NamedTuple):
    """One run."""

    name: str
    h: Hyper
    path: list[Arrays]
    gs: list[Arrays]
    lr: Rate


STEPS = 4
# what the family is told of a hyperparameter that the claim does not have
OTHERWISE = {
    "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.9,
    "trust_coefficient": 1.0,
}  # fmt: skip


def plans(lab: Lab) -> list[tuple[str, dict, Arrays, list[Arrays], Rate]]:
    """What is run: each plan lets some knobs show that the others hide."""
    grads = problem.gradients(STEPS, seed=11)
    quiet = [problem.times(2.0 ** (-6 if t % 2 == 0 else 0), g) for t, g in enumerate(grads)]
    tiny = [problem.times(2.0**-40, g) for g in grads[:2]]
    decay, small = FULL[lab.claim.name]["weight_decay"], 2.0**-20
    out: list[tuple[str, dict, Arrays, list[Arrays], Rate]] = [
        ("plain", {}, W, grads, RATE),
        ("decay", {"weight_decay": decay}, W, grads, RATE),
        ("no decay", {"weight_decay": 0.0}, W, grads, RATE),
        ("quiet", {}, W, quiet, RATE),
        ("large weights", {}, problem.times(2.0**10, W), grads[:2], RATE),
        ("small weights", {}, problem.times(2.0**-10, W), grads[:2], RATE),
        ("schedule", {"weight_decay": decay}, W, grads, problem.falling),
    ]
    if lab.claim.name in ADAM:
        spread = [problem.spread(1e-3 * small, 1.0, s) for s in (2, 3)]
        out += [
            ("eps", {"eps": 0.4}, W, grads, RATE),
            ("eps and decay", {"eps": 0.4, "weight_decay": decay}, W, grads, RATE),
            ("small eps", {"eps": small}, W, spread, RATE),
            ("tiny gradients", {"eps": 0.4}, W, tiny, RATE),
        ]
    if lab.claim.name == "lars":
        out += [("tiny", {}, problem.times(2.0**-40, W), tiny, RATE)]
    if lab.claim.name == "lars_2020":
        out += [("tiny gradients", {}, W, tiny, RATE)]
    return out


def edges(lab: Lab) -> list[tuple[str, dict, Arrays, list[Arrays], Rate]]:
    """Where papers are silent and implementations differ: the zero rules."""
    decay, zero = FULL[lab.claim.name]["weight_decay"], problem.times(0.0, W)
    return [
        ("zero weights", {}, zero, problem.gradients(1, seed=11), RATE),
        ("zero gradients", {"weight_decay": decay}, W, [zero], RATE),
    ]


def watch(lab: Lab, planned: Callable[[Lab], list] = plans) -> Scene | None:
    """Run the battery; what the factory or the optimizer refuses is left out."""
    runs = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, other, w, gs, lr in planned(lab):
            h = usual(lab, **other)
            try:
                runs.append(Watched(name, h, lab.run(h, w, gs, lr), gs, lr))
            except Exception:
                continue
    return in_rows(runs, UNIT[lab.arithmetic], lab.claim.name) if runs else None


def in_rows(runs: list[Watched], unit: float, claim: str) -> Scene:
    """Stack the runs."""
    at = layout(W)
    shape = (STEPS, len(runs), len(at.layer_of))
    ws, gs, got, seen = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    rates = np.zeros((2 * STEPS, len(runs), 1))
    for i, run in enumerate(runs):
        path = [at.flat(w) for w in run.path]
        for t, g in enumerate(run.gs):
            ws[t, i], gs[t, i], got[t, i] = path[t], at.flat(g), path[t + 1] - path[t]
            seen[t, i] = 1.0
        rates[:, i, 0] = [run.lr(t) if callable(run.lr) else run.lr for t in range(2 * STEPS)]
    told = [OTHERWISE | run.h for run in runs]
    h = {k: np.array([[float(one[k])] for one in told]) for k in OTHERWISE}
    h["average"] = h["b1"] if "b1" in runs[0].h else h["momentum"]
    h["lars_eps"] = h["eps"] if "trust_coefficient" in runs[0].h else 0 * h["eps"]
    far = at.norms(np.nan_to_num(got, nan=1.0)).sum(axis=(0, 1))
    still = tuple(k for k, moved in zip(at.names, far, strict=True) if not moved)
    return Scene(
        tuple(run.name for run in runs), h, ws, gs, rates, got, seen[..., :1] > 0, at, unit,
        claim, frozenset(runs[0].h), still if len(still) < len(at.names) else (),
    )  # fmt: skip


def errors(k: Knobs, scene: Scene) -> Flat:
    """Relative error of every step, run and layer, but for layers that never move."""
    want = simulate(k, scene.h, scene.ws, scene.gs, scene.rates, scene.at)
    return distances(want, scene) * np.array([k not in scene.still for k in scene.at.names])


def distances(want: Flat, scene: Scene) -> Flat:
    """Relative differences from other updates, less what weights hide of an update; at most 2."""
    got, starts = scene.got, scene.at.starts
    with np.errstate(all="ignore"):
        gap = np.maximum.reduceat(np.abs(got - want), starts, axis=-1)
        hidden = 8 * scene.unit * np.maximum.reduceat(np.abs(scene.ws), starts, axis=-1)
        size = np.maximum.reduceat(np.maximum(np.abs(got), np.abs(want)), starts, axis=-1)
        gap = np.maximum(gap - hidden, 0.0) / np.where(size > 0, size, 1.0)
    return np.where(scene.seen, np.where(np.isfinite(gap), gap, 2.0), 0.0)


def score(k: Knobs, scene: Scene) -> float:
    """Mean of log10 of the errors, from the rounding to 2: each cell that is explained counts."""
    return float(np.mean(np.log10(np.clip(errors(k, scene), 300 * scene.unit, 2.0))))


def unexplained(k: Knobs, scene: Scene) -> float:
    """Share of the steps and layers that a member of the family does not reproduce."""
    return float(np.sum(misses(k, scene)) / (np.sum(scene.seen) * len(scene.at.names)))


def misses(k: Knobs, scene: Scene) -> np.ndarray:
    """Which steps, runs and layers a member of the family does not reproduce."""
    return errors(k, scene) > max(NEAR, 3e3 * scene.unit)


def largest_error(k: Knobs, scene: Scene) -> float:
    """Return the largest relative error of any step and layer."""
    return float(np.max(errors(k, scene)))
