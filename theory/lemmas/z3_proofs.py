r"""The pointwise lemmas once more, by z3: no certificate, no cases chosen by us.

Each claim is a statement about real numbers under assumptions; z3 either shows that its negation
has no solution, or returns numbers that refute it. Vectors enter through lengths and the cosine of
their angle, or through two coordinates. Needs z3-solver: ``pip install "lbopt[proofs]"``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Claim(NamedTuple):
    """``statement`` follows from ``assumptions``.

    Attributes
    ----------
    name : str
    assumptions : list of z3 formulas
    statement : z3 formula
    """

    name: str
    assumptions: list[Any]
    statement: Any


def refute(claim: Claim, *, timeout: float = 20.0) -> dict[str, float] | None:
    """None if z3 proves the claim, else numbers that break it.

    Parameters
    ----------
    claim : Claim
    timeout : float
        In seconds; a claim that z3 can not decide in that time is a RuntimeError.

    Returns
    -------
    dict or None
    """
    z3 = _z3()
    solver = z3.Solver()
    solver.set("timeout", int(1000 * timeout))
    solver.add(*claim.assumptions, z3.Not(claim.statement))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer == z3.unknown:
        raise RuntimeError(f"{claim.name}: z3 does not know ({solver.reason_unknown()})")
    model = solver.model()
    return {str(letter): _number(model[letter]) for letter in model.decls()}


def direction(constant: str = "sharp") -> Claim:
    r"""The direction lemma; a number like ``"1.9"`` for :math:`\|a\| - \langle a, u\rangle \le
    constant\cdot\|b - a\|` without the term of mean zero.
    """
    z3 = _z3()
    a, b, c, distance = z3.Reals("a b c distance")
    assumptions = [a > 0, b > 0, c >= -1, c <= 1, distance >= 0]
    assumptions += [distance * distance == a * a + b * b - 2 * a * b * c]
    if constant == "sharp":
        return Claim("direction", assumptions, a - a * c <= distance - (b * c - a))
    claim = a - a * c <= z3.RealVal(constant) * distance
    return Claim(f"direction with {constant}", assumptions, claim)


def direction_in_the_plane() -> Claim:
    """The direction lemma in two coordinates, a along the first axis: no angle is used."""
    z3 = _z3()
    a, b1, b2, length, distance = z3.Reals("a b1 b2 length distance")
    assumptions = [a > 0, length > 0, distance >= 0, length * length == b1 * b1 + b2 * b2]
    assumptions += [distance * distance == (b1 - a) * (b1 - a) + b2 * b2]
    claim = a * length - a * b1 <= length * (distance - (b1 - a))
    return Claim("direction in the plane", assumptions, claim)


def direction_eps() -> Claim:
    """The direction lemma with eps in the denominator."""
    z3 = _z3()
    a, b, c, distance, eps = z3.Reals("a b c distance eps")
    assumptions = [a > 0, b > 0, eps > 0, c >= -1, c <= 1, distance >= 0]
    assumptions += [distance * distance == a * a + b * b - 2 * a * b * c]
    claim = (a - distance + (b * c - a) - eps) * (b + eps) <= a * b * c
    return Claim("direction with eps", assumptions, claim)


def sign(constant: str = "1") -> Claim:
    r""":math:`|a| - a r \le constant\cdot|\delta| - \mathrm{sign}(a)\delta`, r a sign, never 0."""
    z3 = _z3()
    a, b, r = z3.Reals("a b r")
    sign_of_a = z3.If(a > 0, 1.0, z3.If(a < 0, -1.0, 0.0))
    delta = b - a
    assumptions = [z3.Or(r == 1, r == -1), r * b >= 0]
    right = z3.RealVal(constant) * _abs(delta) - sign_of_a * delta
    return Claim(f"sign with {constant}", assumptions, _abs(a) - a * r <= right)


def sign_with_zero() -> Claim:
    r"""False: the sharp loss of a layer of two coordinates, when one of the signs is 0.

    At :math:`b_2 = 0`, r = (r1, 0): :math:`\|a\|_1 - \sqrt2\,\langle a, r/\|r\|\rangle \le
    \|\delta\|_1 - \sum_j\mathrm{sign}(a_j)\delta_j`.
    """
    z3 = _z3()
    a1, a2, b1, root = z3.Reals("a1 a2 b1 root")
    assumptions = [root * root == 2, root > 0, a1 > 0, a2 > 0, b1 < 0]
    d1 = b1 - a1
    right = (_abs(d1) - d1) + (a2 + a2)  # b2 = 0, so delta_2 = -a2
    return Claim("sign with a zero", assumptions, a1 + a2 + root * a1 <= right)


def cantelli() -> Claim:
    """The quadratic majorant behind the variance form of the direction lemma, at length 1."""
    z3 = _z3()
    rho, c = z3.Reals("rho c")
    claim = 1 - c <= 2 * (rho * rho - 2 * rho * c + 1)
    return Claim("layer-wise Cantelli", [rho >= 0, c >= -1, c <= 1], claim)


def matched() -> Claim:
    """One coordinate of Adam's normalised direction against the gradient, right or wrong sign."""
    z3 = _z3()
    a, g, root, bound, length, longest, eps = z3.Reals("a g root G length longest eps")
    assumptions = [root > 0, root <= bound, eps >= 0, length > 0, length <= longest]
    wrong = z3.If(a * g < 0, _abs(a), 0.0)
    u = g / ((root + eps) * length)
    claim = a * u >= a * g / ((bound + eps) * longest) - wrong * _abs(u)
    return Claim("matched coordinate", assumptions, claim)


PROVED: tuple[Callable[[], Claim], ...] = (
    direction,
    direction_in_the_plane,
    direction_eps,
    sign,
    cantelli,
    matched,
)


def _abs(x: Any) -> Any:
    return _z3().If(x >= 0, x, -x)


def _number(value: Any) -> float:
    """A model's number, which may be an algebraic one."""
    z3 = _z3()
    if z3.is_algebraic_value(value):
        value = value.approx(20)
    return float(value.as_fraction())


def _z3() -> Any:
    try:
        import z3
    except ImportError:
        raise ImportError(
            'these proofs need z3-solver; install it with: pip install "lbopt[proofs]"'
        ) from None
    return z3
