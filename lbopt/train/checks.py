"""What is wrong with data and arguments is said before the first step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lbopt.backend import Array, array_namespace
from lbopt.data.batches import integer
from lbopt.params import check_finite, check_params
from lbopt.train.examples import Examples, arrays_of, holds_numbers


def check_split(split: Any, what: str) -> None:
    """Refuse a split that cannot be trained on or evaluated, naming ``what`` and the remedy.

    Raises
    ------
    TypeError
        It has no ``x`` and ``y``, ``x`` holds neither numbers nor tokens, ``y`` no integers.
    ValueError
        It is empty, ``x`` (or an array of a `models.Batch`) and ``y`` have different lengths, ``y``
        is not one label per example (of a Batch: or one row of them) or is negative, or ``x`` holds
        a NaN or an infinity (the first such example is named).
    """
    if not hasattr(split, "x") or not hasattr(split, "y"):
        raise TypeError(
            f"{what} must have arrays x and y, like data.Split(x, y); got {type(split).__name__}"
        )
    x, y = split.x, split.y
    if isinstance(x, tuple):
        return _check_batch_split(split, what)
    xp = array_namespace(x, y)
    if not xp.isdtype(x.dtype, ("real floating", "signed integer")):  # not the uint8 of pixels
        raise TypeError(
            f"{what}.x must be floating point, got {x.dtype}; convert and standardise it "
            "(tokens: int64)"
        )
    _check_labels(y, what)
    if y.ndim != 1 or x.ndim < 2 or x.shape[0] != y.shape[0]:
        raise ValueError(
            f"{what} needs one label per example: x (N, ...) and y (N,), "
            f"got shapes {tuple(x.shape)} and {tuple(y.shape)}"
        )
    if x.shape[0] == 0:
        raise ValueError(f"{what} is empty: x has shape {tuple(x.shape)}")
    _check_not_negative(y, what)
    if xp.isdtype(x.dtype, "integral"):
        return  # tokens: the model checks their range
    finite = xp.all(xp.isfinite(xp.reshape(x, (x.shape[0], -1))), axis=1)
    if not bool(xp.all(finite)):
        first = int(xp.argmin(xp.astype(finite, xp.int8)))
        bad = x.shape[0] - int(xp.sum(xp.astype(finite, xp.int64)))
        raise ValueError(
            f"{what}.x has NaN or infinite values in {bad} of {x.shape[0]} examples, "
            f"the first is {what}.x[{first}]"
        )


def _check_batch_split(split: Any, what: str) -> None:
    """Check lengths and labels; the fields' dtypes and ranges are the model's business."""
    x, y = split.x, split.y
    if not hasattr(x, "_fields"):
        raise TypeError(f"{what}.x must be an array or a models.Batch, got a plain {_kind(x)}")
    arrays = arrays_of(x, f"{what}.x")
    if not arrays:
        raise ValueError(f"{what}.x is empty: all its fields are None")
    array_namespace(*arrays.values(), y)  # lists, or arrays of two modules, are refused here
    _check_labels(y, what)
    if y.ndim not in (1, 2):
        raise ValueError(f"{what}.y must have shape (N,) or (N, P), got {tuple(y.shape)}")
    for name, a in arrays.items():
        if a.ndim < 1 or a.shape[0] != y.shape[0]:
            raise ValueError(
                f"{name} and {what}.y must have one row per example, got shapes "
                f"{tuple(a.shape)} and {tuple(y.shape)}"
            )
    if 0 in y.shape:
        raise ValueError(f"{what} is empty: y has shape {tuple(y.shape)}")
    _check_not_negative(y, what)


def _check_labels(y: Array, what: str) -> None:
    if not array_namespace(y).isdtype(y.dtype, "integral"):
        raise TypeError(
            f"{what}.y must hold integer class labels, got {y.dtype}; write y.astype('int64') "
            "(one-hot rows: y.argmax(1))"
        )


def _check_not_negative(y: Array, what: str) -> None:
    xp = array_namespace(y)
    if bool(xp.any(y < 0)):
        raise ValueError(f"{what}.y must hold labels of at least 0, got {int(xp.min(y))}")


def check_parts(model: Any, optimizer: Any) -> None:
    """Refuse what is no `models.Model` or no `optim.Link`, naming the argument."""
    if not all(callable(getattr(model, part, None)) for part in ("init", "forward", "statistics")):
        raise TypeError(
            f"model must be a Model, e.g. models.mlp(), got {_shortly(model)} "
            "(the order is fit(model, optimizer, train, ...))"
        )
    if not all(callable(getattr(optimizer, part, None)) for part in ("init", "update")):
        raise TypeError(
            f"optimizer must be a Link, e.g. optim.lars(0.1), got {_shortly(optimizer)}"
        )


def check_params_for(params: Mapping[str, Array], x: Examples) -> None:
    """Refuse parameters that are none, not finite or, if x holds numbers, not of its dtype."""
    check_not_empty(params)
    check_finite(params, "params")
    if not holds_numbers(x):
        return
    for name, w in params.items():
        if str(w.dtype).split(".")[-1] != str(x.dtype).split(".")[-1]:
            raise TypeError(
                f"train.x is {x.dtype}, params[{name!r}] is {w.dtype}; "
                "convert one, e.g. train._replace(x=train.x.astype(...))"
            )


def check_start(start: Any, x: Examples, total: int) -> None:
    """Refuse what is no place to go on from in a run of ``total`` steps."""
    if not isinstance(start, tuple) or len(start) != 3:
        raise TypeError(
            "start must be a Checkpoint(params, state, step), such as Fit.checkpoint; "
            f"got {_shortly(start)}"
        )
    check_params_for(start[0], x)
    if check_count("start.step", start[2], 0) > total:
        raise ValueError(f"start is after step {start[2]}, this run has only {total}")


def check_classes(split: Any, what: str, logits: Array) -> None:
    """Refuse labels for which ``logits``, the model's output for one example, has no place."""
    if getattr(logits, "ndim", None) != 2:
        got = tuple(logits.shape) if hasattr(logits, "shape") else _kind(logits)
        raise ValueError(f"the model's output must be one row of scores per example, got {got}")
    if logits.shape[0] != (labels := math.prod(split.y.shape[1:])):
        raise ValueError(
            f"{what}.y has {labels} labels for each example, the model's output {logits.shape[0]} "
            f"rows of scores; y has shape {tuple(split.y.shape)}"
        )
    classes, most = logits.shape[1], int(array_namespace(split.y).max(split.y))
    if most >= classes:
        raise ValueError(
            f"{what}.y holds the label {most}, the model has {classes} outputs, for labels 0 to "
            f"{classes - 1}"
        )


def check_not_empty(params: Any) -> None:
    """Refuse what is no dict of arrays, and a dict without any."""
    check_params(params)
    if not params:
        raise ValueError("params is empty: there is nothing to train or evaluate")


def check_count(name: str, value: Any, low: int) -> int:
    """Return ``value`` as an int of at least ``low``.

    Examples
    --------
    >>> check_count("epochs", 3, 1)
    3
    >>> check_count("epochs", 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: epochs must be an integer of at least 1, got 0
    """
    number = integer(name, value)
    if number < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {number}")
    return number


def _kind(value: Any) -> str:
    return type(value).__name__


def _shortly(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__
