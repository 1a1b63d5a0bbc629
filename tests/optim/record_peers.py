"""Record the libraries that do not install beside the others, and float32 runs of some that do.

    python -m tests.optim.record_peers mxnet    # in an environment of its own, from the repository

and paddle, tfmodels, optax, keras, tinygrad: needs NumPy and the one library (mxnet==1.9.1 with
numpy==1.23.5; paddlepaddle; tensorflow, tf_keras, tf-models-official; Keras with torch) and writes
tests/optim/recorded/NAME.json: weights after steps 2 and 10. test_variants_recorded.py replays
them. Two seeds; where there are two dtypes, the second has one.

The numbers are ordinary ones (0.9, 0.999, 0.01), which these libraries round to float32 in places,
also for float64 weights: the variants round them in the same places.
"""

import importlib.util
import json
import os
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

from tests.optim.problems import gradients, weights

STEPS, KEPT, SEEDS = 10, (2, 10), (0, 10)
SKIPPED = ("empty", "scalar")  # none of the three takes them
FOLDER = Path(__file__).parent / "recorded"
DISTRIBUTION = {"paddle": "paddlepaddle", "tfmodels": "tf-models-official"}
NO_B = "without_decay"  # pseudo-setting: layers of fewer than two axes are a group without decay
DTYPES = {
    "mxnet": ("float32",),
    "paddle": ("float64", "float32"),
    "tfmodels": ("float64", "float32"),
    "optax": ("float32",),
    "keras": ("float32",),
    "tinygrad": ("float32",),
}
BETA = {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.3}
BETA_ = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.3}
M, WD, WDR = {"momentum": 0.9}, {"weight_decay": 0.1}, {"weight_decay_rate": 0.1}
LWD = {"lars_weight_decay": 0.1, "lars_coeff": 0.02}
RUNS = {
    "mxnet": [
        ("mxnet_lamb", {}),
        ("mxnet_lamb", BETA | {"wd": 0.1, "lower_bound": 0.3, "upper_bound": 9.0}),
        ("mxnet_lamb", {"wd": 0.1, "bias_correction": False, NO_B: True}),
        ("mxnet_lamb", BETA | {"rescale_grad": 0.3, "clip_gradient": 0.7}),
        ("mxnet_lars", {}),
        ("mxnet_lars", M | {"wd": 0.1, "eta": 0.02}),
        ("mxnet_lars", M | {"wd": 0.1, "eta": 0.02, "eps": 0.3, "momentum_correction": False}),
        ("mxnet_lars", M | {"wd": 0.1, "eta": 0.02, NO_B: True}),
        ("mxnet_lars", M | {"wd": 0.1, "eta": 0.5, "rescale_grad": 0.3, "clip_gradient": 0.7}),
    ],
    "paddle": [
        ("paddle_lamb", {}),
        ("paddle_lamb", BETA | {"lamb_weight_decay": 0.1}),
        ("paddle_lamb", {"lamb_weight_decay": 0.0}),
        ("paddle_lamb", {"lamb_weight_decay": 0.0, "always_adapt": True}),
        ("paddle_lamb", {"lamb_weight_decay": 0.1, NO_B: True}),
        ("paddle_lars", M),
        ("paddle_lars", M | LWD | {"epsilon": 0.3}),
        ("paddle_lars", M | {"lars_weight_decay": 0.0}),
        ("paddle_lars", M | LWD | {NO_B: True}),
        ("paddle_lars", M | LWD | {"rescale_grad": 0.3}),
    ],
    "tfmodels": [
        ("tfmodels_lamb", {}),
        ("tfmodels_lamb", BETA_ | WDR),
        ("tfmodels_lamb", WDR | {"exclude_from_weight_decay": ["b$"]}),
        (
            "tfmodels_lamb",
            WDR
            | {"exclude_from_weight_decay": ["b$"]}
            | {"exclude_from_layer_adaptation": []},
        ),
        ("tfmodels_lamb", WDR | {"exclude_from_layer_adaptation": ["W$"]}),
        ("tfmodels_lamb", BETA_ | {"clipnorm": 2.0, "clipvalue": 0.7, "decay": 0.1}),
        ("tfmodels_lars", {}),
        ("tfmodels_lars", WDR | {"eeta": 0.02, "nesterov": True}),
        ("tfmodels_lars", WDR | {"eeta": 0.3, "classic_momentum": False}),
        ("tfmodels_lars", WDR | {"eeta": 0.02, "exclude_from_weight_decay": [r"\.b"]}),
        ("tfmodels_lars", WDR | {"eeta": 0.02, "exclude_from_weight_decay": ["b$"]}),
        ("tfmodels_lars", M | {"global_clipnorm": 9.0, "decay": 0.1}),
    ],
    "optax": [
        ("optax_lamb", {}),
        ("optax_lamb", WD | {"eps_root": 0.01}),
        ("optax_lars", WD | {"nesterov": True}),
    ],
    "keras": [
        ("keras_lamb", {}),
        ("keras_lamb", WD | {"clipnorm": 2.0}),
        ("keras_lamb", {"global_clipnorm": 5.0, "epsilon": 0.3}),
    ],
    "tinygrad": [
        ("tinygrad_lamb", {}),
        ("tinygrad_lamb", WD | {"adam": True}),
        ("tinygrad_lars", {"classic": False, "pre_wd": False}),
    ],
}  # fmt: skip


