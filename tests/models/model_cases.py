"""Small models of every kind, float64, with parameters moved away from their special first values.

At initialisation biases are 0 and gammas 1 (or 0): a gradient that is wrong only elsewhere would
pass. `moved` adds noise to every parameter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lbopt import models
from lbopt.models import AlexNetConfig, Conv, Model


class Case(NamedTuple):
    model: Model
    x_shape: tuple[int, ...]


def grouped_alexnet() -> Model:
    """Make an AlexNet with groups, strides, overlapping pools, LRN and BN in 13x13 pixels."""
    convs = (
        Conv(4, 5, stride=2, padding=0, norm="lrn", pool=(3, 2)),
        Conv(6, 3, padding=1, groups=2, norm="batch"),
        Conv(4, 3, padding=1, groups=2, bias=0.1),
    )
    config = AlexNetConfig((13, 13, 2), convs, (6,), classes=3, hidden_bias=0.1)
    return models.from_config("grouped", config)


TINY = {"channels": (4, 5, 6), "hidden": (7,), "classes": 3}
TWO_GROUPS = {"channels": (3, 4), "blocks": (2, 1), "classes": 3}

CASES = {
    "mlp": Case(models.mlp(6, 5, 3, 4), (4, 6)),
    "mlp_of_one_layer": Case(models.mlp(6, 5, 1, 4), (4, 6)),
    "mlp_on_images": Case(models.mlp(12, 5, 2, 4), (4, 2, 3, 2)),
    "alexnet": Case(models.alexnet((8, 8, 2), **TINY), (3, 8, 8, 2)),
    "alexnet_without_lrn": Case(models.alexnet((8, 8, 2), lrn=False, **TINY), (3, 8, 8, 2)),
    "alexnet_with_dropout": Case(models.alexnet((8, 8, 2), dropout=0.5, **TINY), (3, 8, 8, 2)),
    "alexnet_bn": Case(models.alexnet_bn((8, 8, 2), **TINY), (3, 8, 8, 2)),
    "alexnet_with_groups": Case(grouped_alexnet(), (3, 13, 13, 2)),
    "resnet": Case(models.resnet(**TWO_GROUPS), (3, 6, 6, 1)),
    "resnet_zero_gamma": Case(models.resnet(zero_gamma=True, **TWO_GROUPS), (3, 6, 6, 1)),
    "resnet_bottleneck": Case(
        models.resnet((2, 3), (1, 2), classes=3, inputs=2, block=models.bottleneck), (3, 5, 6, 2)
    ),
    "resnet_bottleneck_2015": Case(
        models.resnet((2, 3), (1, 1), classes=3, block=models.bottleneck_2015), (3, 6, 6, 1)
    ),
    "resnet_imagenet_stem": Case(
        models.resnet((3,), (1,), classes=3, inputs=3, stem=models.IMAGENET_STEM), (2, 19, 18, 3)
    ),
}


def params_and_x(
    case: Case, dtype: type = np.float64, *, moved: bool = True
) -> tuple[dict, np.ndarray]:
    """Draw parameters and a batch; ``moved``: not at the special first values any more."""
    rng = np.random.default_rng(7)
    params = case.model.init(rng, dtype=np.float64)
    if moved:
        params = {name: a + 0.2 * rng.standard_normal(a.shape) for name, a in params.items()}
    x = rng.standard_normal(case.x_shape)
    return {name: a.astype(dtype) for name, a in params.items()}, x.astype(dtype)


def is_normalised(case: Case) -> bool:
    """Say whether the model has batch norms."""
    return any(name.endswith(".gamma") for name in case.model.init(np.random.default_rng(0)))


NORMALISED = [name for name, case in CASES.items() if is_normalised(case)]
