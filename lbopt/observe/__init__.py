"""Looking at training: norms and ratios layer by layer, figures."""

from lbopt.observe.plots import accuracy_vs_batch, learning_rate_grid, ratios_over_steps
from lbopt.observe.style import OPTIMIZERS, RC, Look, looks, looks_in_order
from lbopt.observe.trust import (
    LayerRow,
    LayerTable,
    StepNorms,
    layer_table,
    norms,
    read_norms,
)

__all__ = [
    "OPTIMIZERS",
    "RC",
    "LayerRow",
    "LayerTable",
    "Look",
    "StepNorms",
    "accuracy_vs_batch",
    "layer_table",
    "learning_rate_grid",
    "looks",
    "looks_in_order",
    "norms",
    "ratios_over_steps",
    "read_norms",
]
