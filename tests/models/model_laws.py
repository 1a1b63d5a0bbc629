"""Laws of models, as functions: tests apply them to models, and mutants must break them."""

from __future__ import annotations

import numpy as np

from lbopt import ops
from tests.adjoint import check_model_adjoint
from tests.models.model_cases import Case, params_and_x


def adjoint_law(case: Case, *, evaluation: bool = False, dropout: bool = False) -> None:
    """<u, J v> = <J' u, v> for x, for every parameter by itself, and for all together."""
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x) if evaluation else None

    def forward(p, images):
        mask = np.random.default_rng(11) if dropout else None  # the same mask every time
        return case.model.forward(p, images, stats=stats, rng=mask)

    check_model_adjoint(forward, params, x)


def evaluation_with_own_statistics_law(case: Case) -> None:
    """Evaluation with the statistics of a batch gives what training gives on that batch."""
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x)
    y_train, _ = case.model.forward(params, x)
    y_eval, _ = case.model.forward(params, x, stats=stats)
    np.testing.assert_allclose(y_eval, y_train, rtol=0, atol=1e-12)


def evaluation_sees_one_image_at_a_time_law(case: Case) -> None:
    """With given statistics, an image's output does not depend on its neighbours in the batch."""
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x)
    together, _ = case.model.forward(params, x, stats=stats)
    alone = [case.model.forward(params, x[i : i + 1], stats=stats)[0] for i in range(len(x))]
    np.testing.assert_allclose(np.concatenate(alone), together, rtol=0, atol=1e-12)


def first_statistics_law(case: Case, conv: str, bn: str, **how: int) -> None:
    """The first batch norm's statistics are mean and variance of the first convolution's output."""
    params, x = params_and_x(case)
    a, _ = ops.conv2d(x, params[f"{conv}.W"], **how)
    mean, var = case.model.statistics(params, x)[bn]
    np.testing.assert_allclose(mean, a.mean((0, 1, 2)), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(var, a.var((0, 1, 2)), rtol=1e-12, atol=1e-14)
