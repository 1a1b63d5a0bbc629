"""Norms of one array, safe in float16 and float32."""

from __future__ import annotations

from lbopt.backend import Array, Namespace, array_namespace, device


def norm(x: Array) -> Array:
    r"""Return :math:`\|x\|_2` over all entries, as a 0-d array of at least float32.

    Computed as :math:`m \sqrt{\sum (x_i / m)^2}` with :math:`m = \max |x_i|`, so that no square
    overflows (float16 squares do beyond 255) or underflows; half precision is widened to float32
    before the sum. An empty array has norm 0; an infinity or NaN in x is one in the norm.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.ones((300, 300), dtype=np.float16)
    >>> float(norm(x)), float(np.sqrt(np.sum(x * x, dtype=np.float16)))
    (300.0, inf)
    >>> print(f"{norm(np.float32([3e30, 4e30])):.6e}")
    5.000000e+30
    """
    xp = array_namespace(x)
    wide = norm_dtype(xp, x)
    if 0 in x.shape:
        return xp.zeros((), dtype=wide, device=device(x))
    x = xp.astype(x, wide, copy=False)
    largest = xp.maximum(xp.max(x), -xp.min(x))  # max |x_i|, without an array of them
    usable = (largest > 0) & xp.isfinite(largest)
    m = xp.where(usable, largest, xp.ones_like(largest))
    scaled = x / m
    return m * xp.sqrt(xp.sum(scaled * scaled))


def l1_norm(x: Array) -> Array:
    r"""Return :math:`\|x\|_1 = \sum |x_i|`, as a 0-d array of at least float32.

    Examples
    --------
    >>> import numpy as np
    >>> float(l1_norm(np.array([3.0, -4.0])))
    7.0
    """
    xp = array_namespace(x)
    return xp.sum(xp.abs(xp.astype(x, norm_dtype(xp, x), copy=False)))


def linf_norm(x: Array) -> Array:
    r"""Return :math:`\|x\|_\infty = \max |x_i|`, as a 0-d array of at least float32.

    Examples
    --------
    >>> import numpy as np
    >>> float(linf_norm(np.array([3.0, -4.0])))
    4.0
    """
    xp = array_namespace(x)
    wide = norm_dtype(xp, x)
    if 0 in x.shape:
        return xp.zeros((), dtype=wide, device=device(x))
    return xp.max(xp.abs(xp.astype(x, wide, copy=False)))


# The norms of the LAMB paper's appendix; it reports that the choice hardly matters.
NORMS = {"l1": l1_norm, "l2": norm, "linf": linf_norm}


def norm_dtype(xp: Namespace, x: Array) -> object:
    """Return the dtype in which norms and ratios of ``x`` are kept: float32 or wider."""
    return xp.float32 if xp.finfo(x.dtype).bits < 32 else x.dtype


def scaled_by(u: Array, factor: Array) -> Array:
    """Multiply ``u`` by a 0-d ``factor`` of its `norm_dtype` and return ``u``'s own dtype."""
    xp = array_namespace(u)
    return xp.astype(xp.astype(u, factor.dtype, copy=False) * factor, u.dtype, copy=False)
