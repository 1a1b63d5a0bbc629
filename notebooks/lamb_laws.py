"""Laws of LAMB (Algorithm 2 of its paper), and wrong versions that each of them must catch.

A law takes ``make(b1, b2, eps, decay) -> Link`` (of rate 1) and says whether it holds. The weights
are held where they are, so every law is about the links alone. Two layers, of different norms;
betas, eps and decay are far from their defaults, so that a mistake in one of them shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lbopt import optim

Make = Callable[[float, float, float, float], optim.Link]

B1, B2, EPS, DECAY = 0.8, 0.6, 0.4, 0.3
_rng = np.random.default_rng(0)
WEIGHTS = {"a": _rng.standard_normal((3, 4)), "b": 5 * _rng.standard_normal(7)}
GRADS = [{k: _rng.standard_normal(w.shape) for k, w in WEIGHTS.items()} for _ in range(3)]


def steps(opt: optim.Link, gradients: Sequence[dict], weights: dict | None = None) -> list[dict]:
    """Return the updates for ``gradients`` in turn."""
    weights = WEIGHTS if weights is None else weights
    state, out = opt.init(weights), []
    for g in gradients:
        u, state = opt.update(g, state, weights)
        out.append(u)
    return out


def along(u: np.ndarray, k: str) -> np.ndarray:
    """Return the step -||w|| u / ||u|| of layer k."""
    return -np.linalg.norm(WEIGHTS[k]) * u / np.linalg.norm(u)


def length(make: Make) -> bool:
    """Every layer moves by exactly its norm (times the rate, here 1), at every step."""
    found = steps(make(B1, B2, EPS, DECAY), GRADS)
    return all(
        np.isclose(np.linalg.norm(u[k]), np.linalg.norm(WEIGHTS[k])) for u in found for k in u
    )


def sign(make: Make) -> bool:
    """The first direction is g / (|g| + eps) + decay w, whatever the betas are."""
    (u,) = steps(make(B1, B2, EPS, DECAY), GRADS[:1])
    r = {k: g / (abs(g) + EPS) for k, g in GRADS[0].items()}
    return _same(u, {k: along(r[k] + DECAY * WEIGHTS[k], k) for k in r})


def scale(make: Make) -> bool:
    """Without eps a gradient 1000 times longer makes the same step, decay or not."""
    longer = [{k: 1000 * a for k, a in g.items()} for g in GRADS]
    pairs = zip(*(steps(make(B1, B2, 0.0, DECAY), g) for g in (GRADS, longer)), strict=True)
    return all(_same(u, v) for u, v in pairs)


def steady(make: Make) -> bool:
    """Under a constant gradient the direction stays what it was at the first step."""
    first, *others = steps(make(B1, B2, EPS, DECAY), [GRADS[0]] * 4)
    return all(_same(first, u) for u in others)


def two(make: Make) -> bool:
    """Two steps in closed form: m = (b1 g + g') / (1 + b1), v likewise with b2 and squares."""
    g, g_next = GRADS[:2]
    u = steps(make(B1, B2, EPS, DECAY), [g, g_next])[1]
    want = {}
    for k, w in WEIGHTS.items():
        m, v = ((b * g[k] ** p + g_next[k] ** p) / (1 + b) for b, p in ((B1, 1), (B2, 2)))
        want[k] = along(m / (v**0.5 + EPS) + DECAY * w, k)
    return _same(u, want)


def layers(make: Make) -> bool:
    """What happens to layer a (here: its gradient turns round) is no business of layer b."""
    turned = [{"a": -g["a"], "b": g["b"]} for g in GRADS]
    larger = {"a": 9 * WEIGHTS["a"], "b": WEIGHTS["b"]}
    pairs = zip(
        steps(make(B1, B2, EPS, DECAY), GRADS),
        steps(make(B1, B2, EPS, DECAY), turned, larger),
        strict=True,
    )
    return all(np.allclose(u["b"], v["b"], rtol=1e-9, atol=0) for u, v in pairs)


LAWS = {
    "length": length,
    "sign": sign,
    "scale": scale,
    "steady": steady,
    "two": two,
    "layers": layers,
}


def paper(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Algorithm 2, right."""
    return optim.lamb(1.0, b1=b1, b2=b2, eps=eps, weight_decay=decay)


def eps_inside(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: sqrt(v + eps) instead of sqrt(v) + eps."""

    def rule(g: Any, memory: dict, w: Any, step: int) -> tuple[Any, dict]:
        m = b1 * memory["m"] + (1 - b1) * g
        v = b2 * memory["v"] + (1 - b2) * g * g
        t = step + 1
        return m / (1 - b1**t) / np.sqrt(v / (1 - b2**t) + eps), {"m": m, "v": v}

    adam = optim.layerwise(rule, lambda w: {"m": 0 * w, "v": 0 * w})
    return _finished(adam, optim.add_decayed_weights(decay), optim.scale_by_trust_ratio())


def decay_before(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: the decay goes into the gradient, so that Adam divides it away."""
    adam = optim.scale_by_adam(b1, b2, eps)
    return _finished(optim.add_decayed_weights(decay), adam, optim.scale_by_trust_ratio())


def ratio_before_decay(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: the ratio is taken of r alone, and the decay is added afterwards."""
    adam = optim.scale_by_adam(b1, b2, eps)
    return _finished(adam, optim.scale_by_trust_ratio(), optim.add_decayed_weights(decay))


def ratio_of_gradient(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: ||w|| / ||g||, LARS's ratio, on Adam's direction."""
    inner = optim.chain(optim.scale_by_adam(b1, b2, eps), optim.add_decayed_weights(decay))

    def update(grads: dict, state: Any, params: dict) -> tuple[dict, Any]:
        u, state = inner.update(grads, state, params)
        ratio = {k: np.linalg.norm(w) / np.linalg.norm(grads[k]) for k, w in params.items()}
        return {k: -ratio[k] * a for k, a in u.items()}, state

    return optim.Link(inner.init, update)


def no_correction(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: the moments are used as they are (the paper's form without bias correction)."""
    return optim.lamb(1.0, b1=b1, b2=b2, eps=eps, weight_decay=decay, bias_correction=False)


def betas_swapped(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: b1 and b2 change places."""
    return paper(b2, b1, eps, decay)


def one_ratio(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Wrong: the layers were fused into one buffer before the norms were taken."""
    inner = optim.chain(optim.scale_by_adam(b1, b2, eps), optim.add_decayed_weights(decay))

    def update(grads: dict, state: Any, params: dict) -> tuple[dict, Any]:
        u, state = inner.update(grads, state, params)
        ratio = float(optim.global_norm(params) / optim.global_norm(u))
        return {k: -ratio * a for k, a in u.items()}, state

    return optim.Link(inner.init, update)


def adamw(b1: float, b2: float, eps: float, decay: float) -> optim.Link:
    """Right, but another algorithm."""
    return optim.adamw(1.0, b1=b1, b2=b2, eps=eps, weight_decay=decay)


VERSIONS = {
    "the paper's LAMB": paper,
    "eps inside the root": eps_inside,
    "decay before Adam": decay_before,
    "ratio before decay": ratio_before_decay,
    "ratio ||w|| / ||g||": ratio_of_gradient,
    "no bias correction": no_correction,
    "betas swapped": betas_swapped,
    "one global ratio": one_ratio,
    "AdamW": adamw,
}


def _finished(*links: optim.Link) -> optim.Link:
    return optim.chain(*links, optim.scale_by_learning_rate(1.0))


def _same(u: dict, v: dict) -> bool:
    return all(np.allclose(u[k], v[k], rtol=1e-9, atol=1e-12) for k in v)
