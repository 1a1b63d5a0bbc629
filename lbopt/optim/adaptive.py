"""Adagrad, Adam and AdamW: the elementwise adaptive optimizers that LAMB is compared with."""

from __future__ import annotations

from lbopt.optim.adam import scale_by_adagrad, scale_by_adam
from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain
from lbopt.optim.masks import Mask, masked, matched
from lbopt.optim.scale import scale_by_learning_rate


def adagrad(
    learning_rate: float | Schedule,
    *,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
    decay_mask: Mask | None = None,
) -> Link:
    r"""Adagrad (Duchi, Hazan, Singer 2011), diagonal form.

    .. math::

        g &\leftarrow g + \lambda w \\
        v &\leftarrow v + g^2 \\
        w &\leftarrow w - \gamma_t\, g / (\sqrt{v} + \epsilon)

    Parameters
    ----------
    learning_rate : float or function of the step
        :math:`\gamma_t`.
    eps : float
        :math:`\epsilon`, outside the root.
    weight_decay : float
        :math:`\lambda`, an L2 penalty in the gradient, for the layers of ``decay_mask``.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = adagrad(0.1), {"W": np.array([1.0])}
    >>> state = opt.init(params)
    >>> for _ in range(3):
    ...     updates, state = opt.update({"W": np.array([7.0])}, state, params)
    ...     print(updates["W"].round(4))
    [-0.1]
    [-0.0707]
    [-0.0577]
    """
    rule = chain(
        masked(add_decayed_weights(weight_decay), decay_mask),
        scale_by_adagrad(eps),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask)


def adam(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decay_mask: Mask | None = None,
) -> Link:
    r"""Adam (Kingma and Ba 2015, Algorithm 1); its decay is an L2 penalty in the gradient.

    .. math::

        g &\leftarrow g + \lambda w \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        w &\leftarrow w - \gamma_t\,
            \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    The penalty passes through both moments, so a large gradient shrinks the decay: for decay that
    does not, see `adamw`. Symbols as in `scale_by_adam`.

    Examples
    --------
    >>> import numpy as np
    >>> opt, params = adam(0.1), {"W": np.array([1.0])}
    >>> state = opt.init(params)
    >>> for g in (7.0, 7.0, -7.0):
    ...     updates, state = opt.update({"W": np.array([g])}, state, params)
    ...     print(updates["W"].round(4))
    [-0.1]
    [-0.1]
    [-0.0262]
    """
    rule = chain(
        masked(add_decayed_weights(weight_decay), decay_mask),
        scale_by_adam(b1, b2, eps),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask)


def adamw(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    decay_mask: Mask | None = None,
) -> Link:
    r"""AdamW (Loshchilov and Hutter 2019, Algorithm 2): decay added after Adam's direction r.

    .. math:: w \leftarrow w - \gamma_t (r + \lambda w)

    Symbols as in `scale_by_adam`; :math:`\lambda` is ``weight_decay``, for the layers of
    ``decay_mask`` (None: every layer). It is multiplied by the learning rate, as in torch and
    optax.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([10.0])}
    >>> for decay in (0.0, 0.1):
    ...     opt = adamw(0.1, weight_decay=decay)
    ...     opt.update({"W": np.array([3.0])}, opt.init(params), params)[0]["W"].round(4)
    array([-0.1])
    array([-0.2])
    """
    rule = chain(
        scale_by_adam(b1, b2, eps),
        masked(add_decayed_weights(weight_decay), decay_mask),
        scale_by_learning_rate(learning_rate),
    )
    return matched(rule, decay_mask=decay_mask)
