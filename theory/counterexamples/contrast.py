"""What every counterexample returns: the bound failing without the assumption, holding with it."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One measured number beside the number that should not be smaller.

    Attributes
    ----------
    setting : str
        What was run and which bound is asked.
    measured, bound : float
        The claim of the bound is ``measured <= bound``.
    """

    setting: str
    measured: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether measured <= bound, to a rounding of 1e-9."""
        return self.measured <= self.bound * (1 + 1e-9)


class Contrast(NamedTuple):
    """One assumption (or one gap of a published statement), without it and with it.

    Attributes
    ----------
    assumption : str
        What is taken away in ``without`` and given back in ``kept``.
    without : tuple of Case
        Every one of them is violated.
    kept : tuple of Case
        Every one of them holds.
    """

    assumption: str
    without: tuple[Case, ...]
    kept: tuple[Case, ...]


def table(contrast: Contrast) -> str:
    """Write the cases of ``contrast`` in lines, one for each.

    Examples
    --------
    >>> print(table(Contrast("the sky is up", (Case("broken", 2.0, 1.0),), (Case("kept", 1, 1),))))
    without: the sky is up
      violated  measured      2        bound      1        broken
    with it
      holds     measured      1        bound      1        kept
    """
    lines = [f"without: {contrast.assumption}", *(_line(c) for c in contrast.without)]
    return "\n".join([*lines, "with it", *(_line(c) for c in contrast.kept)])


def _line(case: Case) -> str:
    word = "holds" if case.holds else "violated"
    return (
        f"  {word:<9} measured {case.measured:>8.5g}    bound {case.bound:>8.5g}   {case.setting}"
    )
