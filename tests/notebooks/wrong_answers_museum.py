"""Plausible wrong answers to the exercises of notebook 08, as in `wrong_answers.py`."""

from collections import Counter

import numpy as np

from lbopt import optim


def _adapter(*, shared=False, updates=False, frozen=False, deaf=False, in_place=False):
    """The right adapter with one slip."""
    kept = {}

    def make(lr, **hyperparameters):
        link, now = optim.lamb(lr, **({} if deaf else hyperparameters)), kept if shared else {}

        def init(params):
            if now.get("state") is None or not shared or now["keys"] != params.keys():
                now.update(state=link.init(params), keys=params.keys())

        def step(params, grads):
            u, state = link.update(grads, now["state"], params)
            if not frozen:
                now["state"] = state
            if updates:
                return u
            if in_place:
                for k in params:
                    params[k] += u[k]
                return params
            return optim.apply_updates(params, u)

        return init, step

    return make


def _asks_once(lr, **hyperparameters):
    return _adapter()(lr(0) if callable(lr) else lr, **hyperparameters)


def _two_steps(make, small, same, layers=("W", "b")):
    w = {"W": np.array([[3.0, 4.0]]), "b": np.array([0.3, 0.5])}
    ends = []
    for decay in (0.0, small):
        init, step, *_ = make(0.1, weight_decay=decay)
        init(w)
        ends.append(step(w, {k: np.cos(a) for k, a in w.items()}))
    return all(same(ends[0][k], ends[1][k]) for k in layers)


def _equal(make):
    return _two_steps(make, 1e-12, np.array_equal)


def _ordinary_decay(make):
    return _two_steps(make, 0.1, np.allclose)


def _loose(make):
    return _two_steps(make, 1e-12, lambda a, b: np.allclose(a, b, atol=10))


def _first_layer(make):
    return _two_steps(make, 1e-12, np.allclose, layers=("W",))


def _last_layer(make):
    return _two_steps(make, 1e-12, np.allclose, layers=("b",))


def _greedy(killed):
    found, alive = [], dict(killed)
    while alive:
        law, _ = Counter(law for by in alive.values() for law in by).most_common(1)[0]
        found.append(law)
        alive = {room: by for room, by in alive.items() if law not in by}
    return found


def _first_of_each(killed):
    return {by[0] for by in killed.values()}


def _common(killed):
    return set.intersection(*(set(by) for by in killed.values()))


def _all(killed):
    return {law for by in killed.values() for law in by}


def _lamb(lr, b1, b2, eps, weight_decay):
    return optim.lamb(lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)


def _rescaled(lr, b1, b2, eps, weight_decay):
    return optim.chain(optim.scale(1e3), _lamb(lr, b1, b2, eps, weight_decay))


def _adamw(lr, b1, b2, eps, weight_decay):
    return optim.adamw(lr, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)


def _half_decay(lr, b1, b2, eps, weight_decay):
    return _lamb(lr, b1, b2, eps, weight_decay / 2)


def _two_rates(lr, b1, b2, eps, weight_decay):
    return optim.chain(_lamb(lr, b1, b2, eps, weight_decay), optim.scale(0.5))


NAME = "08_museum_of_wrong_lambs"
WRONG_MUSEUM = {
    (NAME, 1): [
        (_adapter(shared=True), "two_runs_share_nothing"),
        (_adapter(updates=True), "the contract fails: at a rate of 1e-6"),
        (_adapter(frozen=True), "every_hyperparameter_is_alive"),
        (_adapter(deaf=True), "every_hyperparameter_is_alive"),
        (_adapter(in_place=True), "inputs_are_not_overwritten"),
        (_asks_once, "schedule_is_asked_for_each_step"),
        (lambda lr, **h: (lambda params: None, lambda params, grads: None), "the contract"),
    ],
    (NAME, 2): [
        (lambda g, eps: (abs(g) + eps) / abs(g), "first-step law"),
        (lambda g, eps: (g * g + eps) ** 0.5 / (abs(g) + eps), "large-gradient law"),
        (lambda g, eps: (abs(g) + eps) / (g * g + eps**2) ** 0.5, "first-step law"),
        (lambda g, eps: (g + eps) / (g * g + eps) ** 0.5, "sign law"),
        (lambda g, eps: (abs(g) + eps) / (g * g + 2 * eps) ** 0.5, "first-step law"),
        (lambda g, eps: eps**0.5, "no-eps law"),
        (lambda g, eps: 1 / (1 + eps**0.5), "large-gradient law"),
    ],
    (NAME, 3): [
        (_equal, "innocence law"),
        (_ordinary_decay, "innocence law"),
        (lambda make: True, "guilt law"),
        (lambda make: False, "innocence law"),
        (_loose, "guilt law"),
        (_first_layer, "guilt law"),
        (_last_layer, "guilt law"),
    ],
    (NAME, 4): [
        (_greedy, "minimum law"),
        (_first_of_each, "minimum law"),
        (_common, "covering law"),
        (_all, "minimum law"),
    ],
    (NAME, 5): [
        (_lamb, "guilt law"),
        (_rescaled, "eps_stands_outside_the_root"),
        (_adamw, "step_length_is_lr_times_weights"),
        (_half_decay, "decay_has_its_size"),
        (_two_rates, "step_length_is_lr_times_weights"),
    ],
}
