"""Laws of every optimizer here: layers, names, arrays, memory."""

from __future__ import annotations

import numpy as np

from lbopt.conformance import problem
from lbopt.conformance.contract import ContractError, NotOfferedError, copies, read
from lbopt.conformance.lab import Lab, Measurement, size
from lbopt.conformance.law import EVERY, GRADS, RATE, Law, W, full, unless, usual


def contract(lab: Lab) -> Measurement:
    """``step`` takes and returns dicts of arrays with the same names and shapes.

    And of finite numbers, for ordinary weights and gradients: with NaN all else would be NaN.
    """
    for t, w in enumerate(lab.run(usual(lab), W, GRADS[:2], RATE)):
        for k, a in w.items():
            if not np.isfinite(a).all():
                raise ContractError(f"step {t} returned NaN or infinite numbers in {k!r}")
    return Measurement(0.0, 0.0)


def layers_are_independent(lab: Lab) -> Measurement:
    """A rule for one layer, lifted: one layer's numbers cannot move another.

    So one layer alone moves as it does beside others of another size, whose gradients are other
    ones. A ratio or a clip over all layers breaks this.
    """
    h, names = usual(lab), ("fc.weight",)
    alone = lab.run(h, problem.only(names, W), [problem.only(names, g) for g in GRADS], RATE)
    w = {k: a if k in names else 64 * a for k, a in W.items()}
    grads = [{k: a if k in names else -16 * a for k, a in g.items()} for g in GRADS]
    together = [problem.only(names, w) for w in lab.run(h, w, grads, RATE)]
    m = lab.same(alone, together)
    return m._replace(detail="" if not m.broken else "'fc.weight' moves otherwise beside others")


def names_do_not_matter(lab: Lab) -> Measurement:
    """Layers are found by key: other names, and dicts in another order, move the same numbers.

    A rule by name (nothing called bias or norm) shows as much as memory kept by position.
    """
    new = {k: f"z{i}" for i, k in enumerate(W)}

    def renamed(arrays: dict, backwards: bool = True) -> dict:
        pairs = [(new[k], a) for k, a in arrays.items()]
        return dict(reversed(pairs) if backwards else pairs)

    h = full(lab)
    want = [renamed(w) for w in lab.run(h, W, GRADS, RATE)]
    optimizer, params = lab.build(h, RATE), copies(renamed(W), lab.dtype)
    optimizer.init(copies(params))
    path = [copies(params, np.float64)]
    for t, g in enumerate(GRADS):
        mine = copies(dict(sorted(params.items(), reverse=t % 2 == 0)))
        params = read(optimizer.step(mine, copies(renamed(g, t % 3 == 0), lab.dtype)), params)
        path.append(copies(params, np.float64))
    m = lab.same(want, path)
    if not m.broken:
        return m
    old = {v: k for k, v in new.items()}
    detail = m.detail
    for z, k in old.items():
        detail = detail.replace(f"'{z}'", f"'{k}'")
    return m._replace(detail=detail)


def every_layer_moves(lab: Lab) -> Measurement:
    """Weights and gradients are not zero, so no layer stands still: 3 steps of the usual settings.

    Measured: layers that move less than a thousandth of their way in some step.
    """
    h = usual(lab)
    path = lab.run(h, W, GRADS[:3], RATE)
    still: dict[str, int] = {}
    for t, want in enumerate(lab.predict(h, path, GRADS[:3], RATE)):
        for k, u in want.items():
            moved = size(path[t + 1][k] - path[t][k])
            if moved < 1e-3 * size(u.value):
                still.setdefault(k, t + 1)
    order = {next(iter(W)): "the first layer, ", list(W)[-1]: "the last layer, "}
    named = [f"{k!r} ({order.get(k, '')}{W[k].ndim}-D) at step {t}" for k, t in still.items()]
    return Measurement(float(len(still)), 0.0, f"still: {', '.join(named)}" if named else "")


def inputs_are_not_overwritten(lab: Lab) -> Measurement:
    """The weights and gradients given to ``step`` hold the same numbers afterwards."""
    optimizer, params = lab.build(usual(lab), RATE), copies(W, lab.dtype)
    optimizer.init(copies(params))
    spoiled: list[str] = []
    for g in GRADS[:2]:
        mine, grads = copies(params), copies(g, lab.dtype)
        before = {"weights": copies(mine), "gradients": copies(grads)}
        out = optimizer.step(mine, grads)
        params = read(out, params)
        for what, now in (("weights", mine), ("gradients", grads)):
            if any(not np.array_equal(before[what][k], now[k]) for k in now):
                spoiled.append(what)
    detail = f"written into: {' and '.join(dict.fromkeys(spoiled))}" if spoiled else ""
    return Measurement(float(len(spoiled)), 0.0, detail)


def two_runs_share_nothing(lab: Lab) -> Measurement:
    """Two optimizers of one factory, taking turns, do what each does alone."""
    h, others = full(lab), [problem.times(-4.0, g) for g in GRADS]
    alone = lab.run(h, W, GRADS, RATE)
    first, second = lab.build(h, RATE), lab.build(h, RATE)
    a, b = copies(W, lab.dtype), copies(W, lab.dtype)
    first.init(copies(a))
    second.init(copies(b))
    path = [copies(a, np.float64)]
    for g, other in zip(GRADS, others, strict=True):
        b = read(second.step(copies(b), copies(other, lab.dtype)), b)
        a = read(first.step(copies(a), copies(g, lab.dtype)), a)
        path.append(copies(a, np.float64))
    return lab.same(alone, path, operations=4)


