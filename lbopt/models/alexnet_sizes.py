"""The four AlexNets people ask for: small or full size, with local response norm or batch norm."""

from __future__ import annotations

from lbopt.models.alexnet import AlexNetConfig, Conv, from_config
from lbopt.models.init import Initialiser, he_normal, normal
from lbopt.models.model import Model


def alexnet(
    image: tuple[int, int, int] = (8, 8, 1),
    *,
    channels: tuple[int, ...] = (8, 16, 16, 16, 16),
    hidden: tuple[int, ...] = (32, 32),
    classes: int = 10,
    lrn: bool = True,
    dropout: float = 0.0,
    weight_init: Initialiser = he_normal,
) -> Model:
    """Make a small AlexNet for images of 8x8 to 32x32: five 3x3 convolutions, three dense layers.

    Parameters
    ----------
    image : (H, W, C)
    channels : tuple of int
        One per convolution; the first two are followed by LRN and 2x2 max pooling.
    hidden : tuple of int
        Widths of the dense layers before the last.
    classes : int
    lrn : bool
        True is the 2012 network in small. With False there is no normalisation at all, which is
        the setting in which large batches hurt most.
    dropout : float
        Rate after each hidden dense layer; active only when ``forward`` is given an rng.
    weight_init : function (rng, shape) -> array
        For all weights; biases start from 0.

    Raises
    ------
    ValueError
        If a size makes no sense (see `lbopt.models.alexnet.from_config`).

    Notes
    -----
    Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural
    networks"; the full size is `alexnet_full`.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.params import count
    >>> [count(alexnet(image).init(np.random.default_rng(0))) for image in ((8, 8, 1), (32, 32, 3))]
    [11674, 42538]
    """
    config = small(image, channels, hidden, classes, "lrn" if lrn else "none", dropout, weight_init)
    return from_config("alexnet" if lrn else "alexnet-without-lrn", config)


def alexnet_bn(
    image: tuple[int, int, int] = (8, 8, 1),
    *,
    channels: tuple[int, ...] = (8, 16, 16, 16, 16),
    hidden: tuple[int, ...] = (32, 32),
    classes: int = 10,
    dropout: float = 0.0,
    weight_init: Initialiser = he_normal,
) -> Model:
    """Make a small AlexNet-BN: `alexnet` with batch norm instead of local response norm.

    Every convolution is followed by batch norm, then relu, and has no bias of its own (beta is its
    bias). The LARS paper says that AlexNet-BN replaces LRN by batch norm and does not list the
    layers. Taken literally that would be two batch norms, after the relu of conv1 and conv2; here
    all five convolutions have one, before relu, as batch norm's own paper does it.

    Parameters are those of `alexnet`.

    Notes
    -----
    You, Gitman, Ginsburg 2017 (arXiv 1708.03888); Ioffe and Szegedy 2015 (arXiv 1502.03167),
    sec. 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> model = alexnet_bn()
    >>> params = model.init(np.random.default_rng(0))
    >>> list(params)[:4]
    ['conv1.W', 'bn1.gamma', 'bn1.beta', 'conv2.W']
    >>> x = np.random.default_rng(1).standard_normal((32, 8, 8, 1), dtype=np.float32)
    >>> stats = model.statistics(params, x)
    >>> sorted(stats)
    ['bn1', 'bn2', 'bn3', 'bn4', 'bn5']
    >>> y_train, _ = model.forward(params, x)
    >>> y_eval, _ = model.forward(params, x[:5], stats=stats)  # these five by the 32's statistics
    >>> bool(np.allclose(y_train[:5], y_eval, atol=1e-5))
    True
    """
    config = small(image, channels, hidden, classes, "batch", dropout, weight_init)
    return from_config("alexnet_bn", config)


