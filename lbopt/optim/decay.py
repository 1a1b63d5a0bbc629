"""Weight decay as a link; where it stands in the chain decides what kind it is."""

from __future__ import annotations

from lbopt.optim.checks import check_number
from lbopt.optim.link import Link, layerwise


def add_decayed_weights(weight_decay: float) -> Link:
    r"""Add :math:`\lambda w` to the update: :math:`u \leftarrow u + \lambda w`.

    First in a chain it is the L2 penalty of SGD and LARS; after `scale_by_adam` it is the
    decoupled decay of AdamW and LAMB.

    Parameters
    ----------
    weight_decay : float
        :math:`\lambda \ge 0`.

    Examples
    --------
    >>> import numpy as np
    >>> link = add_decayed_weights(0.1)
    >>> params = {"W": np.array([10.0, -20.0])}
    >>> link.update({"W": np.array([1.0, 1.0])}, link.init(params), params)[0]
    {'W': array([ 2., -1.])}
    """
    rate = check_number("weight_decay", weight_decay, 0)
    return layerwise(lambda u, memory, w, step: (u + rate * w, memory))
