"""Solutions of the exercises in 05_lamb.ipynb, under the names of the stubs."""

import numpy as np

from lbopt import optim


def first_step(w, g, rate):
    """Exercise 1: the sign has length sqrt(d), d the entries that have one."""
    u = np.sign(g)
    return w - rate * np.linalg.norm(w) / np.linalg.norm(u) * u


def correction(t, b1, b2):
    """Exercise 2: m grows by the divisor b1 leaves, the root of v by that of b2."""
    return (1 - b2**t) ** 0.5 / (1 - b1**t)


def lamb_ratio(w, r, decay, phi):
    """Exercise 3: phi sees ||w|| alone; 1 where the formula has nothing to say."""
    w_norm, u_norm = np.linalg.norm(w), np.linalg.norm(r + decay * w)
    return phi(w_norm) / u_norm if w_norm > 0 and u_norm > 0 else 1


def my_lamb(rate, b1, b2, eps, decay):
    """Exercise 4: Algorithm 2 read from top to bottom."""
    return optim.chain(
        optim.scale_by_adam(b1, b2, eps),
        optim.add_decayed_weights(decay),
        optim.scale_by_trust_ratio(),
        optim.scale_by_learning_rate(rate),
    )


def which(opt):
    """Exercise 5: only LAMB's step has a length that does not depend on the gradient."""
    w, lengths = {"w": np.ones(2)}, []
    for g in ([1.0, 0.0], [1.0, 1.0]):
        u, _ = opt.update({"w": np.array(g)}, opt.init(w), w)
        lengths.append(np.linalg.norm(u["w"]))
    return "lamb" if np.isclose(*lengths) else "adamw"