def alexnet_full(classes: int = 1000, *, groups: int = 2, dropout: float = 0.5) -> Model:
    """Make AlexNet for 227x227x3 images, as in the 2012 paper.

    Parameters
    ----------
    classes : int
    groups : 1 or 2
        2: conv2, conv4 and conv5 see only the half of the channels that is on their GPU, the two
        columns of the paper's figure 2: 60,965,224 parameters at 1000 classes.
        1: they see all channels, as in most one-GPU versions: 62,378,344 parameters.
    dropout : float
        Rate after fc6 and fc7; active only when ``forward`` is given an rng.

    Notes
    -----
    Krizhevsky, Sutskever, Hinton 2012. Their text gives 224x224 images, for which the sizes of
    their figure 2 do not come out; 227 is what gives 55x55 after conv1.
    Weights start from N(0, 0.01²), those of fc6 and fc7 from N(0, 0.005²); biases of conv2, conv4,
    conv5, fc6, fc7 from 0.1, others from 0. These are the values of the widely used BVLC version
    (github.com/BVLC/caffe, models/bvlc_alexnet/train_val.prototxt); the paper has std 0.01
    everywhere and 1 instead of 0.1.

    Examples
    --------
    >>> alexnet_full().name, alexnet_full(groups=1).name
    ('alexnet_full-groups2', 'alexnet_full-groups1')
    """
    return from_config(f"alexnet_full-groups{groups}", full(classes, groups, dropout, batch=False))


def alexnet_bn_full(classes: int = 1000, *, groups: int = 2, dropout: float = 0.5) -> Model:
    """Make AlexNet-BN for 227x227x3 images: `alexnet_full` with batch norm as in `alexnet_bn`.

    60,966,600 parameters at 1000 classes with ``groups=2``, 62,379,720 with ``groups=1``: each of
    the 1376 convolution channels has gamma and beta where it had a bias.

    Examples
    --------
    >>> alexnet_bn_full().name
    'alexnet_bn_full-groups2'
    """
    name = f"alexnet_bn_full-groups{groups}"
    return from_config(name, full(classes, groups, dropout, batch=True))


def small(
    image: tuple[int, int, int],
    channels: tuple[int, ...],
    hidden: tuple[int, ...],
    classes: int,
    norm: str,
    dropout: float,
    weight_init: Initialiser,
) -> AlexNetConfig:
    """Configure five (or so) 3x3 convolutions that fit a small image."""
    convs = []
    for i, width in enumerate(channels):
        early = i < 2  # the paper's LRN layers, and its first two pools
        norm_here = norm if early or norm == "batch" else "none"
        convs.append(Conv(width, norm=norm_here, pool=(2, 2) if early else None))
    inits = (weight_init, weight_init, weight_init)
    return AlexNetConfig(image, tuple(convs), tuple(hidden), classes, dropout, *inits)


def full(classes: int, groups: int, dropout: float, *, batch: bool) -> AlexNetConfig:
    """Configure the 2012 network; ``batch``: batch norm everywhere instead of LRN after two."""
    if groups not in (1, 2):
        raise ValueError(
            f"groups must be 1 (one column) or 2 (two columns, as in 2012), got {groups}"
        )
    first, later = ("batch", "batch") if batch else ("lrn", "none")
    overlapping = (3, 2)  # pools of 3, 2 apart (sec. 3.4)
    return AlexNetConfig(
        image=(227, 227, 3),
        convs=(
            Conv(96, 11, stride=4, padding=0, norm=first, pool=overlapping),
            Conv(256, 5, padding=2, groups=groups, norm=first, pool=overlapping, bias=0.1),
            Conv(384, norm=later),
            Conv(384, groups=groups, norm=later, bias=0.1),
            Conv(256, groups=groups, norm=later, pool=overlapping, bias=0.1),
        ),
        hidden=(4096, 4096),
        classes=classes,
        dropout=dropout,
        conv_init=normal(0.01),
        hidden_init=normal(0.005),
        head_init=normal(0.01),
        hidden_bias=0.1,
    )
