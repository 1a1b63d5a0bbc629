"""Other people's LARS, LAMB, AdamW and SGD as factories of the kit."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lbopt.conformance import from_keras, from_optax, from_torch
from lbopt.conformance.contract import Factory, Optimizer
from tests.optim.test_variants_peers import TORCH, from_file, timm


class Peer(NamedTuple):
    """A library's optimizer, in settings of which one is its default."""

    name: str
    package: str
    claim: str
    settings: dict[str, Any]
    find: Any  # () -> factory


GCC = """#!/bin/sh
out=$(mktemp)
for a in "$@"; do shift; case $a in --target=*|-o|-) ;; *) set -- "$@" "$a";; esac; done
gcc "$@" - -o "$out" 2>/dev/null && cat "$out"; rc=$?; rm -f "$out"; exit $rc
"""


def c_compiler() -> str:
    """clang, which tinygrad calls; where there is none, gcc in its clothes."""
    if shutil.which("clang"):
        return "clang"
    path = Path(tempfile.mkdtemp()) / "gcc"
    path.write_text(GCC)
    path.chmod(0o755)
    return str(path)


def from_tinygrad(name: str) -> Factory:
    """tinygrad's optimizers: an adapter written by hand. Without vector types, which gcc lacks."""
    os.environ.update({"DEV": "CPU", "NOOPT": "1", "OPTIM_DTYPE": "float64", "CC": c_compiler()})
    import tinygrad
    from tinygrad.nn import optim

    make = getattr(optim, name)
    rename = {"trust_coefficient": "tcoef"}

    def build(lr: Any, **hyper: Any) -> Optimizer:
        inside: dict[str, Any] = {"t": 0}
        keywords = {rename.get(k, k): v for k, v in hyper.items()}

        def tensor(a: np.ndarray) -> Any:
            return tinygrad.Tensor(np.array(a), dtype=str(a.dtype))

        def init(params: dict) -> None:
            inside["p"] = {k: tensor(a).is_param_() for k, a in params.items()}
            with tinygrad.Context(TRAINING=1):
                inside["opt"] = make(list(inside["p"].values()), 0.1, **keywords)

        def step(params: dict, grads: dict) -> dict:
            rate = lr(inside["t"]) if callable(lr) else lr
            inside["t"] += 1
            try:
                with tinygrad.Context(TRAINING=1):
                    for k, p in inside["p"].items():
                        p.assign(tensor(params[k])).realize()
                        p.grad = tensor(grads[k])
                    inside["opt"].lr = tinygrad.Tensor([rate], dtype="float64")
                    inside["opt"].step()
                    return {k: p.numpy() for k, p in inside["p"].items()}
            except subprocess.CalledProcessError as e:
                raise NotImplementedError("the C compiler knows no __fp16") from e

        return Optimizer(init, step)

    has = {"LAMB": ("b1", "b2", "eps", "weight_decay"),
           "LARS": ("momentum", "weight_decay", "trust_coefficient", "nesterov")}  # fmt: skip
    return Factory(build, frozenset(has[name]), name)


def torch_peer(name: str, settings: dict) -> Any:
    return lambda: from_torch(TORCH[name][0](), settings=settings)


def with_optax(name: str) -> Any:
    def find() -> Factory:
        import jax
        import optax

        jax.config.update("jax_enable_x64", True)
        return from_optax(getattr(optax, name))

    return find


def with_keras(name: str) -> Any:
    def find() -> Factory:
        os.environ["KERAS_BACKEND"] = "torch"
        import keras

        return from_keras(getattr(keras.optimizers, name))

    return find


def with_torch(name: str) -> Any:
    def find() -> Factory:
        import torch

        return from_torch(getattr(torch.optim, name))

    return find


NEAR_LAMB = {"max_grad_norm": None, "always_adapt": True}
KOZISTR = {"adam_debias": True, "weight_decouple": False}
PEERS = [
    Peer("optax.lamb", "optax", "lamb", {}, with_optax("lamb")),
    Peer("timm.optim.Lamb", "timm", "lamb", {}, torch_peer("timm_lamb", {})),
    Peer("timm.optim.Lamb", "timm", "lamb", NEAR_LAMB, torch_peer("timm_lamb", NEAR_LAMB)),
    Peer("keras.optimizers.Lamb", "keras", "lamb", {}, with_keras("Lamb")),
    Peer("flash.core.optimizers.LAMB", "lightning-flash", "lamb", {}, torch_peer("flash_lamb", {})),
    Peer("pytorch_optimizer.Lamb", "pytorch_optimizer", "lamb", {}, torch_peer("kozistr_lamb", {})),
    Peer("pytorch_optimizer.Lamb", "pytorch_optimizer", "lamb", KOZISTR,
         torch_peer("kozistr_lamb", KOZISTR)),
    Peer("torch_optimizer.Lamb", "torch_optimizer", "lamb", {},
         torch_peer("torch_optimizer_lamb", {})),
    Peer("bitsandbytes.optim.LAMB32bit", "bitsandbytes", "lamb", {},
         torch_peer("bitsandbytes_lamb", {})),
    Peer("tinygrad.nn.optim.LAMB", "tinygrad", "lamb", {}, lambda: from_tinygrad("LAMB")),
    Peer("optax.lars", "optax", "lars", {}, with_optax("lars")),
    Peer("timm.optim.Lars", "timm", "lars", {}, torch_peer("timm_lars", {})),
    Peer("timm.optim.Lars", "timm", "lars", {"always_adapt": True},
         torch_peer("timm_lars", {"always_adapt": True})),
    Peer("flash.core.optimizers.LARS", "lightning-flash", "lars", {}, torch_peer("flash_lars", {})),
    Peer("pl_bolts.optimizers.LARS", "lightning-bolts", "lars", {}, torch_peer("bolts_lars", {})),
    Peer("pytorch_optimizer.LARS", "pytorch_optimizer", "lars", {}, torch_peer("kozistr_lars", {})),
    Peer("torch_optimizer.LARS", "torch_optimizer", "lars", {},
         torch_peer("torch_optimizer_lars", {})),
    Peer("bitsandbytes.optim.LARS32bit", "bitsandbytes", "lars", {},
         torch_peer("bitsandbytes_lars", {})),
    Peer("tinygrad.nn.optim.LARS", "tinygrad", "lars", {}, lambda: from_tinygrad("LARS")),
    Peer("torch.optim.AdamW", "torch", "adamw", {}, with_torch("AdamW")),
    Peer("optax.adamw", "optax", "adamw", {}, with_optax("adamw")),
    Peer("keras.optimizers.AdamW", "keras", "adamw", {}, with_keras("AdamW")),
    Peer("torch.optim.SGD", "torch", "sgd", {}, with_torch("SGD")),
    Peer("optax.sgd", "optax", "sgd", {}, with_optax("sgd")),
]  # fmt: skip


def version_of(package: str) -> str:
    return importlib.metadata.version(package)


__all__ = ["PEERS", "Peer", "from_file", "timm", "version_of"]
