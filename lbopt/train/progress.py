"""A progress bar for a terminal and for a notebook, or nothing."""

from __future__ import annotations

import sys
from typing import Any


def bar(total: int, description: str, unit: str, *, show: bool, done: int = 0) -> Any:
    """Return a tqdm bar; close it, or use it in ``with``.

    Shown in a notebook and on a terminal; where the output goes to a file, or with
    ``show=False``, it is silent and its methods do nothing.

    Raises
    ------
    ImportError
        If it is to be shown and tqdm is not installed.
    """
    if not show:
        return Silent()
    try:
        from tqdm.auto import tqdm
    except ImportError as e:
        raise ImportError(
            'progress=True needs tqdm; install it with: pip install "lbopt[experiments]"'
        ) from e
    # A notebook's output is not a tty, so tqdm's own rule (None: only on a tty) would hide it.
    disable = False if in_notebook() else None
    return tqdm(total=total, initial=done, desc=description, unit=unit, disable=disable)


def in_notebook() -> bool:
    """Say whether a Jupyter kernel runs this code."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


class Silent:
    """What a bar does when there is none."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def update(self, n: int = 1) -> None:
        """Do nothing."""

    def set_postfix_str(self, s: str, refresh: bool = True) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
