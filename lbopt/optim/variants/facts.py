"""What docs/variants.md says of each variant, in words; its numbers are measured."""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """One row of docs/variants.md; symbols as in lbopt.optim.lars and lbopt.optim.lamb."""

    source: str  # library and version or commit
    checked: str  # how the variant is known to be the library's
    ratio: str
    acts: str  # where ratio and learning rate stand
    decay: str
    clamps: str
    correction: str  # bias correction (LAMB), momentum (LARS)
    zero: str  # zero rule
    excluded: str  # what is not adapted, not decayed
    nearest: dict[str, object]  # keywords that bring it as near to the paper as it gets


REPLAYED, RECORDED, READ = "replayed", "recorded", "transcribed"
TRUST = "‖w‖/‖u‖"
SUM_OF_NORMS = "η‖w‖/(‖g‖+β‖w‖+ε)"
IN_U = "u = r + λw, in the norm"
LAST = "last, γ outside"
INSIDE = "γ and ratio inside the momentum"
OUTSIDE = "ratio inside, γ outside the momentum"
NONE = "–"

LAMB = {
    "optax_lamb": Facts(
        "optax 0.2.8", REPLAYED, TRUST, LAST, IN_U, NONE, "yes", "L", "decay by `mask`", {}
    ),
    "timm_lamb": Facts(
        "timm 1.0.31", REPLAYED, TRUST, LAST, f"{IN_U}; or decoupled",
        "gradients: joint norm ≤ 1, on by default; ratio ≤ 1 by `trust_clip`", "yes, can be off",
        "L", "no decay: no ratio, unless `always_adapt`",
        {"max_grad_norm": None, "always_adapt": True},
    ),
    "apex_fused_lamb": Facts(
        "apex 6424da3", READ, TRUST, LAST, f"{IN_U}; or in g before the moments",
        "gradients: joint norm ≤ 1, on by default", "yes, can be off", "L",
        "no decay: no ratio, unless `use_nvlamb`", {"max_grad_norm": 1e9, "use_nvlamb": True},
    ),
    "deepspeed_fused_lamb": Facts(
        "DeepSpeed edaa722", READ, "‖w‖/‖u‖ of raw moments", LAST, IN_U, "ratio in [0.01, 10]",
        "outside the ratio, on the whole step", "L, times the correction",
        "by group",
        {"bias_correction": False, "max_coeff": 1e9, "min_coeff": 0.0},
    ),
    "tfmodels_lamb": Facts(
        "tf-models 2.20.0, tfa d208d75", RECORDED, TRUST, LAST, IN_U, "tf_keras's clips, off",
        "yes", "L",
        "regular expressions; not decayed is not adapted, unless there is a second list", {},
    ),
    "keras_lamb": Facts(
        "Keras 3.15.1", REPLAYED, "‖w'‖/‖r‖", LAST, "decoupled, first: w' = (1 − γλ)w",
        "Keras's three clips, off", "yes", "K", "decay by `exclude_from_weight_decay`", {},
    ),
    "tinygrad_lamb": Facts(
        "tinygrad 0.14.0", REPLAYED, TRUST, LAST, IN_U, NONE, "yes, float32 powers", "L",
        "by optimizer", {},
    ),
    "mxnet_lamb": Facts(
        "MXNet 1.9.1", RECORDED, "φ(‖w‖)/‖u‖", LAST, IN_U,
        "φ = clip(lower_bound, upper_bound), off; entries of g, off", "yes, can be off",
        "L; of φ(‖w‖), not ‖w‖", "decay by `set_wd_mult`", {},
    ),
    "paddle_lamb": Facts(
        "Paddle 3.3.1", RECORDED, TRUST, LAST, IN_U, NONE, "yes", "L",
        "no decay: no ratio, unless `always_adapt`", {"always_adapt": True},
    ),
    "flash_lamb": Facts(
        "lightning-flash 0.8.2", REPLAYED, TRUST, LAST, IN_U, NONE, "yes; AMSGrad as an option",
        "L", "ratio by a flag of the group", {},
    ),
    "kozistr_lamb": Facts(
        "pytorch_optimizer 4.1.0", REPLAYED, "min(‖w'‖, 10)/(‖u‖+ε)", LAST,
        "decoupled, first; or in u", "φ ≤ 10; gradients by `pre_norm`, off",
        "1/(1 − β₁ᵗ) outside the ratio, v never; or `rectify`", "K", "by group",
        {"adam_debias": True, "weight_decouple": False},
    ),
    "torch_optimizer_lamb": Facts(
        "torch_optimizer 0.3.0", REPLAYED, "min(‖w‖, 10)/‖u‖", LAST, IN_U, "φ ≤ `clamp_value`",
        "no; `debias`: outside the ratio", "L", "by group", {"clamp_value": 1e9},
    ),
    "cybertronai_lamb": Facts(
        "pytorch-lamb d3ab8dc", READ, "min(‖w‖, 10)/‖u‖", LAST, IN_U, "φ ≤ 10", "no", "L",
        "by group", {},
    ),
    "nvidia_dle_lamb": Facts(
        "DeepLearningExamples 729963d", READ, "min(‖w‖, 10)/(‖u‖+ε)", LAST, IN_U, "φ ≤ 10", "no",
        "L", "by group", {},
    ),
    "bitsandbytes_lamb": Facts(
        "bitsandbytes 0.50.2, CPU", REPLAYED, "min(1, c‖w‖/‖raw r‖)", LAST, "decoupled, last",
        "ratio ≤ 1: it only shrinks", "yes; not in the norm", "K; **w = 0 never moves**",
        "by group",
        {"max_unorm": 1e9},
    ),
}  # fmt: skip

