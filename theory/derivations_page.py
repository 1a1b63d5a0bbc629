r"""The page of derivations, written from the objects that were checked.

``python -m theory.derivations_page`` writes ``docs/theory/derivations.md``; a test demands that the
page is the one that would be written now.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sympy as sp

from theory.kernel import Certificate, Derivation, Lemma, Minimum, derivation_markdown, latex
from theory.kernel import letters as le
from theory.kernel.words import CONSTANT, Quantity
from theory.lemmas import direction, matched, sign, variance
from theory.theorems import (
    budget,
    heavy_tails,
    lamb,
    lamb_sign,
    lars,
    momentum_lars,
    momentum_lars_proof,
    per_layer,
    sgd,
    weight_decay,
)

PAGE = Path(__file__).parents[1] / "docs" / "theory" / "derivations.md"

INTRODUCTION = """\
# Derivations

Written by `python -m theory.derivations_page` from `theory.kernel`; do not edit. Every inequality
below is an object that was checked when the page was written, and the last one of a derivation is
the expression that `theory.theorems` evaluates.

In brackets stands how a step is known. *assumption*: an axiom, A1 to A4, or a definition.
*certified*: right side minus left side is identically a sum of visibly nonnegative terms. *lemma*:
an instance of a lemma, listed first, with its certificates or, where SymPy cannot check it, with
its proof in words. *rule*: follows from the steps whose numbers are given by a nonnegative
combination, a division by something positive, a sum, an expectation, an average over the run,
telescoping, or a minimum. *identity*: the same bound, written differently.

$E_t$ is the expectation given everything before the samples of step $t$, and
$\\overline E[z] = \\frac1T\\sum_{t=1}^T E[z_t]$. *past* letters are known at step $t$, *fresh*
ones depend on its samples. Steps hold for every $t$, layer $i$ and coordinate $j$.

Expectations exist and are finite. Given the past, the gradient is a number, and the noise has a
finite mean (A2), so both sides of what $E_t$ is taken of are integrable: $f(x^{t+1})$ because it
is at least $f^*$ and at most what A1 says. The result reads
$E_t f(x^{t+1}) \\le f(x^t) - \\text{metric} + \\text{constant}$ with a metric that is nonnegative,
so $E f(x^t)$ is finite for every $t$ if it is for $t = 1$, and so is the expectation of the metric.
"""

LETTERS = (
    Quantity(direction.delta, CONSTANT, "", (), r"\delta_{#}"),
    Quantity(direction.unit, CONSTANT, "", (), r"\hat a_{#}"),
    Quantity(sign.sign_a, CONSTANT, "", (), r"\mathrm{s}_{#}"),
    Quantity(matched.wrong, CONSTANT, "", (), "w_{#}"),
    Quantity(variance.s, CONSTANT, "", (), "s_{#}"),
    Quantity(direction.eps, CONSTANT, "", (), r"\epsilon"),
    Quantity(matched.more, CONSTANT, "", (), "m"),
    Quantity(matched.q, CONSTANT, "", (), r"(1-\beta_2)"),
    Quantity(matched.d_max, CONSTANT, "", (), "d_{max}"),
)

SHORT = (  # letters of the best step sizes
    le.GAP,
    le.EPS,
    Quantity(sgd.L_max, CONSTANT, "", (), r"L_\infty"),
    Quantity(matched.q, CONSTANT, "", (), r"(1-\beta_2)"),
    Quantity(matched.d_max, CONSTANT, "", (), "d_{max}"),
    Quantity(momentum_lars_proof.Age, CONSTANT, "", (), r"\bar a"),
    Quantity(momentum_lars_proof.Spread, CONSTANT, "", (), r"\overline{s + s'}"),
    Quantity(per_layer.LPhi2, CONSTANT, "", (), r"{\sum_i L_i\overline{\phi_i^2}}"),
    Quantity(per_layer.SPhi, CONSTANT, "", (), r"{\sum_i\bar\phi_i\sigma_i}"),
)


def derivations() -> tuple[Derivation, ...]:
    """All of them, in the page's order."""
    return (
        sgd.derivation(),
        sgd.published_derivation(),
        lars.derivation(),
        lars.published_derivation(),
        lamb_sign.derivation(),
        lamb_sign.published_derivation(),
        lamb_sign.robust_derivation(),
        lamb.derivation(),
        lamb.published_derivation(),
        per_layer.derivation(),
        momentum_lars.derivation(),
        momentum_lars.simple_derivation(),
        heavy_tails.derivation(),
        heavy_tails.published_derivation(),
        weight_decay.derivation(),
        weight_decay.inside_derivation(),
        variance.derivation(),
    )


