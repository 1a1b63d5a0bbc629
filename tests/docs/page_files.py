"""What the pages of the documentation are, read as files: no Sphinx needed."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("notebooks/*.md")]
    if "_build" not in path.parts
)
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


def prose(path):
    """The text of a page, or of a notebook's Markdown cells, without code."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"^(`{3,}|~{3,}).*?^\1\s*$", "", text, flags=re.DOTALL | re.MULTILINE)


def links(path):
    """The targets of a page's links and figures that do not lead to another host."""
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    found = re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", text)
    found += re.findall(r"(?:href|src)=\"([^\"]+)\"", text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(path):
    """The names that GitHub gives to the headings of a page."""
    names = []
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(path), re.MULTILINE):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.append(name if name not in names else f"{name}-{names.count(name)}")
    return names


def entries_of_the_toctree():
    """The pages that docs/index.md lists, without their endings."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = set()
    for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in tree.splitlines():
            entry = re.sub(r".*<(.*)>", r"\1", line.strip())
            if not entry or entry.startswith(":"):
                continue
            base = ROOT if entry.startswith("/") else DOCS
            entry = entry.lstrip("/")
            found = [p for end in (".md", ".ipynb") for p in base.glob(entry + end)]
            pages |= {p.relative_to(ROOT).with_suffix("").as_posix() for p in found} or {entry}
    return pages


def figures(path):
    """How many figures a notebook page must show; a live cell's output is not shown."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    shown = [c for c in cells if "live" not in c["metadata"].get("tags", [])]
    outputs = [o.get("data", {}) for c in shown for o in c.get("outputs", [])]
    drawn = sum(any(kind.startswith("image/") for kind in data) for data in outputs)
    return drawn + len(re.findall(r"!\[", prose(path)))
