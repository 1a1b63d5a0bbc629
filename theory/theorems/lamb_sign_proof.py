"""The derivations behind `theory.theorems.lamb_sign`: sharp, published, robust."""

from __future__ import annotations

import sympy as sp

from theory.kernel import (
    Derivation,
    Quantity,
    T,
    average,
    d,
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
from theory.lemmas import sign as lemma

N, S, S1 = sp.symbols("N S S1", positive=True)
ONE = sp.Integer(1)
ROOT = sp.sqrt(d[i])
r, sign_of_grad = sp.symbols("r sign", cls=sp.IndexedBase, real=True)

R = Quantity(r, "fresh", "$1$ or $-1$, a sign of $g_i$", ("sign, never 0", le.g), "r_{#}")
SIGN = Quantity(sign_of_grad, "past", r"sign of $\nabla_i$", ("sign", grad), r"\mathrm{s}_{#}")
U = Quantity(
    u,
    "fresh",
    r"$r/\|r\|$ with $r = g_i/(|g_i| + \epsilon)$, 0 where $g_i$ is 0",
    ("sign direction", le.g, eps),
    "u_{#}",
)
ROLES = {
    lemma.a: grad,
    lemma.b: le.g,
    lemma.r: r,
    lemma.u: u,
    lemma.delta: noise,
    lemma.sign_a: sign_of_grad,
    lemma.eps: eps,
}
COMMON = (*le.COMMON, le.ALPHA_L, le.ALPHA_U, le.PHI, SIGN)

size = sp.Abs(grad[i, j])
slope = over_coordinates(size) / ROOT  # what a layer contributes to the metric
ALONG_SIGNS = inner(grad[i], r[i]) / ROOT
METRIC = over_layers(over_coordinates(average(size)) / ROOT)


def sharp() -> Derivation:
    """Noise ``sum_i ||s_i||_1 / sqrt(d_i)``."""
    proof = _start("LAMB, beta2 = 0")
    pull = sign_of_grad[i, j] * noise[i, j]
    proof.lemma("sign", lemma.SIGN, ROLES)
    proof.sum_coordinates("signs of a layer", "sign")
    lost = over_coordinates(sp.Abs(noise[i, j])) / ROOT
    _progress(proof, {"signs of a layer": 1 / ROOT}, lost, over_coordinates(pull) / ROOT)
    noisy = over_coordinates(coordinate_sigma[i, j]) / ROOT
    proof.combine("scaled noise", mean_now_of(lost), noisy / sp.sqrt(b),
                  {"noise of a layer": 1 / ROOT}, "over the root of the size")  # fmt: skip
    return _end(proof, noisy, N, {N: over_layers(noisy)})


def as_published() -> Derivation:
    """Noise ``2 ||s||_1``: Markov's inequality, and no coordinate above the length of the step."""
    proof = _start("LAMB, beta2 = 0, published form")
    proof.lemma("sign", lemma.SIGN, ROLES)
    proof.lemma("sign times noise", lemma.SIGN_BOUND, ROLES)
    noisy = sp.Abs(noise[i, j])
    left = size - grad[i, j] * r[i, j]
    using = {"sign": ONE, "sign times noise": ONE}
    proof.combine("Markov", left, 2 * noisy, using, "the pull of the noise is bounded")
    proof.assume("sizes", 1 / ROOT, ONE, "a layer has at least one coordinate")
    using = {"Markov": 1 / ROOT, "sizes": 2 * noisy}
    proof.combine("no root", left / ROOT, 2 * noisy, using, "1/sqrt(d_i) is at most 1")
    proof.sum_coordinates("signs of a layer", "no root")
    lost = 2 * over_coordinates(noisy)
    _progress(proof, {"signs of a layer": ONE}, lost, sp.Integer(0))
    noise_sum = over_coordinates(coordinate_sigma[i, j])
    using = {"noise of a layer": sp.Integer(2)}
    proof.combine("scaled noise", mean_now_of(lost), 2 * noise_sum / sp.sqrt(b), using, "twice")
    return _end(proof, 2 * noise_sum, 2 * S1, {S1: over_layers(noise_sum)})


def robust() -> Derivation:
    """Noise ``sum_i sigma_i``, whatever eps is."""
    proof = Derivation("LAMB, beta2 = 0, with zeros or eps", (*COMMON, le.SIGMA, le.EPS, U))
    ax.smooth(proof, direction=u, scale=eta * phi[i])
    ax.unbiased(proof)
    ax.variance(proof)
    ax.phi_bounds(proof)
    proof.lemma("sign direction", lemma.ROBUST, ROLES)
    proof.lemma("length", lemma.SHORT, ROLES)
    ax.curvature(proof, u, "length")
    lost = norm(noise[i])
    pull = over_coordinates(sign_of_grad[i, j] * noise[i, j]) / ROOT
    _progress(proof, {"sign direction": ONE}, lost, pull, gained=inner(grad[i], u[i]))
    ax.jensen(proof, "scaled noise", norm(noise[i]), sigma[i] / sp.sqrt(b), "A2 variance")
    return _end(proof, sigma[i], S, {S: over_layers(sigma[i])})


def _start(title: str) -> Derivation:
    """A1 to A4 for the step along signs; squared steps; the noise of a layer's coordinates."""
    proof = Derivation(title, (*COMMON, le.COORDINATE_SIGMA, R))
    ax.smooth(proof, direction=r, scale=eta * phi[i] / ROOT)
    ax.unbiased(proof)
    ax.coordinate_variance(proof)
    ax.phi_bounds(proof)
    proof.lemma("length", lemma.SIGN_LENGTH, ROLES)
    left = L[i] * phi[i] ** 2 * norm(r[i]) ** 2 / d[i]
    using = {"A4 upper": L[i] * (alpha_u + phi[i]), "length": L[i] * phi[i] ** 2 / d[i]}
    why = "a^2 - b^2 = (a - b)(a + b)"
    proof.combine("curvature of a layer", left, L[i] * alpha_u**2, using, why)
    proof.sum_layers("curvature", "curvature of a layer")
    root = coordinate_sigma[i, j] / sp.sqrt(b)
    square = "A2 variance of a coordinate"
    ax.jensen(proof, "noise of a coordinate", sp.Abs(noise[i, j]), root, square)
    proof.sum_coordinates("noise of a layer", "noise of a coordinate")
    return proof


def _progress(
    proof: Derivation,
    using: dict[str, sp.Expr],
    lost: sp.Expr,
    pull: sp.Expr,
    gained: sp.Expr = ALONG_SIGNS,
) -> None:
    """Step ``progress``: what the step gains along the gradient, summed over the layers."""
    proof.combine("layer", slope - gained, lost - pull, using, "in the letters of the layer")
    right = alpha_l * slope - alpha_u * lost + phi[i] * pull
    multipliers = {"layer": phi[i], "A4 lower": slope, "A4 upper": lost}
    why = "times phi, which lies between its bounds"
    proof.combine("progress of a layer", right, phi[i] * gained, multipliers, why)
    proof.sum_layers("progress", "progress of a layer")


def mean_now_of(lost: sp.Expr) -> sp.Expr:
    """The conditional mean of a layer's loss, taken inside."""
    inside = {size: mean_now(size) for size in (sp.Abs(noise[i, j]), norm(noise[i]))}
    return lost.xreplace(inside)


def _end(
    proof: Derivation,
    noisy: sp.Expr,
    short: sp.Expr,
    meaning: dict[sp.Symbol, sp.Expr],
) -> Derivation:
    """From ``progress`` and ``scaled noise`` (``noisy / sqrt(b)``) to the bound."""
    curved = eta**2 * alpha_u**2 / 2 * over_layers(L[i])
    left = proof.step("progress of a layer").lower
    using = {"A1": ONE, "progress": eta, "curvature": eta**2 / 2}
    right = f - eta * over_layers(left) + curved
    proof.combine("one step", f_next, right, using, "A1 with both bounds inserted")
    proof.expect("expected step", "one step")
    proof.sum_layers("noise", "scaled noise")
    noise_all = alpha_u * over_layers(noisy) / sp.sqrt(b)
    right = f - eta * alpha_l * over_layers(slope) + eta * noise_all + curved
    using = {"expected step": ONE, "noise": eta * alpha_u}
    proof.combine("descent", mean_now(f_next), right, using, "insert the noise of each layer")
    total = (gap / (eta * T) + curved / eta + noise_all) / alpha_l
    ax.finish(proof, "descent", METRIC, eta * alpha_l, total)
    named = {
        "start": gap / (alpha_l * eta * T),
        "curvature": eta * alpha_u**2 * Lambda / (2 * alpha_l),
        "noise": alpha_u * short / (alpha_l * sp.sqrt(b)),
    }
    proof.conclude("terms", named, {Lambda: over_layers(L[i]), **meaning})
    return proof
