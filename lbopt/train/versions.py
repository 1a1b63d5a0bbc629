"""What a result depends on besides its run: the code, and what it stands on."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).parents[1]
WITHOUT_INFLUENCE = ("observe", "__main__.py")  # they look at results, they do not make them


def versions() -> dict[str, str]:
    """Return the versions of Python, NumPy and lbopt, and the hash of lbopt's sources.

    Two records of one run can be compared only if all of these are equal. Python counts, too: the
    text of the task "characters" comes with it.

    Examples
    --------
    >>> sorted(versions())
    ['code', 'lbopt', 'numpy', 'python']
    """
    from lbopt import __version__  # not at the top: lbopt imports this module

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "lbopt": __version__,
        "code": _code_now(),
    }


@cache
def _code_now() -> str:
    """Hash once per process: what is loaded is what runs, whatever is edited afterwards."""
    return code_hash(PACKAGE)


def code_hash(package: Path) -> str:
    """Hash the Python files of ``package`` that results may depend on: names and contents.

    Examples
    --------
    >>> len(code_hash(PACKAGE))
    16
    """
    digest = sha256()
    for path in sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).parts):
        place = path.relative_to(package)
        if place.parts[0] not in WITHOUT_INFLUENCE:
            # as text: line ends may differ from one checkout to the next
            digest.update(f"{place.as_posix()}\0{path.read_text(encoding='utf-8')}\0".encode())
    return digest.hexdigest()[:16]
