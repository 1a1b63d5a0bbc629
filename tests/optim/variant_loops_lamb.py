"""Other people's LAMBs as plain NumPy, one layer and one step, in the order of their sources.

Transcribed from the published code (commits: the table of sources in docs/variants.md); no line is
shared with lbopt. Each takes a Layer and the library's keywords and returns the new weights.
``on`` and ``fit``: is the layer in the decay mask, in the adaptation mask.
"""

import re
from typing import Any, NamedTuple

import numpy as np


class Layer(NamedTuple):
    name: str
    w: np.ndarray
    g: np.ndarray
    s: dict  # the layer's state
    t: int  # 1, 2, 3, ...
    lr: float
    last_lr: float
    all_g: Any  # gradients of all layers
    on: bool
    fit: bool


def size(a):
    return np.sqrt(np.sum(np.square(a)))


def joint(arrays):
    return np.sqrt(sum(np.sum(np.square(a)) for a in arrays))


def moments(L, g, b1, b2, b3=None):
    b3 = 1 - b1 if b3 is None else b3
    L.s["m"] = b1 * L.s.get("m", 0) + b3 * g
    L.s["v"] = b2 * L.s.get("v", 0) + (1 - b2) * g * g
    return L.s["m"], L.s["v"]


def trust(w_norm, u_norm):
    return w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0


def leaf(tree, L):
    """optax's masks: a boolean, a dict, or a function of all parameters."""
    tree = tree({L.name: L.w}) if callable(tree) else tree
    return tree is None or (tree if isinstance(tree, bool) else tree[L.name])


def optax(L, b1=0.9, b2=0.999, eps=1e-6, eps_root=0.0, weight_decay=0.0, mask=None):
    m, v = moments(L, L.g, b1, b2)
    u = m / (1 - b1**L.t) / (np.sqrt(v / (1 - b2**L.t) + eps_root) + eps)
    wd = weight_decay(L.t - 1) if callable(weight_decay) else weight_decay
    u = u + L.on * leaf(mask, L) * wd * L.w
    return L.w - L.lr * (trust(size(L.w), size(u)) if L.fit else 1) * u


def timm(
    L, bias_correction=True, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, grad_averaging=True,
    max_grad_norm=1.0, trust_clip=False, always_adapt=False, caution=False, decoupled_decay=False,
    corrected_weight_decay=False, max_lr=None,
):  # fmt: skip
    b1, b2 = betas
    g = L.g
    if max_grad_norm is not None:
        g = g / max(joint(L.all_g) / max_grad_norm, 1.0)
    m, v = moments(L, g, b1, b2, None if grad_averaging else 1.0)
    c1, c2 = (1 - b1**L.t, 1 - b2**L.t) if bias_correction else (1.0, 1.0)
    u = (m / c1) / (np.sqrt(v) / c2**0.5 + eps)
    if caution and u.size:
        mask = (u * g > 0) * 1.0
        u = u * mask / max(mask.mean(), 1e-3)
    wd, w = weight_decay * L.on, L.w
    if wd != 0 and decoupled_decay:
        w = w - (L.lr**2 / max_lr if corrected_weight_decay else L.lr) * wd * w
    elif wd != 0:
        u = u + wd * w
    if (wd != 0 or always_adapt) and L.fit:
        r = trust(size(w), size(u))
        u = u * (min(r, 1.0) if trust_clip else r)
    return w - L.lr * u


def apex(
    L, bias_correction=True, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, adam_w_mode=True,
    grad_averaging=True, max_grad_norm=1.0, use_nvlamb=False,
):  # fmt: skip
    b1, b2 = betas
    norm = joint(L.all_g)
    g = L.g / (norm / max_grad_norm if norm > max_grad_norm else 1.0)
    wd = weight_decay * L.on
    if not adam_w_mode:
        g = g + wd * L.w
    m, v = moments(L, g, b1, b2, None if grad_averaging else 1.0)
    c1, c2 = (1 - b1**L.t, 1 - b2**L.t) if bias_correction else (1.0, 1.0)
    u = (m / c1) / (np.sqrt(v / c2) + eps)
    if adam_w_mode:
        u = u + wd * L.w
    ratio = L.lr
    if (use_nvlamb or wd != 0) and L.fit and size(u) != 0 and size(L.w) != 0:
        ratio = L.lr * (size(L.w) / size(u))
    return L.w - ratio * u


