"""The statements of all theorems, published and sharp side by side: for a terminal and a page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import sympy as sp

from theory.kernel import Derivation, Minimum, latex
from theory.report_text import aligned, markdown_of, markdown_table, plain
from theory.theorems import (
    budget,
    heavy_tails,
    lamb,
    lamb_sign,
    lars,
    momentum_lars,
    per_layer,
    sgd,
    weight_decay,
)

PAPER = "You et al. 2020"
OURS = "an extension, not in the paper"


class Entry(NamedTuple):
    """A theorem's module by name, its source, and which letter is best where.

    ``best`` is None, or the letter in LaTeX and its `theory.kernel.Minimum`.
    """

    name: str
    module: ModuleType
    source: str
    best: tuple[str, Callable[[], Minimum]] | None = None
    titled: str = ""

    @property
    def title(self) -> str:
        """The entry's own title, or the derivation's."""
        return self.titled or self.module.derivation().title


ENTRIES: tuple[Entry, ...] = (
    Entry("sgd", sgd, f"Theorem 1, {PAPER}", (r"\eta", sgd.best_step)),
    Entry("lars", lars, f"Theorem 2, {PAPER}", (r"\eta", lars.best_step)),
    Entry(
        "lamb_sign",
        lamb_sign,
        f"Theorem 3 with beta2 = 0, {PAPER}",
        (r"\eta", lamb_sign.best_step),
    ),
    Entry("lamb", lamb, f"Theorem 3 with beta2 > 0, {PAPER}", (r"\eta", lamb.best_step)),
    Entry("per_layer", per_layer, OURS, (r"\eta", per_layer.best_step)),
    Entry("momentum_lars", momentum_lars, OURS, (r"\eta", momentum_lars.best_step)),
    Entry("heavy_tails", heavy_tails, OURS, (r"\eta", heavy_tails.best_step)),
    Entry("weight_decay", weight_decay, OURS, (r"\gamma", weight_decay.best_share)),
    Entry("budget", budget, OURS, ("b", budget.best_batch), "LARS with N = b T samples to spend"),
)

INTRODUCTION = """\
# Statements

Written by `python -m theory docs` from the docstrings of `theory/theorems` and from the
derivations; the numbers that tests and notebooks use come from the same expressions.
[Assumptions](assumptions.md) says what A1 to A4 are and [gaps](gaps.md) where the published text
falls short. $\\Delta = f(x^1) - f^*$, $\\Lambda = \\sum_i L_i$, $h$ layers of $d_i$ coordinates,
step size $\\eta$, $T$ steps, batches of $b$; an average over $t = 1, \\dots, T$ with the
expectation is what a uniformly drawn iterate has. "Published" are the constants of the paper's
proof, "sharp" those that the same assumptions give here.
"""


def entries(names: tuple[str, ...] = ()) -> tuple[Entry, ...]:
    """The theorems of these names, all if there are none; a wrong name is refused.

    Examples
    --------
    >>> [entry.source for entry in entries(("lars",))]
    ['Theorem 2, You et al. 2020']
    >>> entries(("larc",))
    Traceback (most recent call last):
    ...
    ValueError: theorem 'larc' is not one of sgd, lars, lamb_sign, lamb, per_layer, momentum_lars,
    heavy_tails, weight_decay, budget
    """
    known = {entry.name: entry for entry in ENTRIES}
    for name in names:
        if name not in known:
            raise ValueError(f"theorem {name!r} is not one of {', '.join(known)}")
    return tuple(known[name] for name in names) if names else ENTRIES


def published_of(module: ModuleType) -> Derivation | None:
    """The derivation with the paper's constants, where the paper has the theorem."""
    made = getattr(module, "published_derivation", None)
    return None if made is None else made()


def terms_of(module: ModuleType) -> list[tuple[str, sp.Expr, sp.Expr | None]]:
    """Name, sharp and published form of every term; None where they are the same or absent."""
    sharp, other = module.derivation(), published_of(module)
    theirs = {} if other is None else other.terms
    rows = []
    for name, term in sharp.terms.items():
        published = theirs.get(name)
        differs = published is not None and sp.simplify(published - term) != 0
        rows.append((name, term, published if differs else None))
    return rows


def abbreviations_of(module: ModuleType) -> dict[sp.Symbol, sp.Expr]:
    """What the short letters stand for, in both forms."""
    other = published_of(module)
    return ({} if other is None else other.abbreviations) | module.derivation().abbreviations


