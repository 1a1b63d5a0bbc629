r"""Expressions of the proofs and docstrings of the theorems, as text and as Markdown.

What is printed is made from the objects that were checked: terms from a derivation, prose from the
docstring that its numbers' doctest stands in.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import sympy as sp

from theory.kernel import average, inner, mean_now, norm

SHORT = {norm: "||{}||", inner: "<{}, {}>", mean_now: "E_t[{}]", average: "E[{}]"}


def plain(expr: sp.Expr) -> str:
    """One line of text for an expression, with the letters' names in the code.

    Examples
    --------
    >>> from theory.kernel.letters import L, Lambda, alpha_l, b, eta, sigma
    >>> from theory.kernel import i, over_layers
    >>> print(plain(Lambda * eta / (2 * alpha_l)), "|", plain(over_layers(sigma[i] ** 2 / L[i])))
    Lambda eta/(2 alpha_l) | sum_i sigma_i^2/L_i
    >>> from theory.kernel import j, over_coordinates
    >>> from theory.kernel.letters import coordinate_sigma as s
    >>> print(plain(over_layers(over_coordinates(s[i, j]))))
    sum_i sum_j s_ij
    """
    text = sp.sstr(_named(expr))
    return text.replace("**", "^").replace("*", " ")


def _named(expr: sp.Expr) -> sp.Expr:
    """Put symbols with readable names for indexed letters, sums, norms and expectations."""
    if isinstance(expr, sp.Indexed):
        return sp.Symbol(f"{expr.base.label}_{''.join(map(str, expr.indices))}", positive=True)
    if isinstance(expr, sp.Sum):
        inside = plain(expr.function)
        inside = f"({inside})" if expr.function.is_Add else inside
        signs = "".join(f"sum_{limit[0]} " for limit in reversed(expr.limits))
        return sp.Symbol(signs + inside, positive=True)
    if expr.func in SHORT:
        return sp.Symbol(SHORT[expr.func].format(*map(plain, expr.args)), positive=True)
    if expr.func == sp.Abs:
        return sp.Symbol(f"|{plain(expr.args[0])}|", positive=True)
    if not expr.args:
        return expr
    return expr.func(*map(_named, expr.args))


def markdown_of(function: Callable) -> str:
    r"""The statement in a function's docstring, everything before its parameters, as Markdown.

    Examples
    --------
    >>> def f():
    ...     '''One line with :math:`x` and ``code``.
    ...
    ...     .. math::
    ...
    ...         x = 1
    ...
    ...     Parameters
    ...     ----------
    ...     '''
    >>> print(markdown_of(f))
    One line with $x$ and `code`.
    <BLANKLINE>
    $$
    x = 1
    $$
    """
    text = inspect.getdoc(function) or ""
    text = re.split(r"\n(?:Parameters|Examples)\n-+(?:\n|$)", text)[0].strip()
    blocks, out = text.split("\n\n"), []
    displayed = False
    for block in blocks:
        if block.strip() == ".. math::":
            displayed = True
        elif displayed and block.startswith("    "):
            out.append("$$\n" + inspect.cleandoc(block) + "\n$$")
        else:
            displayed = False
            block = re.sub(r":math:`([^`]+)`", lambda m: f"${' '.join(m[1].split())}$", block)
            out.append(re.sub(r"``([^`]+)``", r"`\1`", block))
    return "\n\n".join(out)


def aligned(rows: list[tuple[str, ...]], indent: str = "") -> str:
    """Columns wide enough for their entries; no blanks at the ends of lines.

    Examples
    --------
    >>> print(aligned([("a", "bb", "c"), ("aaa", "b", "")], "  "))
      a    bb  c
      aaa  b
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def markdown_table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; the first column to the left, the others to the right.

    Examples
    --------
    >>> print(markdown_table(("term", "ratio"), [("start", "1.00")]))
    | term | ratio |
    |---|---:|
    | start | 1.00 |
    """
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
