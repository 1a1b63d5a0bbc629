"""Looking at training: norms and ratios layer by layer, gradient noise, curvature, figures."""

from lbopt.observe.bert_ratios import bert_ratios, ratio_spread
from lbopt.observe.curvature import TopEigenvalue, hessian_vector, sharpness, top_eigenvalue
from lbopt.observe.noise import NoiseScale, gradient_noise_scale, noise_scale
from lbopt.observe.plots import (
    accuracy_vs_batch,
    learning_rate_grid,
    loss_vs_warmup,
    ratios_over_steps,
)
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
    "NoiseScale",
    "StepNorms",
    "TopEigenvalue",
    "accuracy_vs_batch",
    "bert_ratios",
    "gradient_noise_scale",
    "hessian_vector",
    "layer_table",
    "learning_rate_grid",
    "looks",
    "looks_in_order",
    "loss_vs_warmup",
    "noise_scale",
    "norms",
    "ratio_spread",
    "ratios_over_steps",
    "read_norms",
    "sharpness",
    "top_eigenvalue",
]
