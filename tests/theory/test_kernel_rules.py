"""Each rule of the kernel: what follows is accepted, what does not is refused by name."""

import pytest
import sympy as sp

from tests.theory.proof_of_letters import ONE, n, new_proof, p, w, x, z
from theory.kernel import (
    Derivation,
    ProofError,
    Quantity,
    average,
    i,
    inner,
    j,
    norm,
    over_coordinates,
    over_layers,
)
from theory.kernel.letters import COMMON, g, grad, noise, sigma, unit


@pytest.fixture
def proof():
    return new_proof()


def test_a_combination_that_adds_up_is_accepted(proof):
    proof.combine("c", 2 - p * 3, x - p * x + 1, {"x <= 3": p, "1 <= x": ONE}, "")
    assert proof.step("c").uses == ("x <= 3", "1 <= x")
    assert proof.step("c").known == "rule"


@pytest.mark.parametrize(
    ("using", "message"),
    [
        ({"x <= 3": -ONE}, "wrong: the multiplier -1 of 'x <= 3'"),
        ({"x <= 3": x}, "the multiplier x of 'x <= 3'"),  # x may be negative
        ({"x <= 3": x - 1}, "the multiplier x - 1"),
        ({"x <= 3": 1 / n}, "the multiplier 1/n"),  # n may be 0
        ({"x <= 3": x**-2}, "the multiplier x**(-2)"),
        ({"x <= 3": sp.oo}, "the multiplier oo"),
        ({"x <= 3": sp.nan}, "the multiplier nan"),
        ({"x <= 3": ONE * 2}, "leaves over"),
        ({"nowhere": ONE}, "no step 'nowhere'"),
    ],
)
def test_a_combination_that_does_not_follow_is_refused(proof, using, message):
    multiplier = next(iter(using.values()))
    target = (3 - x) if multiplier == 2 else multiplier * (3 - x)
    with pytest.raises(ProofError) as refused:
        proof.combine("wrong", 0, target, using, "")
    assert message in str(refused.value)


def test_a_multiplier_may_be_the_residual_of_a_given_step_only(proof):
    product = (x - 1) * (3 - x)
    proof.combine("product", 0, product, {"x <= 3": x - 1}, "", given=["1 <= x"])
    with pytest.raises(ProofError, match="not known to be >= 0"):
        proof.combine("wrong", 0, product, {"x <= 3": x - 1}, "", given=["unit"])
    with pytest.raises(ProofError, match="not known to be >= 0"):
        proof.combine("wrong", 0, (x - 2) * (3 - x), {"x <= 3": x - 2}, "", given=["1 <= x"])


def test_an_equality_takes_any_multiplier(proof):
    proof.assume("z is x", z, x, "given", relation="=")
    proof.combine("down", 1, z, {"1 <= x": ONE, "z is x": -ONE}, "")
    proof.combine("up", z, 3, {"x <= 3": ONE, "z is x": ONE}, "")
    with pytest.raises(ProofError, match="not known to be >= 0"):
        proof.combine("wrong", 3, x, {"x <= 3": -ONE}, "")


def test_division_needs_something_positive(proof):
    proof.assume("scaled", p * x, p * 3, "given")
    proof.divide("halves", x, 3, "scaled", p, "")
    proof.assume("by n", n * x, n * 3, "given")
    with pytest.raises(ProofError, match="wrong: the divisor n is not known to be > 0"):
        proof.divide("wrong", x, 3, "by n", n, "")
    with pytest.raises(ProofError, match="leaves over"):
        proof.divide("wrong", x, 2, "scaled", p, "")
    with pytest.raises(ProofError, match="the divisor -p"):
        proof.divide("wrong", -3, -x, "scaled", -p, "")


def test_division_by_a_premise_needs_a_strict_one(proof):
    proof.assume("small", x / 4, 1, "given", relation="<")
    proof.assume("same", (1 - x / 4) * z, 1 - x / 4, "given")
    proof.divide("divided", z, 1, "same", 1 - x / 4, "", given=["small"])
    proof.assume("weak", x / 4, 1, "given")
    with pytest.raises(ProofError, match="'weak' is not strict"):
        proof.divide("wrong", z, 1, "same", 1 - x / 4, "", given=["weak"])
    with pytest.raises(ProofError, match="not known to be > 0"):
        proof.divide("wrong", z, 1, "same", 1 - x / 4, "")


def test_weakening_by_something_nonnegative_is_a_certificate(proof):
    proof.certify("square", 2 * x * z, x**2 + z**2, [(x - z) ** 2], "")
    with pytest.raises(ProofError, match="wrong: the terms add up to"):
        proof.certify("wrong", 2.1 * x * z, x**2 + z**2, [(x - z) ** 2], "")
    with pytest.raises(ProofError, match="wrong: the term x is not known to be nonnegative"):
        proof.certify("wrong", 0, x, [x], "")
    proof.certify("above", 0, (x - 1) * n, [(x - 1) * n], "", given=["1 <= x"])


