"""What the knobs are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt.conformance.family import Knobs, Layout

NAMES = {
    "lamb": "LAMB", "adamw": "AdamW", "lars": "LARS (2017)",
    "lars_2020": "LARS of the LAMB paper", "sgd": "SGD with momentum",
}  # fmt: skip
WORDS: dict[tuple[str, object], str] = {
    ("sign", -1.0): "it steps uphill: the sign of the update is lost",
    ("moments", "swapped"): "b1 and b2 are swapped",
    ("moments", "not squared"): "the second moment averages |g|, not its square",
    ("moments", "b1 in v"): "the second moment averages with 1 - b1: b2 v + (1 - b1) g^2",
    ("moments", "of m"): "the second moment averages m^2, not g^2",
    ("moments", "amsgrad"): "AMSGrad's maximum of the second moments",
    ("moments", "nlamb"): "Nesterov's look-ahead in the first moment (N-LAMB)",
    ("moments", "nnlamb"): "Nesterov's look-ahead in both moments (NN-LAMB)",
    ("moments", "no root"): "the denominator is v, not its root",
    ("moments", "nesterov"): "Nesterov's look-ahead in the first moment (b1 m + (1 - b1) g)",
    ("moments", "v summed"): "the second moment sums squares (b2 v + g^2), without the factor "
    "1 - b2",
    ("moments", "centred"): "the second moment averages (g - m)^2, not g^2",
    ("moments", "decay in v"): "the second moment averages (g + weight_decay w)^2, not g^2",
    ("moments", "started"): "both moments start at the first gradient and its square, not at zero, "
    "and are not corrected",
    ("moments", "v started"): "the second moment starts at the first gradient's square, not at "
    "zero, and is not corrected",
    ("moments", "sign"): "the direction is the sign of the first moment: no second moment",
    ("moments", "summed"): "the first moment sums gradients (b1 m + g), without the factor 1 - b1",
    ("correction", "inside"): "bias correction of both moments, inside the ratio",
    ("correction", "none"): "no bias correction",
    ("correction", "outside"): "the bias correction multiplies the whole step, outside the ratio",
    ("correction", "first outside"): "1 / (1 - b1^t) multiplies the step, outside the ratio; the "
    "second moment is never corrected",
    ("correction", "first not"): "the first moment is not corrected",
    ("correction", "second not"): "the second moment is not corrected",
    ("correction", "from 0"): "the bias correction counts its steps from 0: t is one too small",
    ("correction", "from 2"): "the bias correction counts its steps from 2: t is one too large",
    ("correction", "twice"): "the bias correction counts every step twice",
    ("correction", "lags"): "the bias correction counts its steps 1, 1, 2, 3: t is one too small "
    "from the second step on",
    ("correction", "first: from 0"): "the correction of the first moment counts from 0: t is one "
    "too small",
    ("correction", "first: from 2"): "the correction of the first moment counts from 2: t is one "
    "too large",
    ("correction", "first: lags"): "the correction of the first moment counts 1, 1, 2, 3: t is one "
    "too small from the second step on",
    ("correction", "second: from 0"): "the correction of the second moment counts from 0: t is one "
    "too small",
    ("correction", "second: from 2"): "the correction of the second moment counts from 2: t is one "
    "too large",
    ("correction", "second: lags"): "the correction of the second moment counts 1, 1, 2, 3: t is "
    "one too small from the second step on",
    ("correction", "b1 for both"): "both moments are corrected with b1",
    ("correction", "root forgotten"): "the correction of the second moment is not under the root",
    ("eps", "inside"): "eps stands under the root, sqrt(v + eps)",
    ("eps", "before the correction"): "eps is added before the bias correction (epsilon hat)",
    ("eps", "none"): "eps is not there",
    ("eps", "squared inside"): "eps stands squared under the root, sqrt(v + eps^2)",
    ("eps", "maximum"): "the denominator is the larger of sqrt(v) and eps, not their sum",
    ("eps", "squared"): "eps is squared, sqrt(v) + eps^2",
    ("eps", "with the correction"): "eps is multiplied by sqrt(1 - b2^t)",
    ("eps", "inside, before the correction"): "eps stands under the root and is added before the "
    "bias correction, sqrt((v + eps) / (1 - b2^t))",
    ("eps", "inside and outside"): "eps stands under the root too, sqrt(v + eps) + eps",
    ("eps", "outside"): "eps stands outside the root",
    ("memory", "sum"): "momentum sums, m v + d",
    ("memory", "average"): "momentum averages, m v + (1 - m) d",
    ("memory", "dampened"): "momentum averages (dampening), m v + (1 - m) d",
    ("memory", "first dampened"): "the first step is dampened by 1 - m",
    ("memory", "dampened from the second"): "momentum is dampened from the second step on, "
    "m v + (1 - m) d (torch's dampening)",
    ("memory", "none at first"): "the first step does not move",
    ("memory", "average, nesterov"): "Nesterov's look-ahead",
    ("memory", "nesterov"): "Nesterov's look-ahead",
    ("place", "before, rate inside"): "ratio and learning rate inside the momentum",
    ("place", "before, rate outside"): "the learning rate stands outside the momentum buffer",
    ("place", "outside"): "the learning rate stands outside the momentum buffer",
    ("place", "after"): "the ratio is taken of the momentum, after it, the learning rate outside",
    ("decay", "in the norm"): "decay is added before the norm is taken",
    ("decay", "in the gradient"): "decay is in the gradient, an L2 penalty through the moments",
    ("decay", "decoupled, after"): "decay is decoupled: outside the ratio, lr * weight_decay * w",
    ("decay", "decoupled, before"): "decay is decoupled: w shrinks by 1 - lr * weight_decay "
    "before the step, outside the ratio",
    ("decay", "decoupled, without the rate"): "decay is decoupled and not multiplied by the "
    "learning rate",
    ("decay", "decoupled, at the first rate"): "decay is decoupled and multiplied by the first "
    "learning rate, not the schedule's",
    ("decay", "decoupled, of what is left"): "decay shrinks the weights after the step, "
    "(1 - lr * weight_decay)(w - step), not those before it",
    ("decay", "in the norm alone"): "decay is in the norm that the ratio divides by, but not in "
    "the step",
    ("decay", "norms added"): "the ratio divides by ||r|| + weight_decay ||w||, not by the norm of "
    "the sum",
    ("decay", "of the first weights"): "decay is of the weights at the first step, not of those "
    "now",
    ("decay", "beside the ratio"): "decay is not multiplied by the ratio, but goes through the "
    "momentum",
    ("decay", "not in the norm"): "the ratio divides by the norm without decay, and multiplies "
    "the decay too",
    ("decay", "after the momentum"): "decay is added after the momentum",
    ("decay", "ignored"): "weight_decay is ignored",
    ("ratio", "layer"): "a ratio per layer, ||w|| / ||u||",
    ("ratio", "none"): "no layerwise ratio",
    ("ratio", "global"): "one ratio for all layers",
    ("ratio", "gradient"): "the ratio divides by the norm of the gradient",
    ("ratio", "first moment"): "the ratio divides by the norm of the first moment",
    ("ratio", "newest"): "the ratio divides by the norm of the newest gradient (with decay), not "
    "of the momentum",
    ("ratio", "root"): "the ratio is the root of what it should be",
    ("ratio", "rows"): "each row of a matrix (entry of the first axis) has a ratio of its own",
    ("ratio", "float16"): "the norms are computed in float16",
    ("ratio", "bfloat16"): "the norms are computed in bfloat16",
    ("ratio", "stale weights"): "the ratio has the weight norm of the step before",
    ("ratio", "stale updates"): "the ratio divides by the norm of the step before",
    ("ratio", "first weights"): "the ratio has the weight norm of the first step for ever",
    ("ratio", "larger"): "the denominator is the larger of ||g|| and weight_decay ||w||, not their "
    "sum",
    ("ratio", "hypot"): "the denominator is the root of ||g||^2 + weight_decay^2 ||w||^2, not the "
    "sum of norms",
    ("ratio", "before the moments"): "the ratio multiplies the gradient before the moments, which "
    "forget it",
    ("ratio", "inverted"): "the ratio is upside down, ||u|| / ||w||",
    ("ratio", "squared"): "the ratio is of squared norms: the roots are missing",
    ("ratio", "rms of weights"): "the ratio has the root mean square of the weights for their norm",
    ("ratio", "l1"): "the norms are 1-norms",
    ("ratio", "linf"): "the norms are maxima",
    ("ratio", "sum of norms"): "the denominator is ||g|| + weight_decay ||w||",
    ("ratio", "norm of the sum"): "the denominator is the norm of the sum, ||g + weight_decay w||",
    ("ratio", "norm of the sum, no coefficient"): "the ratio is ||w|| / ||g + weight_decay w||, "
    "without a trust coefficient",
    ("ratio", "larc"): "LARC's clip: the local rate is at most the learning rate, min(ratio / lr, "
    "1)",
    ("schedule", "squared"): "the learning rate is multiplied twice: lr^2",
    ("schedule", "root"): "the root of the learning rate is taken for it",
    ("schedule", "divided out"): "the learning rate has no effect: the ratio divides it out again",
    ("schedule", "kept"): "the schedule is not followed: the first learning rate is kept",
    ("schedule", "twice"): "the schedule counts every step twice",
    ("schedule", "late"): "the schedule is one step late",
    ("schedule", "early"): "the schedule is one step early",
}
MOMENTUM_DECAY = {
    "in the gradient": "decay is in the gradient",
    "decoupled, after": "decay is decoupled, outside ratio and momentum",
}


CLIPS = {
    "all": "to a joint norm of", "layer": "to a norm, layer by layer, of",
    "rms": "to a root mean square, layer by layer, of", "entry": "entry by entry to",
}  # fmt: skip
PLACE = {  # by whether there is a ratio, and where the base has it
    ("before, rate inside", "outside"): "the learning rate stands inside the momentum buffer",
    ("before, rate inside", "after"): "the ratio is taken of the gradient, before the momentum, "
    "and the learning rate is inside it",
    ("before, rate outside", "after"): "the ratio is taken of the gradient, before the momentum",
}


def apart(k: Knobs, base: Knobs, at: Layout) -> tuple[str, ...]:
    """Say in which knobs a member differs from another."""
    out = []
    if k.direction != base.direction:
        out.append("Adam's direction, not momentum" if k.direction == "adam"
                   else "momentum, not Adam's direction: no second moments")  # fmt: skip
    for name in k._fields:
        value = getattr(k, name)
        if value == getattr(base, name) or name == "direction":
            continue
        if k.ratio == "none" and name in ("adapted", "adapted_without_decay", "phi", "bounds"):
            continue
        if name == "ratio" and "after" in (k.place, base.place) and "norm of the sum" in str(value):
            continue  # of what the momentum is, there is one norm
        if name in ("moments", "correction", "eps") and k.direction != "adam":
            continue
        if name in ("memory", "place") and k.direction == "adam":
            continue
        if name == "place" and (value, base.place) in PLACE:
            out.append(PLACE[value, base.place])
        elif name == "decay" and k.direction == "momentum" and value in MOMENTUM_DECAY:
            out.append(MOMENTUM_DECAY[value])
        elif name in ("decayed", "adapted"):
            what = "decayed" if name == "decayed" else "normalised (ratio 1)"
            out.append(f"not {what}: {left_out(value, at)}")
        elif name in ("phi", "bounds"):
            what = "weight norm clamped" if name == "phi" else "ratio clamped"
            out.append(f"{what} {between(*value)}")
        elif name == "clip":
            out.append(f"gradients are clipped {CLIPS[k.clip_by]} {value:g}" if value < np.inf
                       else "gradients are not clipped")  # fmt: skip
        elif name == "coefficient":
            out.append(f"trust_coefficient is ignored: {value:g} in its place")
        elif name == "ratio_eps_as":
            continue
        elif name.endswith("_value"):
            out.append(f"{name.removesuffix('_value')} is {value:g} whatever it is told")
        elif name == "ratio_eps":
            what = "eps" if value == "eps" else f"{value:g}"
            told = {"added": f"{what} is added to the norm in the ratio",
                    "both": f"{what} is added to both norms in the ratio",
                    "least": f"the norm in the ratio is at least {what}"}  # fmt: skip
            out.append(told[k.ratio_eps_as] if value else "nothing is added in the ratio")
        elif name == "root_eps":
            out.append(f"a further {value:g} under the root")
        elif name == "decay_size":
            sizes: dict[Any, str] = {
                "rate": "decay is multiplied by the learning rate once more",
                "squared": "weight_decay is squared",
                -1.0: "decay has the wrong sign",
            }
            out.append(sizes.get(value, f"decay is {value} times what it should be"))
        elif name == "clip_by":
            continue
        elif name == "adapted_without_decay":
            out.append("weight_decay = 0 switches the ratio off")
        else:
            out.append(WORDS.get((name, value), f"{name}: {value}"))
    return tuple(out)


def between(low: float, high: float) -> str:
    """Words for an interval."""
    if low <= 0:
        return f"at {high:g}" if high < np.inf else "nowhere"
    return f"from below at {low:g}" if high == np.inf else f"to [{low:g}, {high:g}]"


def left_out(mask: tuple[bool, ...], at: Layout) -> str:
    """Which layers are left out."""
    out = [i for i, kept in enumerate(mask) if not kept]
    kinds = sorted({at.ndims[i] for i in out})
    if len(out) == len(mask):
        return "no layer is"
    if out == [i for i, n in enumerate(at.ndims) if n in kinds]:
        return f"{' and '.join(f'{n}-D' for n in kinds)} layers"
    return ", ".join(f"{at.names[i]!r} ({at.ndims[i]}-D)" for i in out)
