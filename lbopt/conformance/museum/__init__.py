"""The museum of wrong LARS and LAMB: optimizers with one mistake each, their stories and links."""

from lbopt.conformance.museum.exhibits import EXHIBITS, RIGHT, Exhibit
from lbopt.conformance.museum.matrix import Matrix, kill_matrix, killed_by

__all__ = ["EXHIBITS", "RIGHT", "Exhibit", "Matrix", "kill_matrix", "killed_by"]