def test_an_inner_product_is_no_product_of_norms(proof):
    for other in (noise[i], unit[i]):
        with pytest.raises(ProofError, match="wrong: the terms add up to"):
            proof.certify("wrong", inner(grad[i], other), norm(grad[i]) * norm(other), [], "")
    proof.certify("itself", inner(grad[i], grad[i]), norm(grad[i]) ** 2, [], "")


def test_sums_over_layers_keep_the_coordinates_for_later(proof):
    proof.assume("per layer", norm(noise[i]), sigma[i], "given")
    proof.sum_layers("all", "per layer")
    assert proof.step("all").upper == over_layers(sigma[i])
    proof.assume("per coordinate", noise[i, j], sigma[i], "given")
    with pytest.raises(ProofError, match="sum over coordinates first"):
        proof.sum_layers("wrong", "per coordinate")
    proof.sum_coordinates("layer", "per coordinate")
    assert sp.simplify(proof.step("layer").upper - over_coordinates(sigma[i])) == 0


def test_the_minimum_of_two_bounds_of_the_same_thing(proof):
    proof.assume("z <= p", z, p, "given")
    proof.assume("z <= n", z, n, "given")
    proof.least("both", ["z <= p", "z <= n"])
    assert proof.step("both").upper == sp.Min(p, n)
    with pytest.raises(ProofError, match="wrong: the left sides"):
        proof.least("wrong", ["z <= p", "x <= 3"])


def test_bilinearity_is_an_identity_and_a_wrong_square_is_not(proof):
    proof.assume("s", norm(g[i]) ** 2, p, "given")
    square = norm(grad[i]) ** 2 + 2 * inner(grad[i], noise[i]) + norm(noise[i]) ** 2
    proof.combine("open", square, p, {"s": ONE}, "")
    with pytest.raises(ProofError, match="leaves over"):
        proof.combine("wrong", square - inner(grad[i], noise[i]), p, {"s": ONE}, "")


def test_inner_products_open_into_coordinates(proof):
    proof.assume("s", 0, over_coordinates(w[i, j] * unit[i, j]), "given")
    proof.combine("shut", 0, inner(w[i], unit[i]), {"s": ONE}, "")
    with pytest.raises(ProofError, match="leaves over"):
        proof.combine("wrong", 0, inner(w[i], noise[i]), {"s": ONE}, "")


def test_letters_names_and_relations_are_checked(proof):
    stranger = sp.Symbol("stranger", positive=True)
    with pytest.raises(ProofError, match="stranger is not declared"):
        proof.assume("s", x, stranger, "given")
    with pytest.raises(ProofError, match="two steps are called 'unit'"):
        proof.assume("unit", x, 2, "given")
    with pytest.raises(ProofError, match="the relation is '>='"):
        proof.assume("s", x, 2, "given", relation=">=")
    with pytest.raises(ProofError, match="not constant, past or fresh"):
        Derivation("test", [Quantity(x, "known", "")])
    with pytest.raises(ProofError, match="declared twice"):
        Derivation("test", [Quantity(x, "past", ""), Quantity(x, "fresh", "")])


def test_nothing_is_known_before_what_it_is_made_of():
    early = Quantity(unit, "past", "the noisy direction", ("direction", g))
    with pytest.raises(ProofError, match="unit is declared past, but g is fresh"):
        Derivation("test", (*COMMON, early))


def test_the_terms_must_add_up_to_the_bound_and_be_numbers(proof):
    short = sp.Symbol("S", positive=True)
    proof.combine("all", over_layers(average(norm(unit[i]))), 3 * over_layers(sigma[i]) + 3 - x,
                  {"x <= 3": ONE, **_bounded_by_sigma(proof)}, "")  # fmt: skip
    with pytest.raises(ProofError, match="is not a number"):
        proof.conclude("end", {"a": 3 * short + 3 - x}, {short: over_layers(sigma[i])})
    proof.combine("clean", average(z), 3 * over_layers(sigma[i]), _mean(proof), "")
    with pytest.raises(ProofError, match="the terms leave over"):
        proof.conclude("end", {"a": 2 * short}, {short: over_layers(sigma[i])})
    with pytest.raises(ProofError, match="already has a meaning"):
        proof.conclude("end", {"a": 3 * p}, {p: over_layers(sigma[i])})
    proof.conclude("end", {"a": short, "b": 2 * short}, {short: over_layers(sigma[i])})
    assert proof.bound == 3 * short
    assert proof.metric == average(z)


def _bounded_by_sigma(proof):
    left = over_layers(average(norm(unit[i])))
    proof.assume("sum", left, 3 * over_layers(sigma[i]), "given")
    return {"sum": ONE}


def _mean(proof):
    proof.assume("mean of z", average(z), 3 * over_layers(sigma[i]), "given")
    return {"mean of z": ONE}
