import builtins

import numpy as np
import pytest

from lbopt import models, observe, train
from lbopt.data import Split
from lbopt.data import digits as the_digits

RNG = np.random.default_rng


def quadratic(spectrum, seed=0):
    """A quadratic in two layers whose Hessian has this spectrum; its gradient and its axes."""
    n = len(spectrum)
    axes, _ = np.linalg.qr(RNG(seed).standard_normal((n, n)))
    H = axes * spectrum @ axes.T

    def gradient(p):
        g = H @ np.concatenate([p["a"].ravel(), p["b"]])
        return {"a": g[:4].reshape(2, 2), "b": g[4:]}

    return gradient, H, axes


def point(n, seed=1):
    w = RNG(seed).standard_normal(n)
    return {"a": w[:4].reshape(2, 2), "b": w[4:]}


def flat(params):
    return np.concatenate([a.ravel() for a in params.values()])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_hessian_times_vector_is_exact_on_a_quadratic_at_any_scale(scale):
    gradient, H, _ = quadratic(np.arange(1.0, 8.0))
    v = {k: scale * a for k, a in point(7, seed=2).items()}
    got = observe.hessian_vector(gradient, point(7), v)
    np.testing.assert_allclose(flat(got), H @ flat(v), rtol=1e-7, atol=1e-8 * scale)
    zero = observe.hessian_vector(gradient, point(7), {k: 0 * a for k, a in v.items()})
    assert not flat(zero).any()


def test_the_largest_eigenvalue_is_found_and_not_the_largest_in_magnitude():
    spectrum = np.array([-50.0, -1.0, 0.0, 0.5, 2.0, 3.0, 3.5])
    gradient, _, axes = quadratic(spectrum)
    top = observe.top_eigenvalue(gradient, point(7), RNG(0))
    assert top.value == pytest.approx(3.5, rel=1e-5)
    assert abs(axes[:, 6] @ flat(top.vector)) == pytest.approx(1, abs=1e-4)
    assert top.vector["a"].shape == (2, 2)
    assert top.products >= 7


def test_a_large_spectrum_needs_far_fewer_products_than_numbers():
    n = 400
    spectrum = np.concatenate([np.linspace(0, 1, n - 1), [4.0]])
    gradient, _, _ = quadratic(spectrum)
    top = observe.top_eigenvalue(gradient, point(n), RNG(0))
    assert top.value == pytest.approx(4.0, rel=1e-4)
    assert top.products < 60


def softmax_regression_hessian(params, data):
    """Of the mean cross-entropy, by its formula: mean of (diag p - p p') kron [x 1][x 1]'."""
    z = data.x @ params["layer0.W"] + params["layer0.b"]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    n, c = p.shape
    x = np.hstack([data.x, np.ones((n, 1))])
    S = p[:, :, None] * np.eye(c) - p[:, :, None] * p[:, None, :]
    return np.einsum("nij,nk,nl->kilj", S, x, x).reshape(x.shape[1] * c, -1) / n


def data_for(model, n=15):
    rng = RNG(3)
    data = Split(rng.standard_normal((n, 5)), rng.integers(0, 3, n))
    params = model.init(rng, np.float64)
    return {k: w + 0.1 * rng.standard_normal(w.shape) for k, w in params.items()}, data


@pytest.mark.parametrize("micro", [None, 4])
def test_sharpness_of_softmax_regression_is_that_of_its_formula(micro):
    model = models.mlp(inputs=5, layers=1, classes=3)
    params, data = data_for(model)
    want = np.linalg.eigvalsh(softmax_regression_hessian(params, data))[-1]
    got = observe.sharpness(model, params, data, RNG(0), micro_batch=micro, tolerance=1e-5)
    assert got.value == pytest.approx(want, rel=1e-6)


def dense_hessian(model, params, data, h=1e-5):
    """Column by column; the matrix is as symmetric as the differences are exact."""
    columns = []
    for name, w in params.items():
        for i in np.ndindex(w.shape):
            sides = []
            for sign in (1, -1):
                moved = w.copy()
                moved[i] += sign * h
                sides.append(flat(train.loss_and_gradient(model, params | {name: moved}, data)[1]))
            columns.append((sides[0] - sides[1]) / (2 * h))
    H = np.array(columns)
    np.testing.assert_allclose(H, H.T, atol=1e-6 * abs(H).max())
    return H


def test_sharpness_of_an_mlp_is_that_of_its_dense_hessian():
    model = models.mlp(inputs=5, hidden=6, layers=3, classes=3)
    params, data = data_for(model)
    want = np.linalg.eigvalsh(dense_hessian(model, params, data))
    assert want[0] < -0.01, "an indefinite Hessian is the interesting case"
    got = observe.sharpness(model, params, data, RNG(0), tolerance=1e-5)
    assert got.value == pytest.approx(want[-1], rel=1e-5)
    single = {k: w.astype(np.float32) for k, w in params.items()}
    also = observe.sharpness(model, single, Split(data.x.astype(np.float32), data.y), RNG(0))
    assert also.value == pytest.approx(want[-1], rel=1e-3)


