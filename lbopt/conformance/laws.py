"""All laws, in the order in which they are reported."""

from __future__ import annotations

from lbopt.conformance import (
    laws_adam,
    laws_any,
    laws_decay,
    laws_length,
    laws_momentum,
    laws_options,
    laws_range,
)
from lbopt.conformance.law import Law

# First those that name one mistake, last those that any mistake breaks: `Report.failures` has this
# order, too.
LAWS: tuple[Law, ...] = (
    *laws_any.LAWS, laws_options.ALIVE, *laws_length.LAWS, *laws_decay.LAWS, *laws_momentum.LAWS,
    *laws_adam.LAWS, *laws_options.LAWS, laws_any.LATE, laws_options.LONG, *laws_range.LAWS,
)  # fmt: skip


def laws_of(claim: str) -> tuple[Law, ...]:
    """List the laws that an algorithm obeys.

    Examples
    --------
    >>> len(laws_of("sgd")) < len(laws_of("lamb"))
    True
    >>> laws_of("lars")[0].name
    'contract'
    """
    return tuple(law for law in LAWS if claim in law.claims)
