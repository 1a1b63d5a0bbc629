"""Models that read integers: a `Model` as in model.py, but x is numbers of tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.models.checks import check_state
from lbopt.models.init import Layout
from lbopt.models.model import Model, Stats, build
from lbopt.params import Params

# run(params, x, rng) -> y, back;  back(dy) -> dparams, dx
TokenRun = Callable[[Mapping[str, Array], Any, Any], tuple[Any, Callable]]


def build_on_tokens(
    name: str, layout: Layout, run: TokenRun, check: Callable[[Any, Mapping[str, Array]], None]
) -> Model:
    """Make a `Model` of a layout and a run function; check what callers can get wrong.

    Parameters
    ----------
    name : str
    layout : dict name -> Tensor
    run : function
        ``run(params, x, rng) -> y, back``, where y is an array or a NamedTuple of arrays.
    check : function
        ``check(x, params)`` refuses an x that cannot be read.
    """

    def forward(
        params: Mapping[str, Array], x: Any, *, stats: Any = None, rng: Any = None
    ) -> tuple[Any, Callable]:
        check_layout(params, layout)
        check(x, params)
        check_state(stats, rng, {})
        y, back = run(params, x, rng)

        def back_model(dy: Any) -> tuple[Params, Any]:
            check_like_y(dy, y)
            grads, dx = back(dy)
            if len(grads) != len(layout):
                raise AssertionError(f"{name}: gradients {list(grads)} for layout {list(layout)}")
            return {key: grads[key] for key in layout}, dx  # the keys of params, in layer order

        return y, back_model

    def statistics(params: Mapping[str, Array], x: Any) -> Stats:
        check_layout(params, layout)
        check(x, params)
        return {}  # layer norms need none: a row is normalised by itself

    init = build(name, layout, _never, None).init
    return Model(name, init, forward, statistics)


def check_layout(params: Mapping[str, Array], layout: Layout) -> None:
    """Refuse params that are not of this layout, or not all of one module and dtype."""
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict name -> array, got {type(params).__name__}")
    if params.keys() != layout.keys():
        missing = sorted(layout.keys() - params.keys())[:5]
        extra = sorted(params.keys() - layout.keys())[:5]
        raise ValueError(
            f"params must have this model's keys (see model.init); {missing=}, {extra=}"
        )
    first = next(iter(layout))
    for key, tensor in layout.items():
        p = params[key]
        if type(p) is not type(params[first]):  # cheap; the slow question only where types differ
            array_namespace(params[first], p)
        if p.shape != tensor.shape:
            raise ValueError(f"params[{key!r}] must have shape {tensor.shape}, got {p.shape}")
        if p.dtype != params[first].dtype:
            raise TypeError(
                f"params[{first!r}] has dtype {params[first].dtype}, params[{key!r}] has "
                f"{p.dtype}; convert one of them"
            )


def check_like_y(dy: Any, y: Any) -> None:
    """Refuse a cotangent that is not like the output: nothing is broadcast."""
    if isinstance(y, tuple):
        if type(dy) is not type(y):
            raise TypeError(f"dy must be {type(y).__name__}, like y; got {type(dy).__name__}")
        for d, part in zip(dy, y, strict=True):
            check_like_y(d, part)
    elif getattr(dy, "shape", None) != y.shape or dy.dtype != y.dtype:
        got = f"{getattr(dy, 'shape', type(dy).__name__)} {getattr(dy, 'dtype', '')}"
        raise ValueError(f"dy must be like y, shape {y.shape} {y.dtype}; got {got}")


def _never(*_: Any) -> Any:
    raise AssertionError("build was asked for init alone")
