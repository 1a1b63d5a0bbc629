"""LAMB, AdamW and SGD as strangers write them for torch, with one slip or none."""

import pytest

torch = pytest.importorskip("torch")


class Lamb(torch.optim.Optimizer):
    """LAMB in the usual form; ``slip`` says what is wrong, "" nothing."""

    slip = ""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)
        self.calls = 0

    @torch.no_grad()
    def step(self):
        slip = self.slip
        self.calls += 1
        for group in self.param_groups:
            b1, b2 = group["betas"]
            wd, eps = group["weight_decay"], group["eps"]
            params = group["params"]
            if slip == "first parameter forgotten":
                params = params[1:]
            for p in params:
                if p.grad is None:
                    continue
                g = p.grad
                if slip == "decay into the gradient in place":
                    g.add_(p, alpha=wd)
                    wd_now = 0.0
                else:
                    wd_now = wd
                state = self.state[p]
                if not state:
                    state["step"] = 0
                    state["m"], state["v"] = torch.zeros_like(p), torch.zeros_like(p)
                state["step"] += 1
                t = state["step"] + (slip == "step from two")
                m, v = state["m"], state["v"]
                m.lerp_(g, 1 - b1)
                v.mul_(b2).addcmul_(g, g, value=1 - (b1 if slip == "b1 in v" else b2))
                if slip == "eps under the root":
                    denom = (v / (1 - b2**t) + eps).sqrt()
                elif slip == "epsilon hat":
                    denom = (v.sqrt() + eps) / (1 - b2**t) ** 0.5
                else:
                    denom = (v / (1 - b2**t)).sqrt() + eps
                u = m / (1 - b1**t) / denom
                if slip == "decay for matrices" and p.ndim < 2:
                    wd_now = 0.0
                if slip == "decay first":
                    p.mul_(1 - group["lr"] * wd_now)
                else:
                    u = u + wd_now * p
                w_norm, u_norm = p.norm(), u.norm()
                if slip == "norm of the gradient":
                    u_norm = g.norm()
                if slip == "clamped":
                    w_norm = w_norm.clamp(0, 10)
                ratio = w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0
                if slip == "one-element tensors not adapted" and p.ndim == 1:
                    ratio = 1.0
                p.add_(u, alpha=-group["lr"] * float(ratio))


def slipped(name):
    """The class with a slip."""
    return type("Lamb", (Lamb,), {"slip": name})


class SharedState(Lamb):
    """Its moments live in the class."""

    moments = {}

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.param_groups[0]["params"]):
            self.state[p] = self.moments.setdefault((i, tuple(p.shape)), {})
        super().step()


class DampenedSGD(torch.optim.SGD):
    """SGD whose dampening is on by default."""

    def __init__(self, params, lr=1e-3, momentum=0.0, weight_decay=0.0):
        super().__init__(
            params, lr, momentum, dampening=0.1 if momentum else 0, weight_decay=weight_decay
        )


class FirstRateAdamW(torch.optim.AdamW):
    """AdamW that keeps the learning rate it was constructed with."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        self.first = lr
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        for group in self.param_groups:
            group["lr"] = self.first
        super().step()


# class, claim: words that the report has to say
WRONG = {
    "first parameter forgotten": "never moves: 'embed.weight'",
    "decay into the gradient in place": "an L2 penalty",
    "step from two": "counts its steps from 2",
    "b1 in v": "average",
    "eps under the root": "eps stands under the root",
    "epsilon hat": "epsilon hat",
    "decay for matrices": "not decayed: 1-D layers",
    "decay first": "decay is decoupled",
    "norm of the gradient": "the ratio divides by the norm of the gradient",
    "clamped": "weight norm clamped at 10",
    "one-element tensors not adapted": "not normalised (ratio 1): 1-D layers",
}