LARS = {
    "optax_lars": Facts(
        "optax 0.2.8", REPLAYED, "η‖w‖/(‖g+βw‖+ε)", INSIDE, "g + βw", NONE, "Nesterov", "N",
        "two masks", {},
    ),
    "timm_lars": Facts(
        "timm 1.0.31", REPLAYED, SUM_OF_NORMS, OUTSIDE, "g + βw", "min(λ/γ, 1) by `trust_clip`",
        "Nesterov, dampening", "A", "no decay: no ratio, unless `always_adapt`",
        {"always_adapt": True},
    ),
    "apex_larc": Facts(
        "apex at cb65b8ed^", READ, SUM_OF_NORMS, OUTSIDE, "g + βw", "min(λ/γ, 1), on by default",
        "the wrapped optimizer's", "D", NONE, {"clip": False},
    ),
    "tfmodels_lars": Facts(
        "tf-models 2.20.0", RECORDED, "η‖w‖/‖g+βw‖",
        f"{INSIDE}; `classic_momentum=False`: ratio of the momentum, γ outside", "g + βw",
        "tf_keras's clips, off", "Nesterov", "N",
        "regular expressions; not decayed is not adapted", {},
    ),
    "mlperf_lars": Facts(
        "mlcommons/training aa344c7", READ, SUM_OF_NORMS, INSIDE, "g + βw", "ε = 0 means 1e-7",
        "Nesterov", "A", "`skip_list`: parts of names, neither decay nor ratio", {},
    ),
    "tinygrad_lars": Facts(
        "tinygrad 0.14.0", REPLAYED, "η‖w‖/(‖g‖+β‖w‖)",
        f"{INSIDE}; `classic=False`: both after it", "g + βw; `pre_wd=False`: decoupled", NONE,
        "Nesterov", "A", "by optimizer", {},
    ),
    "mxnet_lars": Facts(
        "MXNet 1.9.1", RECORDED, SUM_OF_NORMS, INSIDE, "g + βw", "entries of g, off",
        "times γₜ/γₜ₋₁: as if γ were outside", "A", "names ending in gamma, beta, bias: no ratio",
        {"momentum_correction": False},
    ),
    "paddle_lars": Facts(
        "Paddle 3.3.1", RECORDED, SUM_OF_NORMS, INSIDE, "g + βw", NONE, "heavy ball", "A",
        "parts of names: no decay; no decay: no ratio", {},
    ),
    "flash_lars": Facts(
        "lightning-flash 0.8.2", REPLAYED, SUM_OF_NORMS, OUTSIDE, "g + βw", NONE,
        "Nesterov, dampening", "D", "no decay: no ratio", {},
    ),
    "bolts_lars": Facts(
        "lightning-bolts 0.7.0", REPLAYED, SUM_OF_NORMS, OUTSIDE, "g + βw", NONE,
        "Nesterov, dampening", "D", "no decay: no ratio", {},
    ),
    "kozistr_lars": Facts(
        "pytorch_optimizer 4.1.0", REPLAYED, "η‖w‖/(‖g‖+β‖w‖)", OUTSIDE, "g + βw", NONE,
        "Nesterov, dampening of the first step too", "Z",
        "fewer than two axes: neither decay nor ratio", {},
    ),
    "torch_optimizer_lars": Facts(
        "torch_optimizer 0.3.0", REPLAYED, SUM_OF_NORMS, OUTSIDE, "g + βw", NONE,
        "Nesterov, dampening", "D", "no decay: no ratio", {},
    ),
    "chainer_lars": Facts(
        "chainer a8e15cb", READ, "‖w‖/(ε+‖g‖+β‖w‖)", f"{INSIDE}; γ stands for γη", "g + βw",
        "ratio 1 where ‖w‖ ≤ 0.01", "heavy ball", "P", "by hook", {},
    ),
    "bitsandbytes_lars": Facts(
        "bitsandbytes 0.50.2, CPU", REPLAYED, "min(1, c‖w‖/‖v‖)", "after the momentum, γ outside",
        "g + βw", "ratio ≤ 1: it only shrinks", "heavy ball", "**w = 0 never moves**", NONE, {},
    ),
}  # fmt: skip
