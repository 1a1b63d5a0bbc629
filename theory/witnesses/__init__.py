"""Instances on which each term of each bound is nearly attained, with the ratio known."""

from theory.witnesses.catalogue import CLAIMS, WITNESSES
from theory.witnesses.witness import Claim, Ratios, Witness, faults, ratios

__all__ = ["CLAIMS", "WITNESSES", "Claim", "Ratios", "Witness", "faults", "ratios"]
