"""What every exercise check shares: it says which law fails and how, and never raises.

The checks of notebook 03 are in ``checks_03.py`` and so on; the notebooks and the tests use the
same ones. A check returns True or False and prints one line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class LawFails(Exception):
    """A law that the answer breaks, and how."""

    def __init__(self, law: str, how: str) -> None:
        super().__init__(f"{law} fails: {how}")


def demand(holds: Any, law: str, how: str) -> None:
    """Go on if ``holds``, else stop the check with the law's name."""
    if not bool(holds):
        raise LawFails(law, how)


def judge(
    number: int, answer: Callable, sample: tuple, examine: Callable[[Callable], None]
) -> bool:
    """Run ``examine(answer)`` and print the verdict; a stub (it returns None) is "not yet".

    ``sample`` is one set of valid arguments: what the stub is called with.
    """
    try:
        if answer(*sample) is None:
            print(f"exercise {number}: not yet: {answer.__name__} returns None, write its body")
            return False
        examine(answer)
    except LawFails as law:
        print(f"exercise {number}: {law}")
        return False
    except Exception as e:
        print(f"exercise {number}: {answer.__name__} raised {type(e).__name__}: {e}")
        return False
    print(f"exercise {number}: right")
    return True
