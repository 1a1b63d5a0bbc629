"""The best step size by calculus, numbers out of expressions, LaTeX out of steps."""

import pytest
import sympy as sp

from theory.kernel import (
    ProofError,
    average,
    derivation_latex,
    derivation_markdown,
    i,
    inner,
    latex,
    mean_now,
    minimise,
    norm,
    over_layers,
    value,
    values,
)
from theory.kernel.letters import GRAD, NOISE, grad, noise
from theory.theorems import lars

a, b, x, y = sp.symbols("a b x y", positive=True)


def test_the_minimum_of_a_convex_function_is_found():
    found = minimise("AM-GM", a / x + b * x / 2, x)
    assert sp.simplify(found.point - sp.sqrt(2 * a / b)) == 0
    assert sp.simplify(found.value - sp.sqrt(2 * a * b)) == 0
    assert found.second_derivative.is_positive


def test_a_maximum_a_line_and_a_function_without_minimum_are_refused():
    with pytest.raises(ProofError, match="wrong: the second derivative"):
        minimise("wrong", a * x - b * x**2, x)
    with pytest.raises(ProofError, match="the second derivative 0"):
        minimise("wrong", a * x, x)
    with pytest.raises(ProofError, match="not exactly one positive root"):
        minimise("wrong", a / x, x)


def test_a_substitution_must_increase():
    for place in (1 / y, y**2 - y + 1):
        with pytest.raises(ProofError, match="not known to increase"):
            minimise("wrong", a / x + b * x, x, substitution=(y, place))


def test_an_expression_with_sums_has_no_value():
    with pytest.raises(ProofError, match="still has sums"):
        value(over_layers(norm(grad[i])), {})


def test_values_are_those_of_the_expression():
    proof = lars.derivation()
    numbers = {"gap": 2, "eta": 0.5, "T": 4, "alpha_l": 1, "alpha_u": 2, "Lambda": 3, "S": 5}
    numbers |= {"b": 25, "h": 2, "eps": 0.25}
    found = values(proof, numbers)
    assert found == {"start": 1.0, "curvature": 3.0, "noise": 2.0, "eps": 1.0}


def test_latex_has_norms_products_and_expectations():
    pull = mean_now(inner(grad[i], noise[i])) + average(norm(grad[i]))
    shown = latex(pull, [GRAD, NOISE])
    assert r"E_t\left[{\left\langle {\nabla_{i}}, {\delta_{i}}\right\rangle}\right]" in shown
    assert r"\overline{E}\left[{\left\|{\nabla_{i}}\right\|}\right]" in shown


def test_every_step_is_printed_with_its_reason():
    proof = lars.derivation()
    page, block = derivation_markdown(proof), derivation_latex(proof)
    for number, step in enumerate(proof.steps, 1):
        assert f"**({number}) {step.name}** [{step.known}" in page
        assert rf"\text{{({number}) {step.known}: {step.name}}}" in block
    assert page.count("{") == page.count("}")
    assert block.count("{") == block.count("}")
    assert block.count("\\left") == block.count("\\right")
