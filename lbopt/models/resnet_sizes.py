"""The residual networks people ask for: small ones for 8x8 to 32x32 images, and the paper's."""

from __future__ import annotations

from typing import NamedTuple

from lbopt.models.checks import check_sizes
from lbopt.models.init import Initialiser, he_normal, normal, zeros
from lbopt.models.layers import ConvShape, Stage, conv_bn, dense, identity, plain, sequence
from lbopt.models.model import Model, build
from lbopt.models.resnet import Block, basic, bottleneck
from lbopt.ops import global_avg_pool2d, max_pool2d


class Stem(NamedTuple):
    """The first convolution, and max pooling (size, stride, padding) after it or None."""

    kernel: int
    stride: int
    padding: int
    pool: tuple[int, int, int] | None


SMALL_STEM = Stem(kernel=3, stride=1, padding=1, pool=None)  # keeps the image's size
IMAGENET_STEM = Stem(kernel=7, stride=2, padding=3, pool=(3, 2, 1))  # divides it by four


def resnet(
    channels: tuple[int, ...] = (8, 16),
    blocks: tuple[int, ...] = (1, 1),
    *,
    inputs: int = 1,
    classes: int = 10,
    block: Block = basic,
    stem: Stem = SMALL_STEM,
    zero_gamma: bool = False,
    weight_init: Initialiser = he_normal,
    head_init: Initialiser = he_normal,
    name: str = "resnet",
) -> Model:
    """Make a residual network: stem, groups of blocks, global average pooling, one dense layer.

    Parameters
    ----------
    channels, blocks : tuples of int, equally long
        Width and number of blocks of each group. Each group but the first halves the image in its
        first block. The stem has ``channels[0]`` channels.
    inputs, classes : int
        Channels of the images; they may have any height and width.
    block : function
        `basic`, `bottleneck` (stride in the 3x3) or `bottleneck_2015` (stride in the first 1x1).
    stem : Stem
        ``SMALL_STEM`` (3x3, no pooling) or ``IMAGENET_STEM`` (7x7 by 2, max pool 3 by 2).
    zero_gamma : bool
        Start the last batch norm of each block from gamma = 0: every block without projection is
        then relu(x) = x at first, and the signal passes unchanged through any depth
        (Goyal et al. 2017, arXiv 1706.02677, sec. 5.1). The price: at the first step the gradient
        of everything inside the blocks but that gamma and beta is exactly zero.
    weight_init, head_init : function (rng, shape) -> array
        For the convolutions and for the dense layer's weight.
    name : str
        What reports call it.

    Returns
    -------
    Model
        Parameters "stem.W", "stem_bn.gamma", "stem_bn.beta", "group1.block1.conv1.W", ...,
        "head.W", "head.b".

    Raises
    ------
    ValueError
        If a size is not a positive integer or the two tuples differ in length.

    Notes
    -----
    He, Zhang, Ren, Sun 2015, "Deep residual learning" (arXiv 1512.03385). Convolutions have no
    bias; batch norm follows each.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.params import count
    >>> rng = np.random.default_rng(0)
    >>> [count(resnet(blocks=n).init(rng)) for n in ((1, 1), (2, 2))]
    [5122, 10978]
    >>> model = resnet(zero_gamma=True)
    >>> model.init(rng)["group1.block1.bn2.gamma"]
    array([0., 0., 0., 0., 0., 0., 0., 0.], dtype=float32)
    """
    if len(channels) != len(blocks) or not channels:
        raise ValueError(f"channels and blocks must be equally long, got {channels} and {blocks}")
    check_sizes(inputs=inputs, classes=classes, stem_kernel=stem.kernel, stem_stride=stem.stride)
    shape = ConvShape(inputs, channels[0], stem.kernel, stem.stride, stem.padding)
    stages: list[Stage] = [conv_bn("stem", "stem_bn", shape, weight_init)]
    if stem.pool is not None:
        size, stride, padding = stem.pool
        stages.append(plain(lambda x: max_pool2d(x, size, stride=stride, padding=padding)))

    width = channels[0]
    for g, (group_width, number) in enumerate(zip(channels, blocks, strict=True), start=1):
        check_sizes(**{f"channels[{g - 1}]": group_width, f"blocks[{g - 1}]": number})
        for b in range(1, number + 1):
            halve = 2 if g > 1 and b == 1 else 1
            block_name = f"group{g}.block{b}"
            stage, width = block(block_name, width, group_width, halve, zero_gamma, weight_init)
            stages.append(stage)

    stages.append(plain(global_avg_pool2d))
    stages.append(dense("head", width, classes, head_init, zeros, act=identity))
    whole = sequence(stages)
    return build(name, whole.layout, whole.run, (None, None, inputs))


def resnet18(classes: int = 1000, *, zero_gamma: bool = False) -> Model:
    """Make ResNet-18 for 224x224x3 images: 11,689,512 parameters at 1000 classes. See `resnet`."""
    return imagenet("resnet18", (2, 2, 2, 2), basic, classes, zero_gamma)


def resnet34(classes: int = 1000, *, zero_gamma: bool = False) -> Model:
    """Make ResNet-34 for 224x224x3 images: 21,797,672 parameters at 1000 classes. See `resnet`."""
    return imagenet("resnet34", (3, 4, 6, 3), basic, classes, zero_gamma)


def resnet50(classes: int = 1000, *, block: Block = bottleneck, zero_gamma: bool = False) -> Model:
    """Make ResNet-50 for 224x224x3 images: 25,557,032 parameters at 1000 classes. See `resnet`.

    ``block=bottleneck_2015`` is the original, with the stride in the first 1x1 convolution.
    """
    return imagenet("resnet50", (3, 4, 6, 3), block, classes, zero_gamma)


def imagenet(
    name: str, blocks: tuple[int, ...], block: Block, classes: int, zero_gamma: bool
) -> Model:
    """Make a ResNet of He et al. 2015, table 1; the dense layer starts from N(0, 0.01²).

    The 0.01 is Goyal et al. 2017, sec. 5.1; the LARS paper does not say.
    """
    return resnet(
        channels=(64, 128, 256, 512),
        blocks=blocks,
        inputs=3,
        classes=classes,
        block=block,
        stem=IMAGENET_STEM,
        zero_gamma=zero_gamma,
        head_init=normal(0.01),
        name=name,
    )
