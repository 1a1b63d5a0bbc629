"""A link: one step of an optimizer, written for ONE array and lifted over the dict here.

An optimizer is a chain of links in the paper's order (optax's vocabulary). A link is a pair of
pure functions::

    state = link.init(params)
    updates, state = link.update(grads, state, params)
    params = apply_updates(params, updates)

State is a value: nested tuples and dicts of arrays and one step count. It prints, saves
(`lbopt.train.save`) and compares (`same_state`); nothing is hidden in an object. Returned arrays
may be shared between updates and state, so treat all of them as values: do not write into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lbopt.backend import Array, array_namespace
from lbopt.params import Params, check_like, check_params

State = Any  # whatever a link's init returns: a nest of NamedTuples, dicts, arrays and ints
Memory = dict[str, Array]  # what a rule remembers of one array between steps: {} if nothing


class Link(NamedTuple):
    """A pair of pure functions; see the module's first lines for how they are called.

    Attributes
    ----------
    init : params -> state
    update : (grads, state, params) -> (updates, state)
        ``grads`` and ``params`` are dicts with the same keys, shapes, dtypes and devices; a
        difference is an error that names the key, raised before anything is computed. Values are
        not looked at (that would synchronise a GPU and break jit): NaN in, NaN out.
        `lbopt.params.check_finite` names the culprits.
    """

    init: Callable[[Params], State]
    update: Callable[[Mapping[str, Array], State, Params], tuple[Params, State]]


class LinkState(NamedTuple):
    """State of a lifted rule: steps taken so far, and the memory of each layer by name."""

    step: int
    layers: dict[str, Memory]


Rule = Callable[[Array, Memory, Array, Any], tuple[Array, Memory]]


def no_memory(_w: Array) -> Memory:
    """Initialise the memory of a rule that remembers nothing."""
    return {}


def layerwise(rule: Rule, remember: Callable[[Array], Memory] = no_memory) -> Link:
    """Lift a rule for one array to dicts of arrays: the one place where that happens.

    Parameters
    ----------
    rule : (u, memory, w, step) -> (u, memory)
        ``u`` is the layer's update so far (the gradient, for the first link), ``w`` its weights,
        ``step`` counts 0, 1, 2, ...
    remember : w -> memory
        The layer's memory before the first step.

    Examples
    --------
    >>> import numpy as np
    >>> half = layerwise(lambda u, memory, w, step: (u / 2, memory))
    >>> params = {"W": np.array([1.0, 2.0])}
    >>> half.update({"W": np.array([8.0, 4.0])}, half.init(params), params)
    ({'W': array([4., 2.])}, LinkState(step=1, layers={'W': {}}))
    """

    def init(params: Params) -> LinkState:
        check_params(params)
        return LinkState(0, {name: remember(w) for name, w in params.items()})

    def update(
        updates: Mapping[str, Array], state: LinkState, params: Params
    ) -> tuple[Params, LinkState]:
        check_like(updates, params, "grads")
        check_state(state, params)
        out, layers = {}, {}
        for name, w in params.items():
            try:
                u, layers[name] = rule(updates[name], state.layers[name], w, state.step)
            except KeyError as lacking:
                raise TypeError(
                    f"state of {name!r} has no {lacking}: it is another optimizer's; "
                    "start with state = link.init(params)"
                ) from lacking
            # NumPy turns arithmetic on 0-d arrays into scalars; an array in is an array out
            out[name] = u if w.shape else array_namespace(w).asarray(u)
        return out, LinkState(state.step + 1, layers)

    return Link(init, update)


def check_state(state: Any, params: Params) -> None:
    """Refuse a state that is not a `LinkState` for the layers of ``params``."""
    if not isinstance(state, LinkState):
        raise TypeError(
            f"state is a {type(state).__name__}, not what this link's init or update returned; "
            "start with state = link.init(params)"
        )
    if state.layers.keys() != params.keys():
        odd = sorted(state.layers.keys() ^ params.keys())[:5]
        raise ValueError(f"state was initialised for other parameters; keys in only one: {odd}")
    for name, w in params.items():
        for what, a in state.layers[name].items():
            if a.shape not in ((), w.shape):  # else NumPy might broadcast it and say nothing
                raise ValueError(
                    f"state has a {what!r} of shape {tuple(a.shape)} for {name!r}, which has shape "
                    f"{tuple(w.shape)}: it was initialised for other parameters"
                )


def same_state(a: State, b: State) -> bool:
    """Tell whether two states (or two params) hold the same numbers in the same places.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> opt, params = optim.sgd(0.1, momentum=0.9), {"W": np.array([1.0])}
    >>> start = opt.init(params)
    >>> _, after = opt.update(params, start, params)
    >>> same_state(start, opt.init(params)), same_state(start, after)
    (True, False)
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(same_state(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same_state, a, b))
    if isinstance(a, int | float | str | None):
        return a == b
    return a.shape == b.shape and a.dtype == b.dtype and bool(array_namespace(a, b).all(a == b))


def identity() -> Link:
    """Pass the updates through unchanged."""
    return layerwise(lambda u, memory, w, step: (u, memory))


def chain(*links: Link) -> Link:
    r"""Apply ``links`` one after the other: :math:`u \leftarrow L_n(\dots L_1(g))`.

    Parameters
    ----------
    *links : Link
        Each receives the updates of the one before, and the same params.

    Examples
    --------
    Where the momentum stands decides whether it sees the learning rate:

    >>> import numpy as np
    >>> from lbopt import optim
    >>> link = optim.chain(optim.trace(0.9), optim.scale_by_learning_rate(0.1))
    >>> params = {"W": np.array([1.0])}
    >>> state = link.init(params)
    >>> for _ in range(3):
    ...     updates, state = link.update({"W": np.array([1.0])}, state, params)
    ...     print(updates["W"])
    [-0.1]
    [-0.19]
    [-0.271]
    """
    for link in links:
        if not isinstance(link, Link):
            raise TypeError(f"chain takes links, got {type(link).__name__}")

    def init(params: Params) -> tuple[State, ...]:
        return tuple(link.init(params) for link in links)

    def update(
        updates: Mapping[str, Array], state: tuple[State, ...], params: Params
    ) -> tuple[Params, tuple[State, ...]]:
        if type(state) is not tuple or len(state) != len(links):
            size = f" of {len(state)}" if isinstance(state, tuple) else ""
            raise TypeError(
                f"this chain of {len(links)} links needs the state its init or update returned, "
                f"got a {type(state).__name__}{size}; start with state = link.init(params)"
            )
        new_state = []
        for link, s in zip(links, state, strict=True):
            updates, s = link.update(updates, s, params)
            new_state.append(s)
        return dict(updates), tuple(new_state)

    return Link(init, update)


def apply_updates(params: Params, updates: Mapping[str, Array]) -> Params:
    r"""Return :math:`w + u` for every layer, as new arrays of the same type.

    Examples
    --------
    >>> import numpy as np
    >>> apply_updates({"W": np.array([1.0, 2.0])}, {"W": np.array([-0.5, 0.5])})
    {'W': array([0.5, 2.5])}
    """
    check_like(updates, params, "updates")
    # asarray: NumPy turns the sum of two 0-d arrays into a scalar
    return {k: array_namespace(w).asarray(w + updates[k]) for k, w in params.items()}
