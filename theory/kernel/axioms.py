r"""The assumptions A1-A4 as steps, and two short chains of rules that every theorem needs.

A1 (smooth in layers), A2 (unbiased, bounded variance, per layer or per coordinate), A3 (bounded
stochastic gradient), A4 (bounds of phi). A1 is about f only; the paper asks a Lipschitz gradient
of every sample's loss, which, read literally, forces f to be a sum of functions of single layers.
"""

from __future__ import annotations

import sympy as sp

from theory.kernel.derivation import Derivation
from theory.kernel.letters import (
    L,
    alpha_l,
    alpha_u,
    b,
    coordinate_sigma,
    f,
    f_next,
    gap,
    grad,
    noise,
    phi,
    sigma,
)
from theory.kernel.words import i, inner, j, mean_now, norm, over_layers


def smooth(proof: Derivation, *, direction: sp.IndexedBase, scale: sp.Expr) -> None:
    r"""A1 at :math:`x_i^{t+1} = x_i^t - scale\cdot direction_i`. Adds step ``A1``."""
    v = direction[i]
    linear = over_layers(scale * inner(grad[i], v))
    square = over_layers(L[i] * scale**2 * norm(v) ** 2) / 2
    why = "f is smooth in layers, applied to the step that the algorithm takes"
    proof.assume("A1", f_next, f - linear + square, why)


def unbiased(proof: Derivation) -> None:
    """A2, first half: the mini-batch gradient has the gradient as conditional mean."""
    why = "samples are drawn given the past, and their gradient is unbiased"
    proof.assume_unbiased("A2 mean", noise, why)


def variance(proof: Derivation) -> None:
    """A2, second half, per layer: a mean of b independent samples has variance sigma^2 / b."""
    why = "variance of one sample at most sigma_i^2, mean of b independent samples"
    proof.assume("A2 variance", mean_now(norm(noise[i]) ** 2), sigma[i] ** 2 / b, why)


def coordinate_variance(proof: Derivation) -> None:
    """A2 per coordinate."""
    why = "variance of one sample's coordinate at most s_ij^2, mean of b independent samples"
    lower, upper = mean_now(noise[i, j] ** 2), coordinate_sigma[i, j] ** 2 / b
    proof.assume("A2 variance of a coordinate", lower, upper, why)


def phi_bounds(proof: Derivation) -> None:
    """A4: alpha_l <= phi <= alpha_u. Adds steps ``A4 lower`` and ``A4 upper``."""
    proof.assume("A4 lower", alpha_l, phi[i], "phi is bounded from below")
    proof.assume("A4 upper", phi[i], alpha_u, "phi is bounded from above")


def jensen(proof: Derivation, name: str, size: sp.Expr, root: sp.Expr, square: str) -> None:
    r"""From :math:`E_t[size^2] \le root^2` derive :math:`E_t[size] \le root`, as step ``name``.

    ``square`` is the name of the first. The tangent of the square at ``root`` does it:
    :math:`2\,root\,size \le size^2 + root^2`.
    """
    doubled = f"{name}: tangent"
    terms, why = [(size - root) ** 2], "a square is nonnegative"
    proof.certify(doubled, 2 * root * size, size**2 + root**2, terms, why)
    proof.expect(f"{name}: its expectation", doubled)
    lower = proof.step(f"{name}: its expectation").lower
    using: dict[str, sp.Expr] = {f"{name}: its expectation": sp.Integer(1), square: sp.Integer(1)}
    proof.combine(f"{name}: with the variance", lower, 2 * root**2, using, "add the two")
    why = "divide by twice the deviation"
    proof.divide(name, lower / (2 * root), root, f"{name}: with the variance", 2 * root, why)


def finish(
    proof: Derivation,
    step: str,
    metric: sp.Expr,
    by: sp.Expr,
    bound: sp.Expr,
    *,
    given: tuple[str, ...] = (),
) -> None:
    """From one step's descent to the bound: average over the run, telescope, divide by ``by``.

    ``step`` must read ``mean_now(f_next) <= f - by * (what is averaged) + rest``; the last step
    added is ``metric <= bound``.
    """
    proof.average("average", step)
    proof.telescope("telescope", f, f_next, gap)
    why = "f drops by the gap at most"
    using: dict[str, sp.Expr] = {"average": sp.Integer(1), "telescope": sp.Integer(1)}
    proof.combine("descent over the run", by * metric, by * bound, using, why)
    why = "divide by what multiplies the metric"
    proof.divide("bound", metric, bound, "descent over the run", by, why, given=given)


def curvature(proof: Derivation, direction: sp.IndexedBase, length: str) -> None:
    r"""Step ``curvature``: :math:`\sum_i L_i\phi_i^2\|u_i\|^2 \le \alpha_u^2\sum_i L_i`.

    ``length`` is the step that says :math:`\|u_i\| \le 1`; A4 must have been assumed.
    """
    size = norm(direction[i])
    using = {"A4 upper": alpha_u + phi[i], length: phi[i] ** 2 * (1 + size)}
    why = "a^2 - b^2 = (a - b)(a + b), twice"
    proof.combine("squared step of a layer", phi[i] ** 2 * size**2, alpha_u**2, using, why)
    lower, upper = L[i] * phi[i] ** 2 * size**2, L[i] * alpha_u**2
    using = {"squared step of a layer": L[i]}
    proof.combine("curvature of a layer", lower, upper, using, "times L_i")
    proof.sum_layers("curvature", "curvature of a layer")
