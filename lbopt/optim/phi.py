"""The scaling functions of the LAMB paper: phi(||x||) in place of the bare weight norm."""

from __future__ import annotations

from collections.abc import Callable

from lbopt.backend import Array, array_namespace
from lbopt.optim.checks import check_number

Phi = Callable[[Array], Array]


def identity(z: Array) -> Array:
    """phi(z) = z: what most implementations use. No theorem of the paper covers it."""
    return z


def clip(lower: float, upper: float) -> Phi:
    r"""phi(z) = min(max(z, lower), upper), the paper's example with bounds that its proofs need.

    Parameters
    ----------
    lower, upper : float
        :math:`0 \le \text{lower} \le \text{upper}`, the gamma_l and gamma_u of the paper
        (You et al. 2020, section 3). The paper gives no values.

    Examples
    --------
    >>> import numpy as np
    >>> phi = clip(0.5, 10.0)
    >>> [float(phi(np.asarray(z))) for z in (0.0, 3.0, 50.0)]
    [0.5, 3.0, 10.0]
    """
    low = check_number("lower", lower, 0)
    high = check_number("upper", upper, low)

    def phi(z: Array) -> Array:
        xp = array_namespace(z)
        return xp.minimum(xp.maximum(z, xp.full_like(z, low)), xp.full_like(z, high))

    return phi
