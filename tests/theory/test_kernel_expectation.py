"""Expectations, averages and telescopes of the kernel: what they take out, keep and refuse."""

import pytest
import sympy as sp

from tests.theory.proof_of_letters import new_proof, p, w, x, z
from theory.kernel import (
    Derivation,
    ProofError,
    Quantity,
    T,
    average,
    h,
    i,
    inner,
    j,
    mean_now,
    norm,
    over_coordinates,
    over_layers,
)
from theory.kernel.letters import COMMON, UNIT, f, f_next, gap, grad, noise, sigma, unit


@pytest.fixture
def proof():
    return new_proof()


def test_expectation_kills_noise_with_a_known_coefficient(proof):
    proof.assume("s", 0, x * inner(unit[i], noise[i]) + p * noise[i, j] + z, "given")
    proof.expect("E", "s")
    assert proof.step("E").upper == mean_now(z)
    assert "mean" in proof.step("E").uses


@pytest.mark.parametrize(
    "kept",
    [
        w[i, j],
        inner(w[i], noise[i]),
        inner(unit[i], w[i]),
        inner(noise[i], noise[i]),
        z * inner(unit[i], noise[i]),
        z * noise[i, j],
        noise[i, j] ** 2,
        sp.Abs(noise[i, j]),
        norm(noise[i]),
        inner(unit[i], noise[i]) ** 2,
    ],
    ids=str,
)
def test_expectation_keeps_what_is_not_linear_in_the_noise(proof, kept):
    proof.assume("s", 0, x * kept, "given")
    proof.expect("E", "s")
    assert proof.step("E").upper == x * mean_now(kept)


def test_expectation_kills_nothing_without_the_assumption():
    proof = Derivation("biased", (*COMMON, UNIT))
    pull = inner(unit[i], noise[i])
    proof.assume("s", 0, pull, "given")
    proof.expect("E", "s")
    assert proof.step("E").upper == mean_now(pull)


def test_expectation_does_not_split_a_product_with_a_sum(proof):
    proof.assume("s", 0, z * over_layers(norm(noise[i])), "given")
    with pytest.raises(ProofError, match="E: expectation of the product"):
        proof.expect("E", "s")


def test_expectation_goes_through_both_sums(proof):
    total = over_layers(2 * over_coordinates(sp.Abs(noise[i, j])))
    proof.assume("s", 0, total, "given")
    proof.expect("E", "s")
    inside = over_coordinates(mean_now(sp.Abs(noise[i, j])))
    assert proof.step("E").upper == 2 * over_layers(inside)


@pytest.mark.parametrize("sides", [(2, h), (1, h - 1)], ids=str)
def test_a_sum_over_some_layers_is_no_sum_over_the_layers(proof, sides):
    proof.assume("s", 0, sp.Sum(norm(noise[i]), (i, *sides)), "given")
    for rule in (proof.expect, proof.average):
        with pytest.raises(ProofError, match="does not run over all layers or coordinates"):
            rule("wrong", "s")


def test_average_undoes_conditional_expectations_by_the_tower_rule(proof):
    proof.assume("s", 0, x * mean_now(z) + p * mean_now(z), "given")
    proof.average("A", "s")
    assert proof.step("A").upper == average(x * z) + p * average(z)


def test_an_average_does_not_split_a_product_with_a_sum(proof):
    proof.assume("s", 0, x * over_layers(norm(w[i])) ** 2, "given")
    with pytest.raises(ProofError, match="A: average of the product"):
        proof.average("A", "s")


@pytest.mark.parametrize(
    "kept",
    [z * mean_now(norm(w[i])), mean_now(z) ** 2, mean_now(z) * mean_now(norm(w[i]))],
    ids=str,
)
def test_average_does_not_merge_a_fresh_factor_or_a_power(proof, kept):
    proof.assume("s", 0, kept, "given")
    proof.average("A", "s")
    assert proof.step("A").upper == average(kept)


def test_telescoping_has_the_gap_over_the_number_of_steps(proof):
    proof.telescope("t", f, f_next, gap)
    assert proof.residual("t") == gap / T - average(f) + average(f_next)


@pytest.mark.parametrize(("first", "last"), [(0, T), (1, T + 1), (1, T - 1), (2, T)])
def test_telescoping_over_other_steps_than_the_average_is_refused(proof, first, last):
    with pytest.raises(ProofError, match=r"wrong: the average runs over 1\.\.T"):
        proof.telescope("wrong", f, f_next, gap, first=first, last=last)


@pytest.mark.parametrize(
    ("value", "following", "what"), [(f, z, gap), (x, f_next, gap), (f, f_next, p)]
)
def test_telescoping_of_letters_that_do_not_follow_each_other_is_refused(
    proof, value, following, what
):
    with pytest.raises(ProofError, match="is not declared as"):
        proof.telescope("wrong", value, following, what)


def test_the_gap_of_a_telescope_is_one_number():
    moving = sp.Symbol("moving", positive=True)
    known = (f, f_next, gap, grad)
    quantities = [q for q in COMMON if q.letter in known and q.letter != gap]
    proof = Derivation("test", (*quantities, Quantity(moving, "past", "", ("gap", f))))
    with pytest.raises(ProofError, match="moving is not a constant"):
        proof.telescope("wrong", f, f_next, moving)


def test_only_what_is_fresh_can_have_a_conditional_mean_of_zero(proof):
    for letter in (unit, sigma):
        with pytest.raises(ProofError, match="is not declared as fresh"):
            proof.assume_unbiased("wrong", letter, "")