def state_survives_a_save(lab: Lab) -> Measurement:
    """State, taken out after two steps and given to an optimizer made anew, continues the run.

    Where the factory offers ``save`` and ``load``. With a schedule if it takes one: the step count
    is a part of the state.
    """
    for lr in (problem.falling, RATE):
        h = full(lab)
        try:
            optimizer = lab.build(h, lr)
            if optimizer.save is None or optimizer.load is None:
                raise NotOfferedError("the factory offers no save and load")
            want = lab.run(h, W, GRADS, lr)
        except NotOfferedError:
            if lr is RATE:
                raise
            continue
        first = lab.follow(optimizer, W, GRADS[:2])
        saved = optimizer.save()
        after = lab.build(h, lr)
        params = copies(first[-1], lab.dtype)
        after.init(copies(params))
        assert after.load is not None
        after.load(saved)
        path = [copies(params, np.float64)]
        for g in GRADS[2:]:
            params = read(after.step(copies(params), copies(g, lab.dtype)), params)
            path.append(copies(params, np.float64))
        return lab.same(want[2:], path, operations=4)
    raise AssertionError("unreachable")


def a_scalar_is_a_layer(lab: Lab) -> Measurement:
    """A 0-d array is a layer of one number: it moves as the same number does with one axis.

    An optimizer that raises on it does not offer it.
    """
    h = usual(lab)

    def run(shape: tuple[int, ...]) -> list:
        one = {"scale": np.full(shape, 3.0), "fc.bias": W["fc.bias"]}
        grads = [{"scale": np.full(shape, g["head.b"][0]), "fc.bias": g["fc.bias"]} for g in GRADS]
        return lab.run(h, one, grads, RATE)

    want = [w | {"scale": w["scale"][0]} for w in run((1,))]
    try:
        path = run(())
    except (NotOfferedError, ContractError):
        raise
    except Exception as e:
        raise NotOfferedError(f"0-d arrays: {type(e).__name__}: {e}") from e
    return lab.same(want, path)


def an_empty_layer_is_harmless(lab: Lab) -> Measurement:
    """An array without entries has nothing to move, and others move as if it were not there."""
    h, empty, names = usual(lab), {"empty": np.zeros((0, 3))}, ("fc.bias",)
    w, grads = problem.only(names, W), [problem.only(names, g) for g in GRADS]
    beside = lab.run(h, empty | w, [empty | g for g in grads], RATE)
    return lab.same(lab.run(h, w, grads, RATE), [problem.only(names, w) for w in beside])


def a_late_gradient_is_welcome(lab: Lab) -> Measurement:
    """A layer whose gradient is zero for two steps then moves by the formula at t = 3 and t = 4.

    The averages of zeros are zeros, and count: nothing starts anew with the first gradient. Held
    against the formula at the weights that are seen before steps 3 and 4, with eps and decay, as
    LAMB forgets its correction without. LARS without momentum: what it does without a gradient is
    left open, and would stay in the buffer. If the formula is broken with all gradients there, too,
    nothing can be told.
    """
    h = full(lab, **({"momentum": 0.0} if lab.claim.name == "lars" else {}))
    late = ("fc.weight", "LayerNorm.gamma")
    grads = [{k: 0 * a if k in late and t < 2 else a for k, a in g.items()}
             for t, g in enumerate(GRADS)]  # fmt: skip

    def end(grads: list) -> Measurement:
        path = lab.run(h, W, grads, RATE)
        return lab.compare(path[2:], lab.predict(h, path, grads, RATE)[2:], late)

    return unless(end(grads), lambda: end(GRADS), "where no gradient is late")


LAWS = (
    Law(contract, EVERY,
        "what step returns is not a dict of finite arrays like the ones it was given"),
    Law(inputs_are_not_overwritten, EVERY, "step writes into the arrays it is given"),
    Law(two_runs_share_nothing, EVERY,
        "two optimizers of one factory share memory (a mutable default, a module's or a class's "
        "variable)"),
    Law(state_survives_a_save, EVERY, "what is saved is not the whole state: a loaded run differs"),
    Law(layers_are_independent, EVERY,
        "one layer's step depends on other layers: a norm, ratio or clip over all of them"),
    Law(names_do_not_matter, EVERY,
        "the result depends on what layers are called, or on the order of the dict: memory kept by "
        "position, or a rule by name"),
    Law(every_layer_moves, EVERY, "a layer with weights and gradient stands still: it is skipped"),
    Law(a_scalar_is_a_layer, EVERY,
        "a parameter without axes (0-d) does not move as one with a single entry does"),
    Law(an_empty_layer_is_harmless, EVERY, "an array without entries breaks it", "range"),
)  # fmt: skip
LATE = Law(
    a_late_gradient_is_welcome,
    EVERY,
    "a layer whose gradients are zero at first and come later does not take the formula's "
    "step: NaN from 0/0, or moments or step counts that start late",
)
