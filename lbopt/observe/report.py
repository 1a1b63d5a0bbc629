"""One HTML file a person can open anywhere: text, tables and figures, no network needed."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lbopt.observe.style import pyplot

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.5rem; font-size: 1.25rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom-width: 2px; }
.wide { overflow-x: auto; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; background: #fff; border-radius: 4px; }
figcaption { font-size: .9rem; opacity: .85; }
code { background: var(--soft); padding: .1rem .3rem; border-radius: 3px; }
"""


def paragraph(text: str) -> str:
    """Escape ``text``; what stands between backticks becomes code.

    Examples
    --------
    >>> paragraph("run `make demo` & see")
    '<p>run <code>make demo</code> &amp; see</p>'
    """
    return f"<p>{_inline(text)}</p>"


def heading(text: str) -> str:
    """Return a section heading."""
    return f"<h2>{_inline(text)}</h2>"


def bullets(lines: Iterable[str]) -> str:
    """Return a list, one item per line."""
    return "<ul>" + "".join(f"<li>{_inline(line)}</li>" for line in lines) + "</ul>"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; the first column is left-aligned, numbers stand right.

    Examples
    --------
    >>> table(["layer", "ratio"], [["fc.W", 1.5]])[:44]
    '<div class="wide"><table><thead><tr><th>laye'
    """
    head = "".join(f"<th>{_inline(str(cell))}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def figure(fig: Any, caption: str, path: Path) -> str:
    """Save a matplotlib figure as ``path`` (PNG), close it, and return it embedded."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=160, bbox_inches="tight")
    pyplot().close(fig)  # pyplot would keep it for ever
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = html.escape(caption, quote=True)
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{alt}">'
        f"<figcaption>{_inline(caption)}</figcaption></figure>"
    )


def page(title: str, blocks: Iterable[str]) -> str:
    """Join ``blocks`` into one HTML document."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>" + "\n".join(blocks) + "</body></html>\n"
    )


def save_page(text: str, path: Path) -> Path:
    """Write a page, whole or not at all; return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path


def _inline(text: str) -> str:
    parts = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))
