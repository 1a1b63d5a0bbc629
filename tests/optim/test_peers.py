"""Other people's optimizers replayed in float64: where they are ours, and where they differ.

Weights and gradients of problems.py: zero weights (`new.*`), zero gradients (`dead.*`), both
(`nothing`), a 0-d and an empty layer. Tolerance 1e-12 relative after each of 12 steps. Each peer is
skipped if it is not installed; torch_optimizer, pytorch_optimizer (kozistr) and timm install on a
CPU with `pip install --no-deps`.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from lbopt import optim
from lbopt.optim import chain, masked
from lbopt.optim.masks import weights_only
from tests.optim.backends import trajectory
from tests.optim.problems import agree, differ, gradients, weights

pytestmark = pytest.mark.peers

W, GRADS = weights(), gradients(12)
RATE, ETA, BETA, M = 0.3, 0.02, 0.1, 0.9
USUAL = {"momentum": M, "weight_decay": BETA, "trust_coefficient": ETA}
DEAD = {k for k in W if k.startswith("dead")}  # zero gradients, weights that are not zero


def falling(t):
    return RATE / (1 + t)


def take(arrays, names):
    return {k: arrays[k] for k in arrays if k in names}


def agree_all(got, want, names=frozenset(W)):
    for a, b in zip(got, want, strict=True):
        agree(take(a, names), take(b, names))


def ours(opt, names=frozenset(W)):
    return trajectory(opt, take(W, names), [take(g, names) for g in GRADS])


def torch_run(make, names=frozenset(W), schedule=None):
    """Weights after each step of a torch optimizer; ``schedule`` sets its learning rate."""
    torch = pytest.importorskip("torch")
    w = {k: torch.nn.Parameter(torch.tensor(a)) for k, a in W.items() if k in names}
    opt, out = make(list(w.values())), []
    for t, g in enumerate(GRADS):
        for k in w:
            w[k].grad = torch.tensor(g[k])
        if schedule is not None:
            opt.param_groups[0]["lr"] = schedule(t)
        opt.step()
        out.append({k: p.detach().numpy().copy() for k, p in w.items()})
    return out


def optax_run(opt):
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)
    w = {k: jax.numpy.asarray(a) for k, a in W.items()}
    state, step, out = opt.init(w), jax.jit(opt.update), []
    for g in GRADS:
        u, state = step({k: jax.numpy.asarray(a) for k, a in g.items()}, state, w)
        w = optax.apply_updates(w, u)
        out.append({k: np.asarray(a) for k, a in w.items()})
    return out


@pytest.mark.parametrize(("m", "nesterov"), [(0.0, False), (M, False), (M, True)])
@pytest.mark.parametrize("beta", [0.0, BETA])
@pytest.mark.parametrize("schedule", [None, falling])
def test_sgd_is_torchs_sgd(m, nesterov, beta, schedule):
    torch = pytest.importorskip("torch")
    theirs = torch_run(
        lambda ps: torch.optim.SGD(ps, RATE, momentum=m, nesterov=nesterov, weight_decay=beta),
        schedule=schedule,
    )
    opt = optim.sgd(schedule or RATE, momentum=m, nesterov=nesterov, weight_decay=beta)
    agree_all(ours(opt), theirs)


@pytest.mark.parametrize(("m", "nesterov"), [(0.0, False), (M, False), (M, True)])
@pytest.mark.parametrize("rate", [RATE, falling])
def test_sgd_is_optaxs_sgd(m, nesterov, rate):
    optax = pytest.importorskip("optax")
    theirs = optax_run(
        optax.chain(optax.add_decayed_weights(BETA), optax.sgd(rate, m or None, nesterov))
    )
    agree_all(ours(optim.sgd(rate, momentum=m, nesterov=nesterov, weight_decay=BETA)), theirs)


def test_clipping_is_optaxs():
    optax = pytest.importorskip("optax")
    theirs = optax_run(optax.chain(optax.clip_by_global_norm(5.0), optax.sgd(RATE)))
    agree_all(ours(chain(optim.clip_by_global_norm(5.0), optim.sgd(RATE))), theirs)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("mask", [None, weights_only])
def test_optax_lars_is_another_chain_of_our_links_and_not_our_lars(nesterov, mask):
    # its ratio is eta ||w|| / ||g + beta w||: the norm of the sum
    optax = pytest.importorskip("optax")
    which = True if mask is None else {k: mask(k, w) for k, w in W.items()}
    theirs = optax_run(
        optax.lars(falling, BETA, which, ETA, 0.0, which, momentum=M, nesterov=nesterov)
    )
    same = chain(
        masked(optim.add_decayed_weights(BETA), mask),
        masked(optim.scale_by_trust_ratio(lambda w_norm: ETA * w_norm), mask),
        optim.scale_by_learning_rate(falling),
        optim.nesterov_trace(M) if nesterov else optim.trace(M),
    )
    agree_all(ours(same), theirs)
    lars = ours(optim.lars(falling, **USUAL, nesterov=nesterov, decay_mask=mask, adapt_mask=mask))
    for k in ("conv.W", "fc.W"):
        differ({k: lars[-1][k]}, {k: theirs[-1][k]}, 1e-4)
    # a zero gradient leaves beta w alone under both norms: there the two agree
    agree_all(lars, theirs, DEAD)


def timm_lars():
    """timm.optim.lars without timm's __init__, which needs torchvision."""
    pytest.importorskip("torch")
    if "timm" not in sys.modules:
        spec = importlib.util.find_spec("timm")
        if spec is None:
            pytest.skip("could not import 'timm'")
        for name, folder in (("timm", "."), ("timm.optim", "optim")):
            package = types.ModuleType(name)
            package.__path__ = [str(Path(spec.origin).parent / folder)]
            sys.modules[name] = package
    return importlib.import_module("timm.optim.lars").Lars


