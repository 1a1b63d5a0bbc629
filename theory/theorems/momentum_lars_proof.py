"""The derivations behind `theory.theorems.momentum_lars`: exact sums, and a simple form."""

from __future__ import annotations

import sympy as sp

from theory.kernel import (
    Derivation,
    ProofError,
    Quantity,
    T,
    average,
    i,
    inner,
    mean_now,
    minimise,
    norm,
    over_layers,
)
from theory.kernel import axioms as ax
from theory.kernel import letters as le
from theory.kernel.letters import (
    L,
    Lambda,
    alpha_l,
    alpha_u,
    b,
    eta,
    f,
    f_next,
    gap,
    grad,
    phi,
    sigma,
    u,
    unit,
)
from theory.lemmas import direction as plain
from theory.lemmas import memory, vectors
from theory.lemmas.memory import age, beta, drift, fresh, old, spread, spread_old, stored
from theory.theorems.lars import S

Age, Spread = sp.symbols("Age Spread", nonnegative=True)
ONE = sp.Integer(1)
m, error = sp.symbols("m error", cls=sp.IndexedBase, real=True)
HOLD = sp.sqrt(1 - beta**2)  # what is left of the noise in the long run
START = sp.sqrt(2 * beta * (1 + beta)) / ((1 - beta) * T)

QUANTITIES = (
    *le.COMMON,
    le.SIGMA,
    le.ALPHA_L,
    le.ALPHA_U,
    le.PHI,
    le.UNIT,
    Quantity(m, "fresh", "momentum", ("sum", grad, error), "m_{#}"),
    Quantity(error, "fresh", r"$m_i - \nabla_i$", ("sum", drift, stored), "e_{#}"),
    Quantity(stored, "fresh", r"$\sum_{s\le t} w_{t,s}\delta_s$", memory.MEANING[stored], "n_{#}"),
    Quantity(old, "past", r"$\sum_{s<t} w_{t,s}\delta_s$", memory.MEANING[old], "n'_{#}"),
    Quantity(fresh, "fresh", r"$w_{t,t}\delta_t$", memory.MEANING[fresh], r"\delta'_{#}"),
    Quantity(
        drift,
        "past",
        r"$\sum_s w_{t,s}(\nabla f(x^s) - \nabla f(x^t))$",
        memory.MEANING[drift],
        "r_{#}",
    ),
    Quantity(spread, "past", r"$(\sum_{s\le t} w_{t,s}^2)^{1/2}$", memory.MEANING[spread], "s_t"),
    Quantity(
        spread_old, "past", r"$(\sum_{s<t} w_{t,s}^2)^{1/2}$", memory.MEANING[spread_old], "s'_t"
    ),
    Quantity(age, "past", r"$\sum_s w_{t,s}(t - s)$", memory.MEANING[age], "a_t"),
    Quantity(u, "fresh", r"$m_i/\|m_i\|$, or 0", ("direction", m), "u_{#}"),
)
SPREADS = average(spread) + average(spread_old)
LAYER_SUMS = {Lambda: over_layers(L[i]), S: over_layers(sigma[i])}
ROLES = {plain.a: grad, plain.b: m, plain.u: u, plain.delta: error, plain.unit: unit}


def exact() -> Derivation:
    """Any average with given sums of squared weights and mean age."""
    proof = Derivation("LARS with momentum", QUANTITIES)
    _bound(proof)
    terms, meaning = _terms(Age, Spread), {Age: average(age), Spread: SPREADS}
    proof.conclude("terms", terms, meaning | LAYER_SUMS)
    return proof


def simple() -> Derivation:
    """For :math:`m_1 = g_1`, the two averages replaced by closed bounds."""
    known = (
        Quantity(beta, "constant", "momentum, below 1", (), r"\beta"),
        Quantity(memory.q, "past", r"$\beta^{t-1}$; $m_1 = g_1$", memory.FIRST, r"\beta^{t-1}"),
    )
    proof = Derivation("LARS with momentum, simple form", (*QUANTITIES, *known))
    total = _bound(proof)
    proof.lemma("spread in the long run", memory.FADING, {})
    proof.lemma("age in the long run", memory.FADING_AGE, {})
    old_age, spreads = proof.step("age in the long run").upper, HOLD + START
    shorter = total.xreplace({average(age): old_age})
    shorter += (spreads - SPREADS) * alpha_u * over_layers(sigma[i]) / (alpha_l * sp.sqrt(b))
    using = {
        "bound": ONE,
        "spread in the long run": alpha_u * over_layers(sigma[i]) / (alpha_l * sp.sqrt(b)),
        "age in the long run": 2 * eta * alpha_u**2 * over_layers(L[i]) / alpha_l,
    }
    metric = proof.step("bound").lower
    proof.combine("simple bound", metric, shorter, using, "insert the closed forms")
    proof.conclude("terms", _terms(old_age, spreads), LAYER_SUMS)
    return proof