def deepspeed(
    L, bias_correction=True, betas=(0.9, 0.999), eps=1e-8, eps_inside_sqrt=False, weight_decay=0.0,
    max_grad_norm=0.0, max_coeff=10.0, min_coeff=0.01,
):  # fmt: skip
    b1, b2 = betas
    scale = 1.0
    if max_grad_norm > 0:
        scale = max(1.0, (joint(L.all_g) + 1e-6) / max_grad_norm)
    m, v = moments(L, L.g / scale, b1, b2)
    root = np.sqrt(v + eps) if eps_inside_sqrt else np.sqrt(v) + eps
    u = m / root + L.on * weight_decay * L.w
    coeff = 1.0
    if size(L.w) != 0 and size(u) != 0 and L.fit:
        coeff = max(min(size(L.w) / size(u), max_coeff), min_coeff)
    step = L.lr
    if bias_correction:
        step = L.lr * (1 - b2**L.t) ** 0.5 / (1 - b1**L.t)
    return L.w - step * coeff * u


def f32(x):
    """What is left of a number where a library keeps it in float32."""
    return float(np.float32(x))


def tf_clips(L, clipnorm, clipvalue, global_clipnorm):
    """tf_keras/src/optimizers/legacy/optimizer_v2.py: the value first, then a norm."""
    every = [L.g, *L.all_g]
    if clipvalue is not None:
        every = [np.clip(g, -clipvalue, clipvalue) for g in every]
    g = every[0]
    if clipnorm is not None:
        return g * clipnorm / max(size(g), clipnorm)
    if global_clipnorm is not None:
        return g * global_clipnorm * min(1 / joint(every[1:]), 1 / global_clipnorm)
    return g


def tfmodels(
    L, beta_1=0.9, beta_2=0.999, epsilon=1e-6, weight_decay_rate=0.0,
    exclude_from_weight_decay=None, exclude_from_layer_adaptation=None, clipnorm=None,
    clipvalue=None, global_clipnorm=None, decay=0.0,
):  # fmt: skip
    g = tf_clips(L, clipnorm, clipvalue, global_clipnorm)
    b1, b2 = f32(beta_1), f32(beta_2)
    m, v = moments(L, g, b1, b2)
    u = m / (1 - b1**L.t) / (np.sqrt(v / (1 - b2**L.t)) + epsilon)
    skip = exclude_from_layer_adaptation or exclude_from_weight_decay
    if L.on and not any(re.search(r, L.name) for r in exclude_from_weight_decay or []):
        u = u + f32(weight_decay_rate) * L.w
    adapted = L.fit and not any(re.search(r, L.name) for r in skip or [])
    lr = f32(L.lr) / (1.0 + f32(decay) * (L.t - 1))
    return L.w - (trust(size(L.w), size(u)) if adapted else 1.0) * lr * u


def keras(
    L, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=None, clipnorm=None, clipvalue=None,
    global_clipnorm=None,
):  # fmt: skip
    g = L.g
    if clipnorm:  # ops.maximum of a float64 and a Python float is float32, so is ops.minimum
        g = g * clipnorm / max(f32(size(g)), f32(clipnorm))
    elif global_clipnorm:
        least = min(f32(1 / joint(L.all_g)), f32(1 / global_clipnorm))
        g = g * f32(f32(global_clipnorm) * least)
    elif clipvalue:
        g = np.clip(g, -clipvalue, clipvalue)
    w = L.w
    if weight_decay is not None and L.on:
        w = w - w * weight_decay * L.lr
    m, v = moments(L, g, beta_1, beta_2)
    u = m / (1 - beta_1**L.t) / (np.sqrt(v / (1 - beta_2**L.t)) + epsilon)
    return w - (trust(size(w), size(u)) if L.fit else 1.0) * L.lr * u


def float32_power(b, t):
    """The power as it is kept up: multiplied once a step, in float32."""
    power = np.float32(1)
    for _ in range(t):
        power = np.float32(power * np.float32(b))
    return power


def tinygrad(L, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0, adam=False):
    m, v = moments(L, L.g, b1, b2)
    c1, c2 = (float(np.float32(1) - float32_power(b, L.t)) for b in (b1, b2))
    up = m / c1 / (np.sqrt(v / c2) + eps) + L.on * weight_decay * L.w
    return L.w - f32(L.lr) * (1.0 if adam or not L.fit else trust(size(L.w), size(up))) * up


