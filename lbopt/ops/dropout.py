"""Inverted dropout: what is kept is scaled up, so that nothing has to be done at evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lbopt.backend import Array, uniform_like
from lbopt.checks import check_number
from lbopt.ops.checks import check_cotangent, float_namespace


def dropout(x: Array, rate: float, rng: Any) -> tuple[Array, Callable]:
    """Zero each number with probability ``rate``, divide the others by 1 - rate: E[y] = x.

    Parameters
    ----------
    x : array, any shape
    rate : float
        In [0, 1).
    rng : numpy.random.Generator
        Advanced by one draw per number of ``x``. A ``cupy.random.Generator`` draws on the GPU.

    Returns
    -------
    y : array, the shape of ``x``
    back : function
        ``back(dy) -> dx``, with the mask of the forward pass.

    Notes
    -----
    Srivastava et al. 2014 (JMLR 15) scale the weights by 1 - rate at evaluation instead; here, as
    in most of today's libraries, activations are scaled in training and evaluation calls nothing.

    Examples
    --------
    >>> import numpy as np
    >>> y, back = dropout(np.ones(6), 0.5, np.random.default_rng(0))
    >>> y
    array([2., 0., 0., 0., 2., 2.])
    >>> back(np.arange(6.0))
    array([ 0., 0., 0., 0., 8., 10.])
    """
    xp = float_namespace("dropout", x=x)
    rate = check_number("dropout: rate", rate, 0, 1, below=True)
    keep = xp.astype(uniform_like(rng, x) >= rate, x.dtype) * (1 / (1 - rate))

    def back(dy: Array) -> Array:
        check_cotangent("dropout", dy, keep.shape, x)
        return dy * keep

    return x * keep, back
