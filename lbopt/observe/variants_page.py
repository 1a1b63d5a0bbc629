"""The page docs/variants.md: `python -m lbopt.observe.variants_page > docs/variants.md`."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from lbopt import optim
from lbopt.optim import variants
from lbopt.optim.schedules import polynomial, warmup
from lbopt.optim.variants.facts import LAMB, LARS, Facts
from lbopt.optim.variants.make import VARIANTS
from lbopt.params import Params

STEPS = 10
RATE = warmup(polynomial(0.5, 8, power=1), 3)
LAMB_RATE = warmup(polynomial(0.02, 8, power=1), 3)
DECAY, ETA, MOMENTUM = 0.1, 0.02, 0.9
# the paper's hyperparameters, under every name that a library has for them
MATCHED: dict[str, Any] = {
    **{"betas": (0.9, 0.999), "b1": 0.9, "b2": 0.999, "beta1": 0.9, "beta2": 0.999},
    **{"beta_1": 0.9, "beta_2": 0.999, "momentum": MOMENTUM},
    **dict.fromkeys(("weight_decay", "weight_decay_rate", "wd", "lamb_weight_decay"), DECAY),
    "lars_weight_decay": DECAY,
    **dict.fromkeys(("trust_coefficient", "trust_coeff", "eeta", "eta", "lars_coeff"), ETA),
    "tcoef": ETA,
}
SHAPES = {"fc.W": (8, 6), "fc.b": (6,), "large.W": (8, 8), "dead.W": (3, 2, 2, 2)}
WHAT = {
    "fc.W": "a matrix", "fc.b": "zero weights", "large.W": "norm 40", "dead.W": "no gradient",
}  # fmt: skip


def problem() -> tuple[Params, list[Params]]:
    """Weights and gradients of the page: an ordinary layer and three special ones."""
    rng = np.random.default_rng(20260101)
    w = {k: rng.standard_normal(s) * (5.0 if k == "large.W" else 0.5) for k, s in SHAPES.items()}
    w["fc.b"] = np.zeros(SHAPES["fc.b"])
    grads = [
        {k: (k != "dead.W") * 0.1 * rng.standard_normal(s) for k, s in SHAPES.items()}
        for _ in range(STEPS)
    ]
    return w, grads


def walk(opt: optim.Link) -> Params:
    """Run the problem and return how far the weights of each layer went."""
    w, grads = problem()
    start, state = dict(w), opt.init(w)
    for g in grads:
        updates, state = opt.update(g, state, w)
        w = optim.apply_updates(w, updates)
    return {k: w[k] - start[k] for k in w}


def settings(name: str, nearest: bool) -> dict[str, Any]:
    """Matched hyperparameters; with ``nearest`` also the switches that lead to the paper's form."""
    known = inspect.signature(VARIANTS[name]).parameters
    matched = {k: v for k, v in MATCHED.items() if k in known}
    eps = {"eps": 1e-6, "epsilon": 1e-6} if name in LAMB else {}
    matched |= {k: v for k, v in eps.items() if k in known}
    facts = (LAMB | LARS)[name]
    return matched | (facts.nearest if nearest else {})


def distances(name: str, nearest: bool = False) -> dict[str, float]:
    """Measure ||variant's way - paper's way|| / ||paper's way|| after 10 steps, for each layer.

    The paper's is `optim.lamb` or `optim.lars`, at the same hyperparameters and schedule.

    Examples
    --------
    >>> for nearest in (False, True):
    ...     print({k: shown(d) for k, d in distances("timm_lamb", nearest).items()})
    {'fc.W': '0.025', 'fc.b': '1.7e-03', 'large.W': '0.017', 'dead.W': '0'}
    {'fc.W': '0', 'fc.b': '0', 'large.W': '0', 'dead.W': '0'}
    """
    if name in LAMB:
        rate = LAMB_RATE
        paper = optim.lamb(rate, weight_decay=DECAY)
    else:
        rate = RATE
        paper = optim.lars(rate, momentum=MOMENTUM, weight_decay=DECAY, trust_coefficient=ETA)
        if name == "chainer_lars":  # has no coefficient: its learning rate stands for both
            rate = lambda t: RATE(t) * ETA  # noqa: E731
    way, reference = walk(variants.make(name, rate, **settings(name, nearest))), walk(paper)
    return {k: float(np.linalg.norm(way[k] - p) / np.linalg.norm(p)) for k, p in reference.items()}


def shown(x: float) -> str:
    """Two digits; rounding errors are 0."""
    return "0" if x < 1e-12 else f"{x:.1e}" if x < 0.01 else f"{x:.2g}"


