"""What the plain loops of test_trajectories*.py share: schedule, norms, the loop itself."""

import numpy as np

from lbopt.optim import schedules

STEPS = 25


def gamma(t):
    """Warm-up over 5 steps to 0.3, then 0.3 (1 - s/20)^2."""
    return 0.3 * (t + 1) / 5 if t < 5 else 0.3 * (1 - (t - 5) / 20) ** 2


SCHEDULE = schedules.warmup(schedules.polynomial(0.3, 20, power=2), 5)


def length(a):
    return sum(float(x) ** 2 for x in a.ravel()) ** 0.5


NORMS = {
    "l1": lambda a: sum(abs(float(x)) for x in a.ravel()),
    "l2": length,
    "linf": lambda a: max((abs(float(x)) for x in a.ravel()), default=0.0),
}


def safe(top, bottom, w):
    return top / bottom if length(w) > 0 and bottom > 0 else 1.0


def is_matrix(name, array):
    return len(array.shape) > 1


def run_loop(w, grads, rule):
    """Weights after each step; rule(name, w, g, memory, t) -> new w, with memory of that layer."""
    w, memory, out = dict(w), {k: {} for k in w}, []
    for t, g in enumerate(grads):
        w = {k: np.asarray(rule(k, w[k], g[k], memory[k], t)) for k in w}
        out.append(dict(w))
    return out
