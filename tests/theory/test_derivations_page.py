"""The page of derivations is the one that would be written now."""

import re

import pytest
import sympy as sp

from theory import derivations_page
from theory.kernel import derivation_markdown
from theory.theorems import lars


def test_the_page_is_up_to_date():
    committed = derivations_page.PAGE.read_text(encoding="utf-8")
    version = re.search(r"SymPy ([\d.]+)\.\n$", committed).group(1)
    if version != sp.__version__:
        pytest.skip(f"the page was printed with SymPy {version}, here is {sp.__version__}")
    remedy = "run: python -m theory.derivations_page"
    assert derivations_page.page() == committed, remedy


def test_the_page_has_every_step_and_lemma_of_a_theorem():
    committed = derivations_page.PAGE.read_text(encoding="utf-8")
    proof = lars.derivation()
    if f"SymPy {sp.__version__}." in committed:
        assert derivation_markdown(proof) in committed
    for lemma in proof.lemmas:
        assert f"### {lemma[0].upper()}{lemma[1:]} (certified)" in committed
    assert committed.count("$$") % 2 == 0
