"""What a check found, as a value that prints."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import NamedTuple

SIGNS = {
    "kept": "ok", "broken": "BROKEN", "differs": "differs", "limit": "limit", "unclear": "unclear",
    "hidden": "hidden", "not offered": "-",
}  # fmt: skip


class Row(NamedTuple):
    """One law.

    Attributes
    ----------
    law : its name
    verdict : "kept", "broken", "differs" (the paper leaves it open), "limit" (numbers beyond the
        usual), "unclear" (it turns on a hyperparameter that the factory does not take), "hidden"
        (it cannot be told, as the formula is broken without what the law is about), or "not
        offered"
    measured, tolerance : kept while measured <= tolerance
    means : what a failure means
    detail : where and how in this case
    """

    law: str
    verdict: str
    measured: float
    tolerance: float
    means: str
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """The laws one by one.

    Attributes
    ----------
    claim : what the optimizer claims to be
    rows : one `Row` per law
    knobs : what it does instead, in words, as far as probing tells (if a law is broken)
    refused : hyperparameters of the claim that the factory does not take; optional ones (masks,
        phi, norm, nesterov, bias_correction) are in the rows of their laws, as "not offered"
    dtype, arithmetic : of the arrays given, and of the numbers that came back
    seconds : how long it took
    """

    claim: str
    rows: tuple[Row, ...]
    knobs: tuple[str, ...]
    refused: tuple[str, ...]
    dtype: str
    arithmetic: str
    seconds: float

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the broken laws, the most telling first."""
        return tuple(row.law for row in self.rows if row.verdict == "broken")

    @property
    def passed(self) -> bool:
        """Whether no law is broken."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.passed

    def headline(self) -> str:
        """One line."""
        kept = sum(row.verdict == "kept" for row in self.rows)
        tried = sum(row.verdict in ("kept", "broken") for row in self.rows)
        verdict = "PASSED" if self.passed else "FAILED"
        left = len(self.rows) - tried
        told = f", {left} not judged" if left else ""
        return f"{verdict}: {self.claim}; {kept} of {tried} laws kept{told}, in {self.arithmetic}"

    def __str__(self) -> str:
        width = max(len(row.law) for row in self.rows)
        lines = [self.headline(), ""]
        lines.append(f"{'law':{width}}  {'verdict':8} {'measured':>9} {'tolerance':>9}")
        for row in self.rows:
            numbers = f"{shown(row.measured):>9} {shown(row.tolerance):>9}"
            lines.append(f"{row.law:{width}}  {SIGNS[row.verdict]:8} {numbers}".rstrip())
        if self.knobs:
            lines += ["\nwhat it does instead, by probing:"]
            lines += [indented(knob) for knob in self.knobs]
        for title, verdict in (
            ("broken", "broken"), ("the paper leaves open", "differs"),
            ("beyond the usual numbers", "limit"), ("unclear", "unclear"),
        ):  # fmt: skip
            rows = [row for row in self.rows if row.verdict == verdict]
            lines += [f"\n{title}:"] * bool(rows)
            lines += [indented(f"{row.law}: {explained(row)}") for row in rows]
        for title, verdict in (("cannot be told", "hidden"), ("not tried", "not offered")):
            rows = [row for row in self.rows if row.verdict == verdict]
            lines += [f"\n{title}:"] * bool(rows)
            lines += [indented(f"{row.law}: {row.detail}") for row in rows]
        if self.refused:
            lines += [f"\nnot offered by the factory: {', '.join(self.refused)}"]
        lines += [f"\n{self.dtype} arrays, {self.seconds:.1f} s"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour = {"broken": "#D55E00", "differs": "#E69F00", "limit": "#E69F00", "kept": "#009E73"}
        cells = []
        for row in self.rows:
            style = f"color:{colour.get(row.verdict, '#777')};font-weight:bold"
            told = (
                explained(row)
                if row.verdict not in ("kept", "hidden", "not offered")
                else row.detail
            )
            cells.append(
                f"<tr><td><code>{escape(row.law)}</code></td>"
                f'<td style="{style}">{escape(row.verdict)}</td>'
                f"<td>{shown(row.measured)}</td><td>{shown(row.tolerance)}</td>"
                f'<td style="text-align:left">{escape(told)}</td></tr>'
            )
        knobs = "".join(f"<li>{escape(k)}</li>" for k in self.knobs)
        instead = f"<p>What it does instead, by probing:</p><ul>{knobs}</ul>" if knobs else ""
        head = "<tr><th>law</th><th>verdict</th><th>measured</th><th>tolerance</th><th></th></tr>"
        return (
            f"<p><b>{escape(self.headline())}</b></p>{instead}<table>{head}{''.join(cells)}</table>"
        )


def explained(row: Row) -> str:
    """What the failure means, and where."""
    return f"{row.means}. Here: {row.detail}" if row.detail else row.means


def shown(x: float) -> str:
    """Two digits; nothing for what was not measured."""
    return "" if x != x else "0" if x == 0 else f"{x:.1e}"


def indented(text: str) -> str:
    """Wrap below a title."""
    return fill(text, 96, initial_indent="  - ", subsequent_indent="    ")
