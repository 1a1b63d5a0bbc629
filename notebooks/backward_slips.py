"""Right pullbacks and classic slips, for the table of notebook 01. The laws: backward_laws.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from backward_laws import LABELS, Part

from lbopt import ops

Made = tuple[Any, Callable]


def entropy(z: np.ndarray) -> Made:
    """The package's, at fixed labels."""
    return ops.softmax_cross_entropy(z, LABELS)


def conv(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """The package's, with one pixel of padding."""
    return ops.conv2d(x, W, b, padding=1)


def W_not_transposed(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: dx = dy W; the shapes fit, because W is square."""
    y, back = ops.linear(x, W, b)
    return y, lambda dy: (dy @ W, *back(dy)[1:])


def bias_mean(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: the gradient of the bias is averaged over the rows, not summed."""
    y, back = ops.linear(x, W, b)
    return y, lambda dy: (*back(dy)[:2], dy.mean(axis=0))


def bias_not_summed(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: one gradient per row; it broadcasts, so nothing complains."""
    y, back = ops.linear(x, W, b)
    return y, lambda dy: (*back(dy)[:2], dy)


def mean_as_sum(z: np.ndarray) -> Made:
    """Wrong: 1/N is forgotten on the way back."""
    loss, back = entropy(z)
    return loss, lambda dloss: len(z) * back(dloss)


def label_forgotten(z: np.ndarray) -> Made:
    """Wrong: p instead of p - q."""
    loss, _ = entropy(z)
    return loss, lambda dloss: dloss * ops.softmax(z)[0] / len(z)


def dloss_ignored(z: np.ndarray) -> Made:
    """Wrong: the cotangent is taken to be 1, whatever comes."""
    loss, back = entropy(z)
    return loss, lambda dloss: back(1.0)


def overflows(z: np.ndarray) -> Made:
    """Wrong for large scores only: the maximum of the row is not taken out before exp."""
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    q = np.eye(z.shape[1])[LABELS]
    return -(q * np.log(p)).sum() / len(z), lambda dloss: dloss * (p - q) / len(z)


def mean_kept(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> Made:
    """Wrong: only the part along n is taken out."""
    return _norm(x, gamma, beta, lambda dn, n: dn - n * (n * dn).mean(axis=1, keepdims=True))


def n_kept(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> Made:
    """Wrong: only the mean is taken out."""
    return _norm(x, gamma, beta, lambda dn, n: dn - dn.mean(axis=1, keepdims=True))


def gamma_last(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> Made:
    """Wrong: the projections act on dy, and gamma is multiplied afterwards."""
    one = np.ones_like(gamma)
    y, back = ops.layer_norm(x, gamma, beta)
    dx = ops.layer_norm(x, one, beta)[1]
    return y, lambda dy: (gamma * dx(dy)[0], *back(dy)[1:])


def _norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, project: Callable) -> Made:
    y, back = ops.layer_norm(x, gamma, beta)
    n, s = (y - beta) / gamma, 1 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return y, lambda dy: (s * project(gamma * dy, n), *back(dy)[1:])


def kernel_flipped(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: the correlation of dy with the kernel as it is; it must be turned round."""
    y, back = conv(x, W, b)
    return y, lambda dy: (conv(x, W[::-1, ::-1].copy(), b)[1](dy)[0], *back(dy)[1:])


def margin_kept(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: the margin of the padded image is cut off at the end only."""
    y, back = conv(x, W, b)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    whole = ops.conv2d(padded, W, b)[1]
    return y, lambda dy: (whole(dy)[0][:, :-2, :-2], *back(dy)[1:])


def last_window_wins(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> Made:
    """Wrong: a pixel under several windows keeps the share of the last one."""
    y, back = conv(x, W, b)

    def back_wrong(dy: np.ndarray) -> tuple:
        (_, OH, OW, _), dpadded = dy.shape, np.zeros((len(x), *np.add(x.shape[1:3], 2), x.shape[3]))
        for i, j in np.ndindex(W.shape[:2]):
            dpadded[:, i : i + OH, j : j + OW] = dy @ W[i, j].T  # should add
        return dpadded[:, 1:-1, 1:-1], *back(dy)[1:]

    return y, back_wrong


def relu_in_place(x: np.ndarray) -> Made:
    """Wrong: right numbers, written over the cotangent that somebody else may still need."""
    y, _ = ops.relu(x)

    def back(dy: np.ndarray) -> np.ndarray:
        dy *= x > 0
        return dy

    return y, back


SLIPS: dict[str, tuple[str, Part]] = {  # name: (the laws it is held to, the part)
    "the package's linear": ("linear", ops.linear),
    "the package's cross-entropy": ("cross-entropy", entropy),
    "the package's layer norm": ("layer norm", ops.layer_norm),
    "the package's convolution": ("conv", conv),
    "the package's relu": ("relu", ops.relu),
    "linear: W not transposed": ("linear", W_not_transposed),
    "linear: db a mean": ("linear", bias_mean),
    "linear: db not summed": ("linear", bias_not_summed),
    "entropy: mean as sum": ("cross-entropy", mean_as_sum),
    "entropy: p, not p - q": ("cross-entropy", label_forgotten),
    "entropy: dloss ignored": ("cross-entropy", dloss_ignored),
    "entropy: exp may overflow": ("cross-entropy", overflows),
    "norm: mean not taken out": ("layer norm", mean_kept),
    "norm: n not taken out": ("layer norm", n_kept),
    "norm: gamma at the end": ("layer norm", gamma_last),
    "conv: kernel not flipped": ("conv", kernel_flipped),
    "conv: margin cut wrongly": ("conv", margin_kept),
    "conv: last window wins": ("conv", last_window_wins),
    "relu: back writes into dy": ("relu", relu_in_place),
}
