"""Is ``back`` the transpose of the derivative? <u, J v> = <J' u, v> for random u, v, in float64.

J v comes from a central difference of the forward pass alone, J' u from ``back``: two independent
ways to one number. Each argument is moved on its own, because the gradient of a small bias can hide
in a sum, and then all together.

The tolerance is derived, not chosen. The difference quotient with step h errs by

* truncation, h^2/6 times a third derivative: a step of 2 h makes it four times as large, so that
  |D(2h) - D(h)| / 3 estimates it;
* rounding of the two values that are subtracted: eps sum |u| (|f+| + |f-|) / 2h, times a constant
  for the operations inside f.

Both are relative to sum |u| |D(h)|, as the error is; where the derivative nearly vanishes (a bias
in front of a batch norm), to ``NEGLIGIBLE`` sum |u| |f|. A check whose tolerance comes out above
``BLIND`` proves nothing (a kink, a wild function) and fails for that reason. Kinks (relu, largest
pixel) are avoided by construction: see `away_from_zero` and `well_separated`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # balances truncation and rounding of a central difference
ROUNDING = (
    32  # roundings inside f, as a multiple of eps of its value; wrong gradients err by 1e-3 up
)
BLIND = 1e-5
NEGLIGIBLE = 1e-3


class Gap(NamedTuple):
    """How far <u, J v> and <J' u, v> are apart when ``argument`` moves, both relative."""

    argument: str
    error: float
    tolerance: float

    def __str__(self) -> str:
        verdict = "ok" if self.error <= self.tolerance else "WRONG"
        if not self.tolerance <= BLIND:
            verdict = f"BLIND: a tolerance above {BLIND:.0e} proves nothing"
        return (
            f"{self.argument:>12}: error {self.error:.1e}, tolerance {self.tolerance:.1e} {verdict}"
        )

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance <= BLIND


def check_adjoint(f: Callable, *args: Any, names: tuple[str, ...] = (), seed: int = 0) -> list[Gap]:
    """Assert that ``y, back = f(*args)`` has the right ``back``; print and return the gaps.

    ``back(u)`` gives one cotangent per floating array of ``args``, in order (a single one bare);
    everything else (integers, None) is held fixed.
    """
    gaps = adjoint_gaps(f, *args, names=names, seed=seed)
    report = "\n".join(map(str, gaps))
    print(report)
    assert all(gap.ok for gap in gaps), f"<u, Jv> and <J'u, v> differ:\n{report}"
    return gaps


def adjoint_gaps(f: Callable, *args: Any, names: tuple[str, ...] = (), seed: int = 0) -> list[Gap]:
    rng = np.random.default_rng(seed)
    moving = [k for k, a in enumerate(args) if isinstance(a, np.ndarray) and a.dtype == np.float64]
    assert moving, "no float64 array among the arguments: nothing to check"
    assert len(names) in (0, len(args)), f"{len(args)} arguments, {len(names)} names"
    y, back = f(*args)
    u = rng.standard_normal(np.shape(y))
    cotangents = back(u)
    if not isinstance(cotangents, tuple):
        cotangents = (cotangents,)
    assert len(cotangents) == len(moving), (
        f"back returned {len(cotangents)} cotangents for {len(moving)} floating arrays"
    )
    du = dict(zip(moving, cotangents, strict=True))
    for k in moving:
        assert du[k].shape == args[k].shape, f"argument {k}: {du[k].shape} for {args[k].shape}"
        assert du[k].dtype == args[k].dtype, f"argument {k}: cotangent has dtype {du[k].dtype}"

    gaps = []
    for chosen in [[k] for k in moving] + ([moving] if len(moving) > 1 else []):
        v = {k: rng.standard_normal(args[k].shape) * _size(args[k]) for k in chosen}
        label = (
            (names[chosen[0]] if names else f"argument {chosen[0]}") if len(chosen) == 1 else "all"
        )
        gaps.append(_gap(label, f, args, u, v, du))
    return gaps


def _gap(label: str, f: Callable, args: tuple, u: Any, v: dict, du: dict) -> Gap:
    def moved(h: float) -> Any:
        return f(*(a + h * v[k] if k in v else a for k, a in enumerate(args)))[0]

    plus, minus = moved(STEP), moved(-STEP)
    near = (plus - minus) / (2 * STEP)  # J v
    far = (moved(2 * STEP) - moved(-2 * STEP)) / (4 * STEP)
    left, right = np.sum(u * near), sum(np.sum(du[k] * v[k]) for k in v)
    scale = max(np.sum(np.abs(u * near)), NEGLIGIBLE * np.sum(np.abs(u * plus))) or 1.0
    truncation = abs(np.sum(u * (far - near))) / 3
    rounding = ROUNDING * EPS * np.sum(np.abs(u) * (np.abs(plus) + np.abs(minus))) / (2 * STEP)
    tolerance = 2 * truncation + rounding  # 2: the estimate is itself of first order only
    return Gap(label, float(abs(left - right) / scale), float(tolerance / scale))


def _size(a: np.ndarray) -> float:
    return float(np.sqrt(np.mean(a * a))) or 1.0 if a.size else 1.0


def check_model_adjoint(
    forward: Callable, params: Mapping[str, np.ndarray], x: np.ndarray, *, seed: int = 0
) -> list[Gap]:
    """`check_adjoint` for a model: ``y, back = forward(params, x)``, ``back(dy) -> dparams, dx``.

    Every parameter is moved on its own and all together; if ``x`` is floating, so is ``x``. The
    keys of dparams must be those of params.
    """
    keys = list(params)

    def f(*leaves: Any) -> tuple:
        y, back = forward(dict(zip(keys, leaves, strict=False)), leaves[-1])

        def flat_back(dy: Any) -> tuple:
            dparams, dx = back(dy)
            assert dparams.keys() == params.keys(), (
                f"keys differ: {sorted(dparams.keys() ^ params.keys())}"
            )
            dleaves = tuple(dparams[k] for k in keys)
            return (*dleaves, dx) if x.dtype == np.float64 else dleaves

        return y, flat_back

    return check_adjoint(f, *params.values(), x, names=(*keys, "x"), seed=seed)


def away_from_zero(
    rng: np.random.Generator, shape: tuple[int, ...], gap: float = 0.1
) -> np.ndarray:
    """Normal numbers pushed out of (-gap, gap): no kink of relu within reach of a step."""
    z = rng.standard_normal(shape)
    return z + np.copysign(gap, z)


def well_separated(
    rng: np.random.Generator, shape: tuple[int, ...], gap: float = 0.1
) -> np.ndarray:
    """Shuffled numbers at least ``gap`` apart: no step changes which one is the largest."""
    n = int(np.prod(shape))
    return (gap * (rng.permutation(n) - n / 2)).reshape(shape)
