"""Other people's LARSs as plain NumPy, in the manner of variant_loops_lamb.py."""

import re

import numpy as np

from tests.optim.variant_loops_lamb import f32, leaf, size, tf_clips


def ball(L, m, u, nesterov=False):
    """v <- m v + u from zero; the step is v, or u + m v."""
    L.s["v"] = m * L.s.get("v", 0) + u
    return u + m * L.s["v"] if nesterov else L.s["v"]


def torch_sgd(L, g, momentum, dampening, nesterov):
    """torch.optim.SGD's momentum: the first buffer is the gradient itself."""
    if momentum != 0:
        if "v" in L.s:
            L.s["v"] = momentum * L.s["v"] + (1 - dampening) * g
        else:
            L.s["v"] = g
        g = g + momentum * L.s["v"] if nesterov else L.s["v"]
    return L.w - L.lr * g


def optax(
    L, weight_decay=0.0, weight_decay_mask=True, trust_coefficient=0.001, eps=0.0,
    trust_ratio_mask=True, momentum=0.9, nesterov=False,
):  # fmt: skip
    wd = weight_decay(L.t - 1) if callable(weight_decay) else weight_decay
    g = L.g + L.on * leaf(weight_decay_mask, L) * wd * L.w
    if L.fit and leaf(trust_ratio_mask, L) and size(L.w) != 0 and size(g) != 0:
        g = g * (trust_coefficient * size(L.w) / (size(g) + eps))
    return L.w + ball(L, momentum, -L.lr * g, nesterov)


def timm(
    L, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, trust_coeff=0.001, eps=1e-8,
    trust_clip=False, always_adapt=False,
):  # fmt: skip
    g, wd = L.g, weight_decay * L.on
    if (wd != 0 or always_adapt) and not L.fit:
        g = g + wd * L.w
    elif wd != 0 or always_adapt:
        r = 1.0
        if size(L.w) > 0 and size(g) > 0:
            r = trust_coeff * size(L.w) / (size(g) + size(L.w) * wd + eps)
        if trust_clip:
            r = min(r / L.lr, 1.0)
        g = (g + wd * L.w) * r
    return torch_sgd(L, g, momentum, dampening, nesterov)


def larc(
    L, trust_coefficient=0.02, clip=True, eps=1e-8, momentum=0.0, dampening=0.0, weight_decay=0.0,
    nesterov=False,
):  # fmt: skip
    g, wd = L.g, weight_decay * L.on
    if not L.fit:
        g = g + wd * L.w
    elif size(L.w) != 0 and size(g) != 0:
        r = trust_coefficient * size(L.w) / (size(g) + size(L.w) * wd + eps)
        if clip:
            r = min(r / L.lr, 1)
        g = (g + wd * L.w) * r
    return torch_sgd(L, g, momentum, dampening, nesterov)


def tfmodels(
    L, momentum=0.9, weight_decay_rate=0.0, eeta=0.001, nesterov=False, classic_momentum=True,
    exclude_from_weight_decay=None, exclude_from_layer_adaptation=None, clipnorm=None,
    clipvalue=None, global_clipnorm=None, decay=0.0,
):  # fmt: skip
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    name = L.name + ":0"  # a variable's name in TensorFlow; LAMB cuts that off, LARS does not
    adapted = L.fit and not any(re.search(r, name) for r in skip or [])
    lr = f32(L.lr) / (1.0 + f32(decay) * (L.t - 1))
    g = tf_clips(L, clipnorm, clipvalue, global_clipnorm)
    if L.on and not any(re.search(r, name) for r in exclude_from_weight_decay or []):
        g = g + weight_decay_rate * L.w

    def ratio(u):
        plain = not adapted or size(L.w) == 0 or size(u) == 0
        return 1.0 if plain else eeta * size(L.w) / size(u)

    if classic_momentum:
        return L.w - ball(L, momentum, lr * ratio(g) * g, nesterov)
    u = ball(L, momentum, g, nesterov)
    return L.w - lr * ratio(u) * u


def mlperf(
    L, momentum=0.9, weight_decay=0.0001, eeta=0.001, epsilon=0.0, skip_list=None,
    use_nesterov=False,
):  # fmt: skip
    lr, g = L.lr, L.g
    if not any(part in L.name for part in skip_list or []):
        wd = weight_decay * L.on
        if L.fit and size(L.w) > 0 and size(g) > 0:
            lr = lr * eeta * size(L.w) / (size(g) + wd * size(L.w) + (epsilon or 1e-7))
        g = g + wd * L.w
    L.s["mom"] = mom = L.s.get("mom", 0) * momentum - g * lr
    return L.w + mom * momentum - g * lr if use_nesterov else L.w + mom


