"""One executable example per assumption, and per gap of the published statements."""

from theory.counterexamples.catalogue import COUNTEREXAMPLES
from theory.counterexamples.contrast import Case, Contrast, table

__all__ = ["COUNTEREXAMPLES", "Case", "Contrast", "table"]