def mxnet(
    L, beta1=0.9, beta2=0.999, epsilon=1e-6, lower_bound=None, upper_bound=None,
    bias_correction=True, wd=0.0, rescale_grad=1.0, clip_gradient=None,
):  # fmt: skip
    beta1, beta2 = f32(beta1), f32(beta2)
    g = L.g * f32(rescale_grad)
    if clip_gradient is not None:
        g = np.clip(g, -f32(clip_gradient), f32(clip_gradient))
    m, v = moments(L, g, beta1, beta2)
    if bias_correction:
        m, v = m / (1 - beta1**L.t), v / (1 - beta2**L.t)
    u = m / (np.sqrt(v) + f32(epsilon)) + L.on * f32(wd) * L.w
    r1 = size(L.w)
    if lower_bound:
        r1 = max(r1, f32(lower_bound))
    if upper_bound:
        r1 = min(r1, f32(upper_bound))
    r = 1.0 if r1 == 0 or size(u) == 0 or not L.fit else r1 / size(u)
    return L.w - f32(L.lr) * r * u


def paddle(
    L, lamb_weight_decay=0.01, beta1=0.9, beta2=0.999, epsilon=1e-6, always_adapt=False
):  # fmt: skip
    """paddle/phi/kernels/impl/lamb_kernel_impl.h: attributes are float, powers start as doubles."""
    wd, b1, b2 = f32(lamb_weight_decay) * L.on, f32(beta1), f32(beta2)
    m, v = moments(L, L.g, b1, b2)
    c1, c2 = 1 - beta1 * b1 ** (L.t - 1), 1 - beta2 * b2 ** (L.t - 1)
    u = m / c1 / (np.sqrt(v / c2) + f32(epsilon)) + wd * L.w
    adapted = (wd != 0 or always_adapt) and L.fit
    return L.w - L.lr * (trust(size(L.w), size(u)) if adapted else 1.0) * u


def flash(
    L, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, exclude_from_layer_adaptation=False,
    amsgrad=False,
):  # fmt: skip
    b1, b2 = betas
    m, v = moments(L, L.g, b1, b2)
    if amsgrad:
        v = L.s["most"] = np.maximum(L.s.get("most", 0), v)
    u = (m / (1 - b1**L.t)) / (np.sqrt(v) / np.sqrt(1 - b2**L.t) + eps)
    u = u + L.on * weight_decay * L.w
    adapted = L.fit and not exclude_from_layer_adaptation
    return L.w - L.lr * (trust(size(L.w), size(u)) if adapted else 1.0) * u


def torch_optimizer(
    L, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, clamp_value=10.0, adam=False, debias=False
):
    b1, b2 = betas
    m, v = moments(L, L.g, b1, b2)
    step = L.lr * (np.sqrt(1 - b2**L.t) / (1 - b1**L.t) if debias else 1)
    w_norm = min(max(size(L.w), 0), clamp_value)
    u = m / (np.sqrt(v) + eps) + L.on * weight_decay * L.w
    r = 1 if w_norm == 0 or size(u) == 0 or adam or not L.fit else w_norm / size(u)
    return L.w - step * r * u


def cybertronai(L, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, adam=False, in_ratio=0.0):
    m, v = moments(L, L.g, *betas)
    w_norm = min(size(L.w), 10)
    u = m / (np.sqrt(v) + eps) + L.on * weight_decay * L.w
    r = 1 if w_norm == 0 or size(u) == 0 else w_norm / (size(u) + in_ratio)
    return L.w - L.lr * (1 if adam or not L.fit else r) * u


def nvidia_dle(L, eps=1e-6, **kw):
    return cybertronai(L, eps=eps, in_ratio=eps, **kw)


def bitsandbytes(L, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, max_unorm=1.0):
    """The CPU kernel: its norm is that of the direction before bias correction."""
    b1, b2 = betas
    m, v = moments(L, L.g, b1, b2)
    c1, c2 = 1 - b1**L.t, np.sqrt(1 - b2**L.t)
    w = L.w * (1 - L.lr * weight_decay * L.on)
    raw, scale = m / (np.sqrt(v) + eps * c2), 1.0
    if max_unorm > 0 and L.fit and size(raw) > max_unorm * size(L.w):
        scale = max_unorm * size(L.w) / size(raw)
    return w - L.lr * c2 / c1 * scale * raw


LAMB = {
    "optax_lamb": optax,
    "timm_lamb": timm,
    "apex_fused_lamb": apex,
    "deepspeed_fused_lamb": deepspeed,
    "tfmodels_lamb": tfmodels,
    "keras_lamb": keras,
    "tinygrad_lamb": tinygrad,
    "mxnet_lamb": mxnet,
    "paddle_lamb": paddle,
    "flash_lamb": flash,
    "torch_optimizer_lamb": torch_optimizer,
    "cybertronai_lamb": cybertronai,
    "nvidia_dle_lamb": nvidia_dle,
    "bitsandbytes_lamb": bitsandbytes,
}
