"""Clipping: the one common link that looks at all layers at once."""

from __future__ import annotations

from collections.abc import Mapping

from lbopt.backend import Array, array_namespace
from lbopt.optim.checks import check_number
from lbopt.optim.link import Link, LinkState, check_state
from lbopt.optim.norm import norm, scaled_by
from lbopt.params import Params, check_like, check_params


def global_norm(arrays: Mapping[str, Array]) -> Array:
    r"""Return :math:`\sqrt{\sum_i \|a_i\|^2}` over all layers, as a 0-d array.

    Examples
    --------
    >>> import numpy as np
    >>> float(global_norm({"W": np.array([3.0]), "b": np.array([4.0])}))
    5.0
    """
    xp = array_namespace(*arrays.values())
    norms = [norm(a) for a in arrays.values()]
    wide = xp.result_type(*norms)
    return norm(xp.stack([xp.astype(n, wide, copy=False) for n in norms]))


def clip_by_global_norm(max_norm: float) -> Link:
    r"""Shrink all updates by one factor so that their joint norm is at most ``max_norm``.

    .. math:: u_i \leftarrow u_i \min\left(1, c / \sqrt{\textstyle\sum_j \|u_j\|^2}\right)

    Parameters
    ----------
    max_norm : float
        :math:`c > 0`.

    References
    ----------
    Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063), Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> link = clip_by_global_norm(1.0)
    >>> params = {"W": np.array([0.0]), "b": np.array([0.0])}
    >>> for size in (0.1, 10.0):
    ...     grads = {"W": np.array([3.0 * size]), "b": np.array([4.0 * size])}
    ...     u, _ = link.update(grads, link.init(params), params)
    ...     print(u["W"], u["b"])
    [0.3] [0.4]
    [0.6] [0.8]
    """
    limit = check_number("max_norm", max_norm, 0, above=True)

    def init(params: Params) -> LinkState:
        check_params(params)
        return LinkState(0, {})

    def update(
        updates: Mapping[str, Array], state: LinkState, params: Params
    ) -> tuple[Params, LinkState]:
        check_like(updates, params, "grads")
        check_state(state, params={})
        state = LinkState(state.step + 1, {})
        if not updates:
            return {}, state
        total = global_norm(updates)
        xp = array_namespace(total)
        one = xp.ones_like(total)
        # NaN is not <= limit: a broken gradient spoils every layer rather than pass unclipped
        factor = xp.where(total <= limit, one, limit / xp.where(total != 0, total, one))
        return {k: scaled_by(u, factor) for k, u in updates.items()}, state

    return Link(init, update)
