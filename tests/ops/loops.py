"""Every op once more, as plain loops over numbers: slow, and hard to get wrong."""

from __future__ import annotations

import math
from itertools import product

import numpy as np


def conv2d(x, W, b, stride, pads, groups, dy=None):
    """Return y; with ``dy`` return dx, dW, db instead, from the same loop."""
    (N, H, width, _), (KH, KW, Cg, outs) = x.shape, W.shape
    (sh, sw), ((top, bottom), (left, right)) = stride, pads
    OH, OW = (H + top + bottom - KH) // sh + 1, (width + left + right - KW) // sw + 1
    y = np.zeros((N, OH, OW, outs)) + b
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for n, p, q, o in product(range(N), range(OH), range(OW), range(outs)):
        first = o // (outs // groups) * Cg  # the first channel that kernel o sees
        for i, j, c in product(range(KH), range(KW), range(Cg)):
            h, w = sh * p + i - top, sw * q + j - left
            if 0 <= h < H and 0 <= w < width:
                y[n, p, q, o] += x[n, h, w, first + c] * W[i, j, c, o]
                if dy is not None:
                    dx[n, h, w, first + c] += dy[n, p, q, o] * W[i, j, c, o]
                    dW[i, j, c, o] += dy[n, p, q, o] * x[n, h, w, first + c]
    return y if dy is None else (dx, dW, dy.sum((0, 1, 2)))


def pool2d(x, size, stride, pads, kind):
    """``kind`` "max" leaves the padding out, "avg" counts it as zeros."""
    (N, H, width, C), ((top, bottom), (left, right)) = x.shape, pads
    OH = (H + top + bottom - size[0]) // stride[0] + 1
    OW = (width + left + right - size[1]) // stride[1] + 1
    y = np.empty((N, OH, OW, C))
    for n, p, q, c in product(range(N), range(OH), range(OW), range(C)):
        inside = []
        for i, j in product(range(size[0]), range(size[1])):
            h, w = stride[0] * p + i - top, stride[1] * q + j - left
            if 0 <= h < H and 0 <= w < width:
                inside.append(float(x[n, h, w, c]))
        y[n, p, q, c] = max(inside) if kind == "max" else math.fsum(inside) / (size[0] * size[1])
    return y


def linear(x, W, b):
    y = np.empty((*x.shape[:-1], W.shape[1]))
    for index in np.ndindex(*x.shape[:-1]):
        for o in range(W.shape[1]):
            y[(*index, o)] = b[o] + math.fsum(x[index][i] * W[i, o] for i in range(W.shape[0]))
    return y


def batch_norm(x, gamma, beta, eps):
    """Return y, mean, var; the statistics of each channel over everything else."""
    y, C = np.empty(x.shape), x.shape[-1]
    means, variances = [], []
    for c in range(C):
        values = [float(v) for v in x[..., c].ravel()]
        mean = math.fsum(values) / len(values)
        var = math.fsum((v - mean) ** 2 for v in values) / len(values)
        for index in np.ndindex(*x.shape[:-1]):
            n = (x[(*index, c)] - mean) / math.sqrt(var + eps)
            y[(*index, c)] = gamma[c] * n + beta[c]
        means.append(mean)
        variances.append(var)
    return y, np.array(means), np.array(variances)


def local_response_norm(x, size, alpha, beta, k):
    """Krizhevsky et al. 2012, section 3.3: j runs from max(0, i - n/2) to min(N - 1, i + n/2)."""
    y, C = np.empty(x.shape), x.shape[-1]
    for index in np.ndindex(*x.shape[:-1]):
        a = x[index]
        for i in range(C):
            js = range(max(0, i - size // 2), min(C - 1, i + size // 2) + 1)
            y[(*index, i)] = a[i] / (k + alpha * math.fsum(a[j] ** 2 for j in js)) ** beta
    return y


def softmax_cross_entropy(logits, labels, smoothing):
    N, K = logits.shape
    losses = []
    for n in range(N):
        e = [math.exp(v - max(logits[n])) for v in logits[n]]
        for k in range(K):
            q = (1 - smoothing) * (k == labels[n]) + smoothing / K
            losses.append(-q * math.log(e[k] / math.fsum(e)))
    return math.fsum(losses) / N
