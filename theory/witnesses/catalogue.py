"""All theorems as claims and all witnesses: what a new theorem is added to.

A theorem joins with one line in ``CLAIMS`` and a tuple of its witnesses in ``WITNESSES`` (from a
file of its own in this folder, made with the builders of `theory.witnesses.runs`); its mutants go
to `theory.mutants.catalogue` likewise. The tests run over these names.
"""

from __future__ import annotations

from theory.theorems import lamb, lamb_sign, lars, sgd
from theory.witnesses.extensions import EXTENSION_CLAIMS, EXTENSIONS
from theory.witnesses.lamb import LAMB
from theory.witnesses.lamb_sign import LAMB_SIGN, ROBUST
from theory.witnesses.lars import LARS
from theory.witnesses.lars_noise import LARS_NOISE
from theory.witnesses.sgd import SGD
from theory.witnesses.together import TOGETHER
from theory.witnesses.witness import Claim, Witness

CLAIMS: dict[str, Claim] = {
    "sgd": Claim(sgd.terms, sgd.bound, sgd.published, sgd.metric, sgd.algorithm, sgd.optimal_step),
    "lars": Claim(
        lars.terms, lars.bound, lars.published, lars.metric, lars.algorithm, lars.optimal_step
    ),
    "lamb_sign": Claim(
        lamb_sign.terms,
        lamb_sign.bound,
        lamb_sign.published,
        lamb_sign.metric,
        lamb_sign.algorithm,
        lamb_sign.optimal_step,
    ),
    "lamb_robust": Claim(  # lamb_sign with sign(0) = 0 or eps > 0; not in the paper
        lamb_sign.robust_terms,
        lamb_sign.robust_bound,
        None,
        lamb_sign.metric,
        lamb_sign.algorithm,
        lamb_sign.optimal_step,
    ),
    "lamb": Claim(
        lamb.terms, lamb.bound, lamb.published, lamb.metric, lamb.algorithm, lamb.optimal_step
    ),
    **EXTENSION_CLAIMS,
}

WITNESSES: tuple[Witness, ...] = (
    *SGD,
    *LARS,
    *LARS_NOISE,
    *LAMB_SIGN,
    *ROBUST,
    *LAMB,
    *TOGETHER,
    *EXTENSIONS,
)