def row(name: str, f: Facts) -> str:
    """One line of a table."""
    near = ", ".join(f"{k}={v:g}" if v == 1e9 else f"{k}={v!r}" for k, v in f.nearest.items())
    nearest = " / ".join(map(shown, distances(name, nearest=True).values()))
    cells = (
        f"`{name}`", f.ratio, f.acts, f.decay, f.clamps, f.correction, f.zero, f.excluded,
        *map(shown, distances(name).values()), f"{nearest} ({near})" if near else "same",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def table(facts: dict[str, Facts], correction: str) -> list[str]:
    """Lay the variants side by side."""
    head = (
        "name", "ratio", "where it acts", "decay", "clamps", correction, "zero rule",
        "not adapted, not decayed", *(f"distance: {k}" for k in WHAT.values()),
        "distances, nearest settings",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return lines + [row(name, f) for name, f in facts.items()]


def signature(name: str) -> str:
    """Name, keywords and defaults, without the two masks that no library has."""
    parameters = list(inspect.signature(VARIANTS[name]).parameters.values())[1:]
    shown_ones = [
        p.name if p.default is p.empty else f"{p.name}={p.default!r}"
        for p in parameters
        if p.name not in ("decay_mask", "adapt_mask")
    ]
    return ", ".join(shown_ones)


PREFACE = """# What each library calls LARS or LAMB

*Generated: `python -m lbopt.observe.variants_page > docs/variants.md`. A test demands that this
page is the generated one.*

Every row is executable: `optim.variants.make(name, learning_rate, **keywords)` takes the
library's own keywords and defaults and returns a chain of links. The masks `decay_mask` and
`adapt_mask` stand for the library's parameter groups: a layer outside `decay_mask` has weight
decay 0, one outside `adapt_mask` has ratio 1, and None leaves the library's own rule.

Symbols: w weights, g gradient, r Adam's direction, u what the ratio is taken of, γ learning rate,
λ and β weight decay, η trust coefficient, v momentum. The papers: LAMB is Algorithm 2 of arXiv
1904.00962, `optim.lamb`; LARS is Algorithm 1 of arXiv 1708.03888, `optim.lars`.

**Distance**: ‖way of the variant − way of the paper's form‖ / ‖way of the paper's form‖ of one
layer after 10 steps: a matrix, a bias that starts at zero, a matrix of norm 40, a 4-D kernel
without gradient. The gradients are random, the schedule rises for 3 steps and falls; decay 0.1,
momentum 0.9, η 0.02, the same ε in every LAMB. The other keywords have the library's defaults; in
the last column those named there are changed to come as near to the paper as the library can (same
four layers). 0: equal to rounding.

**Zero rules** say what happens to a layer with zero gradient, non-zero weights and decay:

| rule | ratio | the layer |
|---|---|---|
| L | 1/λ, literally | shrinks by 1 − γ per step, whatever λ > 0 is (decay in the norm) |
| K | none on the decay | shrinks by 1 − γλ (decoupled decay) |
| A | 1 | keeps its decay at the bare rate: shrinks by 1 − γβ, before momentum |
| D | 1 | decay is dropped: never moves |
| N | η/β, of the norm of the sum | shrinks by 1 − γη, before momentum |
| Z | η/β, from the non-zero denominator | the same as N; this is lbopt's |
| P | 1/β above a threshold of ‖w‖ | as Z, with η in γ |

Layers of zero weights have ratio 1 everywhere but in bitsandbytes, where they never move.

**Checked**: *replayed* means the library runs beside the variant in `make test-peers` (float64,
1e-12 relative; bitsandbytes computes in float32: 5e-6; kozistr's `pre_norm` keeps its norm in
float32: 1e-6). *Recorded*: it ran in an environment of its own and its weights are in
tests/optim/recorded (Paddle and tf-models float64 to 1e-12 and float32 to 1e-6, MXNet float32 to
1e-6; float32 runs of optax, Keras and tinygrad are there too). *Transcribed*: CUDA only, gone, or a
script; the source was written down as plain NumPy in tests/optim/variant_loops_*.py, and that is
what the variant follows to 1e-12.

**Float32 numbers.** Some libraries round hyperparameters to float32 whatever the weights are, and
the variants do as they do: Paddle (all but the learning rate), MXNet's LAMB (all), tf-models
(learning rate, and LAMB's betas and decay), tinygrad (learning rate, powers of beta); that is where
distances near 1e-8 and 1e-6 come from. Where weights are float32, optax, Keras, tf-models, MXNet,
Paddle and tinygrad also take 1 − βᵗ in float32, which is 1.3e-5 off for 0.999, and apex and
DeepSpeed round their numbers; the others compute those in float64.

**Keywords** that are not listed below are refused: by name with the reason if the library has them
(`foreach`, `multi_precision`, `grad_clip`, ...), as unknown if it has not.
"""


def page() -> str:
    """Write the whole page."""
    lines = [PREFACE, "## LAMB\n", *table(LAMB, "bias correction")]
    lines += ["\n## LARS\n", *table(LARS, "momentum"), "\n## Keywords, defaults, sources\n"]
    for name in variants.names():
        f = (LAMB | LARS)[name]
        statement = (inspect.getdoc(VARIANTS[name]) or "").partition("\n")[0]
        lines.append(f"**`{name}`** ({f.source}; {f.checked}) `{signature(name)}`  ")
        lines.append(re.sub(r":math:`([^`]*)`", r"$\1$", statement) + "\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
