"""The network that a learner's tape must run: once for any objects, once by hand with ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from lbopt import ops

N, D, C, K = 6, 3, 4, 5  # examples, inputs, width, classes
SHAPES = {"x": (N, D), "W1": (D, C), "b1": (C,), "gamma": (C,), "beta": (C,)}
SHAPES |= {"W2": (C, C), "W3": (C, K)}
LABELS = np.array([0, 3, 1, 4, 4, 2])


def network(x: Any, W1: Any, b1: Any, gamma: Any, beta: Any, W2: Any, W3: Any) -> Any:
    """Linear, layer norm, relu, W2 twice (once with a way past it), scores, cross-entropy."""
    a = x @ W1 + b1  # (N, C)
    t = a + a.sum(axis=1, keepdims=True) * (-1 / C)
    variance = (t * t).sum(axis=1, keepdims=True) * (1 / C) + 1e-5
    h = (t * (variance.log() * -0.5).exp() * gamma + beta).relu()
    h = h @ W2 + h  # h forks
    z = (h @ W2) @ W3  # W2 is used again; (N, K)
    log_p_label = (z * np.eye(K)[LABELS]).sum(axis=1) + z.exp().sum(axis=1).log() * -1.0
    return log_p_label.sum() * (-1 / N)


def network_by_hand(x: Any, W1: Any, b1: Any, gamma: Any, beta: Any, W2: Any, W3: Any) -> tuple:
    """The same by lbopt's ops: the loss and its gradients, read upwards."""
    a, back_a = ops.linear(x, W1, b1)
    n, back_n = ops.layer_norm(a, gamma, beta)
    h, back_h = ops.relu(n)
    m, back_m = ops.linear(h, W2)
    q, back_q = ops.linear(m + h, W2)
    z, back_z = ops.linear(q, W3)
    loss, back_loss = ops.softmax_cross_entropy(z, LABELS)
    dq, dW3 = back_z(back_loss())
    dsum, dW2_late = back_q(dq)
    dh, dW2_early = back_m(dsum)
    da, dgamma, dbeta = back_n(back_h(dh + dsum))
    dx, dW1, db1 = back_a(da)
    return loss, (dx, dW1, db1, dgamma, dbeta, dW2_early + dW2_late, dW3)
