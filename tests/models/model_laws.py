"""Laws of models, as functions: the tests apply them to models, the mutants must break them."""

from __future__ import annotations

import numpy as np

from lbopt import ops
from tests.models.model_cases import Case, params_and_x


def adjoint_law(case: Case, *, evaluation: bool = False, dropout: bool = False) -> None:
    """<u, J v> = <J' u, v> for x and for every parameter, one by one and all together."""
    raise NotImplementedError


def evaluation_with_own_statistics_law(case: Case) -> None:
    """Evaluation with the statistics of a batch gives what training gives on that batch."""
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x)
    y_train, _ = case.model.forward(params, x)
    y_eval, _ = case.model.forward(params, x, stats=stats)
    np.testing.assert_allclose(y_eval, y_train, rtol=0, atol=1e-12)


def first_statistics_law(case: Case, conv: str, bn: str, stride: int, padding: int) -> None:
    """The first batch norm's statistics are mean and variance of the first convolution's output."""
    params, x = params_and_x(case)
    a, _ = ops.conv2d(x, params[f"{conv}.W"], stride=stride, padding=padding)
    mean, var = case.model.statistics(params, x)[bn]
    np.testing.assert_allclose(mean, a.mean((0, 1, 2)), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(var, a.var((0, 1, 2)), rtol=1e-12, atol=1e-14)
