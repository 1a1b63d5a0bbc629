"""Classic mistakes in models, planted one at a time; a named law must notice each.

A mutant replaces one function inside lbopt.models, and the model is built anew around it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

from lbopt import models, ops
from lbopt.models.init import joined
from lbopt.models.layers import Stage
from tests.models.model_cases import TINY, TWO_GROUPS, Case, grouped_alexnet
from tests.models.model_laws import (
    adjoint_law,
    evaluation_sees_one_image_at_a_time_law,
    evaluation_with_own_statistics_law,
)


def alexnet() -> Case:
    return Case(models.alexnet((8, 8, 2), **TINY), (3, 8, 8, 2))


def alexnet_with_dropout() -> Case:
    return Case(models.alexnet((8, 8, 2), dropout=0.5, **TINY), (3, 8, 8, 2))


def alexnet_bn() -> Case:
    return Case(models.alexnet_bn((8, 8, 2), **TINY), (3, 8, 8, 2))


def alexnet_with_groups() -> Case:
    return Case(grouped_alexnet(), (3, 13, 13, 2))


def resnet() -> Case:
    return Case(models.resnet(**TWO_GROUPS), (3, 6, 6, 1))


def mlp() -> Case:
    return Case(models.mlp(6, 5, 3, 4), (4, 6))


def wrong_residual(fork: Callable, *, relu_in_back: bool = True) -> Callable:
    """Make a residual block whose gradients of the two branches are put together by ``fork``."""

    def residual(body: Stage, shortcut: Stage) -> Stage:
        def run(params, x, stats, rng):
            h, back_body, used_body = body.run(params, x, stats, rng)
            s, back_shortcut, used_shortcut = shortcut.run(params, x, stats, rng)
            y, back_relu = ops.relu(h + s)

            def back(dy):
                dsum = back_relu(dy) if relu_in_back else dy
                grads_shortcut, dx_shortcut = back_shortcut(dsum)
                grads_body, dx_body = back_body(dsum)
                return grads_body | grads_shortcut, fork(dx_body, dx_shortcut)

            return y, back, used_body | used_shortcut

        return Stage(joined(body.layout, shortcut.layout), run)

    return residual


def straight_through(op: Callable) -> Callable:
    """Forget an op in the backward pass."""

    def forward(x, *args, **options):
        return op(x, *args, **options)[0], lambda dy: dy

    return forward


def batch_norm_that_ignores_statistics(x, gamma, beta, stats=None):
    return ops.batch_norm(x, gamma, beta)


def batch_norm_with_statistics_of_its_output(x, gamma, beta, stats=None):
    (y, used), back = ops.batch_norm(x, gamma, beta, stats)
    axes = tuple(range(y.ndim - 1))
    return (y, (y.mean(axes), y.var(axes)) if stats is None else used), back


def batch_norm_with_mean_terms_in_evaluation(x, gamma, beta, stats=None):
    value, _ = ops.batch_norm(x, gamma, beta, stats)
    return value, ops.batch_norm(x, gamma, beta)[1]


def batch_norm_without_mean_terms(x, gamma, beta, stats=None):
    value, _ = ops.batch_norm(x, gamma, beta, stats)
    return value, ops.batch_norm(x, gamma, beta, value[1])[1]


def linear_without_bias_gradient(x, W, b):
    y, back = ops.linear(x, W, b)
    return y, lambda dy: (*back(dy)[:2], np.zeros_like(b))


class Mutant(NamedTuple):
    story: str
    module: str
    function: str
    wrong: Callable
    case: Callable[[], Case]
    law: Callable[[Case], None]


adjoint_in_evaluation = partial(adjoint_law, evaluation=True)
adjoint_with_dropout = partial(adjoint_law, dropout=True)
forget_shortcut = wrong_residual(lambda dx_body, dx_shortcut: dx_body)
forget_body = wrong_residual(lambda dx_body, dx_shortcut: dx_shortcut)
average = wrong_residual(lambda dx_body, dx_shortcut: (dx_body + dx_shortcut) / 2)
forget_relu = wrong_residual(lambda dx_body, dx_shortcut: dx_body + dx_shortcut, relu_in_back=False)
bn_of_output = batch_norm_with_statistics_of_its_output
bn_eval_means = batch_norm_with_mean_terms_in_evaluation

MUTANTS = [
    Mutant(
        "shortcut gradient forgotten", "resnet", "residual", forget_shortcut, resnet, adjoint_law
    ),
    Mutant("body gradient forgotten", "resnet", "residual", forget_body, resnet, adjoint_law),
    Mutant("fork averages", "resnet", "residual", average, resnet, adjoint_law),
    Mutant("relu of the sum forgotten", "resnet", "residual", forget_relu, resnet, adjoint_law),
    Mutant(
        "LRN forgotten backwards",
        *("alexnet", "local_response_norm", straight_through(ops.local_response_norm)),
        *(alexnet, adjoint_law),
    ),
    Mutant(
        "dropout mask forgotten backwards",
        *("layers", "dropout", straight_through(ops.dropout)),
        *(alexnet_with_dropout, adjoint_with_dropout),
    ),
    Mutant("relu forgotten backwards", "mlp", "relu", straight_through(ops.relu), mlp, adjoint_law),
    Mutant(
        "bias gradient forgotten",
        *("mlp", "linear", linear_without_bias_gradient),
        *(mlp, adjoint_law),
    ),
    Mutant(
        "batch norm without mean terms",
        *("layers", "batch_norm", batch_norm_without_mean_terms),
        *(alexnet_with_groups, adjoint_law),
    ),
    Mutant(
        "mean terms in evaluation",
        *("layers", "batch_norm", bn_eval_means),
        *(alexnet_bn, adjoint_in_evaluation),
    ),
    Mutant(
        "evaluation with the batch's own statistics",
        *("layers", "batch_norm", batch_norm_that_ignores_statistics),
        *(alexnet_bn, evaluation_sees_one_image_at_a_time_law),
    ),
    Mutant(
        "statistics of the wrong layer: after the batch norm instead of before",
        *("layers", "batch_norm", bn_of_output),
        *(alexnet_bn, evaluation_with_own_statistics_law),
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[m.story for m in MUTANTS])
def test_each_planted_mistake_breaks_the_law_that_is_named_for_it(mutant, monkeypatch):
    mutant.law(mutant.case())  # the healthy model keeps it
    module = importlib.import_module(f"lbopt.models.{mutant.module}")
    monkeypatch.setattr(module, mutant.function, mutant.wrong)
    with pytest.raises(AssertionError):
        mutant.law(mutant.case())


def test_statistics_of_another_batch_norm_break_the_law_of_evaluation():
    case = Case(models.resnet((4,), (2,), classes=3), (3, 6, 6, 1))

    def shifted(params, x):  # bn1 gets bn2's and so on: same shapes, so only the law can tell
        right = case.model.statistics(params, x)
        names = list(right)
        return dict(zip(names, [right[k] for k in names[1:] + names[:1]], strict=True))

    evaluation_with_own_statistics_law(case)
    with pytest.raises(AssertionError):
        evaluation_with_own_statistics_law(
            case._replace(model=case.model._replace(statistics=shifted))
        )