def text(entry: Entry, width: int | None = None) -> str:
    """One theorem for a terminal of this width (None: the one we are in).

    Examples
    --------
    >>> print(text(entries(("lars",))[0], 100))
    LARS (lars)
      Theorem 2, You et al. 2020; 25 steps, all checked by SymPy
      sum_i E[||grad_i||] is at most the sum of
                 sharp                             published
      start      gap/(T alpha_l eta)               the same
      curvature  Lambda alpha_u^2 eta/(2 alpha_l)  the same
      noise      S alpha_u/(alpha_l sqrt(b))       2 S alpha_u/(alpha_l sqrt(b))
      eps        alpha_u eps h/alpha_l             the same
      where Lambda = sum_i L_i, S = sum_i sigma_i
      best eta   sqrt(2) sqrt(gap)/(sqrt(Lambda) sqrt(T) alpha_u)
    """
    sharp = entry.module.derivation()
    in_words = sharp.unproved()
    how = "all checked by SymPy" if not in_words else "checked by SymPy but for"
    lines = [f"{entry.title} ({entry.name})", f"  {entry.source}; {len(sharp.steps)} steps, {how}"]
    lines += [f"    {name} (proved in words)" for name in in_words]
    lines += [
        f"  {plain(sharp.metric)} is at most the sum of",
        _columns(entry.module, width or shutil.get_terminal_size((100, 24)).columns),
    ]
    short = abbreviations_of(entry.module).items()
    if short:
        lines.append("  where " + ", ".join(f"{k} = {plain(v)}" for k, v in short))
    if entry.best:
        letter, best = entry.best
        lines.append(f"  {'best ' + letter.strip(chr(92)):<9}  {plain(best().point)}")
    return "\n".join(lines)


def _columns(module: ModuleType, width: int) -> str:
    """Sharp and published beside each other where the terminal is wide enough, else stacked."""
    rows = text_rows_of(module)
    has = published_of(module) is not None
    side = aligned([("", "sharp", "published" if has else ""), *rows], "  ")
    if max(map(len, side.splitlines())) <= width:
        return side
    stacked: list[tuple[str, ...]] = []
    for name, sharp, published in rows:
        stacked.append((name, sharp))
        if published not in ("the same", ""):
            stacked.append(("", f"published: {published}"))
    return aligned(stacked, "  ")


def text_rows_of(module: ModuleType) -> list[tuple[str, str, str]]:
    """Name, sharp and published form of every term as text; "the same" where they agree."""
    same = "" if published_of(module) is None else "the same"
    return [
        (name, plain(sharp), same if published is None else plain(published))
        for name, sharp, published in terms_of(module)
    ]


def section(entry: Entry) -> str:
    """One theorem as a section of the page: its docstring's statement and the derived terms."""
    sharp, other = entry.module.derivation(), published_of(entry.module)
    known = (*sharp.quantities, *(() if other is None else other.quantities))
    rows = [
        (
            name,
            f"${latex(term, known)}$",
            *(() if other is None else (f"${latex(b, known)}$" if b is not None else "the same",)),
        )
        for name, term, b in terms_of(entry.module)
    ]
    header = ("term", "sharp") if other is None else ("term", "sharp", "published")
    blocks = [f"## {entry.title}: `{entry.name}`", markdown_of(entry.module.bound)]
    blocks += ["**Terms, as derived.**", markdown_table(header, rows)]
    short = abbreviations_of(entry.module).items()
    if short:
        blocks.append(
            "Here " + ", ".join(f"${latex(k)} = {latex(v, known)}$" for k, v in short) + "."
        )
    if entry.best:
        letter, best = entry.best
        point = latex(best().point, known)
        blocks.append(f"Least at ${letter} = {point}$ (derivative and second derivative by SymPy).")
    assumed = ", ".join(sharp.assumptions())
    words = ", ".join(sharp.unproved()) or "none"
    blocks.append(
        f"**Derivation.** {len(sharp.steps)} steps. Assumed: {assumed}. Lemmas proved in words and "
        f"not by SymPy: {words}."
    )
    return "\n\n".join(blocks)


def page() -> str:
    """``docs/theory/statements.md``."""
    return INTRODUCTION + "\n" + "\n\n".join(map(section, ENTRIES)) + "\n"