def _bound(proof: Derivation) -> sp.Expr:
    """Steps up to ``bound``, whose right side is returned."""
    lost = _error(proof)
    progress = alpha_l * norm(grad[i]) - alpha_u * lost + phi[i] * inner(unit[i], fresh[i])
    using = {"error": phi[i], "A4 lower": norm(grad[i]), "A4 upper": lost}
    why = "times phi, which lies between its bounds"
    proof.combine("progress of a layer", progress, phi[i] * inner(grad[i], u[i]), using, why)
    proof.sum_layers("progress", "progress of a layer")
    ax.curvature(proof, u, "length")
    curved = eta**2 * alpha_u**2 / 2 * over_layers(L[i])
    using = {"A1": ONE, "progress": eta, "curvature": eta**2 / 2}
    right = f - eta * over_layers(progress) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")

    given = ("A1 from below", "A4 upper", "length")
    proof.lemma("drift", memory.OLD_GRADIENTS, {}, given=given)
    noisy = mean_now(norm(stored[i])) + norm(old[i])
    right = f - eta * over_layers(alpha_l * norm(grad[i]) - alpha_u * noisy)
    right += curved * (1 + 4 * age)
    using = {"expected step": ONE, "drift": 2 * eta * alpha_u}
    proof.combine("descent", mean_now(f_next), right, using, "insert the drift, which counts twice")
    return _finish(proof, curved)


def _error(proof: Derivation) -> sp.Expr:
    """Steps up to ``error``: what a layer's normalised momentum loses, which is returned."""
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    why = "f is as smooth from below; for all pairs of points, as A1 is"
    proof.assume("A1 from below", *memory.FROM_BELOW, why)
    why = "today's noise has mean zero given the past, and its weight is a number"
    proof.assume_unbiased("A2 mean", fresh, why)
    ax.variance(proof)
    ax.phi_bounds(proof)
    proof.lemma("direction", vectors.DIRECTION_OF_SUM, ROLES)
    proof.lemma("length", vectors.UNIT, {plain.b: m})
    roles = {vectors.x: drift, vectors.y: stored, vectors.z: error}
    proof.lemma("size of the error", vectors.TRIANGLE, roles)
    for name, part in (("pull of the drift", drift), ("pull of the old noise", old)):
        proof.lemma(name, plain.CAUCHY_SCHWARZ, {plain.a: grad, plain.delta: part})
    lost = 2 * norm(drift[i]) + norm(stored[i]) + norm(old[i])
    left = norm(grad[i]) - inner(grad[i], u[i])
    names = ("direction", "size of the error", "pull of the drift", "pull of the old noise")
    why = "only today's noise keeps its sign: it will be averaged, the other two are bounded"
    right = lost - inner(unit[i], fresh[i])
    proof.combine("error", left, right, dict.fromkeys(names, ONE), why)
    return lost


def _finish(proof: Derivation, curved: sp.Expr) -> sp.Expr:
    """Average over the run, insert the noise, telescope, divide; the bound is returned."""
    proof.average("average", "descent")
    proof.telescope("telescope", f, f_next, gap)
    given = ("A2 variance",)
    for name, lemma in (("noise", memory.STORED_NOISE), ("old noise", memory.OLD_NOISE)):
        proof.lemma(f"{name} of a layer", lemma, {}, given=given)
        proof.sum_layers(name, f"{name} of a layer")
    metric = over_layers(average(norm(grad[i])))
    noisy = alpha_u * SPREADS * over_layers(sigma[i]) / sp.sqrt(b)
    total = (gap / (eta * T) + curved / eta * (1 + 4 * average(age)) + noisy) / alpha_l
    by = eta * alpha_l
    scale = eta * alpha_u
    using = {"average": ONE, "telescope": ONE, "noise": scale, "old noise": scale}
    why = "f drops by the gap at most; insert the noise"
    proof.combine("descent over the run", by * metric, by * total, using, why)
    why = "divide by what multiplies the metric"
    proof.divide("bound", metric, total, "descent over the run", by, why)
    return total


def _terms(old_age: sp.Expr, spreads: sp.Expr) -> dict[str, sp.Expr]:
    return {
        "start": gap / (alpha_l * eta * T),
        "curvature": eta * alpha_u**2 * Lambda / (2 * alpha_l),
        "drift": 2 * eta * alpha_u**2 * Lambda * old_age / alpha_l,
        "noise": alpha_u * spreads * S / (alpha_l * sp.sqrt(b)),
    }


def leading(theta: sp.Symbol) -> sp.Expr:
    r"""What `simple` is at most, for small :math:`\theta = 1 - \beta`, at its best step size.

    Without the vanishing part of the noise, and with alpha_l = alpha_u. SymPy checks both
    inequalities that replace :math:`\beta`.
    """
    drift_share = sp.Rational(1, 2) + 2 * (1 - theta) / theta
    if sp.cancel(2 / theta - drift_share) != sp.Rational(3, 2):
        raise ProofError("momentum: 1/2 + 2 beta / theta is not 2 / theta - 3 / 2")
    if sp.expand(2 * theta - (1 - (1 - theta) ** 2)) != theta**2:
        raise ProofError("momentum: 1 - beta^2 is not 2 theta - theta^2")
    most = gap / (eta * T) + 2 * eta * Lambda / theta
    noise = sp.sqrt(2 * theta) * S / sp.sqrt(b)
    return minimise("momentum LARS step size", most, eta).value + noise
