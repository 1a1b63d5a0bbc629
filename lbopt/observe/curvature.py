"""The largest eigenvalue of the Hessian, from gradients alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lbopt.backend import Array, array_namespace, asarray_like, to_numpy
from lbopt.data import Split
from lbopt.models import Model
from lbopt.optim.norm import norm
from lbopt.params import Params, check_finite, check_like, count
from lbopt.train.checks import check_not_empty, check_split
from lbopt.train.examples import holds_numbers
from lbopt.train.gradient import loss_and_gradient

Gradient = Callable[[Params], Mapping[str, Array]]
STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # 6e-6: rounding and truncation in balance
# Tried in turn: rounding leaves six to four digits, and hardly a relu changes its side
BETWEEN_KINKS = (1e-10, 1e-11, 1e-12)
AGREED = 0.05  # how far the curvature along one direction may differ at shorter steps


class TopEigenvalue(NamedTuple):
    """The largest eigenvalue, its direction, and what it cost."""

    value: float
    vector: Params  # of length 1 over all layers
    products: int  # Hessian-vector products, two gradients each


def hessian_vector(
    gradient: Gradient, params: Params, vector: Params, *, step: float = STEP
) -> Params:
    r"""Return the Hessian times ``vector`` by central differences of the gradient.

    .. math:: H v \approx \frac{\|v\|}{2h}
              \big( \nabla L(w + h v / \|v\|) - \nabla L(w - h v / \|v\|) \big), \quad
              h = s \max(1, \|w\|)

    The error is :math:`O(h^2)` plus rounding, :math:`O(\epsilon / h)`.

    Parameters
    ----------
    gradient : function params -> gradient
        A dict with the keys of params.
    params, vector : dict name -> array
        Alike. Take float64: in float32 the differences keep two digits at best.
    step : float
        s > 0; the default is for smooth functions. **Where the gradient has kinks or jumps (relu,
        max pooling) it decides what is measured:** far below the distance to the next kink, the
        Hessian of the smooth piece around w, which is what automatic differentiation gives; beyond
        it, an average that sees the kinks.

    Examples
    --------
    >>> params, v = {"W": np.array([3.0, 4.0])}, {"W": np.array([1.0, 1.0])}
    >>> hessian_vector(lambda p: {"W": np.array([2.0, 10.0]) * p["W"]}, params, v)["W"].round(6)
    array([ 2., 10.])
    >>> kinked = lambda p: {"W": np.maximum(p["W"] - 2.0, 0)}  # the kink is 1 and 2 away
    >>> for step in (1e-3, 1.0):
    ...     hessian_vector(kinked, params, v, step=step)["W"].round(3)
    array([1., 1.])
    array([0.641, 0.783])
    """
    check_like(vector, params, "vector")
    if not step > 0:
        raise ValueError(f"step must be positive, got {step}")
    length, size = _length(vector), _length(params)
    if length == 0:
        return {k: v * 0 for k, v in vector.items()}
    h = step * max(1.0, size)
    ahead = gradient({k: w + (h / length) * vector[k] for k, w in params.items()})
    behind = gradient({k: w - (h / length) * vector[k] for k, w in params.items()})
    return {k: (length / (2 * h)) * (ahead[k] - behind[k]) for k in params}


def top_eigenvalue(
    gradient: Gradient,
    params: Params,
    rng: np.random.Generator,
    *,
    step: float = STEP,
    tolerance: float = 1e-3,
    max_restarts: int = 100,
) -> TopEigenvalue:
    r"""Find the largest (not the largest in magnitude) eigenvalue of the Hessian by Lanczos.

    .. math:: \lambda_{max} = \max_{\|v\| = 1} v^\top H v

    Parameters
    ----------
    gradient : function params -> gradient
    params : dict name -> float64 array
        At least two numbers in all.
    rng : numpy.random.Generator
        Draws the direction to start from.
    step : float
        As in `hessian_vector`.
    tolerance : float
        Relative accuracy of the eigenvalue. Asking for more than the differences hold (about 1e-6)
        does not converge.
    max_restarts : int
        Of ARPACK; each costs about 20 products.

    Raises
    ------
    ImportError
        SciPy is missing.
    FloatingPointError
        A gradient is not finite (a layer is named).
    RuntimeError
        Not converged; the message says what to change.

    Examples
    --------
    >>> spectrum = np.array([-9.0, 0.5, 1.0, 5.0])
    >>> quadratic = lambda p: {"W": spectrum * p["W"]}
    >>> top = top_eigenvalue(quadratic, {"W": np.ones(4)}, np.random.default_rng(0))
    >>> round(top.value, 6), abs(top.vector["W"]).round(3)
    (5.0, array([0., 0., 0., 1.]))
    """
    linalg = _scipy_linalg()
    check_not_empty(params)
    n, products = count(params), 0
    if n < 2:
        raise ValueError(f"params must hold at least two numbers, got {n}")

    def product(flat: np.ndarray) -> np.ndarray:
        nonlocal products
        products += 1
        Hv = hessian_vector(gradient, params, _unflat(flat.ravel(), params), step=step)
        check_finite(Hv, "the Hessian-vector product")
        return _flat(Hv)

    operator = linalg.LinearOperator((n, n), matvec=product, dtype=np.float64)
    try:
        values, vectors = linalg.eigsh(
            operator,
            k=1,
            which="LA",
            v0=rng.standard_normal(n),
            tol=tolerance,
            maxiter=max_restarts,
        )
    except linalg.ArpackNoConvergence as e:
        raise RuntimeError(
            f"Lanczos did not converge to {tolerance:g} in {products} products; raise tolerance "
            "or max_restarts, or change step (kinks between w - h v and w + h v make the Hessian "
            "asymmetric)"
        ) from e
    return TopEigenvalue(float(values[0]), _unflat(vectors[:, 0], params), products)


def sharpness(
    model: Model,
    params: Params,
    split: Split,
    rng: np.random.Generator,
    *,
    micro_batch: int | None = None,
    step: float | None = None,
    tolerance: float = 1e-3,
) -> TopEigenvalue:
    r"""Find the largest eigenvalue of the Hessian of the mean loss over ``split``, in float64.

    Plain gradient descent of rate :math:`\gamma` and momentum :math:`\mu` is stable on a quadratic
    only while :math:`\lambda_{max} < 2 (1 + \mu) / \gamma`: a Hessian that is large at the start
    and falls in the first steps is why warm-up helps.

    Parameters
    ----------
    model, params, split : Model, dict, Split
        Without dropout; batch norms use the statistics of the whole (micro-)batch.
    rng, tolerance :
        As in `top_eigenvalue`.
    micro_batch : int, optional
        As in `train.loss_and_gradient`.
    step : float, optional
        As in `hessian_vector`. None: 1e-10, or 1e-11, or 1e-12, the first at which the curvature
        along the direction found is that of ten and a hundred times shorter steps.

    Raises
    ------
    RuntimeError
        Not converged, or a kink is nearer than all three steps; and as `top_eigenvalue`.

    Notes
    -----
    What it does not say:

    * With relu it depends on ``step``, see `hessian_vector`. The defaults are so small that hardly
      any of the (examples times units) relus changes its side within them: the Hessian of the
      smooth piece, as from automatic differentiation. A relu that does adds a jump divided by the
      step: at 6e-6, best for smooth functions, the eigenvalue of the 8-layer MLP of the digits
      comes out more than twice too large at the start (`python -m lbopt landscape` shows it).
    * With cross-entropy it falls with the training loss and with growing weights: compare runs at
      equal loss only. Even so it does not rank optimizers: weights can be rescaled between layers
      without changing the function, and the eigenvalue changes (Dinh et al. 2017, arXiv
      1703.04933). SGD at large batches against SGD at small ones (Keskar et al. 2016, arXiv
      1609.04836) is the comparison it was made for.

    References
    ----------
    The bound is that of the heavy-ball method (Polyak 1964) on a quadratic; warm-up: Goyal et al.
    2017 (arXiv 1706.02677), section 2.2.

    Examples
    --------
    >>> from lbopt import data, models
    >>> model, split = models.mlp(layers=2), data.Split(*(a[:64] for a in data.digits().train))
    >>> params = model.init(np.random.default_rng(0))
    >>> top = sharpness(model, params, split, np.random.default_rng(0))
    >>> print(f"{top.value:.1f}")
    11.7
    """
    check_split(split, "split")
    check_not_empty(params)
    wide = {k: _wide(w) for k, w in params.items()}
    batch = Split(_wide(split.x) if holds_numbers(split.x) else split.x, split.y)

    def gradient(p: Params) -> Params:
        return loss_and_gradient(model, p, batch, micro_batch=micro_batch)[1]

    if step is not None:
        return top_eigenvalue(gradient, wide, rng, step=step, tolerance=tolerance)
    products = 0
    for short in BETWEEN_KINKS:
        top = top_eigenvalue(gradient, wide, rng, step=short, tolerance=tolerance)
        products += top.products + 2
        along = [curvature_along(gradient, wide, top.vector, short * f) for f in (0.1, 0.01)]
        if all(abs(value - top.value) <= AGREED * abs(top.value) for value in along):
            return top._replace(products=products)
    raise RuntimeError(
        f"a kink of the gradient (relu, max pooling) is nearer than {BETWEEN_KINKS[-1]:g} of the "
        "weights: there is no Hessian here; give step to average over kinks"
    )


def curvature_along(gradient: Gradient, params: Params, vector: Params, step: float) -> float:
    """Return v'Hv of a ``vector`` v of length 1, see `hessian_vector`."""
    Hv = hessian_vector(gradient, params, vector, step=step)
    return float(_flat(vector) @ _flat(Hv))


def _wide(a: Array) -> Array:
    xp = array_namespace(a)
    return xp.astype(a, xp.float64)


def _length(arrays: Params) -> float:
    return float(np.linalg.norm([float(norm(a)) for a in arrays.values()]))


def _flat(arrays: Params) -> np.ndarray:
    return np.concatenate([to_numpy(a).ravel() for a in arrays.values()]).astype(np.float64)


def _unflat(flat: np.ndarray, like: Params) -> Params:
    ends = np.cumsum([count({k: w}) for k, w in like.items()])
    parts = np.split(flat, ends[:-1])
    return {
        k: asarray_like(part.reshape(w.shape), w)
        for part, (k, w) in zip(parts, like.items(), strict=True)
    }


def _scipy_linalg() -> Any:
    try:
        import scipy.sparse.linalg as linalg
    except ImportError as e:
        raise ImportError(
            'the largest eigenvalue needs SciPy; install it with: pip install "lbopt[experiments]"'
        ) from e
    return linalg
