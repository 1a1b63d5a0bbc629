"""Record the libraries that do not install beside the others: MXNet, Paddle, tf-models.

    python -m tests.optim.record_peers mxnet    # in an environment of its own, from the repository
    python -m tests.optim.record_peers paddle
    python -m tests.optim.record_peers tfmodels

needs NumPy and the one library (mxnet==1.9.1 with numpy==1.23.5; paddlepaddle; tensorflow,
tf_keras, tf-models-official) and writes tests/optim/recorded/NAME.json: weights after steps 2 and
10 of two seeds. test_variants_recorded.py replays them.

All numbers are dyadic (0.75, 0.125, ...): these libraries round hyperparameters to float32, also
for float64 weights, and dyadic ones survive that, so that float64 agreement can be asked for.
"""

import importlib.util
import json
import sys
from pathlib import Path

from tests.optim.problems import gradients, weights

STEPS, KEPT, SEEDS = 10, (2, 10), (0, 10)
SKIPPED = ("empty", "scalar")  # none of the three takes them
FOLDER = Path(__file__).parent / "recorded"
NO_B = "without_decay"  # pseudo-setting: layers of fewer than two axes are a group without decay
BETA = {"beta1": 0.75, "beta2": 0.875, "epsilon": 0.25}
BETA_ = {"beta_1": 0.75, "beta_2": 0.875, "epsilon": 0.25}
M = {"momentum": 0.75}
RUNS = {
    "mxnet": [
        ("mxnet_lamb", {}),
        ("mxnet_lamb", BETA | {"wd": 0.125, "lower_bound": 0.5, "upper_bound": 8.0}),
        ("mxnet_lamb", BETA | {"wd": 0.125, "bias_correction": False, NO_B: True}),
        ("mxnet_lamb", BETA | {"rescale_grad": 0.5, "clip_gradient": 1.0}),
        ("mxnet_lars", {}),
        ("mxnet_lars", M | {"wd": 0.125, "eta": 0.0625}),
        ("mxnet_lars", M | {"wd": 0.125, "eta": 0.0625, "eps": 0.25, "momentum_correction": False}),
        ("mxnet_lars", M | {"wd": 0.125, "eta": 0.0625, NO_B: True}),
        ("mxnet_lars", M | {"wd": 0.125, "rescale_grad": 0.5, "clip_gradient": 1.0}),
    ],
    "paddle": [
        ("paddle_lamb", BETA | {"lamb_weight_decay": 0.125}),
        ("paddle_lamb", BETA | {"lamb_weight_decay": 0.0}),
        ("paddle_lamb", BETA | {"lamb_weight_decay": 0.0, "always_adapt": True}),
        ("paddle_lamb", BETA | {"lamb_weight_decay": 0.125, NO_B: True}),
        ("paddle_lars", M | {"lars_coeff": 0.0625, "lars_weight_decay": 0.125}),
        ("paddle_lars", M | {"lars_coeff": 0.0625, "lars_weight_decay": 0.125, "epsilon": 0.25}),
        ("paddle_lars", M | {"lars_coeff": 0.0625, "lars_weight_decay": 0.0}),
        ("paddle_lars", M | {"lars_coeff": 0.0625, "lars_weight_decay": 0.125, NO_B: True}),
        ("paddle_lars", M | {"lars_weight_decay": 0.125, "lars_coeff": 0.5, "rescale_grad": 0.5}),
    ],
    "tfmodels": [
        ("tfmodels_lamb", BETA_ | {"weight_decay_rate": 0.125}),
        ("tfmodels_lamb", BETA_),
        ("tfmodels_lamb", BETA_ | {"weight_decay_rate": 0.5, "exclude_from_weight_decay": ["b$"]}),
        (
            "tfmodels_lamb",
            BETA_
            | {"weight_decay_rate": 0.125, "exclude_from_weight_decay": ["b$"]}
            | {"exclude_from_layer_adaptation": []},
        ),
        (
            "tfmodels_lamb",
            BETA_ | {"weight_decay_rate": 0.125, "exclude_from_layer_adaptation": ["W$"]},
        ),
        ("tfmodels_lars", M | {"weight_decay_rate": 0.125, "eeta": 0.0625}),
        ("tfmodels_lars", M | {"weight_decay_rate": 0.125, "eeta": 0.0625, "nesterov": True}),
        ("tfmodels_lars", M | {"weight_decay_rate": 0.125, "eeta": 0.5, "classic_momentum": False}),
        (
            "tfmodels_lars",
            M
            | {"weight_decay_rate": 0.125, "eeta": 0.0625, "exclude_from_weight_decay": [r"\.b"]},
        ),
    ],
}  # fmt: skip


def rate(t):
    """Dyadic, with a warm-up and a decay: 1/8, 1/4, 1/2, 1/2, 1/4, 1/4, 1/8, ..."""
    return 2.0 ** -(3, 2, 1, 1, 2, 2, 3, 3, 4, 4)[t]


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
        p.append(pd.create_parameter(a.shape, "float64", name=f"{k}_{id(kw)}"))
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
    p = {k: tf.Variable(a, name=k, dtype="float64") for k, a in w.items()}
    for t, g in enumerate(grads):
        opt.learning_rate = rate(t)
        opt.apply_gradients([(tf.constant(g[k]), p[k]) for k in w])
        yield {k: x.numpy() for k, x in p.items()}


def main(peer):
    replay, dtype = {"mxnet": (mxnet, "float32"), "paddle": (paddle, "float64")}.get(
        peer, (tfmodels, "float64")
    )
    runs = []
    for name, kw in RUNS[peer]:
        for seed in SEEDS:
            w, grads = problem(seed, dtype)
            steps = list(replay(name, dict(kw), w, grads))
            kept = {t: {k: a.ravel().tolist() for k, a in steps[t - 1].items()} for t in KEPT}
            runs.append({"name": name, "settings": kw, "seed": seed, "weights": kept})
    module = sys.modules[{"tfmodels": "tensorflow"}.get(peer, peer)]
    about = {"peer": peer, "version": module.__version__, "dtype": dtype, "runs": runs}
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(about, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"')
    (FOLDER / f"{peer}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
