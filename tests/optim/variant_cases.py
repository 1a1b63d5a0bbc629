"""Settings in which every keyword of every variant is alive, used by all tests of the variants.

The first of each list is the settings that `test_every_keyword_of_every_variant_is_alive` starts
from; OTHER says what a keyword is changed to, where halving it or turning a flag round will not do.
"""

from tests.optim.variant_loops_kozistr import kozistr
from tests.optim.variant_loops_lamb import LAMB
from tests.optim.variant_loops_lars import LARS

LOOPS = LAMB | LARS | {"kozistr_lamb": kozistr}
BETAS = {"betas": (0.7, 0.9)}
B12 = {"b1": 0.7, "b2": 0.9}
BETA_12 = {"beta_1": 0.7, "beta_2": 0.9}
BETA12 = {"beta1": 0.7, "beta2": 0.9}
WD = {"weight_decay": 0.1}
M = {"momentum": 0.8}
D = {"dampening": 0.3}
TC = {"trust_coefficient": 0.02}
RECTIFIED = {"rectify": True, "degenerated_to_sgd": True, "n_sma_threshold": 4, "betas": (0.7, 0.8)}


def tall(params):
    """A mask as optax takes it: matrices and kernels."""
    return {k: a.ndim > 1 for k, a in params.items()}


TORCH_LARS = [
    M | D | WD | TC | {"eps": 0.3},
    M | WD | TC | {"nesterov": True, "eps": 0.0},
    {},
    WD,
    M,
]

