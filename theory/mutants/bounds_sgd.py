"""Wrong bounds for SGD."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from theory.constants import Constants
from theory.mutants.mutant import Formula, Mutant


class Pieces(NamedTuple):
    """``(start + noise) / (1 - half)`` is the bound."""

    start: float
    noise: float
    half: float


def built(change: Callable[[Pieces, Constants, Mapping[str, Any]], Pieces]) -> Formula:
    """Return the bound of changed pieces."""

    def formula(
        parts: Mapping[str, float], constants: Constants, arguments: Mapping[str, Any]
    ) -> float:
        eta, b = arguments["step_size"], arguments["batch_size"]
        pairs = zip(constants.smoothness, constants.sigma, strict=True)
        right = Pieces(
            constants.gap / (eta * arguments["steps"]),
            eta * sum(L * s * s for L, s in pairs) / (2 * b),
            eta * max(constants.smoothness) / 2,
        )
        found = change(right, constants, arguments)
        return (found.start + found.noise) / (1 - found.half)

    return formula


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


def _noise(number: Callable[[Constants], float]) -> Formula:
    """Another number in the place of sum_i L_i sigma_i^2."""

    def change(p: Pieces, c: Constants, a: Mapping[str, Any]) -> Pieces:
        return p._replace(noise=a["step_size"] * number(c) / (2 * a["batch_size"]))

    return built(change)


def _square(constants: Constants) -> float:
    return sum(s * s for s in constants.sigma)


def _mutant(name: str, story: str, kind: str, formula: Formula) -> Mutant:
    return Mutant(f"SGD: {name}", "sgd", story, kind, formula)


SGD: tuple[Mutant, ...] = (
    _mutant(
        "start constant 0.95",
        "a slip of five percent",
        "wrong",
        built(lambda p, c, a: p._replace(start=0.95 * p.start)),
    ),
    _mutant(
        "start constant 0.5",
        "gap / (2 eta T)",
        "wrong",
        built(lambda p, c, a: p._replace(start=0.5 * p.start)),
    ),
    _mutant(
        "start constant 1.05",
        "true and loose",
        "loose",
        built(lambda p, c, a: p._replace(start=1.05 * p.start)),
    ),
    _mutant(
        "noise constant 0.45",
        "a slip of ten percent",
        "wrong",
        built(lambda p, c, a: p._replace(noise=0.9 * p.noise)),
    ),
    _mutant(
        "noise constant 0.475",
        "a slip of five percent",
        "wrong",
        built(lambda p, c, a: p._replace(noise=0.95 * p.noise)),
    ),
    _mutant(
        "noise constant 1/4",
        "the 1/2 of A1 taken twice",
        "wrong",
        built(lambda p, c, a: p._replace(noise=0.5 * p.noise)),
    ),
    _mutant(
        "noise constant 0.525",
        "true and loose",
        "loose",
        built(lambda p, c, a: p._replace(noise=1.05 * p.noise)),
    ),
    _mutant(
        "batch^-2",
        "the variance of the mean squared",
        "wrong",
        built(lambda p, c, a: p._replace(noise=p.noise / a["batch_size"])),
    ),
    _mutant(
        "batch^-1/2",
        "standard deviation for variance: loose",
        "loose",
        built(lambda p, c, a: p._replace(noise=p.noise * a["batch_size"] ** 0.5)),
    ),
    _mutant(
        "T + 1",
        "averaged over t = 0..T",
        "wrong",
        built(lambda p, c, a: p._replace(start=p.start * a["steps"] / (a["steps"] + 1))),
    ),
    _mutant(
        "mean L_i in 1 - eta L/2",
        "L_avg is the price of LARS, not of SGD",
        "wrong",
        built(lambda p, c, a: p._replace(half=a["step_size"] * _mean(c.smoothness) / 2)),
    ),
    _mutant(
        "no 1 - eta L/2",
        "as if E||g||^2 were the variance",
        "wrong",
        built(lambda p, c, a: p._replace(half=0.0)),
    ),
    _mutant(
        "1 - eta L/4",
        "the 1/2 of A1 taken twice",
        "wrong",
        built(lambda p, c, a: p._replace(half=p.half / 2)),
    ),
    _mutant(
        "step in the noise forgotten",
        "as if eta were 1/L always",
        "wrong",
        built(lambda p, c, a: p._replace(noise=p.noise / (2 * p.half))),
    ),
    _mutant(
        "mean L_i times ||sigma||^2",
        "an average of the layers",
        "wrong",
        _noise(lambda c: _mean(c.smoothness) * _square(c)),
    ),
    _mutant(
        "L_max times ||sigma||^2",
        "the published noise: true, loose",
        "loose",
        _noise(lambda c: max(c.smoothness) * _square(c)),
    ),
    _mutant(
        "L_max times max sigma_i^2",
        "the noisiest layer alone",
        "wrong",
        _noise(lambda c: max(c.smoothness) * max(s * s for s in c.sigma)),
    ),
    _mutant(
        "sum L_i sigma_i",
        "a square forgotten",
        "wrong",
        _noise(lambda c: sum(L * s for L, s in zip(c.smoothness, c.sigma, strict=True))),
    ),
    Mutant(
        "SGD published: noise constant 0.95",
        "sgd",
        "five percent",
        "wrong",
        published=built(
            lambda p, c, a: p._replace(
                noise=0.95 * a["step_size"] * max(c.smoothness) * _square(c) / (2 * a["batch_size"])
            )
        ),
    ),
    Mutant(
        "SGD published: mean L_i",
        "sgd",
        "L_avg for L_max",
        "wrong",
        published=_noise(lambda c: _mean(c.smoothness) * _square(c)),
    ),
)
