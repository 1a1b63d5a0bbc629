"""Every wrong optimizer of the museum is caught by a named law, and the right ones by none.

`pytest -s tests/optim/test_mutants.py` prints the kill matrix. A mutant that survives means that a
law is missing: write it, do not strike the mutant.
"""

from functools import cache

import numpy as np
import pytest

from lbopt.conformance.museum import EXHIBITS, adamw, lamb, lars, lars_2020, sgd
from tests.optim import (
    laws_adaptive,
    laws_lamb,
    laws_lars,
    laws_lars_2020,
    laws_sgd,
    mutants_adaptive,
)
from tests.optim.laws import COMMON

# wrong by what the kit asks of a factory, not by a law of these files
NO_LINKS = ("state_in_the_module", "quiet_layers_left_out")


def of(claim):
    return [e.recipe for e in EXHIBITS if e.claim == claim and e.name not in NO_LINKS]


FAMILIES = {
    "lars": (lars.right_lars, of("lars"), laws_lars.LAWS),
    "lars_2020": (lars_2020.right_lars_2020, of("lars_2020"), laws_lars_2020.LAWS),
    "sgd": (sgd.right_sgd, of("sgd"), laws_sgd.LAWS),
    "lamb": (lamb.right_lamb, of("lamb"), laws_lamb.LAWS),
    "adamw": (adamw.right_adamw, of("adamw"), laws_adaptive.ADAMW),
    "adam": (mutants_adaptive.right_adam, mutants_adaptive.ADAM, laws_adaptive.ADAM),
    "adagrad": (mutants_adaptive.right_adagrad, mutants_adaptive.ADAGRAD, laws_adaptive.ADAGRAD),
    "nlamb": (mutants_adaptive.right_nlamb, mutants_adaptive.NLAMB, laws_adaptive.NLAMB),
    "nnlamb": (mutants_adaptive.right_nnlamb, mutants_adaptive.NNLAMB, laws_adaptive.NNLAMB),
}
MUTANTS = [(family, m) for family, (_, found, _) in FAMILIES.items() for m in found]


@cache
def killers(family, make):
    """Names of the laws that ``make`` breaks. Only a broken law counts, not a crash."""
    found = []
    for law in FAMILIES[family][2]:
        try:
            with np.errstate(all="ignore"):
                law(make)
        except AssertionError:
            found.append(law.__name__)
    return found


@pytest.mark.parametrize(
    ("family", "mutant"), MUTANTS, ids=[f"{family}-{m.__name__}" for family, m in MUTANTS]
)
def test_mutant_is_killed_by_a_named_law(family, mutant):
    assert killers(family, mutant), f"{mutant.__name__} survives: {mutant.__doc__}"


@pytest.mark.parametrize("family", FAMILIES)
def test_right_optimizer_is_killed_by_no_law(family):
    assert killers(family, FAMILIES[family][0]) == []


def print_matrix(family, names, matrix):
    width = max(map(len, matrix))
    print(f"\n{family}: mutant x law (x = killed)")
    for i, name in enumerate(names):
        print(f"{'':{width}} {'| ' * i}{name}")
    for mutant, by in matrix.items():
        print(f"{mutant:{width}} " + " ".join("x" if n in by else "." for n in names))
    for mutant, by in matrix.items():
        if len(by) == 1:
            print(f"killed by one law alone: {mutant} by {by[0]}")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_law_of_an_algorithm_kills_somebody(family):
    _, found, laws = FAMILIES[family]
    matrix = {m.__name__: killers(family, m) for m in found}
    print_matrix(family, [law.__name__ for law in laws], matrix)
    own = [law.__name__ for law in laws if law not in COMMON]
    idle = [n for n in own if not any(n in by for by in matrix.values())]
    assert not idle, f"these laws kill nobody, so they prove nothing: {idle}"


def test_every_common_law_kills_somebody():
    dead = {name for family, m in MUTANTS for name in killers(family, m)}
    assert {law.__name__ for law in COMMON} <= dead
