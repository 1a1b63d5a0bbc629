"""LARS and LAMB of tinygrad and Chainer."""

from __future__ import annotations

from lbopt.optim.adam import scale_by_adam
from lbopt.optim.checks import Schedule
from lbopt.optim.decay import add_decayed_weights
from lbopt.optim.link import Link, chain, identity, layerwise
from lbopt.optim.masks import Mask, masked
from lbopt.optim.momentum import check_nesterov, nesterov_trace, trace
from lbopt.optim.scale import number_for, scale_by_learning_rate
from lbopt.optim.variants.groups import four_kinds, lars_of
from lbopt.optim.variants.ratios import lars_ratio, plain, thresholded_lars_ratio, with_ratio
from lbopt.optim.variants.single import by_single_product, in_single, single


def tinygrad_lamb(
    learning_rate: float | Schedule,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    adam: bool = False,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    """tinygrad.nn.optim.LAMB: Algorithm 2; ``adam``: ratio 1, AdamW.

    Learning rate and powers of beta are float32, whatever the weights are. With ``fused=True`` all
    layers become one buffer with one ratio, which is another algorithm and not offered here.
    """
    return chain(
        scale_by_adam(b1, b2, eps, first=by_single_product, second=by_single_product),
        masked(add_decayed_weights(weight_decay), decay_mask),
        identity() if adam else masked(with_ratio(plain()), adapt_mask),
        scale_by_learning_rate(in_single(learning_rate)),
    )


def tinygrad_lars(
    learning_rate: float | Schedule,
    *,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    nesterov: bool = False,
    classic: bool = True,
    pre_wd: bool = True,
    tcoef: float = 0.001,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""tinygrad.nn.optim.LARS: 2017's Algorithm 1, with zero rule A.

    ``classic=False``: momentum of the bare gradient, then the ratio (still that of the newest
    gradient) and the learning rate. ``pre_wd=False``: decay :math:`\gamma_t\beta w` at the end
    (Muon's), though the ratio's denominator keeps it. ``tcoef=0``: no ratio, SGD. The learning rate
    is float32, whatever the weights are.
    """
    check_nesterov(nesterov, momentum)
    schedule = in_single(learning_rate)
    ball = nesterov_trace(momentum) if nesterov else trace(momentum)
    rate = scale_by_learning_rate(schedule)

    def kind(decay: float, adapted: bool) -> Link:
        start = add_decayed_weights(decay) if pre_wd else identity()
        body = start if classic else chain(start, ball)
        if adapted and tcoef != 0:
            body = with_ratio(lars_ratio(tcoef, decay), body)
        step = chain(body, rate, ball) if classic else chain(body, rate)
        if pre_wd or decay == 0:
            return step
        product = in_single(lambda t: schedule(t) * single(decay))
        late = layerwise(lambda u, memory, w, t: (u - w * number_for(u, product(t)), memory))
        return chain(step, late)

    return four_kinds(kind, weight_decay, decay_mask, adapt_mask)


def chainer_lars(
    learning_rate: float | Schedule,
    *,
    threshold: float = 1e-2,
    weight_decay: float = 0.0,
    eps: float = 1e-9,
    momentum: float = 0.9,
    decay_mask: Mask | None = None,
    adapt_mask: Mask | None = None,
) -> Link:
    r"""chainer.optimizer_hooks.GradientLARS in MomentumSGD (whose keyword is ``momentum``).

    There is no trust coefficient: the learning rate stands for :math:`\gamma_t\eta`, so layers that
    are not adapted see that small rate too. Zero rule P: ratio 1 for weight norms up to
    ``threshold``, whatever the gradient. The rate is inside the momentum, as in the paper.
    """
    return chain(
        lars_of(
            lambda decay: thresholded_lars_ratio(threshold, decay, eps),
            weight_decay,
            decay_mask,
            adapt_mask,
        ),
        scale_by_learning_rate(learning_rate),
        trace(momentum),
    )
