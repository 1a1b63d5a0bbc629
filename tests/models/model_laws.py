"""Laws of models, as functions: tests apply them to models, and mutants must break them."""

from __future__ import annotations

import numpy as np

from lbopt import ops
from tests.models.model_cases import Case, params_and_x

STEP = 1e-6  # central difference: 1e-12 of curvature, 1e-10 of rounding, relative to y


def adjoint_law(case: Case, *, evaluation: bool = False, dropout: bool = False) -> None:
    """<u, J v> = <J' u, v> for x, for every parameter by itself, and for all together.

    J v is a central difference, J' u comes from ``back``. Each parameter is tested by itself
    because a wrong small one would hide in the sum.
    """
    params, x = params_and_x(case)
    stats = case.model.statistics(params, x) if evaluation else None

    def forward(p, images):
        mask = np.random.default_rng(11) if dropout else None  # the same mask every time
        return case.model.forward(p, images, stats=stats, rng=mask)

    y, back = forward(params, x)
    rng = np.random.default_rng(12)
    u = rng.standard_normal(y.shape)
    dparams, dx = back(u)
    grads = {"x": dx, **dparams}
    point = {"x": x, **params}
    direction = {name: rng.standard_normal(a.shape) for name, a in point.items()}

    def along(names, t):
        moved = {k: a + t * direction[k] if k in names else a for k, a in point.items()}
        return forward({k: a for k, a in moved.items() if k != "x"}, moved["x"])[0]

    for name in point:
        check_direction([name], along, u, grads, direction, y)
    check_direction(list(point), along, u, grads, direction, y)


def check_direction(names, along, u, grads, direction, y) -> None:
    """Compare the two sides for a move of the arrays called ``names``."""
    Jv = (along(names, STEP) - along(names, -STEP)) / (2 * STEP)
    left = np.vdot(u, Jv)
    right = sum(np.vdot(grads[name], direction[name]) for name in names)
    tolerance = np.linalg.norm(u) * (1e-7 * np.linalg.norm(Jv) + 1e-9 * np.linalg.norm(y))
    print(f"{', '.join(names)}: <u, Jv> = {left:.12g}, error {abs(left - right):.1e}")
    assert abs(left - right) <= tolerance, (
        f"{names}: <u, Jv> = {left}, <J'u, v> = {right}, tolerance {tolerance:.1e}"
    )


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
