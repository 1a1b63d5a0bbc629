"""Embedded real data and mini-batches."""

from lbopt.data.batches import batches
from lbopt.data.digits import Digits, Split, digits

__all__ = ["Digits", "Split", "batches", "digits"]
