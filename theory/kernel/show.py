r"""LaTeX and Markdown of expressions, steps and derivations, from the objects that were checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from theory.kernel.derivation import Derivation
from theory.kernel.normal import outer_sum
from theory.kernel.step import Step
from theory.kernel.words import Quantity, average, inner, mean_now, norm

RELATIONS = {"<=": r"\le", "<": "<", "=": "="}


def latex(expr: sp.Expr, quantities: Iterable[Quantity] = ()) -> str:
    r"""LaTeX of an expression; ``#`` in a quantity's ``latex`` stands for its indices.

    Examples
    --------
    >>> from theory.kernel.words import i, over_layers
    >>> grad = sp.IndexedBase("grad", real=True)
    >>> known = [Quantity(grad, "past", "the gradient", latex=r"\nabla_{#} f")]
    >>> print(latex(over_layers(norm(grad[i])), known))
    \sum_{i=1}^{h} {\left\|{\nabla_{i} f}\right\|}
    """
    return sp.latex(
        _with_names(sp.sympify(expr), {q.letter: q.latex for q in quantities if q.latex})
    )


def _with_names(expr: sp.Expr, own: Mapping[sp.Expr, str]) -> sp.Expr:
    """Replace what SymPy cannot print our way by symbols whose names are LaTeX."""
    if isinstance(expr, sp.Indexed):
        indices = "".join(sp.latex(k) for k in expr.indices)
        default = f"{_word(str(expr.base.label))}_{{#}}"
        return _named(own.get(expr.base, default).replace("#", indices))
    if expr in own:
        return _named(own[expr])
    if not expr.args or isinstance(expr, sp.IndexedBase):
        return expr
    if isinstance(expr, sp.Sum):
        inside, limits = outer_sum(expr)
        shown = _with_names(inside, own)
        return sp.Sum(_named(sp.latex(shown)) if isinstance(shown, sp.Sum) else shown, limits)
    args = [_with_names(arg, own) for arg in expr.args]
    inside = [sp.latex(arg) for arg in args]
    if expr.func == norm:
        return _named(rf"\left\|{inside[0]}\right\|")
    if expr.func == inner:
        return _named(rf"\left\langle {inside[0]}, {inside[1]}\right\rangle")
    if expr.func == mean_now:
        return _named(rf"E_t\left[{inside[0]}\right]")
    if expr.func == average:
        return _named(rf"\overline{{E}}\left[{inside[0]}\right]")
    if expr.func == sp.Abs:  # of a named symbol, which is positive, SymPy would drop it
        return _named(rf"\left|{inside[0]}\right|")
    return expr.func(*args)


def _word(name: str) -> str:
    """A letter's own name: a Greek letter, or a word with its underscores."""
    return sp.latex(sp.Symbol(name)) if "_" not in name else rf"\mathrm{{{name.replace('_', ' ')}}}"


def _cell(text: str) -> str:
    """Text in a table, where a bar would end the cell."""
    return text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def _named(tex: str) -> sp.Symbol:
    return sp.Symbol("{" + tex + "}", positive=True)


def step_latex(step: Step, quantities: Iterable[Quantity]) -> str:
    """The statement of a step."""
    known = tuple(quantities)
    lower, upper = latex(step.lower, known), latex(step.upper, known)
    return f"{lower} {RELATIONS[step.relation]} {upper}"


def derivation_latex(derivation: Derivation) -> str:
    """All steps in an ``align*`` environment, numbered in order, for a notebook."""
    lines = []
    for number, step in enumerate(derivation.steps, 1):
        known = derivation.quantities
        lower, upper = latex(step.lower, known), latex(step.upper, known)
        reason = rf"\text{{({number}) {step.known}: {step.name}}}"
        lines.append(rf"{lower} &{RELATIONS[step.relation]} {upper} && {reason}")
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def derivation_markdown(derivation: Derivation) -> str:
    """The derivation as a section of a page: letters, then every step with its reason."""
    lines = [f"## {derivation.title}", "", "| letter | known | meaning |", "|---|---|---|"]
    for q in derivation.quantities:
        shown = q.latex.replace("#", "i") if q.latex else sp.latex(sp.Symbol(str(q.letter)))
        lines.append(f"| ${_cell(shown)}$ | {q.known} | {_cell(q.meaning)} |")
    numbers = {step.name: n for n, step in enumerate(derivation.steps, 1)}
    for step in derivation.steps:
        uses = ", ".join(f"({numbers[name]})" for name in dict.fromkeys(step.uses))
        source = f"{step.known}, from {uses}" if uses else step.known
        lines += ["", f"**({numbers[step.name]}) {step.name}** [{source}]: {step.why}.", ""]
        lines += ["$$", step_latex(step, derivation.quantities), "$$"]
    if derivation.abbreviations:
        short = (
            f"${latex(k)} = {latex(v, derivation.quantities)}$"
            for k, v in derivation.abbreviations.items()
        )
        lines += ["", "Here " + ", ".join(short) + "."]
    return "\n".join(lines) + "\n"
