"""The loop, evaluation, checkpoints, and experiments with honest learning-rate selection."""

from lbopt.train.checkpoint import load, save
from lbopt.train.evaluate import Evaluation, evaluate, recompute_statistics
from lbopt.train.fit import fit
from lbopt.train.gradient import loss_and_gradient
from lbopt.train.records import Checkpoint, Divergence, Fit, Norms, Step

__all__ = [
    "Checkpoint",
    "Divergence",
    "Evaluation",
    "Fit",
    "Norms",
    "Step",
    "evaluate",
    "fit",
    "load",
    "loss_and_gradient",
    "recompute_statistics",
    "save",
]
