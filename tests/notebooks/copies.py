"""Copies of a notebook as learners hand them in, with right and wrong answers."""

import json

from tests.notebooks.notebook_files import read, stubs

from grading import course  # isort: skip  (notebook_files puts notebooks on the path)

NAME = "03_large_batches_break_sgd"
RIGHT = {
    1: "def batch_noise(sigma2, N, B):\n    return sigma2 / B * (N - B) / (N - 1)",
    2: "def ramp(base, steps, t):\n    return base * min(1, (t + 1) / steps)",
    3: "def clip(grads, c):\n    n = optim.global_norm(grads)\n"
    "    return {k: g * min(1, c / n) for k, g in grads.items()}",
    4: "def largest_rate(curvature, momentum):\n    return 2 * (1 + momentum) / curvature",
    5: "def signal_and_noise(G_small, b, G_big, B):\n    s = (G_small - G_big) / (1 / b - 1 / B)\n"
    "    return G_big - s / B, s",
}
WRONG = {
    1: ("def batch_noise(sigma2, N, B):\n    return sigma2 / B", "the whole-data law"),
    2: ("def ramp(base, steps, t):\n    return base * min(1, t / steps)", "no-wasted-step law"),
    3: ("clip = lambda grads, c: {k: g / 2 for k, g in grads.items()}", "leave-short-ones law"),
    4: ("def largest_rate(h, m):\n    return 2 / h", "the stability law"),
    5: ("def signal_and_noise(a, b, c, d):\n    return a, c", "the unbiased-signal law"),
}
FIRST = "def batch_noise(sigma2, N, B):\n    return {}\ncheck_1(batch_noise)"
STUB = FIRST.format("...").replace("return ", "")
GOOD = "sigma2 / B * (N - B) / (N - 1)"


def called(source, number):
    name = {e.number: e.name for e in course.exercises("03")}[number]
    return f"{source}\n\n\ncheck_{number}({name})"


def hand_in(path, sources, name=NAME):
    """Write a copy of a notebook with these sources in the cells of its exercises."""
    notebook = read(name)
    for number, stub in stubs(notebook).items():
        cell = next(c for c in notebook.cells if c.source == stub)
        cell.source = sources.get(number, stub)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path
