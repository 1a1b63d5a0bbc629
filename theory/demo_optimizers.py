r"""lbopt's own optimizers, in the settings that the theorems cover, held against the bounds.

Every theorem has one recipe of `lbopt.optim` that is its algorithm: no momentum, no weight decay,
and :math:`\phi` clipped to :math:`[\alpha_l, \alpha_u]`. Two habits of the recipes lie outside the
theorems, and matter only where a number is exactly zero:

- a layer whose weights are all zero gets trust ratio 1, so its step is :math:`\eta g_i` and not
  :math:`\eta\phi(0) g_i/\|g_i\|`: start elsewhere (a layer that is zero by accident is unlikely);
- ``lamb`` with b2 = 0 has sign(0) = 0, which belongs to the robust form of "lamb_sign"; with noise
  that makes a gradient coordinate exactly zero the sharp form is not promised.

This is the one module of ``theory`` that imports lbopt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lbopt import optim
from theory import noise as noises
from theory import problems
from theory.check import THEOREMS, Verdict, check_bound
from theory.noise import Noise
from theory.problems.problem import Problem
from theory.runner import as_runner


def recipe(
    theorem: str,
    step_size: float,
    *,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
    bias_correction: bool = True,
) -> Any:
    r"""Return the lbopt recipe that is a theorem's algorithm.

    Parameters
    ----------
    theorem : "sgd", "lars", "lamb_sign" or "lamb"
    step_size : float
        :math:`\eta`, lbopt's learning rate.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`; lbopt clips the weight norm to them. Not for "sgd".
    beta2, eps, bias_correction
        For "lamb".

    Examples
    --------
    >>> params = {"W": np.array([3.0, 4.0])}
    >>> for theorem in ("sgd", "lars", "lamb_sign", "lamb"):
    ...     link = recipe(theorem, 0.1)
    ...     updates, _ = link.update({"W": np.array([0.6, -0.8])}, link.init(params), params)
    ...     print(updates["W"].round(4))
    [-0.06  0.08]
    [-0.06  0.08]
    [-0.0707  0.0707]
    [-0.0707  0.0707]
    """
    if theorem == "sgd":
        return optim.sgd(step_size)
    clip = optim.phi.clip(*phi)
    if theorem == "lars":
        return optim.lars_2020(step_size, b1=0.0, phi=clip)
    if theorem == "lamb_sign":
        return optim.lamb(step_size, b1=0.0, b2=0.0, eps=0.0, phi=clip)
    if theorem == "lamb":
        return optim.lamb(
            step_size, b1=0.0, b2=beta2, eps=eps, phi=clip, bias_correction=bias_correction
        )
    raise ValueError(f"theorem={theorem!r} is not one of {', '.join(map(repr, THEOREMS))}")


def algorithm(
    theorem: str,
    step_size: float,
    *,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
    bias_correction: bool = True,
) -> Callable[..., Any]:
    """Return the theorem's own algorithm in the same settings: what `recipe` must agree with.

    Examples
    --------
    >>> x = (np.array([3.0, 4.0]),)
    >>> algorithm("lars", 0.1, phi=(1.0, 2.0))(x, (np.array([0.6, -0.8]),))[0].round(4)
    array([2.88, 4.16])
    """

    def clip(norm: np.ndarray) -> np.ndarray:
        return np.clip(norm, *phi)

    module = THEOREMS[theorem]
    if theorem == "sgd":
        return module.algorithm(step_size)
    if theorem == "lamb":
        return module.algorithm(
            step_size, beta2=beta2, eps=eps, phi=clip, bias_correction=bias_correction
        )
    return module.algorithm(step_size, phi=clip)


class Comparison(NamedTuple):
    """The largest difference of a coordinate between two optimizers, over this many steps."""

    difference: float
    steps: int


def compare(
    theorem: str,
    problem: Problem,
    noise: Noise,
    *,
    step_size: float,
    steps: int,
    batch_size: int = 1,
    seed: int = 0,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float = 0.999,
    eps: float = 0.0,
    bias_correction: bool = True,
) -> Comparison:
    """Run the recipe and the theorem's algorithm side by side, each from its own iterate.

    Both see the same noise. The difference is relative to the largest coordinate.

    Examples
    --------
    >>> p = problems.cosine([2.0, 1.0], (1, 3), start=0.7)
    >>> run = compare("lars", p, noises.gaussian(0.1), step_size=0.05, steps=50)
    >>> run.difference < 1e-12, run.steps
    (True, 50)
    """
    settings = {"phi": phi, "beta2": beta2, "eps": eps, "bias_correction": bias_correction}
    ours = as_runner(recipe(theorem, step_size, **settings))  # type: ignore[arg-type]
    theirs = as_runner(algorithm(theorem, step_size, **settings))  # type: ignore[arg-type]
    x, y = problem.start, problem.start
    state_x, state_y = ours.init(x), theirs.init(y)
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)
    worst = 0.0
    for _ in range(steps):
        gx = noise.sample(first, problem.gradient(x), batch_size, x)
        gy = noise.sample(second, problem.gradient(y), batch_size, y)
        x, state_x = ours.step(x, gx, state_x)
        y, state_y = theirs.step(y, gy, state_y)
        for a, b in zip(x, y, strict=True):
            worst = max(worst, float(np.max(np.abs(a - b))) / max(1.0, float(np.max(np.abs(b)))))
    return Comparison(worst, steps)


def verdicts(*, steps: int = 64, replicates: int = 8) -> list[Verdict]:
    """Hold all four recipes against their bounds on a coupled nonconvex problem with rare noise.

    Examples
    --------
    >>> for verdict in verdicts(steps=16, replicates=4):
    ...     print(verdict)
    holds: measured 0.1719 +- 0.019 <= bound 0.2822, ratio 0.61 (sgd)
    holds: measured 0.5035 +- 0.037 <= bound 0.7888, ratio 0.64 (lars)
    holds: measured 0.4924 +- 0.04 <= bound 0.7888, ratio 0.62 (lamb_sign)
    vacuous: measured 0.248 +- 0.0088 <= bound 10.15, ratio 0.02 (lamb); the problem's largest
    gradient is below the bound anyway
    """
    problem = problems.cosine([2.0, 0.5], (1, 3), rng=np.random.default_rng(1), start=0.9)
    noise = noises.two_point(0.3, probability=0.1)
    found = []
    for theorem in THEOREMS:
        beta2 = 0.9 if theorem == "lamb" else None
        found.append(
            check_bound(
                lambda eta, theorem=theorem: recipe(theorem, eta, beta2=0.9),
                problem,
                noise,
                theorem=theorem,
                steps=steps,
                batch_size=steps,
                beta2=beta2,
                replicates=replicates,
            )
        )
    return found
