"""The derivation behind `theory.theorems.lamb`, sharp and published."""

from __future__ import annotations

import sympy as sp

from theory.kernel import (
    Derivation,
    Quantity,
    T,
    average,
    i,
    inner,
    j,
    mean_now,
    norm,
    over_coordinates,
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
    coordinate_sigma,
    eps,
    eta,
    f,
    f_next,
    gap,
    grad,
    noise,
    phi,
    sigma,
    u,
)
from theory.lemmas import matched as lemma
from theory.lemmas import sign

N, S1 = sp.symbols("N S1", positive=True)
ONE = sp.Integer(1)
C = lemma.C
sign_of_grad, wrong = sp.symbols("sign wrong", cls=sp.IndexedBase, real=True)

QUANTITIES = (
    *le.COMMON,
    le.SIGMA,
    le.COORDINATE_SIGMA,
    le.ALPHA_L,
    le.ALPHA_U,
    le.PHI,
    le.EPS,
    Quantity(lemma.G, "constant", "bound of every coordinate of a stochastic gradient"),
    Quantity(lemma.q, "constant", r"$1 - \beta_2$", (), r"(1-\beta_2)"),
    Quantity(lemma.d_max, "constant", "size of the largest layer", ("largest size",), "d_{max}"),
    Quantity(
        u,
        "fresh",
        r"$r/\|r\|$ with $r = g/(\sqrt v + \epsilon)$, or 0",
        ("normalised Adam direction", le.g, lemma.q, eps),
        "u_{#}",
    ),
    Quantity(
        wrong,
        "fresh",
        r"$|\nabla_{ij}|$ where $g_{ij}$ has the wrong sign, else 0",
        ("where the sign is wrong", grad, le.g),
        "w_{#}",
    ),
    Quantity(sign_of_grad, "past", r"sign of $\nabla_i$", ("sign", grad), r"\mathrm{s}_{#}"),
)
ROLES = {
    lemma.a: grad,
    lemma.b: le.g,
    lemma.u: u,
    lemma.delta: noise,
    lemma.sign_a: sign_of_grad,
    lemma.wrong: wrong,
}


def derive(title: str, *, published: bool) -> Derivation:
    """The bound with noise ``sum_i min(||s_i||_1 / 2, sigma_i)``, or the paper's ``||s||_1``."""
    proof = Derivation(title, QUANTITIES)
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    ax.unbiased(proof)
    if not published:
        ax.variance(proof)
    ax.coordinate_variance(proof)
    ax.phi_bounds(proof)
    proof.assume("A3", sp.Abs(le.g[i, j]), lemma.G, "stochastic gradients are bounded")
    proof.lemma("length", lemma.SHORT, ROLES)
    ax.curvature(proof, u, "length")
    _progress(proof)
    layer = _published_noise(proof) if published else _sharp_noise(proof)

    slope, cross = norm(grad[i]) ** 2, inner(grad[i], noise[i])
    curved = eta**2 * alpha_u**2 / 2 * over_layers(L[i])
    using = {"A1": ONE, "progress": eta, "curvature": eta**2 / 2}
    gained = alpha_l * C * slope + phi[i] * C * cross - alpha_u * norm(wrong[i])
    right = f - eta * over_layers(gained) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")
    proof.sum_layers("noise", "noise of a layer")
    noisy = alpha_u * over_layers(layer) / sp.sqrt(b)
    right = f - eta * alpha_l * C * over_layers(slope) + eta * noisy + curved
    using = {"expected step": ONE, "noise": eta * alpha_u}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")

    price = 1 / (C * alpha_l)
    total = price * (gap / (eta * T) + curved / eta + noisy)
    ax.finish(proof, "descent", over_layers(average(slope)), eta * alpha_l * C, total)
    short = S1 if published else N
    named = {
        "start": price * gap / (eta * T),
        "curvature": price * eta * alpha_u**2 * Lambda / 2,
        "noise": price * alpha_u * short / sp.sqrt(b),
    }
    proof.conclude("terms", named, {Lambda: over_layers(L[i]), short: over_layers(layer)})
    return proof


