"""Wrong algorithms: what an implementation may do in a theorem's place."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.mutants.mutant import Mutant
from theory.mutants.wrong_steps import (
    Length,
    euclidean,
    lamb_with,
    largest,
    lars_eps_inside,
    lars_with,
    nothing,
    of_all_layers,
    one_norm,
    root_mean_square,
    sgd_with,
    sign_with,
    square,
)
from theory.theorems import lamb, lamb_sign

TITLES = {"lars": "LARS", "lamb_sign": "LAMB sign", "lamb": "LAMB", "sgd": "SGD"}

# (name, story, norm, factor on the step): the same for LARS and both LAMBs
SHARED: tuple[tuple[str, str, Length, float], ...] = (
    ("one norm for all layers", "what clipping by the global norm does", of_all_layers, 1.0),
    ("no norm", "the trust ratio forgotten", nothing, 1.0),
    ("L1 norm", "a norm that libraries offer, and the theorem does not", one_norm, 1.0),
    ("max norm", "likewise", largest, 1.0),
    ("root mean square", "a norm that does not grow with the layer", root_mean_square, 1.0),
    ("squared norm", "the root forgotten", square, 1.0),
    ("ascent", "the sign of the update", euclidean, -1.0),
    ("half the step", "as if phi were half as large", euclidean, 0.5),
    ("twice the step", "the update applied twice", euclidean, 2.0),
    ("a step of 1.05", "five percent too long", euclidean, 1.05),
    ("a step of 0.95", "five percent too short", euclidean, 0.95),
)


def _mutant(theorem: str, name: str, story: str, algorithm: Any) -> Mutant:
    name = f"{TITLES[theorem]} algorithm: {name}"
    return Mutant(name, theorem, story, "algorithm", algorithm=algorithm)


def no_phi_sign(step_size: float, *, phi: Any = None, eps: float = 0.0) -> Any:
    """Take the step of phi = 1."""
    return lamb_sign.algorithm(step_size)


def no_phi_lamb(
    step_size: float, *, beta2: float = 0.999, eps: float = 0.0, phi: Any = None
) -> Any:
    """Take the step of phi = 1."""
    return lamb.algorithm(step_size, beta2=beta2, eps=eps)


ALGORITHMS: tuple[Mutant, ...] = (
    *(_mutant("lars", name, story, lars_with(n, c)) for name, story, n, c in SHARED),
    _mutant("lars", "phi of the gradient", "||g|| for ||x||", lars_with(ratio="gradient")),
    _mutant("lars", "no phi", "the weights' norm forgotten", lars_with(ratio="none")),
    _mutant("lars", "eps inside the root", "as in some libraries' norms", lars_eps_inside),
    *(_mutant("lamb_sign", name, story, sign_with(n, c)) for name, story, n, c in SHARED),
    _mutant("lamb_sign", "sign(0) = 0", "np.sign", sign_with(rule=np.sign)),
    _mutant("lamb_sign", "no sign", "LARS", sign_with(rule=np.positive)),
    _mutant("lamb_sign", "no phi", "the weights' norm forgotten", no_phi_sign),
    *(_mutant("lamb", name, story, lamb_with(n, c)) for name, story, n, c in SHARED),
    _mutant("lamb", "v without its root", "g / v", lamb_with(power=1.0)),
    _mutant("lamb", "the betas swapped", "v <- (1 - beta2) v + beta2 g^2",
            lamb_with(weight=lambda beta2: (1 - beta2, beta2))),
    _mutant("lamb", "v is the maximum's sum", "Adagrad: nothing is forgotten",
            lamb_with(weight=lambda beta2: (1.0, 1.0))),
    _mutant("lamb", "v of the step before", "v updated after its use", lamb_with(late=True)),
    _mutant("lamb", "no phi", "the weights' norm forgotten", no_phi_lamb),
    _mutant("sgd", "ascent", "the sign of the update", sgd_with(-1.0)),
    _mutant("sgd", "half the step", "as if the loss were halved", sgd_with(0.5)),
    _mutant("sgd", "twice the step", "the update applied twice", sgd_with(2.0)),
    _mutant("sgd", "a step of 1.05", "five percent too long", sgd_with(1.05)),
    _mutant("sgd", "a step of 0.95", "five percent too short", sgd_with(0.95)),
    _mutant("sgd", "normalised", "LARS", sgd_with(length=euclidean)),
    _mutant("sgd", "momentum 0.1", "another algorithm", sgd_with(momentum=0.1)),
)  # fmt: skip
