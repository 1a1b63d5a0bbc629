"""Optimizers as chains of links: readable LARS, SGD and the parts they are made of."""

from lbopt.optim import masks, phi, schedules, variants
from lbopt.optim.ablations import lars_one_global_ratio, scale_by_one_lars_ratio
from lbopt.optim.adam import scale_by_adagrad, scale_by_adam
from lbopt.optim.adaptive import adagrad, adam, adamw
from lbopt.optim.clip import clip_by_global_norm, global_norm
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.lamb import lamb, lambc, nlamb, nnlamb
from lbopt.optim.lars import lars, lars_2020
from lbopt.optim.link import (
    Link,
    LinkState,
    apply_updates,
    chain,
    identity,
    layerwise,
    same_state,
)
from lbopt.optim.masks import masked
from lbopt.optim.momentum import ema, nesterov_trace, trace
from lbopt.optim.norm import norm
from lbopt.optim.scale import learning_rate, scale, scale_by_learning_rate
from lbopt.optim.sgd import sgd
from lbopt.optim.trust import scale_by_lars_ratio, scale_by_trust_ratio, trust_ratios

__all__ = [
    "Link",
    "LinkState",
    "adagrad",
    "adam",
    "adamw",
    "add_decayed_weights",
    "apply_updates",
    "chain",
    "clip_by_global_norm",
    "ema",
    "global_norm",
    "identity",
    "lamb",
    "lambc",
    "lars",
    "lars_2020",
    "lars_one_global_ratio",
    "layerwise",
    "learning_rate",
    "masked",
    "masks",
    "nesterov_trace",
    "nlamb",
    "nnlamb",
    "norm",
    "phi",
    "same_state",
    "scale",
    "scale_by_adagrad",
    "scale_by_adam",
    "scale_by_lars_ratio",
    "scale_by_learning_rate",
    "scale_by_one_lars_ratio",
    "scale_by_trust_ratio",
    "schedules",
    "sgd",
    "trace",
    "trust_ratios",
    "variants",
]
