"""LAMB, LARS and AdamW as strangers chain them in optax, with one slip or none."""

import pytest

jnp = pytest.importorskip("jax.numpy")
optax = pytest.importorskip("optax")


def right(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    """optax's own chain, written out."""
    return optax.chain(
        optax.scale_by_adam(b1, b2, eps),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_trust_ratio(),
        optax.scale_by_learning_rate(learning_rate),
    )


def decay_last(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    return optax.chain(
        optax.scale_by_adam(b1, b2, eps),
        optax.scale_by_trust_ratio(),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_learning_rate(learning_rate),
    )


def eps_root_for_eps(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    return optax.chain(
        optax.scale_by_adam(b1, b2, eps=0.0, eps_root=eps),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_trust_ratio(),
        optax.scale_by_learning_rate(learning_rate),
    )


def eps_in_the_ratio(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    return optax.chain(
        optax.scale_by_adam(b1, b2, eps),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_trust_ratio(eps=1e-6),
        optax.scale_by_learning_rate(learning_rate),
    )


def masked_decay(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    def matrices(params):
        return {k: p.ndim > 1 for k, p in params.items()}

    return optax.lamb(learning_rate, b1, b2, eps, weight_decay=weight_decay, mask=matrices)


def clipped(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    lamb = optax.lamb(learning_rate, b1, b2, eps, weight_decay=weight_decay)
    return optax.chain(optax.clip_by_global_norm(1.0), lamb)


def half_the_ratio(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    return optax.chain(
        optax.scale_by_adam(b1, b2, eps),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_trust_ratio(min_norm=0.5),
        optax.scale_by_learning_rate(learning_rate),
    )


def no_correction(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    """Moments by ema and a root of one's own: no bias correction."""

    def update(grads, state, params=None):
        m, v = state
        m = {k: b1 * m[k] + (1 - b1) * g for k, g in grads.items()}
        v = {k: b2 * v[k] + (1 - b2) * g * g for k, g in grads.items()}
        return {k: m[k] / (jnp.sqrt(v[k]) + eps) for k in grads}, (m, v)

    def init(params):
        zero = {k: jnp.zeros_like(p) for k, p in params.items()}
        return zero, dict(zero)

    return optax.chain(
        optax.GradientTransformation(init, update),
        optax.add_decayed_weights(weight_decay),
        optax.scale_by_trust_ratio(),
        optax.scale_by_learning_rate(learning_rate),
    )


def rate_kept(learning_rate, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
    rate = learning_rate(0) if callable(learning_rate) else learning_rate
    return optax.lamb(rate, b1, b2, eps, weight_decay=weight_decay)


WRONG = {
    decay_last: "decay is decoupled",
    eps_root_for_eps: "eps stands under the root",
    eps_in_the_ratio: "1e-06 is added to the norm in the ratio",
    masked_decay: "not decayed: 1-D layers",
    clipped: "clipped to a joint norm of 1",
    half_the_ratio: "from below at 0.5",
    no_correction: "no bias correction",
    rate_kept: "the first learning rate is kept",
}
