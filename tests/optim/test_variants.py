"""Every variant against a plain transcription of its library's source.

The transcriptions (variant_loops_*.py) are held against the libraries themselves in
test_variants_peers.py, where a library can be installed. Two seeds, 10 steps, zero weights, zero
gradients, 4-D, 0-d and empty layers, weight norms on both sides of every clamp; 1e-12.
"""

import inspect

import numpy as np
import pytest

from lbopt import optim
from lbopt.optim import schedules, variants
from lbopt.optim.masks import name_contains, weights_only
from lbopt.optim.variants.make import VARIANTS
from tests.optim.backends import ALL, trajectory
from tests.optim.problems import USUAL, agree, differ, gradients, weights
from tests.optim.variant_cases import CASES, LOOPS, OTHER
from tests.optim.variant_loops_lamb import Layer

STEPS = 10
SCHEDULE = schedules.warmup(schedules.polynomial(0.5, 9, power=1), 4)
MASKS = {
    "no_masks": {},
    "decay_mask": {"decay_mask": weights_only},
    "adapt_mask": {"adapt_mask": name_contains("W")},
    "both_masks": {"decay_mask": name_contains("fc", "dead", "kernel"), "adapt_mask": weights_only},
}


def rate(t):
    return 0.5 * (t + 1) / 4 if t < 4 else 0.5 * (1 - (t - 4) / 9)


def run_loop(name, kw, w, grads, decayed=None, adapted=None, rate=rate):
    loop, w, out = LOOPS[name], dict(w), []
    states = {k: {} for k in w}
    for t, g in enumerate(grads):
        new = {}
        for k in w:
            layer = Layer(
                k, w[k], g[k], states[k], t + 1, rate(t), rate(max(t - 1, 0)), list(g.values()),
                decayed is None or decayed(k, w[k]), adapted is None or adapted(k, w[k]),
            )  # fmt: skip
            new[k] = np.asarray(loop(layer, **kw))
        w = new
        out.append(dict(w))
    return out


def follows(name, kw, masks, module="numpy", seed=0, steps=STEPS):
    w, grads = weights(seed), gradients(steps, seed + 1)
    got = trajectory(variants.make(name, SCHEDULE, **kw, **masks), w, grads, module)
    want = run_loop(name, kw, w, grads, masks.get("decay_mask"), masks.get("adapt_mask"))
    # a traced step takes a power where tinygrad multiplies in float32
    tolerance = 1e-6 if (name, module) == ("tinygrad_lamb", "jax") else 1e-12
    for a, b in zip(got, want, strict=True):
        agree(a, b, tolerance)


def test_larc_spares_zero_layers_from_its_clip_at_rates_above_one():
    w, grads = weights(), gradients(3)
    kw = {"weight_decay": 0.1, "momentum": 0.8}
    got = trajectory(variants.make("apex_larc", 4.0, **kw), w, grads)
    for a, b in zip(got, run_loop("apex_larc", kw, w, grads, rate=lambda t: 4.0), strict=True):
        agree(a, b)


def test_mxnet_adapts_no_gamma_beta_or_bias():
    names = ("bn_gamma", "bn_beta", "fc_bias", "fc_weight", "bias_net", "gamma.b")
    w = {k: np.arange(1.0, 4.0) for k in names}
    opt = variants.make("mxnet_lars", 0.5, eta=0.25, wd=0.125)
    u, _ = opt.update(w, opt.init(w), w)
    agree(u, run_loop_once("mxnet_lars", {"eta": 0.25, "wd": 0.125}, w))
    raw = -0.5 * 1.125 * w["fc_bias"]
    assert [k for k in names if np.allclose(u[k], raw)] == ["bn_gamma", "bn_beta", "fc_bias"]


def run_loop_once(name, kw, w):
    after = run_loop(name, kw, w, [w], rate=lambda t: 0.5)[0]
    return {k: after[k] - w[k] for k in w}


PAIRS = [(name, i) for name, kws in CASES.items() for i in range(len(kws))]


@pytest.mark.parametrize("seed", [0, 10])
@pytest.mark.parametrize(("name", "i"), PAIRS)
def test_variant_follows_its_source(name, i, seed):
    follows(name, CASES[name][i], {}, seed=seed)


