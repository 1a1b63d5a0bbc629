"""The layers of a transformer encoder: attention and feed-forward, each around a residual sum.

A layer is a layout and ``run(params, h, mask, rng) -> y, back`` with ``back(dy) -> grads, dh``. It
takes from ``params`` the names it owns and hands back gradients for exactly those; `chain` joins
layers. ``mask`` says which tokens are real, ``rng`` turns dropout on. h is (B, T, C) everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lbopt.backend import Array
from lbopt.models.init import Initialiser, Layout, Tensor, joined, ones, zeros
from lbopt.ops import attention, dropout, layer_norm, linear
from lbopt.params import Params

Activation = Callable[[Array], tuple[Array, Callable[[Array], Array]]]
LayerBack = Callable[[Array], tuple[Params, Array]]
LayerRun = Callable[[Mapping[str, Array], Array, Any, Any], tuple[Array, LayerBack]]


class Layer(NamedTuple):
    """The parameters a layer owns, and how it runs."""

    layout: Layout
    run: LayerRun


def chain(layers: Sequence[Layer]) -> Layer:
    """Run layers one after the other, and their pullbacks in the opposite order."""

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        pullbacks = []
        for layer in layers:
            h, back_layer = layer.run(p, h, mask, rng)
            pullbacks.append(back_layer)

        def back(dh: Array) -> tuple[Params, Array]:
            grads: Params = {}
            for back_layer in reversed(pullbacks):
                layer_grads, dh = back_layer(dh)
                grads.update(layer_grads)  # no key comes twice: `joined` has seen to it
            return grads, dh

        return h, back

    return Layer(joined(*(layer.layout for layer in layers)), run)


def weight_and_bias(name: str, inputs: int, outputs: int, draw: Initialiser) -> Layout:
    """Lay out a linear layer: "<name>.W" (inputs, outputs) and "<name>.b" (outputs,), zero."""
    return {f"{name}.W": Tensor((inputs, outputs), draw), f"{name}.b": Tensor((outputs,), zeros)}


def layer_norm_layer(name: str, width: int, eps: float) -> Layer:
    """Layer norm with parameters "<name>.gamma" and "<name>.beta", at first 1 and 0."""
    gamma, beta = f"{name}.gamma", f"{name}.beta"

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        y, back_norm = layer_norm(h, p[gamma], p[beta], eps=eps)

        def back(dy: Array) -> tuple[Params, Array]:
            dh, dgamma, dbeta = back_norm(dy)
            return {gamma: dgamma, beta: dbeta}, dh

        return y, back

    return Layer({gamma: Tensor((width,), ones), beta: Tensor((width,), zeros)}, run)


def self_attention(
    name: str, width: int, heads: int, draw: Initialiser, *, drop: float = 0.0
) -> Layer:
    """Attention of a sequence to itself; query, key, value and projection are layers of their own.

    They are four keys, as in the published code: fused into one, a layerwise rule would take one
    norm for three layers. The key's bias adds one number to all scores of a query, which softmax
    does not see: its gradient is zero but for rounding, and rules that divide by it amplify noise.
    ``drop`` is the dropout of the attention weights.
    """
    query, key, value, project = (f"{name}.{part}" for part in ("query", "key", "value", "project"))
    layout: Layout = {}
    for part in (query, key, value, project):
        layout |= weight_and_bias(part, width, width, draw)

    def split(h: Array) -> Array:
        B, T, _ = h.shape
        return h.reshape(B, T, heads, -1).swapaxes(1, 2)  # (B, H, T, D), a view

    def merge(h: Array) -> Array:
        B, H, T, D = h.shape
        return h.swapaxes(1, 2).reshape(B, T, H * D)  # (B, T, C), a view: see `ops.attention`

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        q, back_query = linear(h, p[f"{query}.W"], p[f"{query}.b"])  # (B, T, C)
        k, back_key = linear(h, p[f"{key}.W"], p[f"{key}.b"])
        v, back_value = linear(h, p[f"{value}.W"], p[f"{value}.b"])
        o, back_attention = attention(split(q), split(k), split(v), mask, dropout=drop, rng=rng)
        y, back_project = linear(merge(o), p[f"{project}.W"], p[f"{project}.b"])

        def back(dy: Array) -> tuple[Params, Array]:
            g: Params = {}
            do, g[f"{project}.W"], g[f"{project}.b"] = back_project(dy)
            dq, dk, dv = back_attention(split(do))
            dh, g[f"{value}.W"], g[f"{value}.b"] = back_value(merge(dv))
            dh_key, g[f"{key}.W"], g[f"{key}.b"] = back_key(merge(dk))
            dh_query, g[f"{query}.W"], g[f"{query}.b"] = back_query(merge(dq))
            dh += dh_key  # h forks into query, key and value: gradients add
            dh += dh_query
            return g, dh

        return y, back

    return Layer(layout, run)


def feed_forward(name: str, width: int, inner: int, act: Activation, draw: Initialiser) -> Layer:
    """Two linear layers on each token by itself: y = act(h W1 + b1) W2 + b2."""
    expand, contract = f"{name}.expand", f"{name}.contract"
    layout = weight_and_bias(expand, width, inner, draw)
    layout |= weight_and_bias(contract, inner, width, draw)

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        f, back_expand = linear(h, p[f"{expand}.W"], p[f"{expand}.b"])  # (B, T, inner)
        f, back_act = act(f)
        y, back_contract = linear(f, p[f"{contract}.W"], p[f"{contract}.b"])

        def back(dy: Array) -> tuple[Params, Array]:
            g: Params = {}
            dh, g[f"{contract}.W"], g[f"{contract}.b"] = back_contract(dy)  # (B, T, inner)
            dh = back_act(
                dh
            )  # the largest arrays of the block: each is let go as soon as it can be
            dh, g[f"{expand}.W"], g[f"{expand}.b"] = back_expand(dh)
            return g, dh

        return y, back

    return Layer(layout, run)


def post_norm(body: Layer, norm: Layer, *, drop: float = 0.0) -> Layer:
    """Normalise after the sum: y = norm(h + drop(body(h))). Vaswani et al. 2017; BERT."""

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        f, back_body = body.run(p, h, mask, rng)
        f, back_drop = dropped(f, drop, rng)
        y, back_norm = norm.run(p, h + f, mask, rng)

        def back(dy: Array) -> tuple[Params, Array]:
            norm_grads, dsum = back_norm(dy)
            df = back_drop(dsum)
            body_grads, dh = back_body(df)
            dh += dsum  # h forks: through the body and past it
            return body_grads | norm_grads, dh

        return y, back

    return Layer(joined(body.layout, norm.layout), run)


def pre_norm(body: Layer, norm: Layer, *, drop: float = 0.0) -> Layer:
    """Normalise in front of the body: y = h + drop(body(norm(h))). Xiong et al. 2020."""

    def run(p: Mapping[str, Array], h: Array, mask: Any, rng: Any) -> tuple[Array, LayerBack]:
        n, back_norm = norm.run(p, h, mask, rng)
        f, back_body = body.run(p, n, mask, rng)
        f, back_drop = dropped(f, drop, rng)

        def back(dy: Array) -> tuple[Params, Array]:
            df = back_drop(dy)
            body_grads, dn = back_body(df)
            norm_grads, dh = back_norm(dn)
            dh += dy  # h forks: through the body and past it
            return norm_grads | body_grads, dh

        return h + f, back

    return Layer(joined(norm.layout, body.layout), run)


def dropped(h: Array, rate: float, rng: Any) -> tuple[Array, Callable[[Array], Array]]:
    """Dropout where there is an rng and a rate; otherwise h as it is."""
    if rng is None or rate == 0:
        return h, lambda dh: dh
    return dropout(h, rate, rng)


def block(
    name: str,
    *,
    width: int,
    heads: int,
    inner: int,
    placement: str,
    act: Activation,
    draw: Initialiser,
    eps: float,
    drop: float = 0.0,
    attention_drop: float = 0.0,
) -> Layer:
    """Attention, then feed-forward, each around a residual sum; norms ``placement`` "post"|"pre".

    Parameters "<name>.query.W", ".b", ".key", ".value", ".project", "<name>.attention_norm.gamma",
    ".beta", "<name>.expand", "<name>.contract", "<name>.feed_forward_norm".
    """
    around = {"post": post_norm, "pre": pre_norm}[placement]
    attend = self_attention(name, width, heads, draw, drop=attention_drop)
    feed = feed_forward(name, width, inner, act, draw)
    return chain(
        [
            around(attend, layer_norm_layer(f"{name}.attention_norm", width, eps), drop=drop),
            around(feed, layer_norm_layer(f"{name}.feed_forward_norm", width, eps), drop=drop),
        ]
    )
