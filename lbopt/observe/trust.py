"""What a layerwise rule sees: the norms of weights, gradients and updates, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from lbopt.backend import Array, array_namespace, device
from lbopt.optim import Link, layerwise
from lbopt.optim.link import LinkState, Memory, State
from lbopt.optim.norm import norm, norm_dtype
from lbopt.params import check_like, check_params


class LayerRow(NamedTuple):
    """One layer at one moment."""

    layer: str
    weight: float  # ||w||
    gradient: float  # ||grad||
    ratio: float  # ||w|| / ||grad||; inf where the gradient is zero and the weights are not


@dataclass(frozen=True)
class LayerTable:
    """Rows in the order of the layers; prints as a table, also in a notebook."""

    rows: tuple[LayerRow, ...]

    @property
    def spread(self) -> float:
        """Largest over smallest ratio of the layers that have one: how much LARS has to do."""
        ratios = [row.ratio for row in self.rows if 0 < row.ratio < inf]
        return max(ratios) / min(ratios) if ratios else 1.0

    def __str__(self) -> str:
        width = max([len("layer"), *(len(row.layer) for row in self.rows)])
        lines = [f"{'layer':<{width}}  {'||w||':>10}  {'||grad||':>10}  {'ratio':>10}"]
        lines += [
            f"{row.layer:<{width}}  {row.weight:>10.4g}  {row.gradient:>10.4g}  {row.ratio:>10.4g}"
            for row in self.rows
        ]
        return "\n".join(lines)

    __repr__ = __str__


def layer_table(params: Mapping[str, Array], grads: Mapping[str, Array]) -> LayerTable:
    r"""Tabulate :math:`\|w\|`, :math:`\|\nabla L\|` and their ratio for each layer.

    A plain gradient step of rate :math:`\gamma` changes a layer by the fraction
    :math:`\gamma \|\nabla L\| / \|w\|` of itself: where the ratios differ by a factor of 100, no
    single :math:`\gamma` is right for all layers.

    Parameters
    ----------
    params, grads : dict name -> array
        With the same keys, shapes, dtypes, devices; `train.loss_and_gradient` makes the latter.

    Returns
    -------
    LayerTable
        ``rows`` and ``spread``; a layer with zero gradient has ratio inf (0 if its weights are
        zero, too).

    References
    ----------
    You, Gitman, Ginsburg 2017 (arXiv 1708.03888), Table 2: these three numbers for AlexNet after
    one iteration, ratios 5.76 to 1345. Its labels ".w" and ".b" appear to be interchanged: the
    norms printed for ".b" are those of AlexNet's Gaussian weights, 0.01 sqrt(size).

    Examples
    --------
    >>> import numpy as np
    >>> params = {"conv1.W": np.full((3, 3), 1.0), "fc.W": np.full((4, 4), 0.5)}
    >>> grads = {"conv1.W": np.full((3, 3), 0.5), "fc.W": np.full((4, 4), 0.001)}
    >>> table = layer_table(params, grads)
    >>> print(table)
    layer         ||w||    ||grad||       ratio
    conv1.W           3         1.5           2
    fc.W              2       0.004         500
    >>> table.spread
    250.0
    """
    check_params(params)
    check_like(grads, params, "grads")
    rows = []
    for name, w in params.items():
        weight, gradient = float(norm(w)), float(norm(grads[name]))
        ratio = weight / gradient if gradient else (inf if weight else 0.0)
        rows.append(LayerRow(name, weight, gradient, ratio))
    return LayerTable(tuple(rows))


class StepNorms(NamedTuple):
    """What `norms` saw of one layer in the last step, as 0-d arrays."""

    update: Array  # ||u||, of what reached the link
    weight: Array  # ||w||, before the update


def norms() -> Link:
    r"""Pass updates through and remember :math:`\|u\|` and :math:`\|w\|` of each layer.

    Put it where you want to look: last in a chain it sees the step itself, first it sees the
    gradient. Read with `read_norms`. Nothing leaves the device until you do.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt import optim
    >>> opt = optim.chain(optim.sgd(0.1, momentum=0.9), norms())
    >>> params = {"W": np.array([3.0, 4.0])}
    >>> state = opt.init(params)
    >>> for _ in range(2):
    ...     updates, state = opt.update({"W": np.array([0.0, 2.0])}, state, params)
    ...     seen = read_norms(state)["W"]
    ...     print(f"step {seen.update:.2f}, weights {seen.weight:.2f}")
    step 0.20, weights 5.00
    step 0.38, weights 5.00
    """

    def remember(w: Array) -> Memory:
        xp = array_namespace(w)
        zero = xp.zeros((), dtype=norm_dtype(xp, w), device=device(w))
        return {"update_norm": zero, "weight_norm": zero}

    def rule(u: Array, memory: Memory, w: Array, step: Any) -> tuple[Array, Memory]:
        return u, {"update_norm": norm(u), "weight_norm": norm(w)}

    return layerwise(rule, remember)


def read_norms(state: State) -> dict[str, StepNorms]:
    """Read what the last `norms` link of a (nested) chain saw in the last step; {} without one."""
    if isinstance(state, LinkState):
        return {
            name: StepNorms(memory["update_norm"], memory["weight_norm"])
            for name, memory in state.layers.items()
            if "update_norm" in memory
        }
    found: dict[str, StepNorms] = {}
    if isinstance(state, tuple):
        for part in state:
            found |= read_norms(part)
    return found
