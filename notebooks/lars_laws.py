"""Laws of LARS as published in 2017, and wrong versions that each of them must catch.

A law takes ``make(rate) -> Link`` (``rate`` a schedule; trust coefficient ETA, decay BETA, momentum
M) and says whether it holds. The weights are held where they are, so every law is about the links
alone. They are short beside the gradients, so that decay can be neglected where a law says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lbopt import optim

Make = Callable[[Callable[[int], float]], optim.Link]

ETA, BETA, M = 0.1, 0.5, 0.9
_x, _y, _z = np.eye(3)
WEIGHTS = {"a": 1e-3 * _x, "b": 2e-3 * _x}
LONG = {"a": 1e3 * _y, "b": _y}  # gradients
SHORT = {"a": _z, "b": _z}


def steps(make: Make, gradients: Sequence, weights: dict, rates: Sequence = (1.0, 1.0)) -> list:
    """Return the updates for ``gradients`` in turn."""
    opt = make(lambda t: rates[t])
    state, out = opt.init(weights), []
    for g in gradients:
        u, state = opt.update(g, state, weights)
        out.append(u)
    return out


def bound(make: Make) -> bool:
    """Without old momentum a layer moves by at most rate * ETA * ||w||."""
    u = steps(make, [LONG], WEIGHTS)[0]
    return all(_length(u[k]) <= 1.0001 * ETA * _length(WEIGHTS[k]) for k in u)


def balance(make: Make) -> bool:
    """Where gradient and decay (nearly) cancel, g = -BETA w, the layer (nearly) rests."""
    rest = {k: -BETA * (1 + 1e-6) * w for k, w in WEIGHTS.items()}
    u = steps(make, [rest], WEIGHTS)[0]
    return all(_length(u[k]) < 1e-3 * ETA * _length(WEIGHTS[k]) for k in u)


def votes(make: Make) -> bool:
    """A gradient 1000 times longer has no louder voice in the buffer than the next one."""
    u = steps(make, [LONG, SHORT], WEIGHTS)[1]["a"]
    return bool(abs((u @ _y) / (u @ _z) / M - 1) < 0.01)


def lag(make: Make) -> bool:
    """A rate of zero stops the new gradient, not the old ones: the step is M times the last."""
    first, second = steps(make, [LONG, SHORT], WEIGHTS, rates=(1.0, 0.0))
    return all(np.allclose(second[k], M * first[k], rtol=1e-9, atol=0) for k in first)


def layers(make: Make) -> bool:
    """What happens to layer a (here: it is rescaled) is no business of layer b."""
    u = steps(make, [LONG], WEIGHTS)[0]
    other = {"a": 10 * WEIGHTS["a"], "b": WEIGHTS["b"]}
    v = steps(make, [{"a": LONG["a"] / 10, "b": LONG["b"]}], other)[0]
    return np.allclose(u["b"], v["b"], rtol=1e-9, atol=0)


LAWS = {"bound": bound, "balance": balance, "votes": votes, "lag": lag, "layers": layers}


def paper(rate: Callable[[int], float]) -> optim.Link:
    """Algorithm 1, right."""
    return optim.lars(rate, momentum=M, weight_decay=BETA, trust_coefficient=ETA)


def ratio_outside(rate: Callable[[int], float]) -> optim.Link:
    """Wrong: the momentum is normalised instead of the gradient."""
    return optim.chain(
        optim.add_decayed_weights(BETA),
        optim.trace(M),
        optim.scale_by_trust_ratio(),
        optim.scale(ETA),
        optim.scale_by_learning_rate(rate),
    )


def norm_of_sum(rate: Callable[[int], float]) -> optim.Link:
    """Wrong: ||g + beta w|| stands where ||g|| + beta ||w|| belongs."""
    return optim.chain(
        optim.add_decayed_weights(BETA),
        optim.scale_by_trust_ratio(),
        optim.scale(ETA),
        optim.scale_by_learning_rate(rate),
        optim.trace(M),
    )


def rate_outside(rate: Callable[[int], float]) -> optim.Link:
    """Wrong: the learning rate multiplies the buffer from outside, as in SGD."""
    return optim.chain(
        optim.scale_by_lars_ratio(ETA, BETA), optim.trace(M), optim.scale_by_learning_rate(rate)
    )


def one_ratio(rate: Callable[[int], float]) -> optim.Link:
    """Wrong: the layers were fused into one buffer before the norms were taken."""
    return optim.lars_one_global_ratio(rate, momentum=M, weight_decay=BETA, trust_coefficient=ETA)


def decay_dropped(rate: Callable[[int], float]) -> optim.Link:
    """Wrong: the weight decay was accepted and forgotten."""
    return optim.lars(rate, momentum=M, weight_decay=0.0, trust_coefficient=ETA)


def of_2020(rate: Callable[[int], float]) -> optim.Link:
    """Right, but the other algorithm of that name."""
    return optim.lars_2020(rate, b1=M, weight_decay=BETA)


VERSIONS = {
    "the paper's (2017)": paper,
    "ratio outside momentum": ratio_outside,
    "||g + beta w||": norm_of_sum,
    "rate outside momentum": rate_outside,
    "one global ratio": one_ratio,
    "decay dropped": decay_dropped,
    "LARS of 2020": of_2020,
}


def _length(a: np.ndarray) -> float:
    return float(np.linalg.norm(a))
