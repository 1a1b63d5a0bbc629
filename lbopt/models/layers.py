"""Stages: pieces of a model that know their parameters' names, joined by `sequence`.

A stage is a layout and a run function of the same form as a model's,
``run(params, x, stats, rng) -> y, back, used``; so a sequence of stages is a stage, and a model is
the outermost one. A stage holds no arrays: it takes from ``params`` the names it owns and hands
back gradients for exactly those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lbopt.backend import Array
from lbopt.models.init import Initialiser, Layout, Tensor, joined, ones, zeros
from lbopt.models.model import Back, Run, Stats
from lbopt.ops import batch_norm, conv2d, dropout, linear, relu
from lbopt.params import Params

Op = Callable[[Array], tuple[Array, Callable[[Array], Array]]]  # x -> y, back


class Stage(NamedTuple):
    """A piece of a model: the parameters it owns and how it runs."""

    layout: Layout
    run: Run


def sequence(stages: Sequence[Stage]) -> Stage:
    """Run stages one after the other, and their pullbacks in the opposite order: the chain rule."""
    runs = [stage.run for stage in stages]

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        h, pullbacks, used = x, [], {}
        for stage_run in runs:
            h, stage_back, stage_used = stage_run(params, h, stats, rng)
            pullbacks.append(stage_back)
            used.update(stage_used)

        def back(dy: Array) -> tuple[Params, Array]:
            dh, grads = dy, {}
            for stage_back in reversed(pullbacks):
                stage_grads, dh = stage_back(dh)
                grads.update(stage_grads)  # no key comes twice: `joined` has seen to it
            return grads, dh

        return h, back, used

    return Stage(joined(*(stage.layout for stage in stages)), run)


def plain(op: Op) -> Stage:
    """Make a stage of an op without parameters, ``op(x) -> y, back``."""

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        y, back_op = op(x)
        return y, lambda dy: ({}, back_op(dy)), {}

    return Stage({}, run)


def identity(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Leave x as it is: an op, for a stage that has no activation."""
    return x, lambda dy: dy


def flatten(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Make (N, H, W, C) into (N, H·W·C): an op."""
    return x.reshape(x.shape[0], -1), lambda dy: dy.reshape(x.shape)


def dropped(rate: float) -> Stage:
    """Drop units at ``rate`` where the model is given an rng; without one, change nothing."""

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        y, back_drop = identity(x) if rng is None else dropout(x, rate, rng)
        return y, lambda dy: ({}, back_drop(dy)), {}

    return Stage({}, run)


def dense(
    name: str,
    inputs: int,
    outputs: int,
    weight_init: Initialiser,
    bias_init: Initialiser,
    act: Op = relu,
) -> Stage:
    """Linear layer: y = act(x W + b), parameters "<name>.W" (inputs, outputs), "<name>.b"."""
    W, b = f"{name}.W", f"{name}.b"
    layout = {W: Tensor((inputs, outputs), weight_init), b: Tensor((outputs,), bias_init)}

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        a, back_linear = linear(x, params[W], params[b])
        y, back_act = act(a)

        def back(dy: Array) -> tuple[Params, Array]:
            da = back_act(dy)
            dx, dW, db = back_linear(da)
            return {W: dW, b: db}, dx

        return y, back, {}

    return Stage(layout, run)


class ConvShape(NamedTuple):
    """The geometry of a square convolution."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def weight(self) -> tuple[int, int, int, int]:
        """Return the shape of W, (KH, KW, C / groups, O)."""
        return (self.kernel, self.kernel, self.inputs // self.groups, self.outputs)

    def output_size(self, size: int) -> int:
        """Return the height (or width) that an input of height ``size`` leads to."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1


def conv_relu(
    name: str, shape: ConvShape, weight_init: Initialiser, bias_init: Initialiser = zeros
) -> Stage:
    """Convolution: y = relu(x * W + b), parameters "<name>.W" and "<name>.b"."""
    W, b = f"{name}.W", f"{name}.b"
    layout = {W: Tensor(shape.weight(), weight_init), b: Tensor((shape.outputs,), bias_init)}
    how = {"stride": shape.stride, "padding": shape.padding, "groups": shape.groups}

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        a, back_conv = conv2d(x, params[W], params[b], **how)  # (N, H, W, O)
        y, back_relu = relu(a)

        def back(dy: Array) -> tuple[Params, Array]:
            da = back_relu(dy)
            dx, dW, db = back_conv(da)
            return {W: dW, b: db}, dx

        return y, back, {}

    return Stage(layout, run)


def conv_bn(
    conv: str,
    bn: str,
    shape: ConvShape,
    weight_init: Initialiser,
    gamma_init: Initialiser = ones,
    act: Op = relu,
) -> Stage:
    """Batch-normalised convolution: y = act(bn(x * W)), "<conv>.W", "<bn>.gamma", "<bn>.beta".

    The convolution has no bias: batch norm subtracts the mean per channel, so a bias would change
    nothing and its gradient would be zero; beta does its work (Ioffe and Szegedy 2015, sec. 3.2).
    """
    W, gamma, beta = f"{conv}.W", f"{bn}.gamma", f"{bn}.beta"
    per_channel = (shape.outputs,)
    layout = {
        W: Tensor(shape.weight(), weight_init),
        gamma: Tensor(per_channel, gamma_init),
        beta: Tensor(per_channel, zeros),
    }
    how = {"stride": shape.stride, "padding": shape.padding, "groups": shape.groups}

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        a, back_conv = conv2d(x, params[W], **how)  # (N, H, W, O)
        given = None if stats is None else stats[bn]
        (n, used), back_norm = batch_norm(a, params[gamma], params[beta], given)
        y, back_act = act(n)

        def back(dy: Array) -> tuple[Params, Array]:
            dn = back_act(dy)
            da, dgamma, dbeta = back_norm(dn)
            dx, dW = back_conv(da)
            return {W: dW, gamma: dgamma, beta: dbeta}, dx

        return y, back, {bn: used}

    return Stage(layout, run)
