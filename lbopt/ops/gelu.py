"""GELU, the smooth relu of transformers: y = x Phi(x), and its tanh form."""

from __future__ import annotations

import math
from collections.abc import Callable

from lbopt.backend import Array, Namespace
from lbopt.ops.checks import check_cotangent, float_namespace
from lbopt.ops.normal_cdf import normal_cdf
from lbopt.ops.row_blocks import row_blocks

Curve = Callable[[Namespace, Array, Array, Array], None]  # x, and where to write f(x) and f'(x)
C, A = math.sqrt(2 / math.pi), 0.044715


def gelu(x: Array) -> tuple[Array, Callable]:
    r"""Let x through by a smooth gate: y = x (1 + t) / 2, t = tanh(sqrt(2/pi) (x + 0.044715 x^3)).

    .. math::

        t &= \tanh\Big(\sqrt{2/\pi}\,\big(x + 0.044715\,x^3\big)\Big), \quad
        y = \tfrac12 x (1 + t) \\
        dx &= \tfrac12\,dy\,\Big(1 + t
            + x (1 - t^2) \sqrt{2/\pi}\,\big(1 + 3 \cdot 0.044715\,x^2\big)\Big)

    Parameters
    ----------
    x : array, any shape

    Returns
    -------
    y : array, the shape of ``x``
    back : function
        ``back(dy) -> dx``.

    Notes
    -----
    Hendrycks and Gimpel 2016 (arXiv 1606.08415), section 2: an approximation of `gelu_erf`, off by
    less than 5e-4. It is what BERT's published code computes, and torch's approximate="tanh".
    The cube is x x^2, which must not overflow: NumPy takes 150 times as long for ``x**3``. The
    slope is computed on the way forward, where t is at hand.

    Examples
    --------
    >>> import numpy as np
    >>> y, back = gelu(np.array([-1.0, 0.0, 1.0, 10.0]))
    >>> y.round(4)
    array([-0.1588, 0. , 0.8412, 10. ])
    >>> back(np.ones(4)).round(4)
    array([-0.083, 0.5 , 1.083, 1. ])
    """
    return _gate("gelu", x, _tanh_form)


def gelu_erf(x: Array) -> tuple[Array, Callable]:
    r"""Let x through with the probability that a normal variable is below it: y = x Phi(x).

    .. math::

        y = x\,\Phi(x), \quad \Phi(x) = \tfrac12\big(1 + \mathrm{erf}(x/\sqrt2)\big), \qquad
        dx = dy\,\Big(\Phi(x) + \frac{x\,e^{-x^2/2}}{\sqrt{2\pi}}\Big)

    Parameters
    ----------
    x : array, any shape

    Returns
    -------
    y : array, the shape of ``x``
    back : function
        ``back(dy) -> dx``.

    Notes
    -----
    Hendrycks and Gimpel 2016 (arXiv 1606.08415), the definition; torch's default.
    Three times as slow as `gelu` on a CPU: NumPy has no erf (see normal_cdf.py).

    Examples
    --------
    >>> import numpy as np
    >>> y, back = gelu_erf(np.array([-1.0, 0.0, 1.0, 10.0]))
    >>> y.round(4)
    array([-0.1587, 0. , 0.8413, 10. ])
    >>> back(np.ones(4)).round(4)
    array([-0.0833, 0.5 , 1.0833, 1. ])
    """
    return _gate("gelu_erf", x, _erf_form)


def _tanh_form(xp: Namespace, x: Array, y: Array, slope: Array) -> None:
    x2 = x * x
    t = x2 * (C * A)
    t += C
    t *= x  # C (x + A x^3)
    g = xp.tanh(t, out=t)
    g += 1
    g *= 0.5  # the gate
    xp.multiply(x, g, out=y)
    # slope = g + x g', g' = 2 g (1 - g) C (1 + 3 A x^2)
    x2 *= 6 * A * C
    x2 += 2 * C
    x2 *= x
    xp.subtract(1, g, out=slope)
    slope *= x2
    slope += 1
    slope *= g


def _erf_form(xp: Namespace, x: Array, y: Array, slope: Array) -> None:
    phi = normal_cdf(xp, x)
    xp.multiply(x, phi, out=y)
    density = xp.exp(-0.5 * (x * x))
    density *= 1 / math.sqrt(2 * math.pi)
    xp.multiply(x, density, out=slope)
    slope += phi


def _gate(op: str, x: Array, curve: Curve) -> tuple[Array, Callable]:
    """Apply ``curve`` block by block and keep its slope: the pullback is one product."""
    xp = float_namespace(op, x=x)
    flat = x.reshape(-1)  # (n,)
    y, slope = xp.empty_like(flat), xp.empty_like(flat)
    for b in row_blocks(xp, flat.shape[0], 1):
        curve(xp, flat[b], y[b], slope[b])
    slope = slope.reshape(x.shape)

    def back(dy: Array) -> Array:
        check_cotangent(op, dy, slope.shape, slope)  # x itself is not kept
        return dy * slope

    return y.reshape(x.shape), back
