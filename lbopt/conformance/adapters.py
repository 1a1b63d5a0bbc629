"""Adapters: torch, optax, keras and lbopt optimizers as factories of the kit.

Each takes ``names``, lbopt name -> the library's name (or (name, index) for one of a tuple, as
torch's betas), and ``settings``, keywords that are passed as they are. torch, jax, optax and keras
are imported when an adapter is called.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lbopt.conformance.contract import Arrays, Factory, Optimizer, Rate
from lbopt.optim import apply_updates

Names = Mapping[str, str | tuple[str, int]]
# What libraries call lbopt's hyperparameters, tried in this order where ``names`` says nothing.
SYNONYMS: dict[str, tuple[str | tuple[str, int], ...]] = {
    "b1": ("b1", ("betas", 0), "beta_1", "beta1"),
    "b2": ("b2", ("betas", 1), "beta_2", "beta2"),
    "eps": ("eps", "epsilon"),
    "weight_decay": ("weight_decay", "wd", "weight_decay_rate"),
    "momentum": ("momentum", "mu"),
    "nesterov": ("nesterov",),
    "trust_coefficient": ("trust_coefficient", "trust_coeff", "eta", "eeta"),
    "bias_correction": ("bias_correction", "correct_bias"),
    "phi": ("phi",),
    "norm": ("norm",),
    "decay_mask": ("decay_mask",),
    "adapt_mask": ("adapt_mask",),
}


def found_names(make: Callable[..., Any], names: Names | None) -> dict[str, str | tuple[str, int]]:
    """Match lbopt's names with a signature; what ``names`` says comes first."""
    try:
        has = set(inspect.signature(make).parameters)
    except (TypeError, ValueError):
        has = set()
    found = {
        ours: theirs
        for ours, options in SYNONYMS.items()
        for theirs in reversed(options)
        if (theirs if isinstance(theirs, str) else theirs[0]) in has
    }
    return {**found, **(names or {})}


def keywords(
    make: Callable[..., Any], names: Names, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Say hyperparameters in the library's words; a tuple's other places keep their default."""
    out = dict(settings)
    for ours, value in given.items():
        theirs = names[ours]
        if isinstance(theirs, str):
            out[theirs] = value
            continue
        name, i = theirs
        usual = out.get(name)
        if usual is None:
            usual = inspect.signature(make).parameters[name].default
        pair = list(usual if isinstance(usual, tuple | list) else (0.9, 0.999))
        pair[i] = value
        out[name] = tuple(pair)
    return out


def rate_at(lr: Rate, t: int) -> float:
    """The learning rate of step t = 0, 1, 2, ..."""
    return float(lr(t)) if callable(lr) else lr


def hand_back(given: np.ndarray, gradient: Any) -> None:
    """Write into a gradient what a torch optimizer wrote into ``p.grad``, so that it is seen."""
    if gradient is not None:
        after = gradient.detach().cpu().numpy()
        if not np.array_equal(after, given, equal_nan=True):
            given[...] = after


def from_lbopt(
    recipe: Callable[..., Any],
    *,
    names: Names | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Factory:
    """Wrap a recipe of `lbopt.optim`: ``recipe(learning_rate, **hyperparameters) -> Link``.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import conformance, optim
    >>> init, step, *_ = from_lbopt(optim.lamb)(0.5, b1=0.0)
    >>> w = {"W": np.array([3.0, 4.0])}
    >>> init(w)
    >>> step(w, {"W": np.array([7.0, 7.0])})["W"].round(2)
    array([1.23, 2.23])
    """
    known = found_names(recipe, names)

    def build(lr: Rate, **given: Any) -> Optimizer:
        link = recipe(lr, **keywords(recipe, known, settings or {}, given))
        state: list[Any] = [None]

        def init(params: Arrays) -> None:
            state[0] = link.init(params)

        def step(params: Arrays, grads: Arrays) -> Arrays:
            updates, state[0] = link.update(grads, state[0], params)
            return apply_updates(params, updates)

        def load(saved: bytes) -> None:
            state[0] = pickle.loads(saved)

        return Optimizer(init, step, lambda: pickle.dumps(state[0]), load)

    return Factory(build, frozenset(known), getattr(recipe, "__name__", "the recipe"))


def from_torch(
    optimizer_class: Callable[..., Any],
    *,
    device: str = "cpu",
    names: Names | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Factory:
    """Wrap a `torch.optim.Optimizer` class, on any device.

    A schedule sets ``lr`` of every group before each step. A layer that is missing among the
    gradients has ``grad = None``. What the optimizer writes into ``p.grad`` is written into the
    gradient that ``step`` was given.

    Examples
    --------
    ``check(from_torch(torch.optim.AdamW), claims="adamw")``; for a class with other names and a
    switch: ``from_torch(Lamb, names={"eps": "epsilon"}, settings={"max_grad_norm": None})``.
    """
    import torch

    known = found_names(optimizer_class, names)
    about = getattr(optimizer_class, "__name__", "the optimizer")

    def build(lr: Rate, **given: Any) -> Optimizer:
        kw = keywords(optimizer_class, known, settings or {}, given)
        optimizer_class([torch.nn.Parameter(torch.zeros(1))], lr=rate_at(lr, 0), **kw)  # refuses?
        p: dict[str, Any] = {}
        inside: dict[str, Any] = {"t": 0}

        def tensor(a: np.ndarray) -> Any:
            return torch.tensor(np.array(a), device=device)

        def init(params: Arrays) -> None:
            p.update({k: torch.nn.Parameter(tensor(a)) for k, a in params.items()})
            inside["opt"] = optimizer_class(list(p.values()), lr=rate_at(lr, 0), **kw)

        def step(params: Arrays, grads: Arrays) -> Arrays:
            opt = inside["opt"]
            with torch.no_grad():
                for k, w in p.items():
                    w.copy_(tensor(params[k]))
                    w.grad = tensor(grads[k]) if k in grads else None
            if callable(lr):
                for group in opt.param_groups:
                    group["lr"] = rate_at(lr, inside["t"])
            opt.step()
            inside["t"] += 1
            for k, g in grads.items():
                hand_back(g, p[k].grad)
            return {k: w.detach().cpu().numpy().copy() for k, w in p.items()}

        def save() -> Any:
            return copy.deepcopy(inside["opt"].state_dict()), inside["t"]

        def load(saved: Any) -> None:
            inside["opt"].load_state_dict(copy.deepcopy(saved[0]))
            inside["t"] = saved[1]

        return Optimizer(init, step, save, load)

    return Factory(build, frozenset(known), about)