@pytest.mark.parametrize("masks", list(MASKS)[1:])
@pytest.mark.parametrize("name", CASES)
def test_masks_stand_for_parameter_groups(name, masks):
    for kw in CASES[name]:
        follows(name, kw, MASKS[masks], steps=4)


@pytest.mark.parametrize("module", ALL[1:])
@pytest.mark.parametrize("name", CASES)
def test_variant_runs_on_every_array_module(name, module):
    follows(name, CASES[name][0], MASKS["both_masks"], module, steps=3)


SPECIAL = {  # options that bring a link of their own
    "optax_lamb": [3], "optax_lars": [4, 5], "tfmodels_lamb": [6, 7], "tfmodels_lars": [4],
    "timm_lamb": [4, 6, 8, 9], "timm_lars": [6], "apex_fused_lamb": [4], "apex_larc": [2],
    "deepspeed_fused_lamb": [3], "keras_lamb": [3, 4, 5], "flash_lamb": [3],
    "kozistr_lamb": [2, 3, 4, 7, 8, 9, 10], "kozistr_lars": [2], "torch_optimizer_lamb": [2],
    "tinygrad_lars": [4, 5], "mxnet_lars": [2], "bitsandbytes_lars": [3],
}  # fmt: skip


@pytest.mark.parametrize("module", ALL[1:])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_links_run_on_every_array_module(name, module):
    for i in SPECIAL[name]:
        follows(name, CASES[name][i], {}, module, steps=3)


def test_every_name_of_the_issue_is_there():
    lamb = "optax timm tfmodels keras tinygrad mxnet paddle flash kozistr torch_optimizer"
    lars = "optax timm tfmodels mlperf tinygrad mxnet paddle flash bolts kozistr torch_optimizer"
    want = {f"{x}_lamb" for x in f"{lamb} cybertronai nvidia_dle bitsandbytes".split()}
    want |= {f"{x}_lars" for x in f"{lars} chainer bitsandbytes".split()}
    want |= {"apex_fused_lamb", "deepspeed_fused_lamb", "apex_larc"}
    assert set(variants.names()) == want == set(CASES) == set(LOOPS)


OURS = ("decay_mask", "adapt_mask")  # the keywords that no library has


def keywords(name):
    parameters = list(inspect.signature(VARIANTS[name]).parameters.values())
    assert parameters[0].name == "learning_rate"
    return {p.name: p.default for p in parameters[1:]}


@pytest.mark.parametrize("name", CASES)
def test_defaults_are_those_of_the_transcription(name):
    loop = inspect.signature(LOOPS[name]).parameters
    ours = {k: v for k, v in keywords(name).items() if k not in OURS}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in loop.values())
    for k, default in ours.items():
        if k in loop or not takes_all:
            assert loop[k].default == default, k


def last_update(name, kw, masks):
    w, grads = weights(), gradients(6)
    opt = variants.make(name, SCHEDULE, **kw, **masks)
    state = opt.init(w)
    for g in grads:
        u, state = opt.update(g, state, w)
        w = optim.apply_updates(w, u)
    return {k: u[k] for k in USUAL}


KEYWORDS = [(name, k) for name in CASES for k in keywords(name)]


@pytest.mark.parametrize(("name", "keyword"), KEYWORDS)
def test_every_keyword_of_every_variant_is_alive(name, keyword):
    if keyword in OURS:
        base = CASES[name][0]
        one, other = ({keyword: None}, {keyword: lambda k, w: k == "fc.W"})
        differ(last_update(name, base, one), last_update(name, base, other), 1e-8)
        return
    base, value = OTHER.get(name, {}).get(keyword, (None, "half"))
    base = CASES[name][0] if base is None else base
    now = base.get(keyword, keywords(name)[keyword])
    changed = dict(base)
    if value == "off":
        changed = {k: v for k, v in base.items() if k not in (keyword, "max_lr")}
    elif isinstance(value, dict):
        changed |= value
    elif value != "half":
        changed[keyword] = value
    elif isinstance(now, bool):
        changed[keyword] = not now
        if keyword == "nesterov":
            changed.pop("dampening", None)
            base = {k: v for k, v in base.items() if k != "dampening"}
    elif isinstance(now, tuple):
        changed[keyword] = (now[0] / 2, now[1])
        third = base | {keyword: (now[0], now[1] / 2)}
        differ(last_update(name, base, {}), last_update(name, third, {}), 1e-8)
    else:
        assert now, f"{keyword}={now!r} cannot be halved: give it a value in variant_cases"
        changed[keyword] = now / 2
    differ(last_update(name, base, {}), last_update(name, changed, {}), 1e-8)


