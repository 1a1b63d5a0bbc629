"""What each library calls LARS or LAMB, as chains of links; docs/variants.md compares them."""

from lbopt.optim.variants.make import make, names

__all__ = ["make", "names"]