def rate_outside(eps, nesterov):
    """LARS with torch's SGD underneath: the momentum does not see the learning rate."""
    return chain(
        optim.scale_by_lars_ratio(ETA, BETA, eps),
        optim.nesterov_trace(M) if nesterov else optim.trace(M),
        optim.scale_by_learning_rate(falling),
    )


# zero rules for a layer with zero gradient, under their names in docs/variants
def untrusted(nesterov):
    """Ratio 1: the layer decays at the bare learning rate, as in SGD."""
    return ours(optim.sgd(RATE, momentum=M, nesterov=nesterov, weight_decay=BETA), DEAD)


def frozen(nesterov):
    """Neither gradient nor decay: the layer does not move."""
    return [take(W, DEAD)] * len(GRADS)


TORCH_LARS = {
    "timm": (timm_lars, "trust_coeff", untrusted),
    "torch_optimizer": (
        lambda: pytest.importorskip("torch_optimizer").LARS, "trust_coefficient", frozen,
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("peer", TORCH_LARS)
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_torch_lars_is_ours_at_a_constant_rate_but_for_zero_gradients(peer, nesterov, eps):
    find, eta, zero_rule = TORCH_LARS[peer]
    lars = find()
    hyper = {"momentum": M, "weight_decay": BETA, "eps": eps, "nesterov": nesterov, eta: ETA}
    theirs = torch_run(lambda ps: lars(ps, lr=RATE, **hyper))
    mine = ours(optim.lars(RATE, **USUAL, eps=eps, nesterov=nesterov))
    agree_all(mine, theirs, W.keys() - DEAD)
    agree_all(zero_rule(nesterov), theirs, DEAD)
    for k in DEAD:
        differ({k: mine[-1][k]}, {k: theirs[-1][k]}, 1e-2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("peer", TORCH_LARS)
@pytest.mark.parametrize("nesterov", [False, True])
def test_torch_lars_with_a_schedule_has_the_rate_outside_the_momentum(peer, nesterov):
    find, eta, _ = TORCH_LARS[peer]
    lars = find()
    hyper = {"momentum": M, "weight_decay": BETA, "eps": 1e-8, "nesterov": nesterov, eta: ETA}
    theirs = torch_run(lambda ps: lars(ps, lr=RATE, **hyper), schedule=falling)
    alive = W.keys() - DEAD
    agree_all(ours(rate_outside(1e-8, nesterov)), theirs, alive)
    mine = ours(optim.lars(falling, **USUAL, eps=1e-8, nesterov=nesterov))
    differ(take(mine[-1], alive), take(theirs[-1], alive), 1e-3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("foreach", [False, True])
def test_kozistr_lars_is_ours_on_matrices_zero_gradients_too(nesterov, foreach):
    # it neither decays nor adapts arrays of fewer than two axes, and has our zero rule
    lars = pytest.importorskip("pytorch_optimizer").LARS
    names = W.keys() - {"empty"}
    theirs = torch_run(
        lambda ps: lars(ps, lr=RATE, **USUAL, nesterov=nesterov, foreach=foreach), names
    )
    opt = optim.lars(
        RATE, **USUAL, nesterov=nesterov, decay_mask=weights_only, adapt_mask=weights_only
    )
    agree_all(ours(opt, names), theirs)


@pytest.mark.parametrize("nesterov", [False, True])
def test_tinygrad_lars_is_ours_with_a_schedule_but_for_zero_gradients(nesterov, monkeypatch):
    for name, value in (("DEV", "PYTHON"), ("OPTIM_DTYPE", "float64")):
        monkeypatch.setenv(name, value)
    tinygrad = pytest.importorskip("tinygrad")
    from tinygrad.nn.optim import LARS

    names, steps = ["fc.b", "tiny.W", "new.b", "dead.W"], 4  # its Python device takes its time
    w = {k: tinygrad.Tensor(W[k], dtype="float64").is_param_() for k in names}
    theirs = []
    with tinygrad.Context(TRAINING=1):
        opt = LARS(list(w.values()), RATE, M, BETA, nesterov=nesterov, tcoef=ETA)
        for t in range(steps):
            opt.lr = tinygrad.Tensor([falling(t)], dtype="float64")
            for k in names:
                w[k].grad = tinygrad.Tensor(GRADS[t][k], dtype="float64")
            opt.step()
            theirs.append({k: w[k].numpy() for k in names})
    agree_all(
        ours(optim.lars(falling, **USUAL, nesterov=nesterov), names)[:steps], theirs,
        set(names) - DEAD,
    )  # fmt: skip
    bare = chain(
        optim.add_decayed_weights(BETA),
        optim.scale_by_learning_rate(falling),
        optim.nesterov_trace(M) if nesterov else optim.trace(M),
    )
    agree_all(ours(bare, DEAD)[:steps], theirs, {"dead.W"})


def mlperf_step(w, g, mom, rate, skipped, nesterov, eps):
    """The dense step of the MLPerf ResNet reference, in the order of its source.

    github.com/mlcommons/training, image_classification/tensorflow2/lars_optimizer.py at 615ad0a.
    """
    if not skipped:
        w_norm, g_norm = np.linalg.norm(w.ravel()), np.linalg.norm(g.ravel())
        trust = 1.0
        if w_norm > 0 and g_norm > 0:
            trust = ETA * w_norm / (g_norm + BETA * w_norm + (eps or 1e-7))
        rate, g = rate * trust, g + BETA * w
    mom = mom * M - g * rate
    return (w + mom * M - g * rate if nesterov else w + mom), mom


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-3])
def test_mlperf_reference_is_ours_with_its_eps_but_for_zero_gradients(nesterov, eps):
    w, mom, theirs = dict(W), {k: np.zeros(a.shape) for k, a in W.items()}, []
    for t, g in enumerate(GRADS):
        for k in W:
            skipped = k.endswith(".b")
            w[k], mom[k] = mlperf_step(w[k], g[k], mom[k], falling(t), skipped, nesterov, eps)
        theirs.append({k: np.asarray(a) for k, a in w.items()})
    no_bias = optim.masks.negate(optim.masks.name_contains(".b"))
    hyper = USUAL | {"nesterov": nesterov, "decay_mask": no_bias, "adapt_mask": no_bias}
    mine = ours(optim.lars(falling, **hyper, eps=eps or 1e-7))
    agree_all(mine, theirs, W.keys() - {"dead.W"})
    differ({"dead.W": mine[-1]["dead.W"]}, {"dead.W": theirs[-1]["dead.W"]}, 1e-2)
    if not eps:  # eps=0 means 1e-7 there: small, and far above rounding
        literal = ours(optim.lars(falling, **hyper))
        differ({"tiny.W": literal[-1]["tiny.W"]}, {"tiny.W": theirs[-1]["tiny.W"]}, 1e-11)
