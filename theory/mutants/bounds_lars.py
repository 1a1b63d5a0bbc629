"""Wrong bounds for LARS; those in phi, L and the horizon are wrong for LAMB in the same way."""

from __future__ import annotations

from theory.mutants.formulas import (
    batch_power,
    euclidean,
    high_power,
    horizon,
    largest,
    low,
    low_over_high,
    mean,
    of_sigma,
    of_smoothness,
    times,
)
from theory.mutants.mutant import Formula, Mutant

# (name, story, kind, formula): what LARS and LAMB have in common
SHARED: tuple[tuple[str, str, str, Formula], ...] = (
    ("start constant 0.99", "a slip of one percent", "wrong", times("start", 0.99)),
    ("start constant 0.95", "a slip of five percent", "wrong", times("start", 0.95)),
    ("start constant 0.5", "gap / (2 eta T)", "wrong", times("start", 0.5)),
    ("start constant 1.05", "true and loose", "loose", times("start", 1.05)),
    ("curvature constant 0.495", "a slip of one percent", "wrong", times("curvature", 0.99)),
    ("curvature constant 0.45", "a slip of ten percent", "wrong", times("curvature", 0.9)),
    ("curvature constant 1/4", "the 1/2 of A1 taken twice", "wrong", times("curvature", 0.5)),
    ("curvature constant 0.525", "true and loose", "loose", times("curvature", 1.05)),
    ("curvature constant 1", "the 1/2 of A1 forgotten", "loose", times("curvature", 2)),
    ("noise constant 0.95", "a slip of five percent", "wrong", times("noise", 0.95)),
    ("noise constant 0.9", "a slip of ten percent", "wrong", times("noise", 0.9)),
    ("noise constant 0.5", "the sign lemma's 1/2 used twice", "wrong", times("noise", 0.5)),
    ("no noise term", "as if b were infinite", "wrong", times("noise", 0)),
    ("noise constant 1.05", "true and loose", "loose", times("noise", 1.05)),
    (
        "batch^-3/4",
        "between the standard deviation and the variance",
        "wrong",
        times("noise", batch_power(0.75)),
    ),
    (
        "batch^-1",
        "variance in the place of the standard deviation",
        "wrong",
        times("noise", batch_power(1.0)),
    ),
    ("batch^-1/4", "a root too many: loose", "loose", times("noise", batch_power(0.25))),
    ("T + 1", "averaged over t = 0..T", "wrong", times("start", horizon(1))),
    ("T - 1", "averaged over T - 1 steps: true and loose", "loose", times("start", horizon(-1))),
    (
        "max L_i",
        "L of the whole network for a step in one layer",
        "wrong",
        times("curvature", of_smoothness(largest)),
    ),
    (
        "mean L_i",
        "L_avg without the factor h of the metric",
        "wrong",
        times("curvature", of_smoothness(mean)),
    ),
    (
        "Euclidean norm of the L_i",
        "||L||_2 for ||L||_1",
        "wrong",
        times("curvature", of_smoothness(euclidean)),
    ),
    (
        "alpha_u for alpha_u^2",
        "the step enters A1 squared",
        "wrong",
        times("curvature", high_power(-1)),
    ),
    ("no alpha_u in the curvature", "phi forgotten", "wrong", times("curvature", high_power(-2))),
    ("alpha_l^2 for alpha_u^2", "the two swapped", "wrong", times("curvature", low_over_high(2))),
    ("1/alpha_u for 1/alpha_l", "the two swapped", "wrong", times("all", low_over_high(1))),
    ("no 1/alpha_l", "phi forgotten on the left side", "wrong", times("all", low)),
)

# what only the staircase and the ratchet can tell, and they are LARS' own
PHI = (
    (
        "alpha_l alpha_u for alpha_u^2",
        "one factor for the step, one for the ratio",
        "wrong",
        times("curvature", low_over_high(1)),
    ),
    (
        "alpha_l for alpha_u in the noise",
        "the two swapped",
        "wrong",
        times("noise", low_over_high(1)),
    ),
    ("no alpha_u in the noise", "phi forgotten", "wrong", times("noise", high_power(-1))),
)

LARS: tuple[Mutant, ...] = (
    *(Mutant(f"LARS: {name}", "lars", story, kind, f) for name, story, kind, f in (*SHARED, *PHI)),
    Mutant(
        "LARS: Euclidean norm of the sigma_i",
        "lars",
        "the noise of the whole gradient",
        "wrong",
        times("noise", of_sigma(euclidean)),
    ),
    Mutant(
        "LARS: max sigma_i",
        "lars",
        "the noisiest layer alone",
        "wrong",
        times("noise", of_sigma(largest)),
    ),
    Mutant(
        "LARS: mean sigma_i",
        "lars",
        "averaged over layers while the metric is a sum",
        "wrong",
        times("noise", of_sigma(mean)),
    ),
    Mutant("LARS: no eps term", "lars", "eps is small", "wrong", times("eps", 0)),
    Mutant(
        "LARS: eps without h",
        "lars",
        "one eps for all layers",
        "wrong",
        times("eps", lambda c, a: 1 / len(c.dims)),
    ),
    Mutant(
        "LARS: eps without alpha_u", "lars", "phi forgotten", "wrong", times("eps", high_power(-1))
    ),
    Mutant(
        "LARS published: constant 1.9",
        "lars",
        "a slip of five percent",
        "loose",
        published=times("noise", 1.9),
    ),
    Mutant(
        "LARS published: constant 2.1",
        "lars",
        "a slip of five percent",
        "loose",
        published=times("noise", 2.1),
    ),
    Mutant(
        "LARS published: constant 1",
        "lars",
        "the sharp bound under the paper's name",
        "loose",
        published=times("noise", 1),
    ),
)