SINGLE = {
    "apex_fused_lamb": {"weight_decay": 0.0, "bias_correction": False, "eps": 1e-6},
    "deepspeed_fused_lamb": {"weight_decay": 0.1, "eps": 1e-8},
}


@pytest.mark.parametrize("name", SINGLE)
def test_cuda_kernels_take_float32_numbers_for_float32_layers(name):
    w, grads = weights(dtype="float32"), gradients(STEPS, dtype="float32")
    kw = SINGLE[name]
    betas = (float(np.float32(0.9)), float(np.float32(0.999)))
    got = trajectory(variants.make(name, SCHEDULE, **kw), w, grads)
    wide = [{k: a.astype("f8") for k, a in x.items()} for x in (w, *grads)]
    rounded = {k: float(np.float32(v)) for k, v in kw.items() if not isinstance(v, bool)}
    want = run_loop(name, kw | rounded | {"betas": betas}, wide[0], wide[1:])
    other = run_loop(name, kw, wide[0], wide[1:])
    for a, b in zip(got, want, strict=True):
        agree({k: x.astype("f8") for k, x in a.items()}, b, 2e-6)
    differ(got[-1], other[-1], 4e-6)


@pytest.mark.parametrize("name", CASES)
def test_state_and_inputs_are_values(name):
    w, (g, h) = weights(only=USUAL), gradients(2, only=USUAL)
    opt = variants.make(name, SCHEDULE, **CASES[name][0])
    state = opt.init(w)
    before = {k: a.copy() for k, a in (w | {f"g.{k}": a for k, a in g.items()}).items()}
    _, second = opt.update(g, state, w)
    once = opt.update(h, second, w)[0]
    agree(opt.update(h, second, w)[0], once, 0.0)
    agree(w | {f"g.{k}": a for k, a in g.items()}, before, 0.0)


@pytest.mark.parametrize("name", CASES)
def test_half_precision_has_the_right_ratio_in_every_variant(name):
    # where the library itself overflows (optax, timm, keras, kozistr: NaN), this one does not
    one = {"W": np.ones((300, 300), np.float16)}
    opt = variants.make(name, 0.25, **CASES[name][0])
    u, state = opt.update(one, opt.init(one), one)
    wide = {"W": np.ones((300, 300))}
    want, _ = opt.update(wide, opt.init(wide), wide)
    assert u["W"].dtype == np.float16
    agree({"W": u["W"].astype("f8")}, want, 2e-3)
    for r in optim.trust_ratios(state).values():
        assert np.isfinite(r)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_zero_layers_and_a_rate_of_zero_cause_no_warning(name):
    for kw in CASES[name]:
        opt = variants.make(name, lambda t: 0.5 * (t % 2), **kw)
        got = trajectory(opt, weights(), [*gradients(3), {k: 0 * a for k, a in weights().items()}])
        assert all(np.isfinite(a).all() for a in got[-1].values())


def test_the_line_of_the_issue_can_be_pasted():
    opt = variants.make(
        "timm_lamb", 2e-2, weight_decay=0.01, max_grad_norm=None, always_adapt=True
    )  # fmt: skip
    w, g = weights(only=USUAL), gradients(1, only=USUAL)[0]
    u, state = opt.update(g, opt.init(w), w)
    agree(u, optim.lamb(2e-2, weight_decay=0.01).update(g, optim.lamb(2e-2).init(w), w)[0])
    assert optim.trust_ratios(state).keys() == w.keys()


@pytest.mark.parametrize("name", CASES)
def test_docstring_begins_with_the_librarys_name_for_it(name):
    library = name.partition("_")[0].replace("tfmodels", "tf-models")
    library = {"nvidia": "NVIDIA", "mlperf": "MLPerf", "kozistr": "pytorch_optimizer"}.get(
        library, library
    )
    assert library in VARIANTS[name].__doc__.splitlines()[0] + VARIANTS[name].__module__
