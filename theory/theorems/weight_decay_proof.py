"""The derivations behind `theory.theorems.weight_decay`."""

from __future__ import annotations

import sympy as sp

from theory.kernel import (
    Derivation,
    Quantity,
    T,
    average,
    i,
    inner,
    mean_now,
    norm,
    over_layers,
)
from theory.kernel import axioms as ax
from theory.kernel import letters as le
from theory.kernel.letters import L, Lambda, b, f, f_next, gap, grad, noise, sigma, unit
from theory.lemmas import direction as plain
from theory.lemmas import vectors
from theory.lemmas.vectors import R, pulled
from theory.theorems.lars import S

ONE = sp.Integer(1)
gamma = sp.Symbol("gamma", positive=True)
x, v, x_next, kept, moved = sp.symbols("x v x_next kept moved", cls=sp.IndexedBase, real=True)

RADIUS = Quantity(R, "constant", r"radius $\alpha/\lambda$ of the balls")
SHARE = Quantity(gamma, "constant", r"$\eta\lambda$", (), r"\gamma")
X = Quantity(x, "past", "$x_i^t$", (), "x_{#}")
PULLED = Quantity(pulled, "fresh", r"$R\,g_i/\|g_i\|$, or 0", ("direction times", le.g, R), "p_{#}")
QUANTITIES = (
    *(q for q in le.COMMON if q.letter != le.eta),
    le.SIGMA,
    le.UNIT,
    RADIUS,
    SHARE,
    X,
    PULLED,
    Quantity(v, "fresh", r"$x_i + p_i$: the step is $-\gamma v_i$", ("sum", x, pulled), "v_{#}"),
)
ROLES = {plain.a: grad, plain.b: le.g, plain.delta: noise, plain.unit: unit}


def gap_bound() -> Derivation:
    """The bound on the averaged Frank-Wolfe gap."""
    proof = Derivation("LARS with decoupled weight decay", QUANTITIES)
    ax.smooth(proof, direction=v, scale=gamma)
    ax.unbiased(proof)
    ax.variance(proof)
    why = "the start is inside the balls, and a step does not leave them (derived separately)"
    proof.assume("inside", norm(x[i]), R, why)
    proof.lemma("direction", vectors.SCALED_DIRECTION, ROLES)
    proof.lemma("length of the pull", vectors.SCALED_LENGTH, {plain.b: le.g})
    proof.lemma("triangle", vectors.TRIANGLE, {vectors.x: x, vectors.y: pulled, vectors.z: v})

    using = dict.fromkeys(("triangle", "inside", "length of the pull"), ONE)
    proof.combine("length", norm(v[i]), 2 * R, using, "both ends of the step are in the ball")
    using = {"length": L[i] * (2 * R + norm(v[i]))}
    square = L[i] * norm(v[i]) ** 2
    proof.combine("curvature of a layer", square, 4 * R**2 * L[i], using, "a^2 - b^2, times L_i")
    proof.sum_layers("curvature", "curvature of a layer")

    gained = R * norm(grad[i]) + inner(grad[i], x[i])
    progress = gained - R * norm(noise[i]) + R * inner(unit[i], noise[i])
    why = "the pull gains what the gradient's own direction would, but for the noise"
    proof.combine("progress of a layer", progress, inner(grad[i], v[i]), {"direction": ONE}, why)
    proof.sum_layers("progress", "progress of a layer")
    curved = 2 * gamma**2 * R**2 * over_layers(L[i])
    using = {"A1": ONE, "progress": gamma, "curvature": gamma**2 / 2}
    right = f - gamma * over_layers(progress) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")

    ax.jensen(proof, "noise of a layer", norm(noise[i]), sigma[i] / sp.sqrt(b), "A2 variance")
    proof.sum_layers("noise", "noise of a layer")
    noisy = R * over_layers(sigma[i]) / sp.sqrt(b)
    right = f - gamma * over_layers(gained) + gamma * noisy + curved
    using = {"expected step": ONE, "noise": gamma * R}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")
    metric = over_layers(R * average(norm(grad[i])) + average(inner(grad[i], x[i])))
    total = gap / (gamma * T) + curved / gamma + noisy
    ax.finish(proof, "descent", metric, gamma, total)
    named = {
        "start": gap / (gamma * T),
        "curvature": 2 * gamma * R**2 * Lambda,
        "noise": R * S / sp.sqrt(b),
    }
    proof.conclude("terms", named, {Lambda: over_layers(L[i]), S: over_layers(sigma[i])})
    return proof


def inside() -> Derivation:
    r"""If :math:`\|x_i\| \le R` and :math:`\gamma \le 1`, then :math:`\|x_i^{t+1}\| \le R`."""
    quantities = (
        *(q for q in le.COMMON if q.letter != le.eta),
        RADIUS,
        SHARE,
        X,
        PULLED,
        Quantity(kept, "past", r"$(1-\gamma) x_i$", (), "k_{#}"),
        Quantity(moved, "fresh", r"$-\gamma p_i$", (), "m_{#}"),
        Quantity(x_next, "fresh", "$x_i^{t+1}$", ("sum", kept, moved), "x^{+}_{#}"),
    )
    proof = Derivation("Iterates with decoupled decay stay in the balls", quantities)
    proof.assume("share", gamma, ONE, "step size times decay is at most 1")
    proof.assume("inside before", norm(x[i]), R, "the start is inside, then by induction")
    lower = (1 - gamma) * norm(x[i])
    proof.assume("kept", norm(kept[i]), lower, "norms are homogeneous", relation="=")
    lower = gamma * norm(pulled[i])
    proof.assume("moved", norm(moved[i]), lower, "norms are homogeneous", relation="=")
    proof.lemma("length of the pull", vectors.SCALED_LENGTH, {plain.b: le.g})
    roles = {vectors.x: kept, vectors.y: moved, vectors.z: x_next}
    proof.lemma("triangle", vectors.TRIANGLE, roles)
    using = {
        "triangle": ONE,
        "kept": ONE,
        "moved": ONE,
        "inside before": 1 - gamma,
        "length of the pull": gamma,
    }
    why = "a ball is convex"
    proof.combine("inside after", norm(x_next[i]), R, using, why, given=("share",))
    return proof
