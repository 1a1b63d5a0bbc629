"""The documentation site: `make docs` builds it, without a network.

The source folder is the repository itself (``sphinx-build -c docs . docs/_build/html``), so the
site has the shape of the repository and a relative link means the same here and on GitHub.
"""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

project = "lbopt"
author = "the lbopt authors"
copyright = "the lbopt authors, MIT licence"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "links",  # docs/_ext: links to source files, and names of files as links
    "notebooks",  # docs/_ext: the outputs of live cells are left out
    "docstrings",  # docs/_ext: the fields of records
]
root_doc = "docs/index"
include_patterns = [
    "*.md", "docs/*.md", "docs/theory/*.md", "docs/api/*.md", "docs/how_to/*.md",
    "notebooks/*.md", "notebooks/*.ipynb",
]  # fmt: skip
exclude_patterns = [".*", "results", "lbopt", "tests", "theory", "docs/_build", "dist", "build"]

# --- pages and notebooks ----------------------------------------------------------------------
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4  # GitHub's
# A notebook keeps the outputs it was committed with (the tests execute it again); a Markdown page
# with {code-cell}s is executed here, and a cell that fails is an error. LBOPT_DOCS_EXECUTE=1
# executes the notebooks too.
anew = os.environ.get("LBOPT_DOCS_EXECUTE") == "1"
nb_execution_mode = "force"
nb_execution_excludepatterns = [] if anew else ["notebooks/*"]
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_show_tb = True
nb_ipywidgets_js = {}  # nothing here answers a slider; its scripts would come from a CDN
nb_merge_streams = True
nb_render_markdown_format = "myst"  # Markdown that a cell displays has formulas, too

# --- the API reference ------------------------------------------------------------------------
default_role = "py:obj"  # `lamb` in a docstring is a link where there is such a thing
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes, ranges
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Fields", "params_style")]  # docs/_ext/docstrings.py
napoleon_preprocess_types = False
toc_object_entries_show_parents = "hide"
viewcode_line_numbers = True

# --- what it looks like -----------------------------------------------------------------------
html_theme = "furo"
html_title = "lbopt"
html_static_path = ["_static"]
html_extra_path = ["_extra"]  # index.html at the top, which leads to docs/index.html
html_favicon = "_static/favicon.svg"
html_css_files = ["lbopt.css"]
html_js_files = ["wide.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would show formulas as TeX, and fails for file:// pages
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
# MathJax 3.2.2 in one file that asks for no other. (MathJax 4 fetches fonts from a CDN.)
mathjax_path = "mathjax/tex-svg-full.js"
mathjax_options = {"defer": "defer"}
mathjax3_config = {
    "svg": {"fontCache": "global"},
    "tex": {"packages": {"[-]": ["noundefined"]}},  # an unknown command is an error, for the tests
    "options": {"enableMenu": False},
}
