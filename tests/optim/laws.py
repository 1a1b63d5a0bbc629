"""Laws of any layerwise optimizer here: functions law(make_optimizer) that raise AssertionError.

``make_optimizer(learning_rate, **hyperparameters)`` is a recipe or one that claims to be it. Laws
compare *updates*, not weights: a wrong update hides behind large weights. Each docstring derives
its law. The laws of one algorithm are in laws_lars.py, laws_lars_2020.py and laws_sgd.py.
"""

import pickle

import numpy as np

from lbopt.optim import apply_updates
from tests.optim.problems import USUAL, agree, differ, gradients, weights


def copies(arrays):
    """Arrays of one's own: a wrong optimizer may write into them."""
    return {k: np.array(a) for k, a in arrays.items()}


def updates(opt, w, grads, state=None):
    """Updates of every step, the weights moving with them."""
    w, out = copies(w), []
    state = opt.init(w) if state is None else state
    for g in grads:
        u, state = opt.update(copies(g), state, w)
        w = apply_updates(w, u)
        out.append(copies(u))
    return out


def agree_all(got, want, tolerance=1e-12):
    for a, b in zip(got, want, strict=True):
        agree(a, b, tolerance)


def falling(t):
    """A schedule without two equal values."""
    return 0.5 / (1 + t)


W, GRADS = weights(only=USUAL), gradients(4, only=USUAL)


def length(a):
    return float(np.linalg.norm(np.ravel(a)))


def each_layer_is_independent(make):
    """A rule for one array, lifted: what happens to one layer cannot depend on another's numbers.

    So replacing every other layer's weights and gradients leaves the updates of this one the same
    to the last bit.
    """
    opt = make(falling)
    alone = updates(opt, {"fc.W": W["fc.W"]}, [{"fc.W": g["fc.W"]} for g in GRADS])
    other_w = {k: w if k == "fc.W" else 100 * w for k, w in W.items()}
    other_g = [{k: a if k == "fc.W" else -0.01 * a for k, a in g.items()} for g in GRADS]
    together = updates(opt, other_w, other_g)
    agree_all([{"fc.W": u["fc.W"]} for u in together], alone, 0.0)


def names_and_their_order_do_not_matter(make):
    """Layers are found by key: renaming all keys and reversing each dict renames the updates."""

    def renamed(arrays):
        return {f"z{i}": arrays[k] for i, k in reversed(list(enumerate(W)))}

    opt = make(falling)
    grads = [dict(reversed(g.items())) if t % 2 else g for t, g in enumerate(GRADS)]
    got = updates(opt, renamed(W), [renamed(g) for g in GRADS])
    want = updates(opt, W, grads)
    agree_all(got, [renamed(u) for u in want], 0.0)


def inputs_are_not_overwritten(make):
    """update is a function: gradients, state and weights are the same bytes afterwards."""
    opt, w, g = make(falling), copies(W), copies(GRADS[1])
    u, state = opt.update(copies(GRADS[0]), opt.init(w), w)
    before = pickle.dumps((w, g, state, u))
    opt.update(g, state, w)
    assert pickle.dumps((w, g, state, u)) == before, "an input was written to"


def state_survives_a_round_trip(make):
    """State is a value: saved and loaded after two steps, the rest of the run is the same.

    And it is all there is: an optimizer made anew, given that state, continues the same run.
    """
    opt, w = make(falling), W
    want = updates(opt, W, GRADS)
    state = opt.init(w)
    for g in GRADS[:2]:
        u, state = opt.update(copies(g), state, w)
        w = apply_updates(w, u)
    loaded = pickle.loads(pickle.dumps(state))
    agree_all(updates(make(falling), w, GRADS[2:], loaded), want[2:], 0.0)


def two_runs_do_not_share_memory(make):
    """init gives a fresh start: a second run with the same optimizer repeats the first."""
    opt = make(falling)
    first = updates(opt, W, GRADS)
    agree_all(updates(opt, W, GRADS), first, 0.0)


def half_of(value):
    return {True: False, False: True}.get(value, value / 2) if value is not None else None


def every_hyperparameter_is_alive(make, base):
    """Halving any hyperparameter changes the updates, by 10 000 times the tolerance and more.

    A hyperparameter that is accepted and then dropped (as decay in tinygrad's Muon,
    tinygrad/tinygrad#17709) leaves no other trace than this.
    """
    want = updates(make(**base), W, GRADS)[-1]
    for name, value in base.items():
        other = base | {name: half_of(value)}
        try:
            differ(updates(make(**other), W, GRADS)[-1], want, at_least=1e-8)
        except AssertionError as dead:
            raise AssertionError(f"{name} is dead: {dead}") from None


def descends(make):
    """From a random start, a small step against the gradient of ||w||^2 / 2 shortens w."""
    opt, w = make(1e-3), copies(W)
    after = apply_updates(w, opt.update(copies(W), opt.init(w), w)[0])
    for k in w:
        assert length(after[k]) < length(w[k]), f"{k} grew"


def split_and_merged(make):
    """Updates of two layers of unequal scale, and of the same numbers as one layer (cut again)."""

    def merged(a):
        return {"all": np.concatenate([a["fc.W"].ravel(), a["fc.b"]])}

    def cut(a):
        return {"fc.W": a["all"][:20].reshape(5, 4), "fc.b": a["all"][20:]}

    two = {k: W[k] for k in ("fc.W", "fc.b")}
    grads = [{k: g[k] for k in two} for g in GRADS]
    apart = updates(make(falling), two, grads)
    joined = updates(make(falling), merged(two), [merged(g) for g in grads])
    return apart, [cut(u) for u in joined]


COMMON = [
    each_layer_is_independent,
    names_and_their_order_do_not_matter,
    inputs_are_not_overwritten,
    state_survives_a_round_trip,
    two_runs_do_not_share_memory,
    descends,
]
