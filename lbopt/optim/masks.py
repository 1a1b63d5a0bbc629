"""Which layers a link sees: masks are functions (name, array) -> bool, None means every layer.

Masks are asked for names and shapes only, never for values, so they cost nothing under jit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lbopt.backend import Array
from lbopt.optim.link import Link, State, identity
from lbopt.params import Params, check_like, check_params

Mask = Callable[[str, Array], bool]


def everything(name: str, array: Array) -> bool:
    """Every layer, as the papers write it."""
    return True


def weights_only(name: str, array: Array) -> bool:
    """Weight matrices and kernels: arrays of more than one axis, so no biases and no norms.

    Examples
    --------
    >>> import numpy as np
    >>> weights_only("fc.W", np.ones((3, 4))), weights_only("bn.gamma", np.ones(4))
    (True, False)
    """
    return len(array.shape) > 1


@dataclass(frozen=True)
class NameContains:
    """What `name_contains` returns: a mask that can say what it looked for."""

    parts: tuple[str, ...]

    def __call__(self, name: str, array: Array) -> bool:
        """Tell whether the name contains one of the parts."""
        return any(part in name for part in self.parts)


@dataclass(frozen=True)
class Negated:
    """What `negate` returns."""

    mask: Mask

    def __call__(self, name: str, array: Array) -> bool:
        """Tell whether the mask leaves the layer out."""
        return not self.mask(name, array)


def name_contains(*parts: str) -> Mask:
    """Layers whose name contains one of ``parts``, case-sensitive.

    The recipes refuse one that matches no layer: most likely it is misspelt.

    Examples
    --------
    >>> norms = name_contains("gamma", "beta")
    >>> norms("block0.bn1.gamma", None), norms("block0.conv1.W", None)
    (True, False)
    """
    if not parts or not all(isinstance(p, str) and p for p in parts):
        raise ValueError(f"name_contains needs non-empty strings, got {parts!r}")
    return NameContains(parts)


def negate(mask: Mask) -> Mask:
    """Every layer that ``mask`` leaves out."""
    check_mask(mask)
    return Negated(mask)


def check_mask(mask: Mask) -> None:
    """Refuse a mask that is not a function, a dict of booleans for example."""
    if not callable(mask):
        raise TypeError(
            f"a mask is a function (name, array) -> bool or None, got {type(mask).__name__}; "
            "see lbopt.optim.masks"
        )


def matched(link: Link, **masks: Mask | None) -> Link:
    """Refuse, when ``link`` is initialised, a mask by names that match no layer.

    A function of one's own may keep nobody, and so may `weights_only`.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> opt = optim.lamb(0.1, adapt_mask=negate(name_contains("bais")))
    >>> opt.init({"fc.weight": np.ones((2, 2)), "fc.bias": np.ones(2)})
    Traceback (most recent call last):
    ...
    ValueError: adapt_mask: no layer's name contains 'bais'; the layers are 'fc.weight', 'fc.bias'
    """

    def init(params: Params) -> State:
        check_params(params)
        for argument, mask in masks.items():
            pattern = mask.mask if isinstance(mask, Negated) else mask
            if isinstance(pattern, NameContains) and not any(pattern(k, params[k]) for k in params):
                some = ", ".join(map(repr, list(params)[:5])) + (", ..." if len(params) > 5 else "")
                wanted = " or ".join(map(repr, pattern.parts))
                raise ValueError(
                    f"{argument}: no layer's name contains {wanted}; the layers are {some}"
                )
        return link.init(params)

    return Link(init, link.update)


class MaskedState(NamedTuple):
    """States of the two branches of `masked`."""

    inside: State
    outside: State


def masked(link: Link, mask: Mask | None, otherwise: Link | None = None) -> Link:
    """Apply ``link`` to the layers that ``mask`` keeps and ``otherwise`` (or nothing) to the rest.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> link = masked(optim.add_decayed_weights(0.5), weights_only)
    >>> params = {"W": np.array([[2.0]]), "b": np.array([2.0])}
    >>> zeros = {"W": np.array([[0.0]]), "b": np.array([0.0])}
    >>> link.update(zeros, link.init(params), params)[0]
    {'W': array([[1.]]), 'b': array([0.])}
    """
    rest = identity() if otherwise is None else otherwise
    for part in (link, rest):
        if not isinstance(part, Link):
            raise TypeError(f"masked takes links, got {type(part).__name__}")
    if mask is None:
        return link
    check_mask(mask)

    def split(arrays: Mapping[str, Array], params: Params) -> tuple[Params, Params]:
        inside: Params = {}
        outside: Params = {}
        for name, a in arrays.items():
            (inside if _keeps(mask, name, params[name]) else outside)[name] = a
        return inside, outside

    def init(params: Params) -> MaskedState:
        check_params(params)
        inside, outside = split(params, params)
        return MaskedState(link.init(inside), rest.init(outside))

    def update(
        updates: Mapping[str, Array], state: MaskedState, params: Params
    ) -> tuple[Params, MaskedState]:
        check_like(updates, params, "grads")
        if not isinstance(state, MaskedState):
            raise TypeError(
                f"state is a {type(state).__name__}, not what this masked link's init or update "
                "returned; start with state = link.init(params)"
            )
        u_in, u_out = split(updates, params)
        p_in, p_out = split(params, params)
        u_in, s_in = link.update(u_in, state.inside, p_in)
        u_out, s_out = rest.update(u_out, state.outside, p_out)
        both = u_in | u_out
        return {name: both[name] for name in params}, MaskedState(s_in, s_out)

    return Link(init, update)


def _keeps(mask: Mask, name: str, array: Array) -> bool:
    answer = mask(name, array)
    if answer is not True and answer is not False:  # "no" and None would count as something
        raise TypeError(f"the mask must answer True or False, got {answer!r} for {name!r}")
    return answer
