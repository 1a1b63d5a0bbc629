"""python -m theory: what it prints is what the theorems say, wrong input is one line."""

import subprocess
import sys

import pytest

from tests.test_imports import ROOT, fresh_python
from theory import report_mutants, report_slack
from theory.__main__ import main
from theory.kernel import Quantity, latex
from theory.kernel.letters import GRAD, grad
from theory.kernel.words import i, j
from theory.mutants import MUTANTS, Mutant
from theory.report_statements import ENTRIES, page, text, text_rows_of
from theory.report_text import aligned, plain
from theory.theorems import lars
from theory.witnesses import WITNESSES

NAMES = [entry.name for entry in ENTRIES]


def test_statements_print_sharp_beside_published(capsys):
    assert main(["statements", "lars"]) == 0
    said = capsys.readouterr().out
    assert "S alpha_u/(alpha_l sqrt(b))" in said
    assert "2 S alpha_u/(alpha_l sqrt(b))" in said
    assert "Theorem 2" in said


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_every_theorem_is_printed_with_all_its_terms_within_the_width(entry):
    said = text(entry, 100)
    for name, term in entry.module.derivation().terms.items():
        assert name in said
        assert plain(term) in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_term_that_differs_is_printed_in_both_forms():
    rows = {name: (sharp, published) for name, sharp, published in text_rows_of(lars)}
    assert rows["start"][1] == "the same"
    assert rows["noise"][1] == "2 " + rows["noise"][0]


def test_wrong_input_is_one_line_that_names_it(capsys):
    assert main(["statements", "larc"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("theory: theorem 'larc' is not one of sgd, lars")
    assert said.count("\n") == 1
    assert main(["derivation", "weight_decay", "--published"]) == 2
    assert "no published form" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["statement"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "theory", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    for word in ("statements", "slack", "mutants", "counterexamples", "report"):
        assert word in done.stdout


def test_the_derivation_prints_every_step(capsys):
    assert main(["derivation", "lars"]) == 0
    said = capsys.readouterr().out
    assert all(f"**({n}) {s.name}**" in said for n, s in enumerate(lars.derivation().steps, 1))


def test_the_page_of_statements_is_the_one_that_would_be_written_now(tmp_path):
    kept = (ROOT / "docs" / "theory" / "statements.md").read_text(encoding="utf-8")
    assert kept == page(), "run python -m theory docs"
    assert main(["docs", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "statements.md").read_text(encoding="utf-8") == kept


def test_the_page_has_every_statement_and_no_sphinx_left():
    kept = page()
    for name in NAMES:
        assert f": `{name}`\n" in kept
    assert ":math:" not in kept
    assert ".. math" not in kept
    assert kept.count("$$") % 2 == 0


def test_the_slack_table_has_the_witnesses_in_the_order_of_the_theorems(monkeypatch):
    names = ("SGD noise, unequal L", "LARS curvature", "LARS noise, layers unequal")
    quick = [w for w in WITNESSES if w.name in names]
    monkeypatch.setattr(report_slack, "WITNESSES", tuple(reversed(quick)))
    rows = list(report_slack.witness_rows())
    assert [r.theorem for r in rows] == ["sgd", "lars", "lars"]
    known = {w.name: (w.known, w.known_published) for w in quick}
    assert all((r.sharp, r.published) == pytest.approx(known[r.witness], rel=1e-6) for r in rows)
    assert sum(r.sharp > 1.9 * r.published for r in rows) == 2
    assert all(0 < r.share <= 1 for r in rows)


def test_a_surviving_mutant_is_called_so():
    nothing = Mutant(
        "nothing changed", "sgd", "", "wrong", sharp=lambda parts, c, a: sum(parts.values())
    )
    (fate,) = report_mutants.fates([nothing])
    assert fate.moved == 0
    assert "SURVIVES" in aligned(report_mutants.text_rows([fate]))
    assert report_mutants.summary([fate]).endswith("; 1 survives")


def test_a_mutant_that_is_only_loose_is_exceeded_by_nobody():
    names = ("SGD: start constant 0.5", "SGD: noise constant 0.525")
    fates = {
        f.mutant.kind: f for f in report_mutants.fates([m for m in MUTANTS if m.name in names])
    }
    assert fates["loose"].exceeded == 0 < fates["loose"].moved
    assert 0 < fates["wrong"].exceeded <= fates["wrong"].moved
    assert report_mutants.summary(list(fates.values())).startswith("2 of 2 mutants are killed: 1 ")


def test_a_vacuous_bound_is_called_vacuous():
    rows = report_slack.ordinary_rows(report_slack.ordinary()[:1], steps=4, replicates=2)
    table = report_slack.ordinary_text(rows)
    assert [row[-1] for row in table if row[1] == "lamb"] == ["vacuous"]


def test_latex_keeps_absolute_values():
    said = latex(abs(grad[i, j]), (GRAD,))
    assert said == r"{\left|{\nabla_{ij}}\right|}"
    assert isinstance(GRAD, Quantity)


def test_import_theory_is_light():
    code = "import sys, theory; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = set(fresh_python(code).split())
    assert {"numpy", "sympy"} <= loaded
    assert loaded & {"matplotlib", "hypothesis", "z3", "lbopt", "scipy", "torch", "pytest"} == set()


def test_import_theory_has_the_public_face():
    import theory

    assert all(hasattr(theory, name) for name in theory.__all__)
    assert {"check_bound", "Verdict", "make_constants", "problems", "noise"} <= set(theory.__all__)
