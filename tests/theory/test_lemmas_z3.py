"""z3 proves the pointwise lemmas without our cases, and refutes smaller constants with numbers."""

from math import sqrt

import pytest

from theory.lemmas import z3_proofs

pytest.importorskip("z3", reason='needs the extra "proofs"')


@pytest.mark.parametrize("claim", z3_proofs.PROVED, ids=lambda f: f.__name__)
def test_z3_proves_the_pointwise_lemma(claim):
    assert z3_proofs.refute(claim()) is None


def test_two_is_the_best_pointwise_constant_of_the_direction_lemma():
    assert z3_proofs.refute(z3_proofs.direction("2")) is None
    found = z3_proofs.refute(z3_proofs.direction("1.9"))
    a, b, c = found["a"], found["b"], found["c"]
    distance = sqrt(a * a + b * b - 2 * a * b * c)
    assert a - a * c > 1.9 * distance  # the numbers are a counterexample
    assert found["distance"] == pytest.approx(distance)


def test_one_is_the_best_constant_of_the_sign_lemma():
    found = z3_proofs.refute(z3_proofs.sign("0.95"))
    a, b, r = found["a"], found["b"], found["r"]
    s = (a > 0) - (a < 0)
    assert abs(a) - a * r > 0.95 * abs(b - a) - s * (b - a)


def test_a_zero_among_the_signs_breaks_the_sharp_lemma():
    found = z3_proofs.refute(z3_proofs.sign_with_zero())
    a, b = (found["a1"], found["a2"]), (found["b1"], 0.0)
    delta = [y - x for x, y in zip(a, b, strict=True)]
    left = sum(a) - sqrt(2) * (-a[0])  # r / |r| = (-1, 0)
    assert left > sum(abs(v) for v in delta) - sum(delta)
