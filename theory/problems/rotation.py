"""Random rotations that couple layers without hiding any of them."""

from __future__ import annotations

import numpy as np

from theory.layers import Array


def rotation(d: int, rng: np.random.Generator) -> Array:
    r"""Return an orthogonal (d, d) matrix whose first column is :math:`(1, \dots, 1)/\sqrt d`.

    The first column is the direction of largest curvature in the coupled families. It has a share
    :math:`d_i/d` in layer i, so every :math:`L_i` is felt; a wholly random one might miss a layer.

    Examples
    --------
    >>> q = rotation(4, np.random.default_rng(0))
    >>> q[:, 0], bool(np.allclose(q @ q.T, np.eye(4)))
    (array([0.5, 0.5, 0.5, 0.5]), True)
    """
    columns = rng.normal(size=(d, d))
    columns[:, 0] = 1
    q, _ = np.linalg.qr(columns)
    q[:, 0] = 1 / np.sqrt(d)  # up to a sign and roundoff it was that
    return q
