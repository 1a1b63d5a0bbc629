"""Hold an optimizer against the bound of a theorem: one call, one line of verdict."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import inf
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from theory import noise as noises
from theory.constants import Constants
from theory.extensions import (
    EXTENSIONS,
    check_options,
    constants_for,
    metric_for,
    step_options,
)
from theory.layers import check_integer, check_number
from theory.measure import measure
from theory.noise import Noise
from theory.problems.problem import Problem, check_problem
from theory.runner import as_runner, from_factory, is_factory
from theory.theorems import lamb, lamb_sign, lars, sgd

THEOREMS: dict[str, ModuleType] = {
    "sgd": sgd,
    "lars": lars,
    "lamb_sign": lamb_sign,
    "lamb": lamb,
}
NORMS = (*THEOREMS, "momentum_lars", "heavy_tails")  # their metric is a norm of the gradient
TOLERANCE = 1e-9  # relative: what rounding may add to an attained bound


class Verdict(NamedTuple):
    """What was measured, what the theorem allows, and what follows; it prints as one line.

    Attributes
    ----------
    theorem : str
    verdict : str
        "violated": the whole interval lies above the bound. "vacuous": the bound says no more than
        the largest gradient of the problem does. "holds": the whole interval lies below.
        "undecided": the interval contains the bound; take more replicates.
    measured : float
        The averaged metric.
    interval : (float, float)
        Its 99 % confidence interval; both ends the same where the measurement is exact.
    bound : float
    ratio : float
        measured / bound.
    step_size : float
        The one used.
    """

    theorem: str
    verdict: str
    measured: float
    interval: tuple[float, float]
    bound: float
    ratio: float
    step_size: float

    def __str__(self) -> str:
        half = (self.interval[1] - self.interval[0]) / 2
        spread = f" +- {half:.2g}" if half else ""
        sign = {"violated": ">", "undecided": "~"}.get(self.verdict, "<=")
        line = (
            f"{self.verdict}: measured {self.measured:.4g}{spread} {sign} bound {self.bound:.4g}, "
            f"ratio {self.ratio:.2f} ({self.theorem})"
        )
        return line + {
            "vacuous": "; the problem's largest gradient is below the bound anyway",
            "undecided": "; take more replicates",
        }.get(self.verdict, "")


def check_bound(
    optimizer: Any,
    problem: Problem,
    noise: Noise | None = None,
    *,
    theorem: str,
    steps: int,
    batch_size: int = 1,
    step_size: float | None = None,
    phi: tuple[float, float] = (1.0, 1.0),
    beta2: float | None = None,
    eps: float = 0.0,
    form: str = "sharp",
    replicates: int = 32,
    seed: int = 0,
    together: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Verdict:
    r"""Run an optimizer on a problem and compare with the bound of a theorem.

    Parameters
    ----------
    optimizer
        A function of the step size that returns an optimizer, such as ``optim.sgd`` or
        ``lambda eta: optim.lars_2020(eta, b1=0.0, phi=...)``; or, with ``step_size`` given, the
        optimizer itself. An optimizer is an object with ``init(params)`` and
        ``update(grads, state, params)`` on dicts of arrays (its updates are added), a function
        ``step(x, g) -> x`` on tuples of arrays, or a pair ``(init, step)``,
        ``step(x, g, state) -> (x, state)``.
    problem : Problem
        From `theory.problems`, or your own.
    noise : Noise, optional
        From `theory.noise`; None: the exact gradient.
    theorem : str
        "sgd" (Theorem 1), "lars" (2), "lamb_sign" (3, beta2 = 0), "lamb" (3, beta2 > 0); and the
        extensions "momentum_lars", "weight_decay", "heavy_tails".
    steps, batch_size : int
        T and b.
    step_size : float, optional
        :math:`\eta` that the optimizer has. None: the one that makes the bound least, for which
        ``optimizer`` must be a function of it.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`, bounds on the optimizer's :math:`\phi`.
    beta2 : float, optional
        For "lamb" alone, where None means 0.999.
    eps : float
        Of the optimizer; for "lamb_sign" an eps > 0 calls for the theorem's robust form.
    form : "sharp" or "published"
        Which constants.
    replicates, seed : int
        Independent runs and their seed; one exact run without noise.
    together : bool
        As in `theory.measure.measure`: quick, for optimizers that keep axes in front apart.
    options : mapping, optional
        What only an extension has. "momentum_lars": ``beta`` (0.9) and ``start`` ("gradient" for
        :math:`m_1 = g_1`, "zero" for :math:`m_0 = 0`). "weight_decay": ``decay``. "heavy_tails":
        ``p`` and ``moments``, one per layer.

    Returns
    -------
    Verdict

    Examples
    --------
    A normalised step, and the same with one norm for all layers, which is another algorithm:

    >>> from theory import problems
    >>> def lars(eta):
    ...     return lambda x, g: [a - eta * b / np.linalg.norm(b) for a, b in zip(x, g)]
    >>> def one_norm(eta):
    ...     return lambda x, g: [a - eta * b / np.linalg.norm(np.hstack(g)) for a, b in zip(x, g)]
    >>> p = problems.quadratic([4.0, 1.0, 0.25], start=1.01)
    >>> print(check_bound(lars, p, theorem="lars", steps=64))
    holds: measured 0.6628 <= bound 0.6628, ratio 1.00 (lars)
    >>> print(check_bound(one_norm, p, theorem="lars", steps=64))
    violated: measured 0.6885 > bound 0.6628, ratio 1.04 (lars)
    """
    module = _theorem(theorem)
    check_integer("steps", steps, 1)
    check_integer("batch_size", batch_size, 1)
    check_integer("replicates", replicates, 1)
    noise = noises.none() if noise is None else noise
    check_problem(problem)
    if not isinstance(noise, Noise):
        raise TypeError(f"noise={noise!r} must be one of theory.noise, such as rademacher(0.5)")
    extra = check_options(theorem, options)
    constants = constants_for(theorem, problem, noise)
    if step_size is None:
        if not is_factory(optimizer):
            raise ValueError(
                "step_size=None asks for the theorem's best step size, which this optimizer "
                "cannot be given: pass the step_size it was built with, or a function that "
                "builds it, lambda step_size: ..."
            )
        step_size = module.optimal_step(
            constants,
            steps=steps,
            batch_size=batch_size,
            phi=phi,
            **step_options(theorem, extra),
        )
    check_number("step_size", step_size, 0, above=True)
    bound = _bound(module, theorem, constants, form, beta2, eps)(
        step_size=step_size, steps=steps, batch_size=batch_size, phi=phi, **extra
    )
    metric = metric_for(theorem, module, problem, phi, extra)
    factory = is_factory(optimizer)
    found = measure(
        from_factory(optimizer, step_size) if factory else as_runner(optimizer),
        problem,
        noise,
        steps=steps,
        batch_size=batch_size,
        metric=metric,
        replicates=replicates,
        rng=np.random.default_rng(seed),
        together=together,
        with_point=True,
    )
    low, high = found.mean - found.half_width, found.mean + found.half_width
    ceiling = float(metric(problem.gradient_sup, problem.start)) if theorem in NORMS else inf
    verdict = decide(low, high, bound, ceiling)
    ratio = found.mean / bound if bound else inf
    return Verdict(theorem, verdict, found.mean, (low, high), bound, ratio, step_size)


def decide(low: float, high: float, bound: float, ceiling: float) -> str:
    """Compare an interval with a bound, and the bound with what can never be exceeded.

    Examples
    --------
    >>> decide(0.3, 0.4, 0.5, inf), decide(0.3, 0.4, 0.35, inf), decide(0.3, 0.4, 0.2, inf)
    ('holds', 'undecided', 'violated')
    >>> decide(0.3, 0.4, 0.5, ceiling=0.45)
    'vacuous'
    """
    allowed = bound * (1 + TOLERANCE)
    if low > allowed:
        return "violated"
    if bound >= ceiling:
        return "vacuous"
    return "holds" if high <= allowed else "undecided"


def _theorem(name: str) -> ModuleType:
    known = THEOREMS | EXTENSIONS
    if name not in known:
        raise ValueError(f"theorem={name!r} is not one of {', '.join(map(repr, known))}")
    return known[name]


def _bound(
    module: ModuleType,
    theorem: str,
    constants: Constants,
    form: str,
    beta2: float | None,
    eps: float,
) -> Any:
    """Return the bound as a function of the run; what a theorem does not know is refused."""
    if form not in ("sharp", "published"):
        raise ValueError(f"form={form!r} must be 'sharp' or 'published'")
    check_number("eps", eps, 0)
    if beta2 is not None and theorem != "lamb":
        raise ValueError(f"beta2={beta2!r} belongs to theorem 'lamb', not to {theorem!r}")
    if eps and theorem not in ("lars", "lamb_sign", "lamb"):
        raise ValueError(f"eps={eps!r}: theorem {theorem!r} has no eps")
    if form == "published" and not hasattr(module, "published"):
        raise ValueError(f"form={form!r}: theorem {theorem!r} is ours, it has the sharp form only")
    bound = module.bound if form == "sharp" else module.published
    if theorem == "lamb":
        return partial(bound, constants, eps=eps, beta2=0.999 if beta2 is None else beta2)
    if theorem == "lamb_sign" and eps:
        if form == "published":
            raise ValueError(f"eps={eps!r}: the published form of 'lamb_sign' has eps = 0")
        return partial(lamb_sign.robust_bound, constants)  # for every eps
    return partial(bound, constants, eps=eps) if theorem == "lars" else partial(bound, constants)
