r"""LARS under heavy tails: a p-th moment of the noise, 1 < p <= 2, in the place of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sympy as sp

from theory.constants import Constants
from theory.kernel import (
    Derivation,
    Minimum,
    Quantity,
    T,
    average,
    i,
    inner,
    mean_now,
    minimise,
    norm,
    over_layers,
    value,
    values,
)
from theory.kernel import axioms as ax
from theory.kernel import letters as le
from theory.kernel.letters import (
    L,
    Lambda,
    alpha_l,
    alpha_u,
    eta,
    f,
    f_next,
    gap,
    grad,
    noise,
    phi,
    u,
    unit,
)
from theory.lemmas import direction as plain
from theory.lemmas import moments, vectors
from theory.lemmas.moments import moment, p, sample
from theory.theorems import lars
from theory.theorems.arguments import needs_optimum, nonnegative, run_numbers

S_p = sp.Symbol("S_p", positive=True)
ONE = sp.Integer(1)


def bound(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    p: float,
    moments: Sequence[float],
) -> float:
    r"""Upper bound on the averaged sum of the layers' gradient norms under LARS and heavy tails.

    **Problem and assumptions.** As in `theory.theorems.lars`, with A2 replaced: the stochastic
    gradient is unbiased and :math:`E\|g_i(x, s) - \nabla_i f(x)\|^p \le \sigma_{i,p}^p` for one
    sample and one :math:`1 < p \le 2`. The variance may be infinite; ``constants.sigma`` is not
    used.

    **Metric, algorithm.** LARS's.

    **Statement.**

    .. math::

        \frac1T\sum_{t=1}^T E\sum_i\|\nabla_i f(x^t)\| \le \frac{1}{\alpha_l}\Big[
        \frac{\Delta}{\eta T} + \frac{\eta\,\alpha_u^2\Lambda}{2}
        + \alpha_u\,\frac{(1 + (b-1)2^{2-p})^{1/p}}{b}\sum_i\sigma_{i,p}\Big],

    where the factor of the noise is at most :math:`2^{2/p-1} b^{-(1-1/p)}`. At p = 2 it is LARS's
    bound. The exponent of b cannot be improved (`theory.counterexamples.heavy_tails`); its factor
    is attained at b = 1 (a coin); for large b the best witness, a rare event, has
    :math:`(\ln 2)^{1-1/p}/2^{2/p-1}` of it, .83 at p = 2, .70 at 3/2, .61 at 5/4.

    Normalising is what makes this possible: a step has a given length, and the direction lemma
    needs a first moment only. SGD has no such bound. Ours, from the inequality of von Bahr and
    Esseen (1965), whose constant :math:`2^{1/p}` is `published`; for one normalised layer with
    clipping compare Cutkosky and Mehta 2021 (arXiv 2106.14343).

    Parameters
    ----------
    constants : Constants
        Its gap and smoothness are used.
    step_size, steps, batch_size
        :math:`\eta`, T, b.
    phi : (float, float)
        :math:`(\alpha_l, \alpha_u)`.
    p : float
        The moment.
    moments : sequence of float
        :math:`\sigma_{i,p}` per layer.

    Returns
    -------
    float

    Examples
    --------
    >>> from theory import make_constants
    >>> problem = make_constants(1.0, (1.0, 1.0))
    >>> run = {"step_size": 0.1, "steps": 100, "batch_size": 100, "moments": (1.0, 1.0)}
    >>> for p in (2.0, 1.5, 1.1):
    ...     print(p, round(bound(problem, **run, p=p), 4), round(published(problem, **run, p=p), 4))
    2.0 0.4 0.4828
    1.5 0.7418 0.884
    1.1 2.5103 2.671
    """
    found = terms(
        constants,
        step_size=step_size,
        steps=steps,
        batch_size=batch_size,
        phi=phi,
        p=p,
        moments=moments,
    )
    return sum(found.values())


def terms(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    p: float,
    moments: Sequence[float],
) -> dict[str, float]:
    """Terms of `bound` in its order: ``start``, ``curvature``, ``noise``."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, p, moments)
    return values(derivation(), numbers)


def published(
    constants: Constants,
    *,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float] = (1.0, 1.0),
    p: float,
    moments: Sequence[float],
) -> float:
    """The bound with von Bahr and Esseen's constant 2^(1/p)."""
    numbers = _numbers(constants, step_size, steps, batch_size, phi, p, moments)
    return sum(values(published_derivation(), numbers).values())


def optimal_step(
    constants: Constants,
    *,
    steps: int,
    batch_size: int = 1,
    phi: tuple[float, float] = (1.0, 1.0),
) -> float:
    r"""LARS's :math:`\eta^* = \sqrt{2\Delta/(\alpha_u^2\Lambda T)}`: the noise has no say in it.

    >>> from theory import make_constants
    >>> round(optimal_step(make_constants(2.0, (1.0, 3.0)), steps=400), 6)
    0.05
    """
    needs_optimum(constants)
    numbers = run_numbers(constants, 1.0, steps, batch_size, phi) | {"S_p": 0.0, "p": 2.0}
    return value(best_step().point, numbers)