def minima() -> tuple[tuple[str, str, Minimum], ...]:
    """What calculus found: of what, the letter that is best, and the minimum."""
    step = r"\eta"
    return (
        ("SGD, with $\\eta = 2y/(L_\\infty(1 + y))$", step, sgd.best_step()),
        ("LARS", step, lars.best_step()),
        ("LAMB, $\\beta_2 = 0$", step, lamb_sign.best_step()),
        ("LAMB, $\\beta_2 > 0$", step, lamb.best_step()),
        ("LARS layer by layer", step, per_layer.best_step()),
        ("LARS under heavy tails, start and curvature", step, heavy_tails.best_step()),
        ("LARS with decoupled decay", r"\gamma", weight_decay.best_share()),
        ("LARS with momentum", step, momentum_lars.best_step()),
        (
            "Leading terms with momentum at that step, with $1 - \\beta = y^2$",
            r"(1 - \beta)",
            momentum_lars.best_memory(),
        ),
        ("LARS with $N = bT$ samples at its best step, with $b = y^2$", "b", budget.best_batch()),
    )


def page() -> str:
    """The whole page."""
    found = derivations()
    lemmas = {name: lemma for proof in found for name, lemma in proof.lemmas.items()}
    parts = [INTRODUCTION, "## Lemmas\n", *map(lemma_markdown, lemmas.values())]
    parts += [derivation_markdown(proof) for proof in found]
    parts += ["## What is best\n", *(minimum_markdown(*row) for row in minima())]
    parts.append(f"Checked and printed with SymPy {sp.__version__}.\n")
    return "\n".join(parts)


def lemma_markdown(lemma: Lemma) -> str:
    """A lemma with its cases, or with its proof in words."""
    known = "certified" if lemma.known == "certified" else "in words, not checked by SymPy"
    lines = [f"### {lemma.name[0].upper()}{lemma.name[1:]} ({known})", ""]
    lines += ["$$", rf"{latex(lemma.lower, LETTERS)} \le {latex(lemma.upper, LETTERS)}", "$$", ""]
    meanings = [_meaning(letter, words) for letter, words in lemma.where.items()]
    if meanings:
        lines += ["Letters: " + "; ".join(meanings) + ".", ""]
    if lemma.cases:
        lines += [*(_case(case) for case in lemma.cases), ""]
    lines += [f"Proof. {_text(lemma.proof)}"]
    if lemma.reference:
        lines += ["", f"Source: {lemma.reference}."]
    return "\n".join(lines) + "\n"


def _meaning(letter: sp.Expr, words: tuple) -> str:
    shown = latex(letter[sp.Symbol("i")] if isinstance(letter, sp.IndexedBase) else letter, LETTERS)
    of = ", ".join(str(word).replace("_", " ") for word in words[1:])
    return f"${shown}$: {words[0]}" + (f" of {of}" if of else "")


def _case(case: Certificate) -> str:
    """One case as an identity with nonnegative terms."""
    total = _sum(case.terms)
    if case.root:
        x, y, *rest = case.root
        more = f", and what else is added, ${_sum(rest)}$, is nonnegative" if rest else ""
        reason = (
            f"the difference is $X - Y$ with $X = {latex(x, LETTERS)}$, $Y = {latex(y, LETTERS)}$, "
            f"$X^2 - Y^2 = {total}${more}"
        )
    else:
        reason = f"the difference is ${total}$"
    name = f"{_text(case.case)}: " if case.case else ""
    known = [f"{latex(k, LETTERS)} = {latex(v, LETTERS)}" for k, v in case.values.items()]
    known += [f"{latex(p, LETTERS)} \\ge 0" for p in case.premises]
    known += [f"{latex(k, LETTERS)}^2 = {latex(v, LETTERS)}" for k, v in case.squares.items()]
    where = "; here " + ", ".join(f"${part}$" for part in known) if known else ""
    return f"- {name}{reason}{where}."


def _text(words: str) -> str:
    """Words in which ``<a, b>`` is no tag and ``*`` no emphasis."""
    return words.replace("<", r"\<").replace("*", r"\*")


def _sum(terms: Iterable[sp.Expr]) -> str:
    return " + ".join(latex(sp.sympify(term), LETTERS) for term in terms) or "0"


def minimum_markdown(name: str, letter: str, found: Minimum) -> str:
    """Where a bound is least: derivative, second derivative, minimum."""
    parts = (found.variable, found.derivative, found.second_derivative, found.point, found.value)
    y, slope, bend, best, least = (latex(part, SHORT) for part in parts)
    return (
        f"**{name}.** The derivative in ${y}$ is\n\n$$\n{slope}\n$$\n\n"
        f"and the second one is positive,\n\n$$\n{bend} > 0,\n$$\n\n"
        f"so the only minimum, and its value, are\n\n$$\n{letter}^* = {best} ,\n$$\n\n"
        f"$$\n{least} .\n$$\n"
    )


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(PAGE.parents[2])}")


if __name__ == "__main__":
    main()
