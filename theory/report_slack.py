r"""How far the bounds are from what happens: on near-tight instances, and on ordinary problems.

On a witness the ratio measured / bound is known and near 1 for the term it is about. On ordinary
problems a bound is a worst case: the ratio is smaller, and a bound that says no more than the
problem's largest gradient is called vacuous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import NamedTuple

import numpy as np

from theory import problems
from theory.check import THEOREMS, Verdict, check_bound
from theory.noise import Noise
from theory.problems.problem import Problem
from theory.rates import families
from theory.witnesses import CLAIMS, WITNESSES, ratios


class Slack(NamedTuple):
    """One row: measured over the sharp and over the published bound; None: the paper has none.

    ``share`` is the part of the sharp bound that is the named term.
    """

    theorem: str
    term: str
    witness: str
    share: float
    sharp: float
    published: float | None


def witness_rows() -> Iterator[Slack]:
    """Measure every witness, in the order of the theorems.

    Examples
    --------
    >>> row = next(witness_rows())
    >>> row.witness, row.term, round(row.sharp, 6)
    ('SGD start, 1/L', 'start', 1.0)
    """
    for theorem in CLAIMS:
        for witness in WITNESSES:
            if witness.theorem == theorem:
                found = ratios(witness, CLAIMS[theorem])
                other = None if isnan(found.published) else found.published
                yield Slack(theorem, witness.term, witness.name, found.share, found.sharp, other)


def text_rows(rows: list[Slack]) -> list[tuple[str, ...]]:
    """The rows as text, under a header.

    Examples
    --------
    >>> text_rows([Slack("sgd", "start", "w", 0.5, 1.0, None)])[1]
    ('sgd', 'start', '0.50', '1.000', '', 'w')
    """
    out: list[tuple[str, ...]] = [("theorem", "term", "share", "sharp", "published", "witness")]
    for r in rows:
        other = "" if r.published is None else f"{r.published:.3f}"
        out.append((r.theorem, r.term, f"{r.share:.2f}", f"{r.sharp:.3f}", other, r.witness))
    return out


def ordinary() -> tuple[tuple[str, Problem, Noise], ...]:
    """Problems that nobody made for a bound: those of `theory.rates`, and logistic regression.

    Examples
    --------
    >>> [name for name, _, _ in ordinary()][2:]
    ['well, coins', 'quadratic, coins', 'logistic']
    """
    rng = np.random.default_rng(7)
    rows = [rng.normal(size=(12, d)) for d in (3, 4, 5)]
    return *families(), ("logistic", *problems.logistic(rows, start=1.0))


def ordinary_rows(
    instances: Sequence[tuple[str, Problem, Noise]] | None = None,
    *,
    steps: int = 64,
    replicates: int = 24,
) -> list[tuple[str, Verdict]]:
    r"""Hold each theorem's own algorithm against its bound, b = T, :math:`\eta^*`.

    Examples
    --------
    >>> for name, verdict in ordinary_rows(ordinary()[:1], steps=16, replicates=4)[1:]:
    ...     print(f"{name}: {verdict.verdict}, ratio {verdict.ratio:.2f} ({verdict.theorem})")
    cosine, coins: holds, ratio 0.59 (lars)
    cosine, coins: holds, ratio 0.57 (lamb_sign)
    cosine, coins: vacuous, ratio 0.00 (lamb)
    """
    found = []
    for name, problem, noise in ordinary() if instances is None else instances:
        for theorem, module in THEOREMS.items():
            if theorem == "lamb" and not all(np.isfinite(a).all() for a in problem.gradient_sup):
                continue  # A3 asks a bounded gradient
            verdict = check_bound(
                lambda eta, module=module: module.algorithm(eta),
                problem,
                noise,
                theorem=theorem,
                steps=steps,
                batch_size=steps,
                replicates=replicates,
                together=True,
            )
            found.append((name, verdict))
    return found


def ordinary_text(rows: list[tuple[str, Verdict]]) -> list[tuple[str, ...]]:
    """The verdicts as text, under a header; a vacuous bound is called so."""
    out: list[tuple[str, ...]] = [("problem", "theorem", "measured", "bound", "ratio", "verdict")]
    for name, v in rows:
        numbers = f"{v.measured:.4g}", f"{v.bound:.4g}", f"{v.ratio:.3g}"
        out.append((name, v.theorem, *numbers, v.verdict))
    return out
