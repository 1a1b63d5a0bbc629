"""Models assembled from ops: each is three pure functions, init, forward and statistics."""

from lbopt.models.init import constant, he_normal, normal, ones, zeros
from lbopt.models.mlp import mlp
from lbopt.models.model import Model

__all__ = ["Model", "constant", "he_normal", "mlp", "normal", "ones", "zeros"]
