"""What stands for parameter groups and name lists: masks, and LARS for the four kinds of layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lbopt.backend import Array
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link
from lbopt.optim.masks import Mask, masked
from lbopt.optim.variants.ratios import Ratio, with_ratio


def nobody(name: str, array: Array) -> bool:
    """Keep no layer."""
    return False


def both(one: Mask | None, other: Mask | None) -> Mask | None:
    """Keep the layers that both masks keep; None keeps all."""
    if one is None or other is None:
        return other if one is None else one
    return lambda name, array: one(name, array) and other(name, array)


def not_matching(patterns: Sequence[str] | None, suffix: str = "") -> Mask | None:
    """Keep the layers whose name + suffix matches no regular expression of a list (None: all)."""
    if not patterns:
        return None
    return lambda name, array: not any(re.search(p, name + suffix) for p in patterns)


Tree = bool | Mapping[str, bool] | Callable[[dict[str, Array]], Mapping[str, bool]] | None


def from_tree(keyword: str, tree: Tree) -> Mask | None:
    """Read optax's masks: True or None (every layer), False, a dict by name, a function to a dict.

    The function is given one layer at a time.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.ones((2, 2))
    >>> from_tree("mask", {"W": True, "b": False})("b", w)
    False
    >>> from_tree("mask", lambda params: {k: a.ndim > 1 for k, a in params.items()})("W", w)
    True
    """
    if tree is None or tree is True:
        return None
    if tree is False:
        return nobody

    def keeps(name: str, array: Array) -> bool:
        answers = tree({name: array}) if callable(tree) else tree
        if not isinstance(answers, Mapping) or name not in answers:
            raise ValueError(
                f"{keyword} must be a dict that has every layer: nothing about {name!r}"
            )
        return answers[name]

    return keeps


def not_containing(parts: Sequence[str] | None) -> Mask | None:
    """Keep the layers whose name contains none of a list (None: every layer)."""
    if not parts:
        return None
    return lambda name, array: not any(p in name for p in parts)


def adapted_if_decayed(
    weight_decay: float, decay_mask: Mask | None, adapt_mask: Mask | None, always: bool
) -> Mask | None:
    """Tie the ratio to the decay: a group without decay is not adapted, unless ``always``.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.optim.masks import weights_only
    >>> mask = adapted_if_decayed(0.1, weights_only, None, always=False)
    >>> mask("fc.W", np.ones((2, 2))), mask("fc.b", np.ones(2))
    (True, False)
    >>> adapted_if_decayed(0.0, weights_only, None, always=False)("fc.W", np.ones((2, 2)))
    False
    """
    if always:
        return adapt_mask
    return nobody if weight_decay == 0 else both(decay_mask, adapt_mask)


def four_kinds(
    kind: Callable[[float, bool], Link],
    weight_decay: float,
    decay_mask: Mask | None,
    adapt_mask: Mask | None,
) -> Link:
    """Give each layer the link ``kind(its weight decay, is it adapted)``."""
    undecayed = masked(kind(0.0, True), adapt_mask, otherwise=kind(0.0, False))
    if weight_decay == 0:
        return undecayed
    decayed = masked(kind(weight_decay, True), adapt_mask, otherwise=kind(weight_decay, False))
    return masked(decayed, decay_mask, otherwise=undecayed)


def lars_of(
    ratio: Callable[[float], Ratio],
    weight_decay: float,
    decay_mask: Mask | None,
    adapt_mask: Mask | None,
    add: Callable[[float], Link] = add_decayed_weights,
) -> Link:
    """Multiply decayed gradients by ``ratio(weight_decay)`` of the bare ones; masks are groups."""

    def kind(decay: float, adapted: bool) -> Link:
        return with_ratio(ratio(decay), add(decay)) if adapted else add_decayed_weights(decay)

    return four_kinds(kind, weight_decay, decay_mask, adapt_mask)
