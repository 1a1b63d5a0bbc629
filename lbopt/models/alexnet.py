"""AlexNet: convolutions, relu, local response norm or batch norm, pooling, then three dense layers.

One function, `from_config`, makes every size: the 2012 network for 227x227 images and small ones
for 8x8 digits are two values of `AlexNetConfig`.
"""

from __future__ import annotations

from typing import NamedTuple

from lbopt.models.checks import check_sizes
from lbopt.models.init import Initialiser, constant, he_normal, zeros
from lbopt.models.layers import (
    ConvShape,
    Stage,
    conv_bn,
    conv_relu,
    dense,
    dropped,
    flatten,
    identity,
    plain,
    sequence,
)
from lbopt.models.model import Model, build
from lbopt.ops import local_response_norm, max_pool2d


class Conv(NamedTuple):
    """One convolution of AlexNet and what follows it.

    Attributes
    ----------
    channels, kernel, stride, padding, groups : int
        The convolution; ``groups=2`` is the 2012 network's split over two GPUs.
    norm : "none", "lrn" or "batch"
        "lrn" comes after relu (Krizhevsky et al. 2012, sec. 3.3: relu, LRN, pool);
        "batch" comes before relu and takes the place of the bias (Ioffe and Szegedy 2015).
    pool : (size, stride) or None
        Max pooling at the end.
    bias : float
        What the biases start from (not used with ``norm="batch"``).
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1
    groups: int = 1
    norm: str = "none"
    pool: tuple[int, int] | None = None
    bias: float = 0.0


class AlexNetConfig(NamedTuple):
    """All that tells one AlexNet from another; see `from_config`.

    Attributes
    ----------
    image : (H, W, C)
        The shape of one example; the first dense layer depends on it.
    convs : tuple of Conv
    hidden : tuple of int
        Widths of the dense layers before the last one; dropout follows each of them.
    classes : int
    dropout : float
        Rate in [0, 1); active only when ``forward`` is given an rng.
    conv_init, hidden_init, head_init : function (rng, shape) -> array
        How the weights of the convolutions, hidden dense layers and last layer are drawn.
    hidden_bias : float
        What the biases of the hidden dense layers start from.
    """

    image: tuple[int, int, int]
    convs: tuple[Conv, ...]
    hidden: tuple[int, ...]
    classes: int
    dropout: float = 0.0
    conv_init: Initialiser = he_normal
    hidden_init: Initialiser = he_normal
    head_init: Initialiser = he_normal
    hidden_bias: float = 0.0


def from_config(name: str, config: AlexNetConfig) -> Model:
    """Make the AlexNet that ``config`` describes.

    Parameters are "conv1.W" (KH, KW, C / groups, O), "conv1.b" (or "bn1.gamma", "bn1.beta"), ...,
    then "fc6.W", "fc6.b", ...: the dense layers' numbers continue those of the convolutions.

    Raises
    ------
    ValueError
        If a size is not a positive integer, groups do not divide the channels, the norm is unknown,
        the dropout rate is not in [0, 1), or the image becomes smaller than one pixel on its way.

    Examples
    --------
    >>> import numpy as np
    >>> one = AlexNetConfig(image=(6, 6, 1), convs=(Conv(4, pool=(2, 2)),), hidden=(5,), classes=3)
    >>> params = from_config("tiny", one).init(np.random.default_rng(0))
    >>> {name: W.shape for name, W in params.items() if name.endswith("W")}
    {'conv1.W': (3, 3, 1, 4), 'fc2.W': (36, 5), 'fc3.W': (5, 3)}
    """
    height, width, channels = check_config(config)
    stages: list[Stage] = []
    for i, conv in enumerate(config.convs, start=1):
        shape = check_conv(i, conv, channels)
        stages += conv_stages(i, conv, shape, config.conv_init)
        height, width = (output_size(n, shape, conv.pool) for n in (height, width))
        if min(height, width) < 1:
            raise ValueError(f"image {config.image} is too small: nothing is left after conv{i}")
        channels = conv.channels
    stages.append(plain(flatten))

    first, inputs = len(config.convs) + 1, height * width * channels
    for i, units in enumerate(config.hidden, start=first):
        bias = constant(config.hidden_bias)
        stages.append(dense(f"fc{i}", inputs, units, config.hidden_init, bias))
        if config.dropout > 0:
            stages.append(dropped(config.dropout))
        inputs = units
    last = f"fc{first + len(config.hidden)}"
    stages.append(dense(last, inputs, config.classes, config.head_init, zeros, act=identity))

    whole = sequence(stages)
    return build(name, whole.layout, whole.run, config.image)


def conv_stages(i: int, conv: Conv, shape: ConvShape, weight_init: Initialiser) -> list[Stage]:
    """Make the stages of convolution number i in the paper's order: relu, LRN, pool."""
    if conv.norm == "batch":
        stages = [conv_bn(f"conv{i}", f"bn{i}", shape, weight_init)]
    else:
        stages = [conv_relu(f"conv{i}", shape, weight_init, constant(conv.bias))]
    if conv.norm == "lrn":
        stages.append(plain(local_response_norm))
    if conv.pool is not None:
        size, stride = conv.pool
        stages.append(plain(lambda x: max_pool2d(x, size, stride=stride)))
    return stages


def output_size(n: int, shape: ConvShape, pool: tuple[int, int] | None) -> int:
    """Return the height (or width) after the convolution and its pooling."""
    n = shape.output_size(n)
    return n if pool is None else (n - pool[0]) // pool[1] + 1


def check_config(config: AlexNetConfig) -> tuple[int, int, int]:
    """Refuse a configuration that makes no sense; return its image shape."""
    if len(config.image) != 3:
        raise ValueError(f"image must be (height, width, channels), got {config.image}")
    height, width, channels = config.image
    check_sizes(image_height=height, image_width=width, image_channels=channels)
    check_sizes(classes=config.classes, **{f"hidden{i}": n for i, n in enumerate(config.hidden)})
    if not config.convs:
        raise ValueError("convs is empty: an AlexNet has at least one convolution")
    if not 0 <= config.dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), got {config.dropout}")
    return config.image


def check_conv(i: int, conv: Conv, inputs: int) -> ConvShape:
    """Refuse a convolution that makes no sense, calling it conv<i>; return its geometry."""
    sizes = {"channels": conv.channels, "kernel": conv.kernel, "stride": conv.stride}
    sizes["groups"] = conv.groups
    if conv.pool is not None:
        sizes["pool_size"], sizes["pool_stride"] = conv.pool
    check_sizes(**{f"conv{i}_{what}": n for what, n in sizes.items()})
    if not isinstance(conv.padding, int) or conv.padding < 0:
        raise ValueError(f"conv{i}: padding must be an integer >= 0, got {conv.padding!r}")
    if inputs % conv.groups or conv.channels % conv.groups:
        raise ValueError(
            f"conv{i}: groups={conv.groups} must divide its {inputs} input and {conv.channels} "
            "output channels"
        )
    if conv.norm not in ("none", "lrn", "batch"):
        raise ValueError(f'conv{i}: norm must be "none", "lrn" or "batch", got {conv.norm!r}')
    return ConvShape(inputs, conv.channels, conv.kernel, conv.stride, conv.padding, conv.groups)
