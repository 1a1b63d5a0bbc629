"""The ops against torch, values and gradients, float64, to 1e-10 of the largest number."""

import numpy as np
import pytest

from lbopt import ops

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers
F = torch.nn.functional
TOLERANCE = 1e-10  # sums of at most a thousand float64 terms: 1e3 eps is 2e-13


def to_torch(a, grad=True):
    """Images NHWC to torch's NCHW, kernels (KH, KW, C, O) to (O, C, KH, KW) by `kernels`."""
    return torch.tensor(a.transpose(0, 3, 1, 2).copy()).requires_grad_(grad)


def from_torch(t):
    return t.detach().numpy().transpose(0, 2, 3, 1)


def agree(ours, theirs, what):
    error = np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())
    print(f"{what}: error {error:.1e}, tolerance {TOLERANCE:.1e}")
    assert ours.shape == theirs.shape
    assert error <= TOLERANCE


@pytest.mark.parametrize("stride", [1, 2, (3, 2), 5])
@pytest.mark.parametrize("padding", [0, 1, (2, 3)])
@pytest.mark.parametrize(("kernel", "groups"), [((3, 3), 1), ((1, 1), 1), ((2, 5), 2), ((3, 3), 4)])
def test_conv2d_agrees_with_torch(stride, padding, kernel, groups):
    rng = np.random.default_rng(0)
    x, b = rng.standard_normal((5, 11, 12, 4)), rng.standard_normal(8)
    W = rng.standard_normal((*kernel, 4 // groups, 8))
    tx, tb = to_torch(x), torch.tensor(b, requires_grad=True)
    tW = torch.tensor(W.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    y, back = ops.conv2d(x, W, b, stride=stride, padding=padding, groups=groups)
    ty = F.conv2d(tx, tW, tb, stride=stride, padding=padding, groups=groups)
    agree(y, from_torch(ty), "y")
    dy = rng.standard_normal(y.shape)
    dx, dW, db = back(dy)
    ty.backward(to_torch(dy, grad=False))
    agree(dx, from_torch(tx.grad), "dx")
    agree(dW, tW.grad.numpy().transpose(2, 3, 1, 0), "dW")
    agree(db, tb.grad.numpy(), "db")


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_agrees_with_torch(training):
    rng = np.random.default_rng(0)
    x, gamma, beta = (
        rng.standard_normal((4, 5, 6, 3)),
        rng.standard_normal(3),
        rng.standard_normal(3),
    )
    mean, var = rng.standard_normal(3), 0.5 + rng.random(3)
    stats = None if training else (mean, var)
    (y, used), back = ops.batch_norm(x, gamma, beta, stats, eps=1e-3)
    tx = to_torch(x)
    tg, tb = (torch.tensor(a, requires_grad=True) for a in (gamma, beta))
    running = [torch.zeros(3, dtype=torch.float64) for _ in range(2)]
    if not training:
        running = [torch.tensor(mean), torch.tensor(var)]
    ty = F.batch_norm(tx, *running, tg, tb, training=training, momentum=1.0, eps=1e-3)
    agree(y, from_torch(ty), "y")
    dy = rng.standard_normal(y.shape)
    dx, dgamma, dbeta = back(dy)
    ty.backward(to_torch(dy, grad=False))
    agree(dx, from_torch(tx.grad), "dx")
    agree(dgamma, tg.grad.numpy(), "dgamma")
    agree(dbeta, tb.grad.numpy(), "dbeta")
    if training:
        M = x.size // 3
        agree(used[0], running[0].numpy(), "mean")
        agree(used[1] * M / (M - 1), running[1].numpy(), "var, which torch divides by M - 1")


@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_norm_agrees_with_torch_whose_alpha_is_size_times_ours(size):
    x = 3 * np.random.default_rng(0).standard_normal((2, 4, 5, 8))
    y, back = ops.local_response_norm(x, size=size, alpha=0.05, beta=0.75, k=2.0)
    tx = to_torch(x)
    ty = F.local_response_norm(tx, size, alpha=size * 0.05, beta=0.75, k=2.0)
    agree(y, from_torch(ty), "y")
    dy = np.random.default_rng(1).standard_normal(y.shape)
    ty.backward(to_torch(dy, grad=False))
    agree(back(dy), from_torch(tx.grad), "dx")


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 2, 0), (3, 2, 1), ((3, 2), (1, 3), 1)])
def test_pooling_agrees_with_torch(kind, size, stride, padding):
    x = np.random.default_rng(0).standard_normal((3, 9, 10, 4)) - 2
    op, top = {
        "max": (ops.max_pool2d, F.max_pool2d),
        "avg": (ops.avg_pool2d, F.avg_pool2d),
    }[kind]
    y, back = op(x, size, stride=stride, padding=padding)
    tx = to_torch(x)
    ty = top(tx, size, stride=stride, padding=padding)
    agree(y, from_torch(ty), "y")
    dy = np.random.default_rng(1).standard_normal(y.shape)
    ty.backward(to_torch(dy, grad=False))
    agree(back(dy), from_torch(tx.grad), "dx")


def test_max_pool_gives_ties_to_the_pixel_torch_gives_them_to():
    x = np.random.default_rng(0).integers(0, 2, (3, 8, 8, 4)).astype(float)
    y, back = ops.max_pool2d(x, 3, stride=2)
    tx = to_torch(x)
    ty = F.max_pool2d(tx, 3, stride=2)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    ty.backward(to_torch(dy, grad=False))
    agree(back(dy), from_torch(tx.grad), "dx")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_cross_entropy_agrees_with_torch(smoothing):
    rng = np.random.default_rng(0)
    logits, labels = 3 * rng.standard_normal((7, 5)), rng.integers(0, 5, 7)
    loss, back = ops.softmax_cross_entropy(logits, labels, label_smoothing=smoothing)
    t = torch.tensor(logits, requires_grad=True)
    tloss = F.cross_entropy(t, torch.tensor(labels), label_smoothing=smoothing)
    agree(np.asarray(loss), np.asarray(tloss.item()), "loss")
    (2 * tloss).backward()
    agree(back(2.0), t.grad.numpy(), "dlogits")
