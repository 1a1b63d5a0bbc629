"""The classic wrong bounds and wrong algorithms, and the witnesses that kill them."""

from theory.mutants.catalogue import MUTANTS, SURVIVORS, table
from theory.mutants.mutant import Kill, Mutant, killed_by, kills

__all__ = ["MUTANTS", "SURVIVORS", "Kill", "Mutant", "killed_by", "kills", "table"]
