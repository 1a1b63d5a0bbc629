"""What a model is: three functions. Here they are joined, and every input is checked once.

A model is written as a *run* function, ``run(params, x, stats, rng) -> y, back, used``: ``used``
holds the batch-norm statistics that were used, and ``back(dy) -> dparams, dx``. `build` puts the
checks around it and returns a `Model`. Next to read: ``mlp.py``, the whole idea in thirty lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lbopt.backend import Array
from lbopt.models.checks import check_call, check_state
from lbopt.models.init import Layout
from lbopt.params import Params

Stats = dict[str, tuple[Array, Array]]  # batch-norm layer -> (mean, variance) per channel
Back = Callable[[Array], tuple[Params, Array]]
Run = Callable[
    [Mapping[str, Array], Array, Mapping[str, Any] | None, Any], tuple[Array, Back, Stats]
]


class Model(NamedTuple):
    """Three pure functions; a model holds no arrays, so one model serves any number of runs.

    Attributes
    ----------
    name : str
        What reports call it.
    init : function
        ``init(rng, dtype=numpy.float32) -> params``: a flat dict name -> NumPy array, in the order
        of the layers. ``rng`` is a ``numpy.random.Generator``.
    forward : function
        ``forward(params, x, *, stats=None, rng=None) -> y, back`` and ``back(dy) -> dparams, dx``,
        with the keys of params. ``stats=None``: batch norms use the statistics of this batch, and
        the gradient goes through them (training). ``stats=dict``: those are constants (evaluation).
        ``rng`` given: dropout is active (training); ``rng=None``: there is none.
    statistics : function
        ``statistics(params, x) -> dict name -> (mean, variance)``: what the batch norms see on this
        batch, to be given to ``forward`` as ``stats``; ``{}`` for a model without batch norm.

    Notes
    -----
    Statistics are passed in and returned, never stored. A model that updates running averages
    inside ``forward`` is not a function of its arguments any more: its gradient cannot be checked,
    two runs cannot share it, and after 15-60 large-batch steps the averages lag far behind the
    weights. To recompute them on the training set before evaluation is one call of ``statistics``.

    Examples
    --------
    >>> from lbopt import models
    >>> model = models.mlp(inputs=4, hidden=3, layers=2, classes=2)
    >>> params = model.init(np.random.default_rng(0))
    >>> list(params)
    ['layer0.W', 'layer0.b', 'layer1.W', 'layer1.b']
    >>> y, back = model.forward(params, np.ones((5, 4), np.float32))
    >>> dparams, dx = back(np.ones_like(y))
    >>> y.shape, dx.shape, dparams["layer1.b"]
    ((5, 2), (5, 4), array([5., 5.], dtype=float32))
    """

    name: str
    init: Callable[..., Params]
    forward: Callable[..., tuple[Array, Back]]
    statistics: Callable[..., Stats]


def build(name: str, layout: Layout, run: Run, x_shape: tuple[int | None, ...] | None) -> Model:
    """Make a `Model` of a parameter layout and a run function; check what callers can get wrong.

    Parameters
    ----------
    name : str
    layout : dict name -> Tensor
        In the order of the layers. Names that end in ``.gamma`` are batch norms and own statistics.
    run : function
        ``run(params, x, stats, rng) -> y, back, used``, as described at the head of this file.
    x_shape : tuple or None
        The shape of one example, None for a free axis; None altogether where ``run`` checks it.
    """
    norms = {
        key.removesuffix(".gamma"): t.shape for key, t in layout.items() if key.endswith(".gamma")
    }

    def init(rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng must be a numpy.random.Generator, got {type(rng).__name__}; "
                "write numpy.random.default_rng(seed)"
            )
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"dtype must be floating point, got {np.dtype(dtype)}")
        return {key: t.draw(rng, t.shape).astype(dtype, copy=False) for key, t in layout.items()}

    def forward(
        params: Mapping[str, Array],
        x: Array,
        *,
        stats: Mapping[str, Any] | None = None,
        rng: Any = None,
    ) -> tuple[Array, Back]:
        check_call(params, x, layout, x_shape)
        check_state(stats, rng, norms)
        y, back, _ = run(params, x, stats, rng)
        y_shape, y_dtype = y.shape, y.dtype

        def back_model(dy: Array) -> tuple[Params, Array]:
            if getattr(dy, "shape", None) != y_shape or dy.dtype != y_dtype:
                got = f"{getattr(dy, 'shape', type(dy).__name__)} {getattr(dy, 'dtype', '')}"
                raise ValueError(f"dy must be like y, shape {y_shape} {y_dtype}; got {got}")
            grads, dx = back(dy)
            if len(grads) != len(layout):
                raise AssertionError(f"{name}: gradients {list(grads)} for layout {list(layout)}")
            return {key: grads[key] for key in layout}, dx  # the keys of params, in layer order

        return y, back_model

    def statistics(params: Mapping[str, Array], x: Array) -> Stats:
        check_call(params, x, layout, x_shape)
        if not norms:
            return {}
        return run(params, x, None, None)[2]

    return Model(name, init, forward, statistics)
