"""The libraries themselves replayed against their variants: two seeds, 10 steps, a schedule.

Float64 to 1e-12 but for bitsandbytes, whose arithmetic is float32 whatever it is given (1e-6).
Masks become parameter groups. A library that is not installed is skipped. Paddle, MXNet and
tf-models do not install beside these; they, and float32 runs of optax, Keras and tinygrad, were
recorded (test_variants_recorded.py). CUDA only, so not replayed but transcribed: apex FusedLAMB,
DeepSpeed; gone or script only: apex LARC, MLPerf, Chainer, cybertronai, DeepLearningExamples.
"""

import importlib
import importlib.util
import inspect
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from lbopt import optim
from lbopt.optim import variants
from lbopt.optim.masks import weights_only
from lbopt.optim.variants.make import VARIANTS
from tests.optim.backends import trajectory
from tests.optim.problems import agree, gradients, weights
from tests.optim.test_variants import SCHEDULE, STEPS
from tests.optim.variant_cases import CASES

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


def without_init(package, *folders):
    """Import a package's modules without its __init__, which needs half of the world."""
    if package not in sys.modules:
        spec = importlib.util.find_spec(package)
        if spec is None:
            pytest.skip(f"could not import {package!r}")
        for folder in ("", *folders):
            name = f"{package}.{folder}".strip(".").replace("/", ".")
            module = types.ModuleType(name)
            module.__path__ = [str(Path(spec.origin).parent / folder)]
            sys.modules[name] = module


def timm(module, name):
    without_init("timm", "optim")
    return getattr(importlib.import_module(f"timm.optim.{module}"), name)


