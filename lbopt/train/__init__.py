"""The loop, evaluation, checkpoints, and experiments with honest learning-rate selection."""

from lbopt.train.checkpoint import load, save
from lbopt.train.evaluate import Evaluation, evaluate, recompute_statistics
from lbopt.train.experiment import run_one, sweep
from lbopt.train.fit import fit
from lbopt.train.gradient import loss_and_gradient
from lbopt.train.records import Checkpoint, Divergence, Fit, Norms, Step
from lbopt.train.results import read_runs
from lbopt.train.run import Run, key
from lbopt.train.select import Row, Setting, choose
from lbopt.train.table import markdown
from lbopt.train.tasks import RECIPES, TASKS, Recipe, Task

__all__ = [
    "RECIPES",
    "TASKS",
    "Checkpoint",
    "Divergence",
    "Evaluation",
    "Fit",
    "Norms",
    "Recipe",
    "Row",
    "Run",
    "Setting",
    "Step",
    "Task",
    "choose",
    "evaluate",
    "fit",
    "key",
    "load",
    "loss_and_gradient",
    "markdown",
    "read_runs",
    "recompute_statistics",
    "run_one",
    "save",
    "sweep",
]
