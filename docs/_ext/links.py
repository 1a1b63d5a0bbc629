"""Links to source files become links to highlighted pages; a file named in code becomes a link.

On GitHub ``[the kernel](../../theory/kernel/__init__.py)`` shows the file. Sphinx alone would offer
a download. Here each file that some page links to gets a page under ``source/``. A module or an
object that a docstring names in the way it is imported (`optim.lamb`) is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode
from sphinx.util.osutil import relpath

FILE = re.compile(r"[\w./-]+\.(py|md|ipynb|toml|json|yml|yaml)|Makefile|LICENSE")


def wanted(app: Sphinx) -> dict[str, set[str]]:
    """Return which files each page links to, as far as it is read."""
    if not hasattr(app.env, "lbopt_sources"):
        app.env.lbopt_sources = {}
    return app.env.lbopt_sources


def show(app: Sphinx, docname: str, path: str) -> str:
    """Return the link from a page to the page that shows the file ``path``."""
    page, ending = path.rsplit(".", 1) if "." in path else (path, "")
    if ending not in ("md", "ipynb") or page not in app.env.found_docs:
        page = f"source/{path}"
        wanted(app).setdefault(docname, set()).add(path)
    return app.builder.get_relative_uri(docname, page)


def link_sources(app: Sphinx, doctree: nodes.document) -> None:
    """Turn downloads and names of files into links, and note which files need a page."""
    root, docname = Path(app.srcdir), app.env.docname
    wanted(app)[docname] = set()

    for node in list(doctree.findall(download_reference)):
        target = (root / docname).parent / node["reftarget"]
        path = relpath(target.resolve(), root.resolve())
        uri = show(app, docname, path)
        node.replace_self(nodes.reference("", "", *node.children, refuri=uri))
    folder = root
    for node in list(doctree.findall(nodes.literal)):
        name = node.astext()
        if isinstance(node.parent, nodes.reference) or not FILE.fullmatch(name):
            continue
        here = [base / name for base in (root, folder) if (base / name).is_file()]
        if here and here[0].resolve().is_relative_to(root.resolve()):
            uri = show(app, docname, relpath(here[0], root))
            node.replace_self(nodes.reference("", "", node.deepcopy(), refuri=uri))
            if "/" in name:  # "`lbopt/optim/trust.py`, `momentum.py`": in the same folder
                folder = here[0].parent


def find_name(app: Sphinx, env, node: pending_xref, child: nodes.Node) -> nodes.Node | None:
    """Find what a docstring's `name` refers to; a word without a dot may be only code."""
    name, objects = node["reftarget"], env.domains.python_domain.objects
    last = [full for full in objects if full.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    near = f"lbopt.{name}" if f"lbopt.{name}" in objects else None
    same = [full for full in last if full.split(".")[0] == name.split(".")[0]]
    found = near or (same[0] if len(same) == 1 and "." in name else None)
    if node.get("reftype") == "obj" and found:
        return make_refnode(app.builder, node["refdoc"], *objects[found][:2], child, found)
    module = name.replace(".", "/")
    for path in (f"{module}.py", f"{module}/__init__.py", f"{module.rsplit('/', 1)[0]}.py"):
        if (Path(app.srcdir) / path).is_file():
            return nodes.reference("", "", child, refuri=show(app, node["refdoc"], path))
    return None if name.startswith(("lbopt.", "theory.")) else child


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """Yield a page for each file that is linked to."""
    for path in sorted(set().union(*wanted(app).values())):
        text = (Path(app.srcdir) / path).read_text(encoding="utf-8")
        language = {".py": "python", ".toml": "toml", ".json": "json", ".md": "markdown"}
        kind = language.get(Path(path).suffix, "make" if path == "Makefile" else "text")
        code = app.builder.highlighter.highlight_block(text, kind, linenos="inline")
        yield f"source/{path}", {"title": path, "body": f"<h1>{path}</h1>\n{code}"}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", link_sources, priority=400)  # before downloads are collected
    app.connect("missing-reference", find_name)
    app.connect("html-collect-pages", source_pages)
    return {"parallel_read_safe": False, "parallel_write_safe": False}