def frozen(params, data, layers):
    """The gradient of the mlp whose relus stay as they are at ``params``: a smooth function."""
    sides, h = [], data.x
    for i in range(layers - 1):
        sides.append(h @ params[f"layer{i}.W"] + params[f"layer{i}.b"] > 0)
        h = np.maximum(h @ params[f"layer{i}.W"] + params[f"layer{i}.b"], 0)

    def gradient(p):
        inputs = [data.x]
        for i, side in enumerate(sides):
            inputs.append(side * (inputs[-1] @ p[f"layer{i}.W"] + p[f"layer{i}.b"]))
        z = inputs[-1] @ p[f"layer{layers - 1}.W"] + p[f"layer{layers - 1}.b"]
        e = np.exp(z - z.max(1, keepdims=True))
        dz = (e / e.sum(1, keepdims=True) - np.eye(z.shape[1])[data.y]) / len(z)
        found = {}
        for i in reversed(range(layers)):
            found |= {f"layer{i}.W": inputs[i].T @ dz, f"layer{i}.b": dz.sum(0)}
            dz = (dz @ p[f"layer{i}.W"].T) * (sides[i - 1] if i else 1)
        return {name: found[name] for name in p}

    return gradient


def test_sharpness_is_that_of_the_smooth_piece_though_a_kink_is_always_near():
    model, digits = models.mlp(), the_digits().train
    params = model.init(RNG(0), np.float64)
    data = Split(digits.x.reshape(len(digits.x), -1).astype(np.float64), digits.y)
    smooth = frozen(params, data, 8)
    for k, g in train.loss_and_gradient(model, params, data)[1].items():
        np.testing.assert_allclose(smooth(params)[k], g, rtol=1e-9, atol=1e-14)
    want = observe.top_eigenvalue(smooth, params, RNG(0)).value
    assert observe.sharpness(model, params, data, RNG(0)).value == pytest.approx(want, rel=1e-3)
    wide = observe.sharpness(model, params, data, RNG(0), step=6e-6, tolerance=1e-2).value
    assert wide > 1.5 * want, "the best step for smooth functions meets kinks"


def at_a_distance(distance):
    """A network, all at zero but for one relu that the first example leaves by ``distance``."""
    model = models.mlp(inputs=2, hidden=2, layers=2, classes=2)
    params = {k: np.ones(a.shape) * 0.5 for k, a in model.init(RNG(0), np.float64).items()}
    x = np.array([[1.0, -1.0], [0.3, 0.4], [-0.2, 0.9]])  # the first: 0.5 - 0.5 + bias
    params["layer0.b"] = np.full(2, distance)
    params["layer1.W"] = np.array([[0.5, -0.5], [0.2, 0.9]])
    return model, params, Split(x, np.array([0, 1, 1]))


def test_a_kink_within_the_first_step_is_noticed_and_a_shorter_step_taken():
    model, params, data = at_a_distance(2e-11)
    smooth = observe.top_eigenvalue(frozen(params, data, 2), params, RNG(0)).value
    fooled = observe.sharpness(model, params, data, RNG(0), step=1e-10).value
    assert abs(fooled / smooth - 1) > 0.5, "the kink is near, or this shows nothing"
    got = observe.sharpness(model, params, data, RNG(0))
    assert got.value == pytest.approx(smooth, rel=5e-3)
    far = observe.sharpness(*at_a_distance(2e-2), RNG(0))
    assert got.products >= 2 * far.products


def test_at_a_kink_there_is_no_hessian_and_the_message_says_what_to_do():
    with pytest.raises(RuntimeError, match="no Hessian here; give step"):
        observe.sharpness(*at_a_distance(0.0), RNG(0))


def test_the_step_decides_whether_kinks_are_seen():
    def gradient(p):  # of sum(max(w - 1, 0)^2 / 2 + w^2 / 2): the curvature is 1, then 2
        return {"W": p["W"] + np.maximum(p["W"] - 1, 0)}

    params = {"W": np.array([0.9, 0.9])}
    near = observe.top_eigenvalue(gradient, params, RNG(0))
    assert near.value == pytest.approx(1, abs=1e-6)
    v = {"W": np.array([1.0, 0.0])}
    far = observe.hessian_vector(gradient, params, v, step=0.5)["W"][0]
    h = 0.5 * max(1, np.linalg.norm(params["W"]))
    assert far == pytest.approx(1 + (h - 0.1) / (2 * h), rel=1e-6)


def test_bert_has_a_sharpness_too():
    rng = RNG(0)
    model = models.bert(7, width=4, layers=1, heads=1, positions=5)
    x = models.Batch(rng.integers(0, 7, (8, 5)), np.tile([1, 3], (8, 1)))
    data = Split(x, rng.integers(0, 7, (8, 2)))
    assert observe.sharpness(model, model.init(rng), data, rng).value > 0


def test_wrong_arguments_are_named():
    gradient, _, _ = quadratic(np.arange(1.0, 8.0))
    with pytest.raises(ValueError, match="step must be positive"):
        observe.hessian_vector(gradient, point(7), point(7), step=0)
    with pytest.raises(ValueError, match="vector and params"):
        observe.hessian_vector(gradient, point(7), {"a": np.ones((2, 2))})
    with pytest.raises(ValueError, match="at least two numbers"):
        observe.top_eigenvalue(gradient, {"a": np.ones(1)}, RNG(0))
    with pytest.raises(ValueError, match="empty"):
        observe.top_eigenvalue(gradient, {}, RNG(0))
    with pytest.raises(FloatingPointError, match="'b'"):
        observe.top_eigenvalue(lambda p: p | {"b": p["b"] * np.nan}, point(7), RNG(0))


def test_what_does_not_converge_says_what_to_change():
    gradient, _, _ = quadratic(np.linspace(1, 1.001, 300))
    with pytest.raises(RuntimeError, match=r"did not converge.*max_restarts"):
        observe.top_eigenvalue(gradient, point(300), RNG(0), tolerance=1e-14, max_restarts=1)


def test_without_scipy_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r'pip install "lbopt\[experiments\]"'):
        observe.top_eigenvalue(lambda p: p, point(7), RNG(0))