def _progress(proof: Derivation) -> None:
    """What a layer gains: a share c of the squared gradient, but for wrong signs."""
    proof.lemma("matched", lemma.MATCHED, ROLES, given=("A3",))
    proof.sum_coordinates("matched layer", "matched")
    proof.lemma("Cauchy-Schwarz", lemma.CAUCHY_SCHWARZ, ROLES)
    slope, cross = norm(grad[i]) ** 2, inner(grad[i], noise[i])
    gained = inner(grad[i], u[i])
    using = {"matched layer": ONE, "Cauchy-Schwarz": ONE}
    left = C * (slope + cross) - gained
    proof.combine("direction", left, norm(wrong[i]), using, "g = gradient + noise")
    left = alpha_l * C * slope + phi[i] * C * cross - alpha_u * norm(wrong[i])
    using = {"direction": phi[i], "A4 lower": C * slope, "A4 upper": norm(wrong[i])}
    why = "times phi, which lies between its bounds"
    proof.combine("progress of a layer", left, phi[i] * gained, using, why)
    proof.sum_layers("progress", "progress of a layer")


def _sharp_noise(proof: Derivation) -> sp.Expr:
    """Step ``noise of a layer``; returns its right side times ``sqrt b``."""
    mean, root = mean_now(norm(wrong[i])), sp.sqrt(b)
    proof.lemma("wrong is noise", lemma.WRONG_IS_NOISE, ROLES)
    proof.expect("mean of wrong", "wrong is noise")
    ax.jensen(proof, "length of the noise", norm(noise[i]), sigma[i] / root, "A2 variance")
    using = {"mean of wrong": root, "length of the noise": root}
    proof.combine("by the layer", root * mean, sigma[i], using, "times sqrt(b)")

    size = sp.Abs(noise[i, j])
    proof.lemma("half", lemma.HALF_WRONG, ROLES)
    _by_coordinates(proof, "half", (size - sign_of_grad[i, j] * noise[i, j]) / 2, sp.Rational(1, 2))
    proof.least("noise of a layer, smaller bound", ["by the layer", "by coordinates"])
    half = over_coordinates(coordinate_sigma[i, j]) / 2
    layer = sp.Min(half, sigma[i])
    smaller = "noise of a layer, smaller bound"
    proof.divide("noise of a layer", mean, layer / root, smaller, root, "by sqrt(b)")
    return layer


def _published_noise(proof: Derivation) -> sp.Expr:
    """The same with Markov's inequality: a wrong sign costs all of the noise."""
    size = sp.Abs(noise[i, j])
    proof.lemma("half", lemma.HALF_WRONG, ROLES)
    proof.lemma("sign times noise", sign.SIGN_BOUND, {**ROLES, sign.a: grad, **SIGN_ROLES})
    half = sp.Rational(1, 2)
    using = {"half": ONE, "sign times noise": half}
    proof.combine("Markov", wrong[i, j], size, using, "the pull of the noise is bounded")
    _by_coordinates(proof, "Markov", size, ONE)
    layer = over_coordinates(coordinate_sigma[i, j])
    mean, root = mean_now(norm(wrong[i])), sp.sqrt(b)
    proof.divide("noise of a layer", mean, layer / root, "by coordinates", root, "by sqrt(b)")
    return layer


def _by_coordinates(proof: Derivation, step: str, right: sp.Expr, factor: sp.Expr) -> None:
    """From ``wrong <= right`` per coordinate to step ``by coordinates`` on the layer's norm."""
    root = sp.sqrt(b)
    proof.lemma("one-norm", lemma.WRONG_IN_ONE_NORM, ROLES)
    proof.sum_coordinates("wrong of a layer", step)
    left, right = norm(wrong[i]), over_coordinates(right)
    using = {"one-norm": ONE, "wrong of a layer": ONE}
    proof.combine("wrong below noise", left, right, using, "one after the other")
    proof.expect("its mean", "wrong below noise")
    deviation = coordinate_sigma[i, j] / root
    square = "A2 variance of a coordinate"
    ax.jensen(proof, "noise of a coordinate", sp.Abs(noise[i, j]), deviation, square)
    proof.sum_coordinates("noise of all coordinates", "noise of a coordinate")
    using = {"its mean": root, "noise of all coordinates": root * factor}
    right = factor * over_coordinates(coordinate_sigma[i, j])
    proof.combine("by coordinates", root * mean_now(left), right, using, "insert the deviations")


SIGN_ROLES = {sign.sign_a: sign_of_grad, sign.delta: noise}
