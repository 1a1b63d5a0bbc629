"""Laws of numbers beyond the usual: half precision, and squares that overflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import NotOfferedError
from lbopt.conformance.lab import UNIT, Lab, Measurement, excess
from lbopt.conformance.law import ADAM, GRADS, LAYERWISE, RATE, Law, W, unless, usual


def in_dtype(lab: Lab, dtype: str, run: Callable[[Lab], Any]) -> Any:
    """Run in another dtype; a refusal (half precision is not implemented) is not a failure."""
    try:
        with np.errstate(all="ignore"):
            return run(replace(lab, dtype=dtype, arithmetic=dtype))
    except (TypeError, NotImplementedError, RuntimeError) as e:
        raise NotOfferedError(f"{dtype}: {str(e).splitlines()[0][:80]}") from e


def half_precision_has_the_right_ratio(lab: Lab) -> Measurement:
    r"""300 x 300 float16 weights and gradients of ones: ||w|| = 300, though 300^2 is past 65504.

    LAMB and LARS 2020 without decay: the update is -lr w exactly. LARS with beta = 1: lambda (g +
    beta w) = eta / 2 * 2. Then entries of 250: the norm itself, 75000, is past float16.
    """
    h = usual(lab)
    lab.relies("trust_coefficient")
    if lab.claim.name == "lars":
        h = usual(lab, weight_decay=1.0, momentum=0.0)
    share = RATE * h.get("trust_coefficient", 1.0)

    def ones(dtype: str, entry: float) -> Measurement:
        one = {"W": np.full((300, 300), entry)}
        path = in_dtype(lab, dtype, partial(Lab.run, h=h, w=one, grads=[one], lr=RATE))
        moved = (path[1]["W"] - path[0]["W"]) / entry
        gap = float(np.max(np.nan_to_num(np.abs(moved + share), nan=np.inf))) / share
        detail = "NaN or infinite" if not np.isfinite(moved).all() else f"{gap:.2g} off"
        tolerance = UNIT["float16"] * (16 + 4 / share)
        return Measurement(gap, tolerance, f"entries of {entry:g}: {detail}")

    worst = max((ones("float16", entry) for entry in (1.0, 250.0)), key=excess)
    worst = unless(worst, lambda: ones("float32", 1.0), "in float32")
    return worst if worst.broken else worst._replace(detail="")


def half_precision_keeps_small_moments(lab: Lab) -> Measurement:
    r"""float16 gradients of 1 and 1e-4 have sign steps of equal size: their squares are kept in v.

    1e-8 is below float16's smallest number, so v has to be wider.
    """
    h = usual(lab, eps=1e-10)
    lab.relies("eps")
    w, g = {"W": np.ones(2)}, {"W": np.array([1.0, 1e-4])}

    def gap(dtype: str) -> Measurement:
        path = in_dtype(lab, dtype, lambda half: half.run(h, w, [g], RATE))
        moved = path[1]["W"] - path[0]["W"]
        off = float(np.max(np.nan_to_num(np.abs(moved + RATE), nan=np.inf))) / RATE
        return Measurement(off, UNIT["float16"] * (32 + 4 / RATE))

    return unless(gap("float16"), lambda: gap("float32"), "in float32")


def squares_do_not_overflow(lab: Lab) -> Measurement:
    r"""Weights (LARS: and gradients) of 1e30 in float32: the formula holds, though 1e60 is inf."""
    h = usual(lab)

    def scaled(c: float) -> Measurement:
        grads = [problem.times(c, g) if lab.claim.name != "lamb" else g for g in GRADS[:2]]
        w = problem.times(c, W)
        return in_dtype(lab, "float32", lambda single: single.follows_formula(h, w, grads, RATE))

    return unless(scaled(2.0**100), lambda: scaled(1.0), "for weights of the usual size")


LAWS = (
    Law(half_precision_has_the_right_ratio, LAYERWISE,
        "in float16 the norms overflow or lose their digits: the sum of squares is taken in the "
        "storage dtype", "range"),
    Law(half_precision_keeps_small_moments, ADAM,
        "in float16 squares of small gradients vanish: v is kept in the storage dtype", "range"),
    Law(squares_do_not_overflow, LAYERWISE,
        "norms of large float32 numbers overflow: squares are summed without scaling", "range"),
)  # fmt: skip
