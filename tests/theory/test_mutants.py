"""Every classic wrong bound and wrong algorithm is noticed; what is not noticed says why."""

from itertools import islice

import pytest

from theory.mutants import MUTANTS, SURVIVORS, kills, table
from theory.mutants.mutant import Mutant, judged
from theory.witnesses import CLAIMS, WITNESSES

BY_NAME = {m.name: m for m in MUTANTS}
THEOREMS = {w.name: w.theorem for w in WITNESSES}
BOUNDS = ("wrong", "loose", "open")


def test_mutants_have_names_stories_and_one_mistake_each():
    assert len(BY_NAME) == len(MUTANTS)
    for mutant in (*MUTANTS, *(m for m, _ in SURVIVORS)):
        assert mutant.theorem in CLAIMS
        assert mutant.story
        assert mutant.kind in (*BOUNDS, "algorithm", "metric", "step size")
        changed = [f for f in mutant[4:] if f is not None]
        assert len(changed) == 1, mutant.name
        assert (mutant.kind in BOUNDS) == bool(mutant.sharp or mutant.published)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_witness_notices_the_mutant(name):
    mutant = BY_NAME[name]
    found = kills(mutant) if mutant.kind in BOUNDS else tuple(islice(judged(mutant), 1))
    assert found, "survives"
    assert {THEOREMS[kill.witness] for kill in found} == {mutant.theorem}
    exceeded = any(how.endswith("violated") for kill in found for how in kill.how)
    if mutant.kind == "wrong":
        assert exceeded  # shown false, not only different
    elif mutant.kind in ("loose", "open"):
        assert not exceeded


@pytest.mark.parametrize(("mutant", "reason"), SURVIVORS, ids=[m.name for m, _ in SURVIVORS])
def test_what_survives_survives(mutant, reason):
    assert reason
    assert kills(mutant) == ()


def test_every_theorem_has_every_kind_of_mutant():
    kinds = {(m.theorem, m.kind) for m in MUTANTS}
    for theorem in CLAIMS:
        assert (theorem, "wrong") in kinds
        assert (theorem, "loose") in kinds
    for theorem in ("sgd", "lars", "lamb_sign", "lamb"):
        for kind in ("algorithm", "metric", "step size"):
            assert (theorem, kind) in kinds


def test_the_theorems_themselves_are_noticed_by_nobody():
    for theorem, claim in CLAIMS.items():
        right = Mutant(
            "right", theorem, "no mistake", "wrong", sharp=lambda p, c, a: sum(p.values())
        )
        assert kills(right) == ()
        again = Mutant(
            "again", theorem, "", "metric", metric=lambda *a, m=claim.metric, **k: m(*a, **k)
        )
        assert kills(again) == ()


@pytest.mark.parametrize("theorem", CLAIMS)
def test_five_percent_on_any_term_in_either_direction_is_noticed(theorem):
    claim = CLAIMS[theorem]
    some = next(w for w in WITNESSES if w.theorem == theorem and "step_size" in w.arguments)
    for term in claim.terms(some.constants, **some.arguments):
        for factor in (0.95, 1.05):

            def slip(p, c, a, term=term, factor=factor):
                return sum(v * (factor if k == term else 1) for k, v in p.items())

            assert kills(Mutant(f"{term} {factor}", theorem, "a slip", "wrong", sharp=slip))


def test_the_table_names_a_witness_for_every_mutant():
    lines = table(tuple(m for m in MUTANTS if m.theorem == "sgd")).splitlines()
    assert len(lines) == 1 + sum(m.theorem == "sgd" for m in MUTANTS)
    assert not any("survives" in line for line in lines)
    assert "none: survives" in table((SURVIVORS[0][0],))
