"""Checks of the exercises in 08_museum_of_wrong_lambs.ipynb."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from checks import demand, judge
from wrong_lambs import ROOMS

from lbopt import conformance, optim

# Of the laws that a wrong adapter breaks, the one that says most.
TELLING = (
    "inputs_are_not_overwritten",
    "every_hyperparameter_is_alive",
    "two_runs_share_nothing",
    "first_step_is_a_sign_step",
    "two_steps_have_a_closed_form",
    "schedule_is_asked_for_each_step",
)
# What a forger has to keep: everything that does not look at the second step in numbers.
KEPT = (
    "contract",
    "step_length_is_lr_times_weights",
    "layers_are_independent",
    "every_layer_moves",
    "first_step_is_a_sign_step",
    "constant_gradient_has_a_constant_direction",
    "no_memory_means_a_sign_step_each_time",
    "eps_stands_outside_the_root",
    "learning_rate_is_a_factor",
    "gradient_scale_is_forgotten",
    "weight_scale_is_kept",
    "large_decay_leaves_the_length",
    "decay_has_its_size",
    "decay_to_zero_is_continuous",
    "every_hyperparameter_is_alive",
)


def check_1(make_lamb: Callable) -> bool:
    """``make_lamb(lr, **hyperparameters)`` -> ``(init, step)`` around `optim.lamb`."""

    def examine(make_lamb: Callable) -> None:
        init, step, *_ = make_lamb(0.1)
        w = {"w": np.array([3.0, 4.0])}
        init(w)
        after = step(w, {"w": np.ones(2)})
        demand(
            isinstance(after, dict) and after.keys() == w.keys(),
            "the contract",
            f"step(params, grads) is to give a dict of the same names, not {after!r}",
        )
        init, step, *_ = make_lamb(1e-6)
        init(w)
        after = step(w, {"w": np.ones(2)})
        demand(
            np.allclose(after["w"], w["w"], rtol=1e-3),
            "the contract",
            f"at a rate of 1e-6 step gives {after['w']} for weights {w['w']}: it is to return the "
            "new weights, not the update",
        )
        report = conformance.check(make_lamb, "lamb", explain=False)
        if not report.passed:
            law = next((law for law in TELLING if law in report.failures), report.failures[0])
            row = next(row for row in report.rows if row.law == law)
            demand(False, f"the law {law}", f"{row.means}. Here: {row.detail}")

    return judge(1, make_lamb, (0.1,), examine)


def check_2(factor: Callable) -> bool:
    """``factor(g, eps)``: g / sqrt(g^2 + eps) over g / (|g| + eps)."""

    def measured(g: float, eps: float) -> float:
        rs = []
        for recipe in (ROOMS["D"].recipe, optim.lamb):
            link, w = recipe(1.0, eps=eps, adapt_mask=lambda k, w: False), {"w": np.ones(1)}
            rs.append(link.update({"w": np.array([g])}, link.init(w), w)[0]["w"][0])
        return float(rs[0] / rs[1])

    def examine(factor: Callable) -> None:
        cases = {
            "the no-eps law": [(2.0, 0.0)],
            "the large-gradient law": [(1e6, 1e-6), (1e3, 1e-2)],
            "the first-step law": [(1e-3, 1e-6), (0.1, 0.4), (1e-5, 1e-8)],
            "the sign law": [(-1e-3, 1e-6)],
        }
        for law, pairs in cases.items():
            for g, eps in pairs:
                got, want = factor(g, eps), measured(g, eps)
                demand(
                    np.isclose(got, want, rtol=1e-6),
                    law,
                    f"g = {g:g}, eps = {eps:g}: room D's r is {want:.7g} times the paper's, "
                    f"you say {got:.7g}",
                )

    return judge(2, factor, (1.0, 1e-6), examine)


def check_3(continuous: Callable) -> bool:
    """``continuous(make)``: whether a weight_decay of 0 does what a tiny one does."""

    def wrapped(change: Callable) -> Callable:
        """LAMB, with another adapt_mask where there is no decay."""

        def recipe(lr: Any, b1: float, b2: float, eps: float, weight_decay: float) -> Any:
            mask = None if weight_decay else change
            return optim.lamb(lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay, adapt_mask=mask)

        return with_defaults(recipe)

    def examine(continuous: Callable) -> None:
        right = {
            "the paper's LAMB": conformance.from_lbopt(optim.lamb),
            "LAMB with phi = clip(0, 10)": ROOMS["J"].factory,
            "AdamW": conformance.from_lbopt(optim.adamw),
        }
        for name, make in right.items():
            said = continuous(two_functions(make))
            demand(said, "the innocence law", f"{name} is continuous, you refuse it")
        wrong = {
            "room H": ROOMS["H"].factory,
            "room H, but only its vectors": wrapped(lambda k, w: w.ndim > 1),
            "room H, but only its matrices": wrapped(lambda k, w: w.ndim < 2),
        }
        for name, make in wrong.items():
            demand(
                not continuous(two_functions(make)),
                "the guilt law",
                f"{name} gets through: without a decay it has ratio 1; has your layer another one?",
            )

    sample = (two_functions(conformance.from_lbopt(optim.lamb)),)
    return judge(3, continuous, sample, examine)


def check_4(smallest: Callable) -> bool:
    """``smallest(killed)``: as few laws as possible that kill every room."""

    def examine(smallest: Callable) -> None:
        rng = np.random.default_rng(4)
        laws = [f"law {i}" for i in range(8)]
        cases: list[dict[str, tuple[str, ...]]] = [
            {"A": ("x", "y"), "B": ("y",), "C": ("y", "z")},
            {"A": ("x",), "B": ("y",)},
            # "p" kills most rooms, four, and is not among the best two
            {
                "A": ("p", "q"),
                "B": ("p", "q"),
                "C": ("p", "r"),
                "D": ("p", "r"),
                "E": ("q",),
                "F": ("r",),
            },
        ]
        for _ in range(6):
            cases.append({k: tuple(rng.choice(laws, 3, replace=False)) for k in "ABCDEFGH"})
        for killed in cases:
            found = smallest(killed)
            laws_only = isinstance(found, list | tuple | set | frozenset)
            demand(laws_only, "the contract", f"return the laws (a list, a tuple), not {found!r}")
            alive = [room for room, by in killed.items() if not set(by) & set(found)]
            demand(not alive, "the covering law", f"{', '.join(alive)} of {killed} live on")
            best = _least(killed)
            demand(
                len(set(found)) == best,
                "the minimum law",
                f"for {killed} {best} will do, you take {len(set(found))}",
            )

    return judge(4, smallest, ({"A": ("x",)},), examine)


def check_5(forgery: Callable) -> bool:
    """``forgery(lr, b1, b2, eps, weight_decay) -> Link``: keeps KEPT, and is wrong."""

    def examine(forgery: Callable) -> None:
        report = conformance.check(with_defaults(forgery), "lamb", explain=False)
        for law in KEPT:
            row = next((row for row in report.rows if row.law == law), None)
            kept = row is not None and row.verdict == "kept"
            demand(kept, f"the law {law}", "it gives you away" if row is None else row.means)
        demand(not report.passed, "the guilt law", "all laws hold: that is LAMB, and no forgery")

    return judge(5, forgery, (0.1, 0.9, 0.999, 1e-6, 0.01), examine)


def with_defaults(recipe: Callable) -> Callable:
    """Make a factory of ``recipe(lr, b1, b2, eps, weight_decay) -> Link``."""

    def named(
        learning_rate: Any,
        b1: float = 0.9,
        b2: float = 0.999,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> Any:
        return recipe(learning_rate, b1, b2, eps, weight_decay)

    return conformance.from_lbopt(named)


def two_functions(make: Callable) -> Callable:
    """Leave of an adapter what the notebook speaks of: ``(init, step)``, without save and load."""

    def cut(*args: Any, **kwargs: Any) -> Any:
        init, step, *_ = make(*args, **kwargs)
        return init, step

    return cut


def _least(killed: dict[str, tuple[str, ...]]) -> int:
    laws = sorted({law for by in killed.values() for law in by})
    sizes = range(1, len(laws) + 1)
    return next(
        n
        for n in sizes
        if any(all(set(by) & set(some) for by in killed.values()) for some in combinations(laws, n))
    )
