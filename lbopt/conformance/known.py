"""The optimizers that have names: lbopt's recipes and what each library calls LARS or LAMB."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lbopt import optim
from lbopt.conformance.adapters import SYNONYMS, from_lbopt
from lbopt.conformance.battery import NEAR, Scene, distances
from lbopt.conformance.contract import Factory, NotOfferedError, Rate, as_optimizer
from lbopt.optim import variants
from lbopt.optim.variants.facts import LAMB, LARS
from lbopt.optim.variants.make import VARIANTS

# further names of the variants' keywords
OWN = {
    "weight_decay": ("lamb_weight_decay", "lars_weight_decay"),
    "trust_coefficient": ("lars_coeff", "tcoef"),
}


class Known(NamedTuple):
    """A named optimizer, in one of its settings."""

    name: str
    settings: dict[str, Any]
    factory: Factory

    @property
    def adam(self) -> bool:
        """Whether it has Adam's direction."""
        return self.name in LAMB or self.name.startswith("adam") or "lamb" in self.name

    @property
    def label(self) -> str:
        """Name and settings."""
        said = ", ".join(f"{k}={shown(v)}" for k, v in self.settings.items())
        return f"{self.name}({said})" if said else self.name


def recipes() -> list[Known]:
    """List the recipes of lbopt.optim, the settings that change the algorithm included."""
    out: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
        ("lamb", optim.lamb, {}), ("lamb", optim.lamb, {"bias_correction": False}),
        ("lamb", optim.lamb, {"norm": "l1"}), ("lamb", optim.lamb, {"norm": "linf"}),
        ("nlamb", optim.nlamb, {}), ("nnlamb", optim.nnlamb, {}), ("lambc", optim.lambc, {}),
        ("lars", optim.lars, {}), ("lars", optim.lars, {"nesterov": True}),
        ("lars_2020", optim.lars_2020, {}),
        ("lars_one_global_ratio", optim.lars_one_global_ratio, {}),
        ("adamw", optim.adamw, {}), ("adam", optim.adam, {}),
        ("sgd", optim.sgd, {}), ("sgd", optim.sgd, {"nesterov": True}),
    ]  # fmt: skip
    return [Known(n, s, from_lbopt(make, settings=s)) for n, make, s in out]


def libraries() -> list[Known]:
    """List what libraries call LARS or LAMB: their defaults, and their nearest to the paper."""
    out = []
    for name in variants.names():
        make = VARIANTS[name]
        has = inspect.signature(make).parameters
        extra = {ours: own for ours, more in OWN.items() for own in more if own in has}
        nearest = (LAMB | LARS)[name].nearest
        for settings in [{}, dict(nearest)] if nearest else [{}]:
            build = partial(positional, make)
            names = {**matched(has), **extra}
            out.append(Known(name, settings, from_lbopt(signed(build, make), names=names,
                                                        settings=settings)))  # fmt: skip
    return out


def positional(make: Callable[..., Any], lr: Rate, **keywords: Any) -> Any:
    """Call a variant."""
    return make(lr, **keywords)


def signed(build: Any, make: Callable[..., Any]) -> Any:
    """Give a partial the signature of what it calls."""
    build.__signature__ = inspect.signature(make)
    return build


def matched(has: Any) -> dict[str, str | tuple[str, int]]:
    """Lbopt's names of a variant's keywords."""
    return {
        ours: theirs
        for ours, options in SYNONYMS.items()
        for theirs in reversed(options)
        if (theirs if isinstance(theirs, str) else theirs[0]) in has
    }


def rate_of(rates: np.ndarray, t: int) -> float:
    """Look a schedule up."""
    return float(rates[t])


def distance(known: Known, scene: Scene, runs: list[int] | None = None) -> tuple[float, float]:
    """Share of the updates that are others, and the largest difference, at the weights seen."""
    want = np.full_like(scene.got, np.nan)
    for i in range(len(scene.names)) if runs is None else runs:
        given = {k: float(v[i, 0]) for k, v in scene.h.items() if k in known.factory.names}
        if "lars_eps" in scene.h and "trust_coefficient" in known.factory.names:
            given |= {"eps": float(scene.h["lars_eps"][i, 0])} if "eps" in given else {}
        rates = scene.rates[:, i, 0]
        try:
            built = as_optimizer(known.factory(partial(rate_of, rates), **given))
        except (TypeError, ValueError, NotOfferedError):
            return 1.0, float("inf")
        names, ends = scene.at.names, [*scene.at.starts[1:], len(scene.at.layer_of)]
        for t in range(len(want)):
            if not scene.seen[t, i, 0]:
                break
            w, g = (
                {k: a[t, i, s:e].reshape(-1, *[1] * (n - 1)) for k, s, e, n
                 in zip(names, scene.at.starts, ends, scene.at.ndims, strict=True)}
                for a in (scene.ws, scene.gs)
            )  # fmt: skip
            if t == 0:
                built.init(w)
            after = built.step(w, g)
            want[t, i] = scene.at.flat(after) - scene.ws[t, i]
    gaps = distances(want, scene)
    gaps = gaps if runs is None else gaps[:, runs]
    return float(np.mean(gaps > max(NEAR, 3e3 * scene.unit))), float(np.max(gaps))


def shown(value: Any) -> str:
    """A setting, as one would type it."""
    return f"{value:g}" if isinstance(value, float) else repr(value)
