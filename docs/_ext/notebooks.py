"""A cell tagged ``live`` holds a slider: its code is shown; its output needs a kernel."""

from docutils import nodes
from sphinx.application import Sphinx


def drop_live_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the outputs of cells with the tag ``live``."""
    for cell in list(doctree.findall(nodes.container)):
        if "tag_live" in cell["classes"]:
            for part in [c for c in cell.children if "cell_output" in c.get("classes", ())]:
                cell.remove(part)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", drop_live_outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
