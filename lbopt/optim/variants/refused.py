"""Keywords that a library has and its variant has not, with the reason that `make` gives."""

from __future__ import annotations

_KERNEL = "it chooses a kernel, not an algorithm; leave it out"
_STORAGE = "it is about how state and weights are stored; leave it out"
_PLACE = "arrays stay where they are; leave it out"
_AMSGRAD = "the library refuses it too when it is true; leave it out"
_IGNORED = "the library takes it and ignores it; leave it out"
_GROUPS = "parameters are handed to init; for groups use decay_mask and adapt_mask"
_SCHEDULE = "the learning rate is make's second argument, a number or a function of the step"
_CLIP = "give clip_by_global_norm as a link of its own: chain(clip_by_global_norm(c), make(...))"
_SCALE = "scale the loss outside; leave it out"
_ALL = {"params": _GROUPS, "lr": _SCHEDULE}

_NAME = "it names the optimizer in graphs and files; leave it out"
_TF = {"var_list": _GROUPS, "name": _NAME}
_MXNET = {
    "lr_scheduler": _SCHEDULE,
    "param_idx2name": "layers have names already; leave it out",
    "param_dict": "use decay_mask in place of its wd_mult",
    "sym": "use decay_mask in place of its wd_mult",
    "begin_num_update": "shift the schedule; leave it out",
    "multi_precision": _STORAGE,
    "aggregate_num": _KERNEL,
    "use_fused_step": _KERNEL,
}
_PADDLE = {"name": _NAME, "grad_clip": _CLIP, "multi_precision": _STORAGE}
_TINYGRAD = {
    "device": _PLACE,
    "fused": "all layers would become one buffer with one ratio, which is another algorithm",
}
_BITSANDBYTES = {
    "optim_bits": "this is the 32-bit form; leave it out",
    "args": _STORAGE,
    "min_8bit_size": _STORAGE,
    "is_paged": _STORAGE,
}
_EMA = "averages of weights are not part of a step; leave it out"

REFUSED: dict[str, dict[str, str]] = {
    "optax_lamb": {},
    "optax_lars": {},
    "timm_lamb": {"foreach": _KERNEL},
    "timm_lars": {"foreach": _KERNEL},
    "apex_fused_lamb": {"amsgrad": _AMSGRAD, "set_grad_none": _STORAGE},
    "apex_larc": {"optimizer": "it is torch.optim.SGD here, whose keywords are taken"},
    "deepspeed_fused_lamb": {"amsgrad": _AMSGRAD},
    "tfmodels_lamb": _TF,
    "tfmodels_lars": _TF,
    "mlperf_lars": _TF,
    "keras_lamb": {
        "name": _NAME,
        "exclude_from_weight_decay": "a method there; give decay_mask, which says the opposite",
        "use_ema": _EMA,
        "ema_momentum": _EMA,
        "ema_overwrite_frequency": _EMA,
        "loss_scale_factor": _SCALE,
        "gradient_accumulation_steps": "accumulate gradients outside; leave it out",
    },
    "tinygrad_lamb": _TINYGRAD,
    "tinygrad_lars": _TINYGRAD
    | dict.fromkeys(("ns_steps", "ns_coefficients"), "it makes Muon of LARS; leave it out"),
    "mxnet_lamb": _MXNET,
    "mxnet_lars": _MXNET | {"lazy_update": "there are no sparse gradients here; leave it out"},
    "paddle_lamb": _PADDLE
    | {
        "parameters": _GROUPS,
        "exclude_from_weight_decay_fn": "give decay_mask, which says the opposite",
    },
    "paddle_lars": _PADDLE
    | {
        "parameter_list": _GROUPS,
        "regularization": "add_decayed_weights(c) before it in a chain is an L2 penalty",
    },
    "flash_lamb": {},
    "flash_lars": {},
    "bolts_lars": {},
    "kozistr_lamb": {"foreach": _KERNEL},
    "kozistr_lars": {"foreach": _KERNEL},
    "torch_optimizer_lamb": {},
    "torch_optimizer_lars": {},
    "cybertronai_lamb": {},
    "nvidia_dle_lamb": {},
    "bitsandbytes_lamb": _BITSANDBYTES
    | dict.fromkeys(("bias_correction", "amsgrad", "adam_w_mode"), _IGNORED),
    "bitsandbytes_lars": _BITSANDBYTES | dict.fromkeys(("dampening", "nesterov"), _IGNORED),
    "chainer_lars": {},
}


def reason(variant: str, keyword: str) -> str | None:
    """Say why a keyword of the library is not taken; None if the library has none of that name.

    Examples
    --------
    >>> reason("timm_lamb", "foreach")
    'it chooses a kernel, not an algorithm; leave it out'
    >>> reason("timm_lamb", "for_each") is None
    True
    """
    return (_ALL | REFUSED[variant]).get(keyword)
