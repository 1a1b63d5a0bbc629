"""Stochastic gradient descent, plain, heavy ball or Nesterov."""

from __future__ import annotations

from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked, matched
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import scale_by_learning_rate


def sgd(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    decay_mask: Mask | None = None,
) -> Link:
    r"""SGD with momentum and an L2 penalty.

    .. math::

        v &\leftarrow m v + (g + \beta w) \\
        w &\leftarrow w - \gamma_t v \qquad\text{(Nesterov: } w - \gamma_t (g + \beta w + m v))

    The learning rate multiplies the momentum buffer from outside, as in torch and optax; with a
    schedule this is not the same as `lars`, where it goes into the buffer.

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t`.
    momentum : float
        :math:`m \in [0, 1)`; 0 is plain SGD.
    nesterov : bool
        Nesterov's form; needs ``momentum > 0``.
    weight_decay : float
        :math:`\beta`, for the layers of ``decay_mask`` (None: every layer).

    References
    ----------
    Polyak 1964; Sutskever et al. 2013, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from lbopt.optim import apply_updates
    >>> opt, params = sgd(0.1, momentum=0.9), {"W": np.array([1.0])}
    >>> state = opt.init(params)
    >>> for _ in range(3):  # minimise w**2 / 2, whose gradient is w
    ...     updates, state = opt.update(params, state, params)
    ...     params = apply_updates(params, updates)
    ...     print(params["W"])
    [0.9]
    [0.72]
    [0.486]
    """
    check_nesterov(nesterov, momentum)
    rule = chain(
        masked(add_decayed_weights(weight_decay), decay_mask),
        nesterov_trace(momentum) if nesterov else trace(momentum),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask)