def tinygrad(
    L, momentum=0.9, weight_decay=1e-4, nesterov=False, classic=True, pre_wd=True, tcoef=0.001
):
    lr, g, wd, r = f32(L.lr), L.g, weight_decay * L.on, 1.0
    if tcoef != 0 and size(L.w) > 0 and size(g) > 0 and L.fit:
        r = tcoef * size(L.w) / (size(g) + wd * size(L.w))
    if pre_wd:
        g = g + wd * L.w
    if classic:
        g = g * r * lr
    if momentum:
        g = ball(L, momentum, g, nesterov)
    if not classic:
        g = g * r * lr
    if not pre_wd:
        g = g + f32(f32(wd) * lr) * L.w
    return L.w - g


def mxnet(
    L, momentum=0.0, eta=0.001, eps=0.0, momentum_correction=True, wd=0.0, rescale_grad=1.0,
    clip_gradient=None,
):  # fmt: skip
    lr, wd = L.lr, wd * L.on
    g = L.g * rescale_grad
    if L.fit and not L.name.endswith(("gamma", "beta", "bias")) and size(L.w) > 0 and size(g) > 0:
        lr = lr * eta * size(L.w) / (size(g) + wd * size(L.w) + eps)
    if momentum_correction and L.last_lr != 0:
        momentum = momentum * (L.lr / L.last_lr)
    if clip_gradient:
        g = np.clip(g, -clip_gradient, clip_gradient)
    L.s["mom"] = momentum * L.s.get("mom", 0) - lr * (g + wd * L.w)
    return L.w + L.s["mom"]


def paddle(
    L, momentum, lars_coeff=0.001, lars_weight_decay=0.0005, exclude_from_weight_decay=None,
    epsilon=0.0, rescale_grad=1.0,
):  # fmt: skip
    """paddle/phi/kernels/cpu/lars_momentum_kernel.cc: all but the learning rate are floats."""
    momentum, lars_coeff, epsilon = f32(momentum), f32(lars_coeff), f32(epsilon)
    wd = f32(lars_weight_decay) * L.on
    if any(part in L.name for part in exclude_from_weight_decay or []):
        wd = 0.0
    g, lr = L.g * f32(rescale_grad), L.lr
    if wd > 0 and L.fit and size(L.w) > 0 and size(g) > 0:
        lr = lr * lars_coeff * size(L.w) / (size(g) + wd * size(L.w) + epsilon)
    return L.w - ball(L, momentum, lr * (g + wd * L.w))


def bolts(
    L, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, trust_coefficient=0.001,
    eps=1e-8,
):  # fmt: skip
    g, wd = L.g, weight_decay * L.on
    if wd != 0 and not L.fit:
        g = g + wd * L.w
    elif wd != 0 and size(L.w) != 0 and size(g) != 0:
        lars_lr = size(L.w) / (size(g) + size(L.w) * wd + eps) * trust_coefficient
        g = (g + wd * L.w) * lars_lr
    return torch_sgd(L, g, momentum, dampening, nesterov)


def torch_optimizer(L, trust_coefficient=0.01, **kw):
    return bolts(L, trust_coefficient=trust_coefficient, **kw)


def kozistr(
    L, weight_decay=0.0, momentum=0.9, dampening=0.0, trust_coefficient=1e-3, nesterov=False,
    maximize=False,
):  # fmt: skip
    g = -L.g if maximize else L.g
    if g.ndim > 1:
        wd = weight_decay * L.on
        bottom = size(g) + wd * size(L.w)
        r = 1.0
        if L.fit and size(L.w) > 0 and bottom > 0:
            r = trust_coefficient * size(L.w) / bottom
        g = (g + wd * L.w) * r
    if momentum > 0:
        L.s["v"] = momentum * L.s.get("v", 0) + (1 - dampening) * g
        g = g + momentum * L.s["v"] if nesterov else L.s["v"]
    return L.w - L.lr * g


def chainer(L, threshold=1e-2, weight_decay=0.0, eps=1e-9, momentum=0.9):
    wd = weight_decay * L.on
    r = size(L.w) / (eps + size(L.g) + wd * size(L.w)) if size(L.w) > threshold else 1.0
    return L.w - ball(L, momentum, L.lr * (L.g + wd * L.w) * (r if L.fit else 1.0))


def bitsandbytes(L, momentum, weight_decay=0.0, max_unorm=0.02):
    """The CPU kernel."""
    v = ball(L, momentum, L.g + L.on * weight_decay * L.w)
    scale = 1.0
    if max_unorm > 0 and L.fit and size(v) > max_unorm * size(L.w):
        scale = max_unorm * size(L.w) / size(v)
    return L.w - L.lr * scale * v


LARS = {
    "optax_lars": optax,
    "timm_lars": timm,
    "apex_larc": larc,
    "tfmodels_lars": tfmodels,
    "mlperf_lars": mlperf,
    "tinygrad_lars": tinygrad,
    "mxnet_lars": mxnet,
    "paddle_lars": paddle,
    "flash_lars": bolts,
    "bolts_lars": bolts,
    "kozistr_lars": kozistr,
    "torch_optimizer_lars": torch_optimizer,
    "chainer_lars": chainer,
    "bitsandbytes_lars": bitsandbytes,
}