def from_file(package, path, name):
    """Import one file of a package alone; the names it asks of the package are empty."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"could not import {package!r}")
    source = (Path(spec.origin).parent / path).read_text()
    lines = [x for x in source.splitlines() if not x.startswith(f"from {package}")]
    known = {
        "_CORE_TESTING": True,
        "_TOPIC_CORE_AVAILABLE": True,
        "under_review": lambda *a, **k: lambda c: c,
    }
    exec("\n".join(lines), known)
    return known[name]


def bitsandbytes(name):
    return getattr(pytest.importorskip("bitsandbytes.optim"), name)


TORCH = {
    "timm_lamb": (lambda: timm("lamb", "Lamb"), [{"foreach": False}, {"foreach": True}]),
    "timm_lars": (lambda: timm("lars", "Lars"), [{"foreach": False}, {"foreach": True}]),
    "torch_optimizer_lamb": (lambda: pytest.importorskip("torch_optimizer").Lamb, [{}]),
    "torch_optimizer_lars": (lambda: pytest.importorskip("torch_optimizer").LARS, [{}]),
    "kozistr_lamb": (
        lambda: pytest.importorskip("pytorch_optimizer").Lamb,
        [{"foreach": False}, {"foreach": True}],
    ),
    "kozistr_lars": (
        lambda: pytest.importorskip("pytorch_optimizer").LARS,
        [{"foreach": False}, {"foreach": True}],
    ),
    "flash_lamb": (lambda: from_file("flash", "core/optimizers/lamb.py", "LAMB"), [{}]),
    "flash_lars": (lambda: from_file("flash", "core/optimizers/lars.py", "LARS"), [{}]),
    "bolts_lars": (lambda: from_file("pl_bolts", "optimizers/lars.py", "LARS"), [{}]),
    "bitsandbytes_lamb": (lambda: bitsandbytes("LAMB32bit"), [{}]),
    "bitsandbytes_lars": (lambda: bitsandbytes("LARS32bit"), [{}]),
}
SINGLE = ("bitsandbytes",)


def torch_replay(make, kw, w, grads, masked, dtype):
    """Weights after each step; layers outside ``weights_only`` form a group without decay."""
    torch = pytest.importorskip("torch")
    p = {k: torch.nn.Parameter(torch.tensor(a.astype(dtype))) for k, a in w.items()}
    kw = dict(kw)
    peak = kw.pop("max_lr", SCHEDULE(0))
    groups = list(p.values())
    if masked:
        groups = [
            {"params": [p[k] for k in w if weights_only(k, w[k])]},
            {"params": [p[k] for k in w if not weights_only(k, w[k])], "weight_decay": 0.0},
        ]
    opt, out = make(groups, lr=peak, **kw), []
    for t, g in enumerate(grads):
        for k, a in g.items():
            p[k].grad = torch.tensor(a.astype(dtype))
        for group in opt.param_groups:
            group["lr"] = SCHEDULE(t)
        opt.step()
        out.append({k: a.detach().numpy().astype("float64").copy() for k, a in p.items()})
    return out


def tolerance_of(name, kw):
    if name.startswith(SINGLE):
        return 5e-6  # float32 sums and powers, 10 steps (observed up to 1e-6)
    if kw.get("pre_norm"):
        return 1e-6  # kozistr keeps the global norm in float32
    return 1e-11 if name == "kozistr_lamb" else 1e-12  # its foreach form multiplies by 1 / x


PAIRS = [(name, i) for name in TORCH for i in range(len(CASES[name]))]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", [0, 10])
@pytest.mark.parametrize(("name", "i"), PAIRS)
def test_torch_library_is_its_variant(name, i, seed, masked):
    find, forms = TORCH[name]
    make, kw = find(), CASES[name][i]
    if masked and "weight_decay" not in inspect.signature(VARIANTS[name]).parameters:
        return
    single = name.startswith(SINGLE)
    dtype, tolerance = "float32" if single else "float64", tolerance_of(name, kw)
    # 0-d and empty arrays break several of them
    odd = {"empty"} if name.startswith(("kozistr", "bitsandbytes")) else set()
    w = {k: a for k, a in weights(seed).items() if k not in odd}
    grads = [{k: g[k] for k in w} for g in gradients(STEPS, seed + 1)]
    if single:
        w = {k: a.astype(dtype).astype("f8") for k, a in w.items()}
        grads = [{k: a.astype(dtype).astype("f8") for k, a in g.items()} for g in grads]
    masks = {"decay_mask": weights_only} if masked else {}
    ours = trajectory(variants.make(name, SCHEDULE, **kw, **masks), w, grads)
    for form in forms:
        theirs = torch_replay(make, kw | form, w, grads, masked, dtype)
        for a, b in zip(ours, theirs, strict=True):
            agree(a, b, tolerance)


@pytest.mark.parametrize("seed", [0, 10])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("name", "i"), [(n, i) for n in ("optax_lamb", "optax_lars") for i in range(len(CASES[n]))]
)
def test_optax_is_its_variant(name, i, seed, masked):
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    jax.config.update("jax_enable_x64", True)
    kw, w, grads = CASES[name][i], weights(seed), gradients(STEPS, seed + 1)
    if masked and any(k.endswith("mask") for k in kw):
        return
    which = {k: weights_only(k, a) for k, a in w.items()}
    lamb = name == "optax_lamb"
    theirs_kw = {("mask" if lamb else "weight_decay_mask"): which} if masked else {}
    make = optax.lamb if lamb else optax.lars
    masks = {"decay_mask": weights_only} if masked else {}
    if masked and not lamb:
        theirs_kw["trust_ratio_mask"], masks["adapt_mask"] = which, weights_only
    # its count is int32, of which JAX makes a float32 rate
    opt = make(lambda t: SCHEDULE(t.astype("int64")), **kw, **theirs_kw)
    p = {k: jax.numpy.asarray(a) for k, a in w.items()}
    state, step = opt.init(p), jax.jit(opt.update)
    for g, ours in zip(
        grads, trajectory(variants.make(name, SCHEDULE, **kw, **masks), w, grads), strict=True
    ):
        u, state = step({k: jax.numpy.asarray(a) for k, a in g.items()}, state, p)
        p = optax.apply_updates(p, u)
        agree(ours, {k: np.asarray(a) for k, a in p.items()})


@pytest.mark.parametrize("seed", [0, 10])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("i", range(len(CASES["keras_lamb"])))
def test_keras_is_its_variant(i, seed, masked, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    assert keras.backend.backend() == "torch", "keras was imported before with another backend"
    keras.config.set_floatx("float64")
    kw, w, grads = CASES["keras_lamb"][i], weights(seed), gradients(STEPS, seed + 1)
    rates = [SCHEDULE(t) for t in range(STEPS)]
    opt = keras.optimizers.Lamb(learning_rate=rates[0], **kw)
    p = {k: keras.Variable(a, dtype="float64", name=k.replace(".", "_")) for k, a in w.items()}
    if masked:
        opt.exclude_from_weight_decay(var_list=[p[k] for k in w if not weights_only(k, w[k])])
    opt.build(list(p.values()))
    masks = {"decay_mask": weights_only} if masked else {}
    ours = trajectory(variants.make("keras_lamb", SCHEDULE, **kw, **masks), w, grads)
    for t, g in enumerate(grads):
        opt.learning_rate.assign(rates[t])
        opt.apply_gradients([(keras.ops.convert_to_tensor(g[k], dtype="float64"), p[k]) for k in w])
        agree(ours[t], {k: np.array(keras.ops.convert_to_numpy(a)) for k, a in p.items()})


@pytest.mark.parametrize(
    ("name", "i"),
    [(n, i) for n in ("tinygrad_lamb", "tinygrad_lars") for i in range(len(CASES[n]))],
)
def test_tinygrad_is_its_variant(name, i, monkeypatch):
    for key, value in (("DEV", "PYTHON"), ("OPTIM_DTYPE", "float64")):
        monkeypatch.setenv(key, value)
    tinygrad = pytest.importorskip("tinygrad")
    from tinygrad.nn import optim as theirs

    kw, only, steps = CASES[name][i], ("fc.b", "tiny.W", "new.b", "dead.W"), 3
    w, grads = weights(only=only), gradients(steps, only=only)
    p = {k: tinygrad.Tensor(w[k], dtype="float64").is_param_() for k in w}
    make = theirs.LAMB if name == "tinygrad_lamb" else theirs.LARS
    ours = trajectory(variants.make(name, SCHEDULE, **kw), w, grads)
    with tinygrad.Context(TRAINING=1):
        opt = make(list(p.values()), 0.1, **kw)
        for t, g in enumerate(grads):
            opt.lr = tinygrad.Tensor([SCHEDULE(t)], dtype="float32")  # as it is kept there
            for k in w:
                p[k].grad = tinygrad.Tensor(g[k], dtype="float64")
            opt.step()
            agree(ours[t], {k: p[k].numpy() for k in w})


def test_variants_agree_where_the_libraries_do():
    """The groups of implementations that are one algorithm at matched settings."""
    w, grads = weights(), gradients(STEPS)
    lamb = {"weight_decay": 0.1}
    same = [
        optim.lamb(SCHEDULE, **lamb),
        variants.make("optax_lamb", SCHEDULE, **lamb),
        variants.make("timm_lamb", SCHEDULE, **lamb, max_grad_norm=None),
        variants.make("flash_lamb", SCHEDULE, **lamb),
    ]
    want = trajectory(same[0], w, grads)[-1]
    for opt in same[1:]:
        agree(trajectory(opt, w, grads)[-1], want)