CASES = {
    "optax_lamb": [
        B12 | WD | {"eps": 0.3, "eps_root": 0.2},
        {},
        WD,
        {"weight_decay": lambda t: 0.1 * (t + 1), "mask": tall},
    ],
    "timm_lamb": [
        BETAS | WD | {"eps": 0.3, "max_grad_norm": 9.0},
        {},
        {"weight_decay": 0.0},
        {"weight_decay": 0.0, "always_adapt": True},
        WD | {"max_grad_norm": None, "trust_clip": True},
        WD | {"decoupled_decay": True},
        WD | {"decoupled_decay": True, "corrected_weight_decay": True, "max_lr": 0.5},
        WD | {"decoupled_decay": True, "trust_clip": True, "bias_correction": False},
        WD | {"bias_correction": False, "grad_averaging": False},
        WD | {"caution": True},
    ],
    "apex_fused_lamb": [
        BETAS | WD | {"eps": 0.3, "max_grad_norm": 9.0},
        {},
        {"weight_decay": 0.0},
        {"weight_decay": 0.0, "use_nvlamb": True},
        WD | {"adam_w_mode": False, "bias_correction": False},
        WD | {"grad_averaging": False, "eps": 0.1},
    ],
    "deepspeed_fused_lamb": [
        BETAS | WD | {"eps": 0.3, "max_grad_norm": 9.0, "max_coeff": 2.0, "min_coeff": 0.2},
        {},
        WD,
        {"eps_inside_sqrt": True, "eps": 0.3},
        WD | {"bias_correction": False},
        WD | {"max_coeff": 0.5},  # the 1 of zero weights is not clipped
    ],
    "tfmodels_lamb": [
        BETA_12 | {"epsilon": 0.3, "weight_decay_rate": 0.1},
        {},
        {"weight_decay_rate": 0.1, "exclude_from_weight_decay": [r"b$", "^conv"]},
        {"weight_decay_rate": 0.1, "exclude_from_layer_adaptation": ["fc"]},
        {
            "weight_decay_rate": 0.1,
            "exclude_from_weight_decay": ["b$"],
            "exclude_from_layer_adaptation": [],
        },
        {
            "weight_decay_rate": 0.1,
            "exclude_from_weight_decay": ["b$"],
            "exclude_from_layer_adaptation": ["W$"],
        },
        {"clipvalue": 1.0, "clipnorm": 2.0, "decay": 0.1},
        {"clipvalue": 1.0, "global_clipnorm": 9.0},
    ],
    "keras_lamb": [
        BETA_12 | WD | {"epsilon": 0.3},
        {},
        WD,
        {"clipnorm": 2.0},
        {"clipvalue": 1.0},
        WD | {"global_clipnorm": 9.0},
    ],
    "tinygrad_lamb": [B12 | WD | {"eps": 0.3}, {}, WD, WD | {"adam": True}],
    "mxnet_lamb": [
        BETA12
        | {"epsilon": 0.3, "lower_bound": 0.5, "upper_bound": 9.0, "wd": 0.1}
        | {"rescale_grad": 0.5, "clip_gradient": 1.0},
        {},
        {"wd": 0.1, "bias_correction": False},
        {"lower_bound": 0.0, "upper_bound": 1.0},
    ],
    "paddle_lamb": [
        BETA12 | {"epsilon": 0.3, "lamb_weight_decay": 0.1},
        {},
        {"lamb_weight_decay": 0.0},
        {"lamb_weight_decay": 0.0, "always_adapt": True},
    ],
    "flash_lamb": [
        BETAS | WD | {"eps": 0.3},
        {},
        WD | {"exclude_from_layer_adaptation": True},
        WD | BETAS | {"amsgrad": True},
    ],
    "kozistr_lamb": [
        BETAS | WD | {"eps": 0.3, "pre_norm": True, "max_grad_norm": 9.0},
        {},
        WD,
        WD | {"weight_decouple": False},
        WD | {"fixed_decay": True, "adam_debias": True},
        WD | {"adam": True, "grad_averaging": False},
        {"pre_norm": True, "max_grad_norm": 0.0},
        WD | RECTIFIED | {"adanorm": True, "adanorm_r": 0.7},
        WD | {"rectify": True, "fixed_decay": True},  # at beta2 = .999 tractable after 5 steps
        WD | {"rectify": True, "degenerated_to_sgd": True, "adam_debias": True, "adam": True},
        WD | {"adanorm": True, "adanorm_r": 0.3, "grad_averaging": False, "maximize": True},
    ],
    "torch_optimizer_lamb": [
        BETAS | WD | {"eps": 0.3, "clamp_value": 5.0},
        {},
        WD | {"debias": True},
        WD | {"adam": True},
        {"clamp_value": 0.0},
    ],
    "cybertronai_lamb": [BETAS | WD | {"eps": 0.3}, {}, WD, WD | {"adam": True}],
    "nvidia_dle_lamb": [BETAS | WD | {"eps": 0.3}, {}, WD, WD | {"adam": True}],
    "bitsandbytes_lamb": [
        BETAS | WD | {"eps": 0.3, "max_unorm": 0.7},
        {},
        WD,
        {"max_unorm": 0.0},
    ],
    "optax_lars": [
        M | WD | TC | {"eps": 0.3},
        {},
        WD | {"nesterov": True},
        {"momentum": 0.0},
        {"weight_decay": lambda t: 0.1 * (t + 1), "weight_decay_mask": tall},
        WD | {"trust_ratio_mask": tall},
    ],
    "timm_lars": [
        M | D | WD | {"trust_coeff": 0.02, "eps": 0.3},
        M | WD | {"nesterov": True, "eps": 0.0},
        {},
        M,
        M | WD,
        {"always_adapt": True},
        M | WD | {"trust_clip": True, "trust_coeff": 0.2},
        M | {"trust_clip": True, "always_adapt": True},
    ],
    "apex_larc": [
        M | D | WD | {"trust_coefficient": 0.2, "eps": 0.3},
        {},
        M | WD | {"clip": False, "nesterov": True},
        M | {"clip": False},
        WD,
    ],
    "tfmodels_lars": [
        M | {"weight_decay_rate": 0.1, "eeta": 0.02},
        {},
        {"weight_decay_rate": 0.1, "nesterov": True},
        {"weight_decay_rate": 0.1, "classic_momentum": False},
        {"weight_decay_rate": 0.1, "classic_momentum": False, "nesterov": True},
        {"weight_decay_rate": 0.1, "exclude_from_weight_decay": [r"b$", "^conv"]},
        {"weight_decay_rate": 0.1, "exclude_from_layer_adaptation": ["fc"]},
        {"clipvalue": 1.0, "global_clipnorm": 5.0, "decay": 0.1},
    ],
    "mlperf_lars": [
        M | WD | {"eeta": 0.02, "epsilon": 0.3},
        {},
        WD | {"use_nesterov": True},
        WD | {"skip_list": [".b", "conv"]},
    ],
    "tinygrad_lars": [
        M | WD | {"tcoef": 0.02},
        {},
        WD | {"nesterov": True},
        WD | {"classic": False},
        WD | {"classic": False, "nesterov": True, "pre_wd": False},
        WD | {"pre_wd": False},
        WD | {"tcoef": 0.0},
        WD | {"momentum": 0.0},
    ],
    "mxnet_lars": [
        M | {"eta": 0.02, "eps": 0.3, "wd": 0.1, "rescale_grad": 0.5, "clip_gradient": 1.0},
        {},
        M | {"wd": 0.1, "momentum_correction": False},
        M,
    ],
    "paddle_lars": [
        M | {"lars_coeff": 0.02, "lars_weight_decay": 0.1, "epsilon": 0.3, "rescale_grad": 0.5},
        M,
        M | {"lars_weight_decay": 0.0},
        M | {"lars_weight_decay": 0.1, "exclude_from_weight_decay": [".b", "conv"]},
    ],
    "flash_lars": TORCH_LARS,
    "bolts_lars": TORCH_LARS,
    "torch_optimizer_lars": TORCH_LARS,
    "kozistr_lars": [
        M | D | WD | TC,
        {},
        WD | {"nesterov": True, "dampening": 0.2},
        WD | {"nesterov": True},
        WD | {"momentum": 0.0},
        WD | {"maximize": True},
    ],
    "chainer_lars": [M | WD | {"threshold": 1.5, "eps": 0.3}, {}, WD],
    "bitsandbytes_lars": [M | WD, M, M | WD | {"max_unorm": 0.5}, M | {"max_unorm": 0.0}],
}
# keyword: (settings to start from, None: the first above; what to change it to)
TF_CLIPS = {
    "clipnorm": (None, 1.0),
    "clipvalue": (None, 1.0),
    "global_clipnorm": (None, 5.0),
    "decay": (None, 0.1),
}
OTHER = {
    "optax_lamb": {"mask": (None, lambda params: {k: k != "fc.W" for k in params})},
    "optax_lars": {
        "weight_decay_mask": (None, False),
        "trust_ratio_mask": (None, lambda params: dict.fromkeys(params, False)),
    },
    "timm_lamb": {
        "max_grad_norm": (None, None),
        "always_adapt": ({"weight_decay": 0.0}, True),
        "max_lr": (CASES["timm_lamb"][6], 2.0),
        "corrected_weight_decay": (CASES["timm_lamb"][6] | {"max_lr": 0.5}, "off"),
    },
    "apex_fused_lamb": {"use_nvlamb": ({"weight_decay": 0.0}, True)},
    "deepspeed_fused_lamb": {"min_coeff": (None, 1.0)},
    "tfmodels_lamb": {
        "exclude_from_weight_decay": (None, ["fc"]),
        "exclude_from_layer_adaptation": (None, ["fc"]),
        **TF_CLIPS,
    },
    "keras_lamb": {"clipnorm": (None, 1.0), "clipvalue": (None, 1.0), "global_clipnorm": (None, 5)},
    "paddle_lamb": {"always_adapt": ({"lamb_weight_decay": 0.0}, True)},
    "kozistr_lamb": {
        "pre_norm": (CASES["kozistr_lamb"][2], True),
        "rectify": (WD, True),
        "degenerated_to_sgd": (WD | {"rectify": True}, True),
        "n_sma_threshold": (WD | {"rectify": True}, 4.5),
        "adanorm": (WD, {"adanorm": True, "adanorm_r": 0.3}),
        "adanorm_r": (CASES["kozistr_lamb"][10], 0.5),
    },
    "timm_lars": {"nesterov": (M | WD, True), "always_adapt": (M, True)},
    "apex_larc": {"nesterov": (M | WD, True)},
    "tfmodels_lars": {
        "exclude_from_weight_decay": (None, ["fc"]),
        "exclude_from_layer_adaptation": (None, ["fc"]),
        **TF_CLIPS,
    },
    "mlperf_lars": {"skip_list": (None, ["fc"])},
    "paddle_lars": {"exclude_from_weight_decay": (None, ["fc"])},
    "flash_lars": {"nesterov": (M | WD, True)},
    "bolts_lars": {"nesterov": (M | WD, True)},
    "torch_optimizer_lars": {"nesterov": (M | WD, True)},
}
