"""The fields of records (NamedTuples, dataclasses) in one form.

Some docstrings have a section "Attributes"; elsewhere a comment beside the field says what it is.
"""

import dataclasses
import inspect
import re

from sphinx.application import Sphinx

FIELD = re.compile(r"^    (\w+): ([^#=]+?)(?: = [^#]*)?(?:  # (.*))?$")


def list_fields(app: Sphinx, what: str, name: str, obj: object, options, lines: list[str]) -> None:
    """Give every record a section "Fields" in numpydoc's form."""
    if what == "property":
        lines.insert(0, "")  # else napoleon takes what stands before a colon for its type
    if what != "class" or not (hasattr(obj, "_fields") or dataclasses.is_dataclass(obj)):
        return
    if "Attributes" in lines:
        start = lines.index("Attributes")
        lines[start] = "Fields"
        for n in range(start, len(lines)):
            if re.match(r"\w[\w, ]* : ", lines[n]):
                lines[n] = lines[n].replace("*", r"\*")
        return
    found = [FIELD.match(line) for line in inspect.getsource(obj).splitlines()]
    fields = [m.groups() for m in found if m and m[1] in obj.__annotations__]
    end = next((n for n, line in enumerate(lines) if line in ("Examples", "Notes")), len(lines))
    if fields:
        section = ["", "Fields", "------"]
        for field, kind, comment in fields:
            section += [f"{field} : ``{kind}``", "    " + re.sub(r"([|*])", r"\\\1", comment or "")]
        lines[end:end] = [*section, ""]


def skip_field(app: Sphinx, what: str, name: str, obj: object, skip: bool, options) -> bool | None:
    """Leave out "Alias for field number 0"."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", list_fields, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", skip_field)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