def rate(t):
    """A warm-up and a decay of 0.1."""
    return 0.1 * (t + 1) / 4 if t < 4 else 0.1 * (1 - (t - 4) / 9)


def problem(seed, dtype):
    w = {k: a for k, a in weights(seed, dtype=dtype).items() if k not in SKIPPED}
    return w, [{k: g[k] for k in w} for g in gradients(STEPS, seed + 1, dtype=dtype)]


def mxnet(name, kw, w, grads):
    import mxnet as mx

    no_decay = kw.pop(NO_B, False)
    opt = getattr(mx.optimizer, {"mxnet_lamb": "LAMB", "mxnet_lars": "LARS"}[name])(
        learning_rate=rate(0), **kw
    )
    if no_decay:
        opt.set_wd_mult({i: 0.0 for i, a in enumerate(w.values()) if a.ndim < 2})
    p = [mx.nd.array(a, dtype="float32") for a in w.values()]
    states = [opt.create_state(i, a) for i, a in enumerate(p)]
    for t, g in enumerate(grads):
        opt.set_learning_rate(rate(t))
        opt.update(list(range(len(p))), p, [mx.nd.array(g[k], dtype="float32") for k in w], states)
        yield {k: a.asnumpy() for k, a in zip(w, p, strict=True)}


def paddle(name, kw, w, grads):
    import paddle as pd

    no_decay = kw.pop(NO_B, False)
    p = []
    for k, a in w.items():
        p.append(pd.create_parameter(a.shape, str(a.dtype), name=f"{k}_{id(kw)}"))
        p[-1].set_value(a)
    free = [x.name for x in p if len(x.shape) < 2] if no_decay else []
    if name == "paddle_lamb":
        fn = (lambda x: x.name in free) if no_decay else None
        opt = pd.optimizer.Lamb(rate(0), parameters=p, exclude_from_weight_decay_fn=fn, **kw)
    else:
        opt = pd.incubate.optimizer.LarsMomentumOptimizer(
            rate(0), parameter_list=p, exclude_from_weight_decay=free, **kw
        )
    for t, g in enumerate(grads):
        opt.set_lr(rate(t))
        for x, k in zip(p, w, strict=True):
            x.clear_gradient()
            (x * pd.to_tensor(g[k])).sum().backward()
        opt.step()
        yield {k: x.numpy().copy() for k, x in zip(w, p, strict=True)}


