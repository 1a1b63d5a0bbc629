"""Small models against independent torch networks with the same weights, float64."""

from __future__ import annotations

import numpy as np
import pytest

from lbopt import models
from tests.models.model_cases import Case, grouped_alexnet, params_and_x

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.peers

TOLERANCE = 1e-12  # float64, relative: a few roundings of 1e-16 per layer, a dozen layers


def to_torch(name, a):
    """Copy a parameter into torch's layout: (KH, KW, I, O) -> (O, I, KH, KW), (I, O) -> (O, I)."""
    axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[a.ndim]
    return torch.tensor(np.ascontiguousarray(a.transpose(axes)), requires_grad=True)


def from_torch(t):
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[t.ndim]
    return t.detach().numpy().transpose(axes)


def bn(h, p, name):
    return F.batch_norm(h, None, None, p[f"{name}.gamma"], p[f"{name}.beta"], True, 0.0, 1e-5)


def torch_mlp(p, x):
    h = F.relu(F.linear(x.flatten(1), p["layer0.W"], p["layer0.b"]))
    h = F.relu(F.linear(h, p["layer1.W"], p["layer1.b"]))
    return F.linear(h, p["layer2.W"], p["layer2.b"])


def lrn(h):
    return F.local_response_norm(h, 5, alpha=5 * 1e-4, beta=0.75, k=2.0)  # torch divides alpha by 5


def nhwc_flat(h):
    return h.permute(0, 2, 3, 1).flatten(1)


def torch_alexnet(p, x):
    h = F.max_pool2d(lrn(F.relu(F.conv2d(x, p["conv1.W"], p["conv1.b"], padding=1))), 2)
    h = F.max_pool2d(lrn(F.relu(F.conv2d(h, p["conv2.W"], p["conv2.b"], padding=1))), 2)
    for i in (3, 4, 5):
        h = F.relu(F.conv2d(h, p[f"conv{i}.W"], p[f"conv{i}.b"], padding=1))
    h = F.relu(F.linear(nhwc_flat(h), p["fc6.W"], p["fc6.b"]))
    h = F.relu(F.linear(h, p["fc7.W"], p["fc7.b"]))
    return F.linear(h, p["fc8.W"], p["fc8.b"])


def torch_alexnet_bn(p, x):
    h = x
    for i in range(1, 6):
        h = F.relu(bn(F.conv2d(h, p[f"conv{i}.W"], padding=1), p, f"bn{i}"))
        h = F.max_pool2d(h, 2) if i < 3 else h
    h = F.relu(F.linear(nhwc_flat(h), p["fc6.W"], p["fc6.b"]))
    h = F.relu(F.linear(h, p["fc7.W"], p["fc7.b"]))
    return F.linear(h, p["fc8.W"], p["fc8.b"])


def torch_grouped(p, x):
    h = F.max_pool2d(lrn(F.relu(F.conv2d(x, p["conv1.W"], p["conv1.b"], stride=2))), 3, 2)
    h = F.relu(bn(F.conv2d(h, p["conv2.W"], padding=1, groups=2), p, "bn2"))
    h = F.relu(F.conv2d(h, p["conv3.W"], p["conv3.b"], padding=1, groups=2))
    h = F.relu(F.linear(nhwc_flat(h), p["fc4.W"], p["fc4.b"]))
    return F.linear(h, p["fc5.W"], p["fc5.b"])


def torch_block(p, x, name, convs):
    """Run a residual block; ``convs``: (kernel, stride) of each convolution."""
    h = x
    for i, (kernel, stride) in enumerate(convs, start=1):
        h = F.conv2d(h, p[f"{name}.conv{i}.W"], stride=stride, padding=kernel // 2)
        h = bn(h, p, f"{name}.bn{i}")
        h = F.relu(h) if i < len(convs) else h
    if f"{name}.shortcut.W" in p:
        stride = int(np.prod([s for _, s in convs]))
        x = bn(F.conv2d(x, p[f"{name}.shortcut.W"], stride=stride), p, f"{name}.shortcut_bn")
    return F.relu(h + x)


def torch_resnet(p, x, blocks, imagenet=False):
    stride, padding = (2, 3) if imagenet else (1, 1)
    h = F.relu(bn(F.conv2d(x, p["stem.W"], stride=stride, padding=padding), p, "stem_bn"))
    h = F.max_pool2d(h, 3, 2, 1) if imagenet else h
    for name, convs in blocks:
        h = torch_block(p, h, name, convs)
    return F.linear(h.mean((2, 3)), p["head.W"], p["head.b"])


def basic_blocks(p, x):
    plain, halving = ((3, 1), (3, 1)), ((3, 2), (3, 1))
    names = ("group1.block1", plain), ("group1.block2", plain), ("group2.block1", halving)
    return torch_resnet(p, x, names)


def bottlenecks(p, x):
    names = (
        ("group1.block1", ((1, 1), (3, 1), (1, 1))),
        ("group2.block1", ((1, 1), (3, 2), (1, 1))),
        ("group2.block2", ((1, 1), (3, 1), (1, 1))),
    )
    return torch_resnet(p, x, names)


def bottlenecks_2015(p, x):
    names = (
        ("group1.block1", ((1, 1), (3, 1), (1, 1))),
        ("group2.block1", ((1, 2), (3, 1), (1, 1))),
    )
    return torch_resnet(p, x, names, imagenet=True)


IMAGENET_LIKE = {"classes": 3, "stem": models.IMAGENET_STEM, "block": models.bottleneck_2015}
PAIRS = {
    "mlp": (Case(models.mlp(12, 9, 3, 4), (5, 12)), torch_mlp),
    "alexnet": (Case(models.alexnet(), (5, 8, 8, 1)), torch_alexnet),
    "alexnet_bn": (Case(models.alexnet_bn(), (5, 8, 8, 1)), torch_alexnet_bn),
    "alexnet_with_groups": (Case(grouped_alexnet(), (5, 13, 13, 2)), torch_grouped),
    "resnet": (Case(models.resnet((4, 6), (2, 1)), (5, 8, 8, 1)), basic_blocks),
    "resnet_bottleneck": (
        Case(models.resnet((3, 4), (1, 2), block=models.bottleneck), (5, 9, 8, 1)),
        bottlenecks,
    ),
    "resnet_2015": (
        Case(models.resnet((3, 4), (1, 1), inputs=2, **IMAGENET_LIKE), (3, 20, 21, 2)),
        bottlenecks_2015,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_model_and_its_gradients_agree_with_torch(name):
    case, torch_forward = PAIRS[name]
    params, x = params_and_x(case)
    y, back = case.model.forward(params, x)
    dy = np.random.default_rng(3).standard_normal(y.shape)
    dparams, dx = back(dy)

    p = {key: to_torch(key, a) for key, a in params.items()}
    images = x.ndim == 4
    tx = torch.tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2) if images else x))
    tx.requires_grad_()
    ty = torch_forward(p, tx)
    ty.backward(torch.tensor(dy))
    tdx = tx.grad.numpy().transpose(0, 2, 3, 1) if images else tx.grad.numpy()

    pairs = {"y": (y, ty.detach().numpy()), "dx": (dx, tdx)}
    pairs |= {key: (dparams[key], from_torch(p[key].grad)) for key in params}
    errors = {key: np.max(np.abs(a - b)) / (1 + np.max(np.abs(b))) for key, (a, b) in pairs.items()}
    worst = max(errors, key=errors.get)
    print(f"{name}: worst {worst} {errors[worst]:.1e}, tolerance {TOLERANCE:.0e}")
    assert errors[worst] < TOLERANCE, worst
