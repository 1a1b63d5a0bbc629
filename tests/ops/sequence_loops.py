"""The ops of language models once more, as plain loops over numbers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np


def embedding_gradient(ids, dy, V):
    dtable = np.zeros((V, dy.shape[-1]))
    for place in np.ndindex(*ids.shape):
        dtable[ids[place]] += dy[place]
    return dtable


def unembedding(x, table, b):
    y = np.empty((len(x), len(table)))
    for m, v in np.ndindex(*y.shape):
        y[m, v] = math.fsum(x[m] * table[v]) + b[v]
    return y


def layer_norm(x, gamma, beta, eps):
    y, C = np.empty(x.shape), x.shape[-1]
    for place in np.ndindex(*x.shape[:-1]):
        row = [float(v) for v in x[place]]
        mean = math.fsum(row) / C
        var = math.fsum((v - mean) ** 2 for v in row) / C
        for c in range(C):
            y[(*place, c)] = gamma[c] * (row[c] - mean) / math.sqrt(var + eps) + beta[c]
    return y


def gelu(x):
    def one(v):
        return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    return np.vectorize(one)(x)


def gelu_erf(x):
    return np.vectorize(lambda v: 0.5 * v * math.erfc(-v / math.sqrt(2)))(x)


def softmax(x):
    p = np.empty(x.shape)
    for place in np.ndindex(*x.shape[:-1]):
        e = [math.exp(v - max(x[place])) for v in x[place]]
        p[place] = [v / math.fsum(e) for v in e]
    return p


def attention(q, k, v, seen):
    """``seen(b, t, s)`` says whether query t of example b may look at key s."""
    (B, H, T, D), S, E = q.shape, k.shape[2], v.shape[3]
    o = np.zeros((B, H, T, E))
    for b, h, t in product(range(B), range(H), range(T)):
        keys = [s for s in range(S) if seen(b, t, s)]
        scores = [math.fsum(q[b, h, t] * k[b, h, s]) / math.sqrt(D) for s in keys]
        total = math.fsum(math.exp(s) for s in scores)
        for s, score in zip(keys, scores, strict=True):
            o[b, h, t] += math.exp(score) / total * v[b, h, s]
    return o