def tfmodels(name, kw, w, grads):
    import tensorflow as tf

    folder = Path(importlib.util.find_spec("official").origin).parent / "modeling/optimization"
    known = {}  # the one file, without its package, which needs half of the world
    exec((folder / f"{name.removeprefix('tfmodels_')}.py").read_text(), known)
    make = known[name.removeprefix("tfmodels_").upper()]
    opt = make(learning_rate=rate(0), **kw)
    p = {k: tf.Variable(a, name=k, dtype=str(a.dtype)) for k, a in w.items()}
    for t, g in enumerate(grads):
        opt.learning_rate = rate(t)
        opt.apply_gradients([(tf.constant(g[k]), p[k]) for k in w])
        yield {k: x.numpy() for k, x in p.items()}


def optax(name, kw, w, grads):
    import jax
    import optax as library

    rates = jax.numpy.asarray([rate(t) for t in range(STEPS)])
    make = library.lamb if name == "optax_lamb" else library.lars
    opt = make(lambda t: rates[t], **kw)
    p = {k: jax.numpy.asarray(a) for k, a in w.items()}
    state = opt.init(p)
    for g in grads:
        u, state = opt.update({k: jax.numpy.asarray(a) for k, a in g.items()}, state, p)
        p = library.apply_updates(p, u)
        yield {k: np.asarray(a) for k, a in p.items()}


def keras(name, kw, w, grads):
    os.environ["KERAS_BACKEND"] = "torch"
    import keras as library

    to = library.ops.convert_to_tensor
    opt = library.optimizers.Lamb(learning_rate=rate(0), **kw)
    p = {k: library.Variable(a, dtype="float32", name=k.replace(".", "_")) for k, a in w.items()}
    opt.build(list(p.values()))
    for t, g in enumerate(grads):
        opt.learning_rate.assign(rate(t))
        opt.apply_gradients([(to(g[k], dtype="float32"), p[k]) for k in w])
        yield {k: np.array(library.ops.convert_to_numpy(a)) for k, a in p.items()}


def tinygrad(name, kw, w, grads):
    os.environ["DEV"] = "PYTHON"
    import tinygrad as library
    from tinygrad.nn import optim

    p = {k: library.Tensor(a, dtype="float32").is_param_() for k, a in w.items()}
    make = optim.LAMB if name == "tinygrad_lamb" else optim.LARS
    with library.Context(TRAINING=1):
        opt = make(list(p.values()), 0.1, **kw)
        for t, g in enumerate(grads):
            opt.lr.assign(library.Tensor([rate(t)])).realize()
            for k in w:
                p[k].grad = library.Tensor(g[k], dtype="float32")
            opt.step()
            yield {k: a.numpy() for k, a in p.items()}


REPLAY = {
    "mxnet": mxnet, "paddle": paddle, "tfmodels": tfmodels, "optax": optax, "keras": keras,
    "tinygrad": tinygrad,
}  # fmt: skip


def planned(peer):
    """(name, settings, seed, dtype) of every run, in order; a second dtype has one seed."""
    for i, dtype in enumerate(DTYPES[peer]):
        for name, kw in RUNS[peer]:
            for seed in SEEDS[: len(SEEDS) - i]:
                yield name, kw, seed, dtype


def main(peer):
    runs = []
    for name, kw, seed, dtype in planned(peer):
        w, grads = problem(seed, dtype)
        steps = list(REPLAY[peer](name, dict(kw), w, grads))
        kept = {t: {k: a.ravel().tolist() for k, a in steps[t - 1].items()} for t in KEPT}
        runs.append({"name": name, "settings": kw, "seed": seed, "dtype": dtype, "weights": kept})
    version = metadata.version(DISTRIBUTION.get(peer, peer))
    about = {"peer": peer, "version": version, "runs": runs}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(about, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"')
    (FOLDER / f"{peer}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
