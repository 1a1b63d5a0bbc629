"""Residual networks: relu(body(x) + shortcut(x)), repeated. Where x forks, see `residual`.

Next to read: ``resnet_sizes.py``, where `resnet` and `resnet50` put blocks together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array
from lbopt.models.init import Initialiser, joined, ones, zeros
from lbopt.models.layers import ConvShape, Stage, conv_bn, identity, plain, sequence
from lbopt.models.model import Back, Stats
from lbopt.ops import relu
from lbopt.params import Params

# (name, inputs, width, stride, zero_gamma, weight_init) -> stage, number of output channels
Block = Callable[[str, int, int, int, bool, Initialiser], tuple[Stage, int]]


def residual(body: Stage, shortcut: Stage) -> Stage:
    """Add what the body computes to what the shortcut passes: y = relu(body(x) + shortcut(x))."""
    run_body, run_shortcut = body.run, shortcut.run

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        h, back_body, used_body = run_body(params, x, stats, rng)
        s, back_shortcut, used_shortcut = run_shortcut(params, x, stats, rng)
        y, back_relu = relu(h + s)

        def back(dy: Array) -> tuple[Params, Array]:
            dsum = back_relu(dy)  # both terms of the sum receive it whole
            grads_shortcut, dx_shortcut = back_shortcut(dsum)
            grads_body, dx_body = back_body(dsum)
            return grads_body | grads_shortcut, dx_body + dx_shortcut  # x forks: gradients add

        return y, back, used_body | used_shortcut

    return Stage(joined(body.layout, shortcut.layout), run)


def shortcut(name: str, inputs: int, outputs: int, stride: int, weight_init: Initialiser) -> Stage:
    """Make the identity where shapes agree, else a projection: a 1x1 convolution with batch norm.

    He et al. 2015 (arXiv 1512.03385), sec. 3.3, option B. Parameters "<name>.shortcut.W" and
    "<name>.shortcut_bn.gamma", ".beta".
    """
    if stride == 1 and inputs == outputs:
        return plain(identity)
    shape = ConvShape(inputs, outputs, kernel=1, stride=stride)
    return conv_bn(f"{name}.shortcut", f"{name}.shortcut_bn", shape, weight_init, act=identity)


def basic(
    name: str, inputs: int, width: int, stride: int, zero_gamma: bool, weight_init: Initialiser
) -> tuple[Stage, int]:
    """Two 3x3 convolutions, the stride in the first (He et al. 2015, figure 5 left; ResNet-18).

    Parameters
    ----------
    name : str
        Prefix of the parameters: "<name>.conv1.W", "<name>.bn1.gamma", ...
    inputs, width, stride : int
        Channels in, channels out, and what the image is divided by.
    zero_gamma : bool
        Start the last batch norm from gamma = 0, so that the block starts as the identity.
    weight_init : function (rng, shape) -> array

    Returns
    -------
    stage, outputs : Stage, int
    """
    body = [
        unit(name, 1, ConvShape(inputs, width, 3, stride, 1), weight_init),
        last_unit(name, 2, ConvShape(width, width, 3, 1, 1), weight_init, zero_gamma),
    ]
    return residual(sequence(body), shortcut(name, inputs, width, stride, weight_init)), width


def bottleneck(
    name: str, inputs: int, width: int, stride: int, zero_gamma: bool, weight_init: Initialiser
) -> tuple[Stage, int]:
    """1x1, 3x3, 1x1 convolutions to four times the width; the stride is in the 3x3.

    Arguments as `basic`. The stride's place is that of Goyal et al. 2017 (arXiv 1706.02677,
    sec. 5.1) and of torchvision (there called v1.5); `bottleneck_2015` is the original. Both have
    the same parameters.
    """
    return bottleneck_strided(name, inputs, width, (1, stride), zero_gamma, weight_init)


def bottleneck_2015(
    name: str, inputs: int, width: int, stride: int, zero_gamma: bool, weight_init: Initialiser
) -> tuple[Stage, int]:
    """1x1, 3x3, 1x1 convolutions to four times the width; the stride is in the first 1x1.

    Arguments as `basic`. He et al. 2015 (arXiv 1512.03385), figure 5 right and table 1.
    """
    return bottleneck_strided(name, inputs, width, (stride, 1), zero_gamma, weight_init)


def bottleneck_strided(
    name: str,
    inputs: int,
    width: int,
    strides: tuple[int, int],
    zero_gamma: bool,
    weight_init: Initialiser,
) -> tuple[Stage, int]:
    """Make a bottleneck with the strides of its first 1x1 and of its 3x3 convolution."""
    outputs = 4 * width
    body = [
        unit(name, 1, ConvShape(inputs, width, 1, strides[0]), weight_init),
        unit(name, 2, ConvShape(width, width, 3, strides[1], 1), weight_init),
        last_unit(name, 3, ConvShape(width, outputs, 1), weight_init, zero_gamma),
    ]
    stride = strides[0] * strides[1]
    return residual(sequence(body), shortcut(name, inputs, outputs, stride, weight_init)), outputs


def unit(name: str, i: int, shape: ConvShape, weight_init: Initialiser) -> Stage:
    """Make convolution i of a block, its batch norm and relu."""
    return conv_bn(f"{name}.conv{i}", f"{name}.bn{i}", shape, weight_init)


def last_unit(
    name: str, i: int, shape: ConvShape, weight_init: Initialiser, zero_gamma: bool
) -> Stage:
    """Make the last convolution of a block and its batch norm; relu comes after the sum."""
    gamma = zeros if zero_gamma else ones
    return conv_bn(f"{name}.conv{i}", f"{name}.bn{i}", shape, weight_init, gamma, act=identity)
