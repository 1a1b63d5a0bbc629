"""The extensions that `theory.check_bound` knows, and the arguments that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from theory.constants import Constants, make_constants
from theory.layers import Layers
from theory.measure import constants_of
from theory.noise import Noise
from theory.problems.problem import Problem, dims_of, gap_of
from theory.theorems import heavy_tails, momentum_lars, weight_decay

EXTENSIONS: dict[str, ModuleType] = {
    "momentum_lars": momentum_lars,
    "weight_decay": weight_decay,
    "heavy_tails": heavy_tails,
}
OPTIONS: dict[str, dict[str, bool]] = {  # name -> must it be given?
    "momentum_lars": {"beta": False, "start": False},
    "weight_decay": {"decay": True},
    "heavy_tails": {"p": True, "moments": True},
}


def check_options(theorem: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the options if the theorem knows them and none is missing.

    Examples
    --------
    >>> check_options("momentum_lars", {"beta": 0.9})
    {'beta': 0.9}
    >>> check_options("weight_decay", None)
    Traceback (most recent call last):
    ...
    ValueError: theorem 'weight_decay' needs options={'decay': ...}
    """
    given = dict(options or {})
    known = OPTIONS.get(theorem, {})
    for name in given:
        if name not in known:
            owns = f"only {', '.join(map(repr, known))}" if known else "no options"
            raise ValueError(f"options[{name!r}]: theorem {theorem!r} has {owns}")
    missing = [name for name, needed in known.items() if needed and name not in given]
    if missing:
        wanted = ", ".join(f"{name!r}: ..." for name in missing)
        raise ValueError(f"theorem {theorem!r} needs options={{{wanted}}}")
    return given


def step_options(theorem: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the theorem's best step size depends on."""
    return {} if theorem == "heavy_tails" else dict(options)


def constants_for(theorem: str, problem: Problem, noise: Noise) -> Constants:
    """The constants of a problem; without a variance where the theorem does not want one."""
    if theorem == "heavy_tails":
        return make_constants(gap_of(problem), problem.smoothness, dims=dims_of(problem))
    return constants_of(problem, noise)


def metric_for(
    theorem: str,
    module: ModuleType,
    problem: Problem,
    phi: tuple[float, float],
    options: Mapping[str, Any],
) -> Any:
    """The theorem's metric as a function of (gradient, x), the start being allowed."""
    if theorem != "weight_decay":
        return lambda gradient, x: module.metric(gradient)
    reach = weight_decay.radius(phi, options["decay"])
    inside(problem.start, reach)
    return partial(weight_decay.metric, radius=reach)


def inside(start: Layers, reach: float) -> None:
    """Raise unless every layer of the start lies in its ball."""
    for i, a in enumerate(start):
        length = float(np.sqrt(np.sum(a * a)))
        if length > reach * (1 + 1e-12):
            raise ValueError(
                f"start[{i}] has norm {length!r}, beyond the radius phi / decay = {reach!r}: "
                "start inside, or decay less"
            )