metric = lars.metric
algorithm = lars.algorithm


@cache
def derivation() -> Derivation:
    """The sharp bound, derived."""
    return _derive("LARS under heavy tails", moments.HEAVY_TAILS)


@cache
def published_derivation() -> Derivation:
    """The same with the better known inequality for the mean of b samples."""
    return _derive("LARS under heavy tails, known constant", moments.VON_BAHR_ESSEEN)


@cache
def best_step() -> Minimum:
    """The minimum of the bound over the step size, with its second-order condition."""
    shares = [derivation().terms[name] for name in ("start", "curvature")]
    return minimise("LARS step size", sum(shares, sp.Integer(0)), eta)


def _derive(title: str, lemma: moments.Lemma) -> Derivation:
    proof = Derivation(title, QUANTITIES)
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    ax.unbiased(proof)
    lower, upper = moments.A2[0]
    proof.assume("A2 moment", lower, upper, "p-th moment of one sample, 1 < p <= 2")
    ax.phi_bounds(proof)
    proof.lemma("direction", vectors.DIRECTION_OF_SUM, ROLES)
    proof.lemma("length", vectors.UNIT, {plain.b: le.g})
    gained = inner(grad[i], u[i])
    progress = (
        alpha_l * norm(grad[i]) - alpha_u * norm(noise[i]) + phi[i] * inner(unit[i], noise[i])
    )
    using = {"direction": phi[i], "A4 lower": norm(grad[i]), "A4 upper": norm(noise[i])}
    why = "times phi, which lies between its bounds"
    proof.combine("progress of a layer", progress, phi[i] * gained, using, why)
    proof.sum_layers("progress", "progress of a layer")
    ax.curvature(proof, u, "length")
    curved = eta**2 * alpha_u**2 / 2 * over_layers(L[i])
    using = {"A1": ONE, "progress": eta, "curvature": eta**2 / 2}
    right = f - eta * over_layers(progress) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")

    proof.lemma("noise of a layer", lemma, {}, given=("A2 moment",))
    factor = lemma.upper / moment[i]
    proof.sum_layers("noise", "noise of a layer")
    slope = over_layers(norm(grad[i]))
    noisy = alpha_u * factor * over_layers(moment[i])
    right = f - eta * alpha_l * slope + eta * noisy + curved
    using = {"expected step": ONE, "noise": eta * alpha_u}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")
    total = (gap / (eta * T) + curved / eta + noisy) / alpha_l
    ax.finish(proof, "descent", over_layers(average(norm(grad[i]))), eta * alpha_l, total)
    named = {
        "start": gap / (alpha_l * eta * T),
        "curvature": eta * alpha_u**2 * Lambda / (2 * alpha_l),
        "noise": alpha_u * factor * S_p / alpha_l,
    }
    proof.conclude("terms", named, {Lambda: over_layers(L[i]), S_p: over_layers(moment[i])})
    return proof


QUANTITIES = (
    *(q for q in le.COMMON if q.letter != noise),
    Quantity(noise, "fresh", r"$g_i - \nabla_i$", moments.MEAN, r"\delta_{#}"),
    Quantity(sample, "fresh", "noise of one sample", (), r"\xi_{#}"),
    Quantity(moment, "constant", "root of its p-th moment", (), r"\sigma_{#,p}"),
    Quantity(p, "constant", "moment that is finite, above 1 and at most 2"),
    le.ALPHA_L,
    le.ALPHA_U,
    le.PHI,
    le.UNIT,
    Quantity(u, "fresh", r"$g_i/\|g_i\|$, or 0", ("direction", le.g), "u_{#}"),
)
ROLES = {plain.a: grad, plain.b: le.g, plain.u: u, plain.delta: noise, plain.unit: unit}


def _numbers(
    constants: Constants,
    step_size: float,
    steps: int,
    batch_size: int,
    phi: tuple[float, float],
    p: float,
    moments: Sequence[float],
) -> dict[str, float]:
    if not 1 < p <= 2:
        raise ValueError(
            f"p={p!r} must lie in (1, 2]; at p = 1 a larger batch need not help at all"
        )
    layers = len(constants.smoothness)
    if len(moments) != layers:
        raise ValueError(f"moments has {len(moments)} entries for {layers} layers; give one each")
    for k, size in enumerate(moments):
        nonnegative(f"moments[{k}]", size)
    numbers = run_numbers(constants, step_size, steps, batch_size, phi)
    return numbers | {"p": p, "S_p": sum(moments)}
