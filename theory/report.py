"""The report: statements, slack, rates, counterexamples and mutants in one HTML file.

It opens anywhere without a network; formulas are drawn by matplotlib from the same LaTeX that the
derivations print.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from theory import rates as theory_rates
from theory import report_figures as figures
from theory import report_mutants, report_slack
from theory.check import THEOREMS
from theory.counterexamples import COUNTEREXAMPLES
from theory.kernel import latex
from theory.report_figures import pyplot
from theory.report_statements import ENTRIES, Entry, abbreviations_of, published_of, terms_of

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; color: #111; background: #fff; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.5rem; font-size: 1.3rem; }
h3 { margin-bottom: .3rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums;
  font-size: .9rem; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ccc; text-align: left;
  vertical-align: middle; }
thead th { border-bottom-width: 2px; }
.wide { overflow-x: auto; } .bad { color: #B03A00; font-weight: 600; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; }
details { margin: 1rem 0; } summary { cursor: pointer; font-weight: 600; }
.formula { vertical-align: middle; }
"""


def write(out: Path, progress: Callable[[int], None] = lambda count: None) -> Path:
    """Make everything and write ``out/report.html`` with its figures beside it."""
    out.mkdir(parents=True, exist_ok=True)
    text = page(out, progress)
    path = out / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


def page(out: Path, progress: Callable[[int], None]) -> str:
    """Join the sections."""
    slack = list(report_slack.witness_rows())
    family = theory_rates.families()[1]
    found = [theory_rates.rate(name, *family, replicates=16) for name in THEOREMS]
    fates = report_mutants.fates(progress=progress)
    blocks = [
        "<p>Convergence bounds of SGD, LARS and LAMB (You et al. 2020, arXiv 1904.00962) with "
        "explicit constants. Every number below was computed when this page was made; "
        "<code>python -m theory report</code> makes it again.</p>",
        "<h2>Statements</h2>",
        "<p>Each term as the derivation concludes it; <em>published</em> are the constants of the "
        "paper's proof. A bar with E is the expectation averaged over the steps.</p>",
        *map(statement, ENTRIES),
        "<h2>Slack</h2>",
        "<p>An instance is near-tight for the term it is named after: measured / bound is known "
        "beforehand, and the tests fail on a bound that is exceeded or that is loosened.</p>",
        figure(figures.slack(slack), out / "slack.png", "Measured over bound on the witnesses"),
        figure(figures.step_sizes(), out / "step_sizes.png", "The bound against the step size"),
        "<p>On problems that nobody made for a bound (b = T = 64, best step size, beta2 = 0.999). "
        "A bound above the problem's largest gradient says nothing: it is called vacuous.</p>",
        table(report_slack.ordinary_text(report_slack.ordinary_rows())),
        "<h2>Rates</h2>",
        figure(figures.rates(found), out / "rates.png", "Average metric against T with b = T"),
        f"<pre>{html.escape(theory_rates.table(found))}</pre>",
        figure(figures.noise_floor(), out / "noise_floor.png", "A fixed batch against b = T"),
        "<h2>Without an assumption</h2>",
        table(contrasts()),
        "<h2>Mutants</h2>",
        f"<p>{html.escape(report_mutants.summary(fates))}. Exceeded: so many witnesses measure "
        "more than the wrong bound allows; moved: so many notice in any way.</p>",
        "<details><summary>All of them</summary>",
        table(report_mutants.text_rows(fates)),
        "</details>",
        table(report_mutants.survivor_rows()),
    ]
    title = "Convergence bounds of SGD, LARS and LAMB"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        + "\n".join(blocks)
        + "</body></html>\n"
    )


def statement(entry: Entry) -> str:
    """One theorem: what is bounded, and the terms of the bound in two forms."""
    sharp, other = entry.module.derivation(), published_of(entry.module)
    known = (*sharp.quantities, *(() if other is None else other.quantities))
    rows: list[tuple[str, ...]] = [("term", "sharp", "published")]
    for name, term, published in terms_of(entry.module):
        same = "the same" if other is not None else ""
        theirs = same if published is None else formula(latex(published, known))
        rows.append((name, formula(latex(term, known)), theirs))
    short = abbreviations_of(entry.module).items()
    where = ", ".join(formula(f"{latex(k)} = {latex(v, known)}") for k, v in short)
    words = ", ".join(sharp.unproved()) or "none"
    return (
        f"<h3>{html.escape(entry.title)}</h3><p>{html.escape(entry.source)}. "
        f"{formula(latex(sharp.metric, known))} is at most the sum of</p>"
        + table(rows, escape=False)
        + (f"<p>where {where}.</p>" if where else "")
        + f"<p>{len(sharp.steps)} steps; lemmas proved in words and not by SymPy: "
        f"{html.escape(words)}.</p>"
    )


def contrasts() -> list[tuple[str, ...]]:
    """The first case without and with each assumption."""
    rows: list[tuple[str, ...]] = [("assumption", "", "case", "measured", "bound")]
    for run in COUNTEREXAMPLES.values():
        found = run()
        for word, cases in (("without", found.without), ("with", found.kept)):
            for case in cases[:1]:
                numbers = f"{case.measured:.4g}", f"{case.bound:.4g}"
                said = found.assumption if word == "without" else ""
                rows.append((said, f"{word}: {verdict(case.holds)}", case.setting, *numbers))
    return rows


def verdict(holds: bool) -> str:
    """How a case went, in a word."""
    return "holds" if holds else "violated"


def table(rows: Sequence[Sequence[str]], *, escape: bool = True) -> str:
    """A table whose first row is the header; a violated, vacuous or surviving entry stands out.

    Examples
    --------
    >>> print(table([("a", "b"), ("1", "vacuous")])[69:])
    <tbody><tr><td>1</td><td class="bad">vacuous</td></tr></tbody></table></div>
    """

    def cell(text: str, tag: str) -> str:
        bad = tag == "td" and text in ("vacuous", "violated", "without: violated", "SURVIVES")
        inside = html.escape(text) if escape else text
        return f"<{tag}{' class=' + chr(34) + 'bad' + chr(34) if bad else ''}>{inside}</{tag}>"

    head = "".join(cell(text, "th") for text in rows[0])
    body = "".join("<tr>" + "".join(cell(text, "td") for text in row) + "</tr>" for row in rows[1:])
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def figure(fig: Any, path: Path, caption: str) -> str:
    """Save a figure as PNG, close it, and return it embedded."""
    fig.savefig(path, bbox_inches="tight")
    pyplot().close(fig)
    data = base64.b64encode(path.read_bytes()).decode()
    alt = html.escape(caption, quote=True)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{alt}"></figure>'


def formula(tex: str) -> str:
    """LaTeX as an embedded picture; the LaTeX itself is its text for those who do not see it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    pyplot()
    buffer = io.BytesIO()
    drawn = tex.replace(r"\left\|", r"\Vert ").replace(r"\right\|", r"\Vert ")
    drawn = drawn.replace(r"\frac", r"\dfrac")
    math_to_image(f"${drawn}$", buffer, prop=FontProperties(size=13), dpi=200, format="png")
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = html.escape(tex, quote=True)
    width, height = _size(buffer.getvalue())
    return (
        f'<img class="formula" src="data:image/png;base64,{data}" alt="{alt}" '
        f'width="{width // 2}" height="{height // 2}">'
    )


def _size(png: bytes) -> tuple[int, int]:
    """Width and height from a PNG's header."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
