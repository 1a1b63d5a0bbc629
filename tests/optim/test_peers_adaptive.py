"""torch's and optax's Adam, AdamW, Adagrad and LAMB, replayed in float64 as in test_peers.py."""

import pytest

from lbopt import optim
from lbopt.optim import chain
from lbopt.optim.masks import weights_only
from tests.optim.problems import differ
from tests.optim.test_peers import BETA, RATE, W, agree_all, falling, optax_run, ours, torch_run

pytestmark = pytest.mark.peers

MOMENTS = {"b1": 0.7, "b2": 0.9}


@pytest.mark.parametrize("eps", [1e-8, 0.3])
@pytest.mark.parametrize("decay", [0.0, BETA])
@pytest.mark.parametrize("schedule", [None, falling])
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam_and_adamw_are_torchs(name, eps, decay, schedule):
    torch = pytest.importorskip("torch")
    theirs = torch_run(
        lambda ps: getattr(torch.optim, name)(ps, RATE, (0.7, 0.9), eps, decay),
        schedule=schedule,
    )
    make = {"Adam": optim.adam, "AdamW": optim.adamw}[name]
    agree_all(ours(make(schedule or RATE, **MOMENTS, eps=eps, weight_decay=decay)), theirs)


@pytest.mark.parametrize("eps", [1e-10, 0.3])
@pytest.mark.parametrize("decay", [0.0, BETA])
@pytest.mark.parametrize("schedule", [None, falling])
def test_adagrad_is_torchs(eps, decay, schedule):
    torch = pytest.importorskip("torch")
    theirs = torch_run(
        lambda ps: torch.optim.Adagrad(ps, RATE, eps=eps, weight_decay=decay), schedule=schedule
    )
    agree_all(ours(optim.adagrad(schedule or RATE, eps=eps, weight_decay=decay)), theirs)


def test_defaults_are_torchs():
    torch = pytest.importorskip("torch")
    for make, peer in (
        (optim.adam, torch.optim.Adam),
        (optim.adamw, torch.optim.AdamW),
        (optim.adagrad, torch.optim.Adagrad),
    ):
        agree_all(ours(make(RATE)), torch_run(lambda ps, peer=peer: peer(ps, RATE)))


@pytest.mark.parametrize("rate", [RATE, falling])
def test_adam_is_optaxs(rate):
    optax = pytest.importorskip("optax")
    agree_all(ours(optim.adam(rate, **MOMENTS)), optax_run(optax.adam(rate, **MOMENTS)))


@pytest.mark.parametrize("mask", [None, weights_only])
def test_adamw_is_optaxs(mask):
    optax = pytest.importorskip("optax")
    which = None if mask is None else {k: mask(k, w) for k, w in W.items()}
    theirs = optax_run(optax.adamw(falling, **MOMENTS, weight_decay=BETA, mask=which))
    agree_all(ours(optim.adamw(falling, **MOMENTS, weight_decay=BETA, decay_mask=mask)), theirs)


def test_adagrad_is_optaxs_where_eps_and_the_start_are_zero():
    # optax has eps inside the root and starts v at 0.1
    optax = pytest.importorskip("optax")
    zeroed = optax.adagrad(falling, initial_accumulator_value=0.0, eps=0.0)
    agree_all(ours(optim.adagrad(falling, eps=0.0)), optax_run(zeroed))
    theirs = optax_run(optax.adagrad(falling))
    differ(ours(optim.adagrad(falling))[-1], theirs[-1], 1e-4)


@pytest.mark.parametrize("eps", [1e-6, 0.3])
@pytest.mark.parametrize("decay", [0.0, BETA])
@pytest.mark.parametrize("mask", [None, weights_only])
def test_lamb_is_optaxs(eps, decay, mask):
    optax = pytest.importorskip("optax")
    which = None if mask is None else {k: mask(k, w) for k, w in W.items()}
    theirs = optax_run(optax.lamb(falling, **MOMENTS, eps=eps, weight_decay=decay, mask=which))
    lamb = optim.lamb(falling, **MOMENTS, eps=eps, weight_decay=decay, decay_mask=mask)
    agree_all(ours(lamb), theirs)


def test_lamb_with_an_adaptation_mask_is_a_masked_chain_in_optax():
    # optax.lamb has no mask for the ratio; its own links say the same as our two masks
    optax = pytest.importorskip("optax")
    which = {k: weights_only(k, w) for k, w in W.items()}
    theirs = optax_run(
        optax.chain(
            optax.scale_by_adam(0.7, 0.9, 0.3),
            optax.add_decayed_weights(BETA),
            optax.masked(optax.scale_by_trust_ratio(), which),
            optax.scale_by_learning_rate(falling),
        )
    )
    agree_all(
        ours(optim.lamb(falling, **MOMENTS, eps=0.3, weight_decay=BETA, adapt_mask=weights_only)),
        theirs,
    )


def test_nvlamb_is_optaxs():
    optax = pytest.importorskip("optax")
    theirs = optax_run(
        optax.chain(optax.clip_by_global_norm(1.0), optax.lamb(falling, weight_decay=BETA))
    )
    ours_ = chain(optim.clip_by_global_norm(1.0), optim.lamb(falling, weight_decay=BETA))
    agree_all(ours(ours_), theirs)


def test_nlamb_has_optaxs_nadam_inside():
    # optax's nesterov=True is the same look-ahead; its LAMB has none, so build the chain there
    optax = pytest.importorskip("optax")
    theirs = optax_run(
        optax.chain(
            optax.scale_by_adam(0.7, 0.9, 0.3, nesterov=True),
            optax.add_decayed_weights(BETA),
            optax.scale_by_trust_ratio(),
            optax.scale_by_learning_rate(falling),
        )
    )
    agree_all(ours(optim.nlamb(falling, **MOMENTS, eps=0.3, weight_decay=BETA)), theirs)
