"""A plain multilayer perceptron: the model to read first, its backward written out in full."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lbopt.backend import Array
from lbopt.models.checks import check_sizes
from lbopt.models.init import Initialiser, Layout, Tensor, he_normal, zeros
from lbopt.models.model import Back, Model, Stats, build
from lbopt.ops import linear, relu
from lbopt.params import Params


def mlp(
    inputs: int = 64,
    hidden: int = 64,
    layers: int = 8,
    classes: int = 10,
    *,
    weight_init: Initialiser = he_normal,
    bias_init: Initialiser = zeros,
) -> Model:
    r"""A chain of linear layers with relu between them and no normalisation.

    .. math:: h_0 = x, \qquad h_{i+1} = \max(0, h_i W_i + b_i), \qquad y = h_{L-1} W_{L-1} + b_{L-1}

    Parameters
    ----------
    inputs : int
        Numbers per example; x of shape (N, ...) is flattened to (N, inputs), and dx is as x was.
    hidden, layers, classes : int
        Width of the inner layers, number L of linear layers, number of outputs.
    weight_init, bias_init : function (rng, shape) -> array
        From `lbopt.models.init`; He et al. (2015) and zero unless given.

    Returns
    -------
    Model
        Parameters "layer0.W" (inputs, hidden), "layer0.b" (hidden,), ..., in layer order.

    Raises
    ------
    ValueError
        If a size is not a positive integer.

    Notes
    -----
    The defaults (8 layers of 64 on the 8x8 digits, no normalisation) are deep enough that large
    batches hurt plain momentum (``python -m lbopt demo --studies mlp``).
    Multiplying one weight matrix by c > 0 and the next by 1/c, while biases are zero, leaves the
    function as it is but multiplies the two layers' ||w||/||g|| by c² and 1/c²: rules that adapt
    layer by layer can be told apart that way from rules that do not.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.params import count
    >>> model = mlp()
    >>> params = model.init(np.random.default_rng(0))
    >>> count(params)
    29770
    >>> x = np.random.default_rng(1).standard_normal((32, 8, 8, 1), dtype=np.float32)
    >>> y, back = model.forward(params, x)
    >>> dparams, dx = back(np.ones_like(y))
    >>> y.shape, dx.shape, list(dparams) == list(params)
    ((32, 10), (32, 8, 8, 1), True)
    """
    check_sizes(inputs=inputs, hidden=hidden, layers=layers, classes=classes)
    widths = [inputs, *[hidden] * (layers - 1), classes]
    names = [(f"layer{i}.W", f"layer{i}.b") for i in range(layers)]
    layout: Layout = {}
    for i, (W, b) in enumerate(names):
        layout[W] = Tensor((widths[i], widths[i + 1]), weight_init)
        layout[b] = Tensor((widths[i + 1],), bias_init)
    inner, (W_last, b_last) = names[:-1], names[-1]

    def run(
        params: Mapping[str, Array], x: Array, stats: Any, rng: Any
    ) -> tuple[Array, Back, Stats]:
        n = x.shape[0]
        if math.prod(x.shape[1:]) != inputs:
            raise ValueError(f"x must have {inputs} numbers per example (N, ...), got {x.shape}")
        h, pullbacks = x.reshape(n, inputs), []  # (N, inputs)
        for W, b in inner:
            a, back_linear = linear(h, params[W], params[b])  # (N, hidden)
            h, back_relu = relu(a)
            pullbacks.append((back_linear, back_relu))
        y, back_last = linear(h, params[W_last], params[b_last])  # (N, classes)

        def back(dy: Array) -> tuple[Params, Array]:
            grads: Params = {}
            dh, grads[W_last], grads[b_last] = back_last(dy)
            for (W, b), (back_linear, back_relu) in zip(inner[::-1], pullbacks[::-1], strict=True):
                da = back_relu(dh)
                dh, grads[W], grads[b] = back_linear(da)
            return grads, dh.reshape(x.shape)

        return y, back, {}

    return build(f"mlp{layers}", layout, run, x_shape=None)
