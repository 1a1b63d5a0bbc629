"""Wrong bounds for LAMB with beta2 = 0, and for its robust form."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from theory.constants import Constants
from theory.mutants.bounds_lars import SHARED
from theory.mutants.formulas import Factor, high_power, times
from theory.mutants.mutant import Mutant


def _scaled(constants: Constants, power: float) -> float:
    """Sum over layers of ||s~_i||_1 / d_i^power."""
    rows = zip(constants.coordinate_sigma, constants.dims, strict=True)
    return sum(sum(row) / d**power for row, d in rows)


def _noise_to(number: float, constants: Constants) -> float:
    """From the noise term of beta2 = 0 to another number in the place of its sum."""
    return number / (_scaled(constants, 0.5) or 1.0)


def dims_power(power: float) -> Factor:
    r"""Return the factor from :math:`\sqrt{d_i}` to :math:`d_i^{power}` in the noise."""
    return lambda c, a: _noise_to(_scaled(c, power), c)


def average_dims(constants: Constants, arguments: Mapping[str, Any]) -> float:
    """d_i = d / h for unequal layers."""
    d = sum(constants.dims) / len(constants.dims)
    return _noise_to(_scaled(constants, 0.0) / sqrt(d), constants)


def layer_sigma(constants: Constants, arguments: Mapping[str, Any]) -> float:
    """sigma_i / sqrt(d_i) in the place of ||s~_i||_1 / sqrt(d_i)."""
    rows = zip(constants.sigma, constants.dims, strict=True)
    return _noise_to(sum(s / sqrt(d) for s, d in rows), constants)


def _sign_published(constant: float, power: float) -> Any:
    def formula(
        parts: Mapping[str, float], constants: Constants, arguments: Mapping[str, Any]
    ) -> float:
        low, high = arguments.get("phi", (1.0, 1.0))
        root = sqrt(arguments["batch_size"])
        noise = constant * high * _scaled(constants, power) / (root * low)
        return parts["start"] + parts["curvature"] + noise

    return formula


SIGN: tuple[Mutant, ...] = (
    *(Mutant(f"LAMB sign: {name}", "lamb_sign", story, kind, f) for name, story, kind, f in SHARED),
    Mutant(
        "LAMB sign: no alpha_u in the noise",
        "lamb_sign",
        "phi forgotten",
        "wrong",
        times("noise", high_power(-1)),
    ),
    Mutant(
        "LAMB sign: 1/d_i in the noise",
        "lamb_sign",
        "the mean of the s~_ij",
        "wrong",
        times("noise", dims_power(1.0)),
    ),
    Mutant(
        "LAMB sign: d_i^-1/4 in the noise",
        "lamb_sign",
        "a root too many: loose",
        "loose",
        times("noise", dims_power(0.25)),
    ),
    Mutant(
        "LAMB sign: no 1/sqrt(d_i) in the noise",
        "lamb_sign",
        "half of the published noise term: true, loose by sqrt(d_i)",
        "loose",
        times("noise", dims_power(0.0)),
    ),
    Mutant(
        "LAMB sign: d / h for unequal d_i",
        "lamb_sign",
        "the paper's layers are equal",
        "wrong",
        times("noise", average_dims),
    ),
    Mutant(
        "LAMB sign: sigma_i in the noise",
        "lamb_sign",
        "the layer's norm, not the sum",
        "wrong",
        times("noise", layer_sigma),
    ),
    Mutant(
        "LAMB sign published: constant 1.9",
        "lamb_sign",
        "a slip of five percent",
        "loose",
        published=_sign_published(1.9, 0.0),
    ),
    Mutant(
        "LAMB sign published: constant 2.1",
        "lamb_sign",
        "a slip of five percent",
        "loose",
        published=_sign_published(2.1, 0.0),
    ),
    Mutant(
        "LAMB sign published: with 1/sqrt(d_i)",
        "lamb_sign",
        "not what the paper says",
        "loose",
        published=_sign_published(2.0, 0.5),
    ),
)


def sharp_noise(constants: Constants, arguments: Mapping[str, Any]) -> float:
    """From the robust noise term, sum sigma_i, to that of |sign(0)| = 1."""
    return _scaled(constants, 0.5) / (sum(constants.sigma) or 1.0)


ROBUST: tuple[Mutant, ...] = (
    *(
        Mutant(f"LAMB robust: {name}", "lamb_robust", story, kind, f)
        for name, story, kind, f in SHARED
        if name.split()[0] in ("start", "curvature", "T", "max", "Euclidean")
    ),
    Mutant(
        "LAMB robust: noise constant 0.5",
        "lamb_robust",
        "the sign lemma used again",
        "wrong",
        times("noise", 0.5),
    ),
    Mutant(
        "LAMB robust: noise constant 0.95",
        "lamb_robust",
        "false for d = 1 as T grows; the ratio is .89 at T = 512",
        "open",
        times("noise", 0.95),
    ),
    Mutant(
        "LAMB robust: noise constant 2",
        "lamb_robust",
        "Cauchy-Schwarz, no unbiasedness",
        "loose",
        times("noise", 2),
    ),
    Mutant(
        "LAMB robust: noise of |sign(0)| = 1",
        "lamb_robust",
        "the counterexample sign_of_zero, d = 4",
        "wrong",
        times("noise", sharp_noise),
    ),
    Mutant(
        "LAMB robust: noise / sqrt(d_i)",
        "lamb_robust",
        "a factor that only |r_j| = 1 gives",
        "wrong",
        times("noise", lambda c, a: 1 / sqrt(max(c.dims))),
    ),
    Mutant(
        "LAMB robust: batch^-1",
        "lamb_robust",
        "false for d = 1, as for LARS; the witnesses have b = 1",
        "open",
        times("noise", lambda c, a: a["batch_size"] ** -0.5),
    ),
)
