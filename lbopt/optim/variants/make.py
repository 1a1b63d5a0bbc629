"""Find a variant by name, and check the keywords it is given."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from lbopt.optim.checks import Schedule, check_flag, check_learning_rate, check_number
from lbopt.optim.link import Link
from lbopt.optim.masks import check_mask, matched
from lbopt.optim.variants import (
    jax_and_tf,
    kozistr,
    mxnet_and_paddle,
    other_frameworks,
    tfmodels,
    torch_libraries,
    torch_ports,
)
from lbopt.optim.variants.refused import reason

VARIANTS: dict[str, Callable[..., Link]] = {
    "optax_lamb": jax_and_tf.optax_lamb,
    "timm_lamb": torch_libraries.timm_lamb,
    "apex_fused_lamb": torch_libraries.apex_fused_lamb,
    "deepspeed_fused_lamb": torch_libraries.deepspeed_fused_lamb,
    "tfmodels_lamb": tfmodels.tfmodels_lamb,
    "keras_lamb": jax_and_tf.keras_lamb,
    "tinygrad_lamb": other_frameworks.tinygrad_lamb,
    "mxnet_lamb": mxnet_and_paddle.mxnet_lamb,
    "paddle_lamb": mxnet_and_paddle.paddle_lamb,
    "flash_lamb": torch_ports.flash_lamb,
    "kozistr_lamb": kozistr.kozistr_lamb,
    "torch_optimizer_lamb": torch_ports.torch_optimizer_lamb,
    "cybertronai_lamb": torch_ports.cybertronai_lamb,
    "nvidia_dle_lamb": torch_ports.nvidia_dle_lamb,
    "bitsandbytes_lamb": torch_ports.bitsandbytes_lamb,
    "optax_lars": jax_and_tf.optax_lars,
    "timm_lars": torch_libraries.timm_lars,
    "apex_larc": torch_libraries.apex_larc,
    "tfmodels_lars": tfmodels.tfmodels_lars,
    "mlperf_lars": jax_and_tf.mlperf_lars,
    "tinygrad_lars": other_frameworks.tinygrad_lars,
    "mxnet_lars": mxnet_and_paddle.mxnet_lars,
    "paddle_lars": mxnet_and_paddle.paddle_lars,
    "flash_lars": torch_ports.flash_lars,
    "bolts_lars": torch_ports.bolts_lars,
    "kozistr_lars": kozistr.kozistr_lars,
    "torch_optimizer_lars": torch_ports.torch_optimizer_lars,
    "chainer_lars": other_frameworks.chainer_lars,
    "bitsandbytes_lars": torch_ports.bitsandbytes_lars,
}

# What a number may be, by keyword: (lowest, highest, lowest left out, highest left out). Keywords
# that are not here have a flag for a default, or are >= 0.
_RANGES: dict[str, tuple[float, float, bool, bool]] = {
    **dict.fromkeys(("b1", "b2", "beta1", "beta2"), (0, 1, False, True)),
    **dict.fromkeys(("beta_1", "beta_2", "momentum"), (0, 1, False, True)),
    "dampening": (0, 1, False, False),
    "adanorm_r": (0, 1, False, False),
    "n_sma_threshold": (4, inf, False, False),
    "rescale_grad": (-inf, inf, False, False),
}
_POSITIVE = {
    "trust_coefficient", "trust_coeff", "eeta", "eta", "lars_coeff", "clipnorm", "clipvalue",
    "global_clipnorm", "clip_gradient", "max_lr", "max_coeff",
}  # fmt: skip
_ZERO_IS_OFF = {"deepspeed_fused_lamb", "kozistr_lamb"}  # whose max_grad_norm may be 0
_TREES = {"mask", "weight_decay_mask", "trust_ratio_mask"}
_SCHEDULES = {("optax_lamb", "weight_decay"), ("optax_lars", "weight_decay")}
_NAME_LISTS = {"exclude_from_weight_decay", "exclude_from_layer_adaptation", "skip_list"}


def names() -> tuple[str, ...]:
    """List the variants: LAMBs first, then LARSs.

    Examples
    --------
    >>> len(names()), names()[:3]
    (29, ('optax_lamb', 'timm_lamb', 'apex_fused_lamb'))
    """
    return tuple(VARIANTS)


def make(name: str, /, learning_rate: float | Schedule, **hyperparameters: Any) -> Link:
    """Build what a library calls LARS or LAMB, by the library's own keywords and defaults.

    Parameters
    ----------
    name : str
        One of `names`; docs/variants.md has them side by side.
    learning_rate : float or function of the step 0, 1, 2, ...
    **hyperparameters
        The library's keywords that change the result, with the library's defaults, and two masks
        that stand for its parameter groups: ``decay_mask`` (layers outside it are a group of
        weight decay 0) and ``adapt_mask`` (layers outside it have ratio 1). None leaves the
        library's own rule.

    Raises
    ------
    ValueError
        Unknown name or value out of range.
    TypeError
        Unknown keyword (the known ones are listed), or one that the library has and this variant
        has not (the reason is given): ``foreach`` and ``fused`` choose a kernel, not an algorithm.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([30.0, 40.0])}
    >>> grads = {"W": np.array([1.0, -2.0])}
    >>> for name in ("optax_lamb", "torch_optimizer_lamb", "kozistr_lamb", "bitsandbytes_lamb"):
    ...     opt = make(name, 0.1)
    ...     opt.update(grads, opt.init(params), params)[0]["W"].round(2)
    array([-3.54, 3.54])
    array([-0.71, 0.71])
    array([-7.07, 7.07])
    array([-0.1, 0.1])
    """
    if name not in VARIANTS:
        raise ValueError(f"unknown variant {name!r}; known: {', '.join(VARIANTS)}")
    make_it = VARIANTS[name]
    known = list(inspect.signature(make_it).parameters.values())[1:]
    unknown = sorted(hyperparameters.keys() - {p.name for p in known})
    if unknown:
        _refuse(name, unknown, ", ".join(p.name for p in known))
    check_learning_rate(learning_rate)
    for p in known:
        if p.name in hyperparameters:
            _check(name, p, hyperparameters[p.name])
        elif p.default is p.empty:
            raise TypeError(f"{name} needs {p.name}=..., as the library does")
    masks = {k: hyperparameters.get(k) for k in ("decay_mask", "adapt_mask")}
    return matched(make_it(learning_rate, **hyperparameters), **masks)


def _refuse(name: str, keywords: list[str], known: str) -> None:
    for keyword in keywords:
        why = reason(name, keyword)
        if why is not None:
            raise TypeError(
                f"{name} does not take {keyword!r}, which the library has: {why}. Taken: {known}"
            )
    raise TypeError(f"{name} has no keyword {', '.join(map(repr, keywords))}; known: {known}")


def _check(variant: str, keyword: inspect.Parameter, value: Any) -> None:
    name, default = keyword.name, keyword.default
    if name in ("decay_mask", "adapt_mask"):
        if value is not None:
            check_mask(value)
    elif name in _TREES:
        if not (value is None or isinstance(value, bool | Mapping) or callable(value)):
            raise TypeError(
                f"{name} must be True, False, None, a dict of them by layer or a function from "
                f"parameters to such a dict, got {type(value).__name__}"
            )
    elif isinstance(default, bool):
        check_flag(name, value)
    elif callable(value) and (variant, name) in _SCHEDULES:
        return
    elif name == "betas":
        _check_betas(value)
    elif name in _NAME_LISTS:
        _check_names(name, value, expressions=variant.startswith("tfmodels"))
    elif value is not None or not (default is None or name == "max_grad_norm"):
        off = name == "max_grad_norm" and variant not in _ZERO_IS_OFF
        above = name in _POSITIVE or off
        low, high, above, below = _RANGES.get(name, (0, inf, above, False))
        check_number(name, value, low, high, above=above, below=below)
    elif name == "max_grad_norm" and variant != "timm_lamb":
        raise ValueError("max_grad_norm=None must be a number; None is timm's way to switch it off")


def _check_betas(value: Any) -> None:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"betas={value!r} must be a pair of numbers in [0, 1)")
    for i, b in enumerate(value):
        check_number(f"betas[{i}]", b, 0, 1, below=True)


def _check_names(name: str, value: Any, *, expressions: bool) -> None:
    if value is None:
        return
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"{name}={value!r} must be a list of strings or None")
    if not all(isinstance(part, str) and part for part in value):
        raise ValueError(f"{name}={value!r} must hold non-empty strings")
    if expressions:
        for part in value:
            try:
                re.compile(part)
            except re.error as e:
                raise ValueError(f"{name} has {part!r}, no regular expression: {e}") from None
