"""BERT and all its gradients against torch's own encoder layers with the same weights, float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.bert_cases import BUILD, FULL, flat, params_of, unflat

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.peers

TOLERANCE = 1e-10


def linear(p, h, name):
    return h @ p[f"{name}.W"] + p[f"{name}.b"]


def norm(p, h, name):
    return F.layer_norm(h, h.shape[-1:], p[f"{name}.gamma"], p[f"{name}.beta"], 1e-12)


def encoder_layer(p, name, pre, activation):
    """torch.nn.TransformerEncoderLayer, its weights made of ours (it fuses query, key, value)."""
    layer = torch.nn.TransformerEncoderLayer(
        8,
        2,
        dim_feedforward=12,
        dropout=0.0,
        activation=activation,
        layer_norm_eps=1e-12,
        batch_first=True,
        norm_first=pre,
        dtype=torch.float64,
    )
    fused = ("query", "key", "value")
    ours = {
        "self_attn.in_proj_weight": torch.cat([p[f"{name}.{n}.W"].T for n in fused]),
        "self_attn.in_proj_bias": torch.cat([p[f"{name}.{n}.b"] for n in fused]),
        "self_attn.out_proj.weight": p[f"{name}.project.W"].T,
        "self_attn.out_proj.bias": p[f"{name}.project.b"],
        "linear1.weight": p[f"{name}.expand.W"].T,
        "linear1.bias": p[f"{name}.expand.b"],
        "linear2.weight": p[f"{name}.contract.W"].T,
        "linear2.bias": p[f"{name}.contract.b"],
        "norm1.weight": p[f"{name}.attention_norm.gamma"],
        "norm1.bias": p[f"{name}.attention_norm.beta"],
        "norm2.weight": p[f"{name}.feed_forward_norm.gamma"],
        "norm2.bias": p[f"{name}.feed_forward_norm.beta"],
    }
    assert ours.keys() == dict(layer.named_parameters()).keys()

    def run(h, hidden_keys):
        return torch.func.functional_call(layer, ours, (h,), {"src_key_padding_mask": hidden_keys})

    return run


def torch_bert(p, x, name):
    pre = "pre-LN" in name
    activation = F.gelu if "erf" in name else lambda a: F.gelu(a, approximate="tanh")
    tokens = torch.tensor(x.tokens)
    segments = torch.zeros_like(tokens) if x.segments is None else torch.tensor(x.segments)
    hidden_keys = None if x.mask is None else torch.tensor(~x.mask)
    h = F.embedding(tokens, p["token.W"]) + F.embedding(segments, p["segment.W"])
    h = norm(p, h + p["position.W"][: tokens.shape[1]], "embedding_norm")
    for i in range(2):
        h = encoder_layer(p, f"block{i}", pre, activation)(h, hidden_keys)
    if pre:
        h = norm(p, h, "final_norm")
    y = []
    if "encoder" in name:
        y.append(h)
    else:
        asked = torch.take_along_dim(h, torch.tensor(x.positions)[:, :, None], 1).reshape(-1, 8)
        asked = norm(p, activation(linear(p, asked, "masked")), "masked_norm")
        y.append(F.linear(asked, p["token.W"], p["vocabulary.b"]))
    if "masked" not in name:
        pooled = torch.tanh(linear(p, h[:, 0], "pooler"))
        y.append(pooled if "encoder" in name else linear(p, pooled, "next"))
    return y


@pytest.mark.parametrize("name", [name for name in BUILD if "dropout" not in name])
def test_bert_and_its_gradients_agree_with_torchs_encoder(name):
    case = BUILD[name]()
    params = params_of(case)
    y, back = case.model.forward(params, case.x)
    dy = unflat(np.random.default_rng(3).standard_normal(flat(y).shape), y)
    dparams, _ = back(dy)

    p = {k: torch.tensor(a, requires_grad=True) for k, a in params.items()}
    ty = torch_bert(p, case.x, name)
    parts = [torch.tensor(d) for d in (dy if isinstance(dy, tuple) else (dy,))]
    theirs = torch.autograd.grad(ty, list(p.values()), parts)

    ours = list(y if isinstance(y, tuple) else (y,))
    errors = {
        f"y{k}": np.abs(a - t.detach().numpy()).max() / (1 + np.abs(a).max())
        for k, (a, t) in enumerate(zip(ours, ty, strict=True))
    }
    for k, t in zip(p, theirs, strict=True):
        errors[k] = np.abs(dparams[k] - t.numpy()).max() / (1 + np.abs(dparams[k]).max())
    worst = max(errors, key=errors.get)
    print(f"{name}: worst {worst} {errors[worst]:.1e}, tolerance {TOLERANCE:.0e}")
    assert errors[worst] < TOLERANCE


def test_the_padding_that_torch_hides_is_the_one_that_we_hide():
    assert not FULL.mask.all()
    assert FULL.mask.any(axis=1).all()
