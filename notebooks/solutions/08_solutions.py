"""Solutions of the exercises in 08_museum_of_wrong_lambs.ipynb, under the names of the stubs."""

from itertools import combinations

import numpy as np

from lbopt import optim


def make_lamb(lr, **hyperparameters):
    """Exercise 1: the state is a value; a dict holds it between steps."""
    link, now = optim.lamb(lr, **hyperparameters), {}

    def step(params, grads):
        u, now["state"] = link.update(grads, now["state"], params)
        return optim.apply_updates(params, u)

    return lambda params: now.update(state=link.init(params)), step


def factor(g, eps):
    """Exercise 2: eps under the root acts like sqrt(eps)."""
    return (abs(g) + eps) / (g * g + eps) ** 0.5


def continuous(make):
    """Exercise 3: a decay of 1e-12 moves nothing that can be seen."""
    w = {"W": np.array([[3.0, 4.0]]), "b": np.array([0.3, 0.5])}
    ends = []
    for decay in (0.0, 1e-12):
        init, step, *_ = make(0.1, weight_decay=decay)
        init(w)
        ends.append(step(w, {k: np.cos(a) for k, a in w.items()}))
    return all(np.allclose(ends[0][k], ends[1][k], rtol=1e-9) for k in w)


def smallest(killed):
    """Exercise 4: one law, then two, then three, until nobody lives."""
    laws = sorted({law for by in killed.values() for law in by})
    for n in range(1, len(laws) + 1):
        for some in combinations(laws, n):
            if all(set(by) & set(some) for by in killed.values()):
                return some


def forgery(lr, b1, b2, eps, weight_decay):
    """Exercise 5: the betas change places; every law about one step is blind to it."""
    return optim.lamb(lr, b1=b2, b2=b1, eps=eps, weight_decay=weight_decay)
