"""A pre-LN transformer block forward and backward, float32, one thread: lbopt, naive NumPy, torch.

    make bench                                    # or: python -m tests.bench.transformer
    python -m tests.bench.transformer --quick     # one width, few rounds

Forward, and the gradients of the input and of all 16 parameters; 128 tokens per example, no
dropout. torch is timed where it is installed, eager, with its fused attention and without;
otherwise the reference is the naive block. The naive one is what a careful reader of a formula
writes: whole arrays at a time, the cube of GELU as ``x**3``. Nothing is asserted about speed.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import NamedTuple

import numpy as np

from tests.bench.harness import Contender, Worker, clean_environment, compare, cpu_name, paired

T = 128
EPS = 1e-5
# By default glibc gives memory back to the system after each step and takes it again page by page;
# whether it does is decided by chance when a process starts, and costs lbopt 20 % at width 128.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**30)}
DENSE = ("query", "key", "value", "project", "expand", "contract")
NORMS = ("attention_norm", "feed_forward_norm")


class Case(NamedTuple):
    width: int
    batch: int
    heads: int

    @property
    def name(self) -> str:
        return f"width {self.width}, batch {self.batch}, {self.heads} heads"


CASES = (Case(128, 32, 4), Case(256, 16, 8), Case(768, 8, 12))


def keys() -> list[str]:
    """Name the gradients to compare: all but that of the key's bias, which is zero but for rounding
    (a bias of the keys adds the same number to all scores of a query)."""
    names = [f"block0.{n}.{k}" for n in DENSE for k in "Wb" if (n, k) != ("key", "b")]
    return names + [f"block0.{n}.{k}" for n in NORMS for k in ("gamma", "beta")]


def numbers(case: Case) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    d = case.width
    shape = {"expand": (d, 4 * d), "contract": (4 * d, d)}
    p = {}
    for name in DENSE:
        inputs, outputs = shape.get(name, (d, d))
        W = rng.standard_normal((inputs, outputs), dtype=np.float32)
        p[f"block0.{name}.W"] = W / np.float32(math.sqrt(inputs))
        p[f"block0.{name}.b"] = rng.standard_normal(outputs, dtype=np.float32) / np.float32(10)
    for name in NORMS:
        p[f"block0.{name}.gamma"] = 1 + rng.standard_normal(d, dtype=np.float32) / np.float32(10)
        p[f"block0.{name}.beta"] = rng.standard_normal(d, dtype=np.float32) / np.float32(10)
    x, dy = (rng.standard_normal((case.batch, T, d), dtype=np.float32) for _ in range(2))
    return p, x, dy


def flops(case: Case) -> float:
    """Multiplications and additions of the matrix products, forward and backward."""
    d = case.width
    return 3 * 2 * case.batch * T * (12 * d * d + 2 * T * d)


def lbopt_setup(case: Case) -> dict[str, Contender]:
    from lbopt import ops
    from lbopt.models.init import zeros
    from lbopt.models.transformer import block

    p, x, dy = numbers(case)
    layer = block(
        "block0",
        width=case.width,
        heads=case.heads,
        inner=4 * case.width,
        placement="pre",
        act=ops.gelu,
        draw=zeros,
        eps=EPS,
    )

    def run() -> tuple:
        y, back = layer.run(p, x, None, None)
        grads, dx = back(dy)
        return (y, dx, *(grads[k] for k in keys()))

    return {"lbopt": Contender(run, lambda arrays: arrays)}


def naive_setup(case: Case) -> dict[str, Contender]:
    p, x, dy = numbers(case)
    p = {k.removeprefix("block0."): a for k, a in p.items()}
    (B, _, d), H = x.shape, case.heads
    c, a3 = math.sqrt(2 / math.pi), 0.044715

    def norm(h, name):
        centred = h - h.mean(-1, keepdims=True)
        s = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(EPS))
        n = centred * s
        return n * p[f"{name}.gamma"] + p[f"{name}.beta"], n, s

    def norm_back(g, dh, name, n, s):
        g[f"{name}.gamma"], g[f"{name}.beta"] = (dh * n).sum((0, 1)), dh.sum((0, 1))
        dn = dh * p[f"{name}.gamma"]
        return s * (dn - dn.mean(-1, keepdims=True) - n * (dn * n).mean(-1, keepdims=True))

    def dense(h, name):
        return h @ p[f"{name}.W"] + p[f"{name}.b"]

    def dense_back(g, h, dh, name):
        g[f"{name}.W"] = h.reshape(B * T, -1).T @ dh.reshape(B * T, -1)
        g[f"{name}.b"] = dh.sum((0, 1))
        return dh @ p[f"{name}.W"].T

    def split(h):
        return h.reshape(B, T, H, d // H).transpose(0, 2, 1, 3)

    def merge(h):
        return h.transpose(0, 2, 1, 3).reshape(B, T, d)

    def run() -> tuple:
        n1, hat1, s1 = norm(x, "attention_norm")
        q, k, v = (split(dense(n1, name)) for name in ("query", "key", "value"))
        s = q @ k.swapaxes(-1, -2) / math.sqrt(d // H)
        e = np.exp(s - s.max(-1, keepdims=True))
        a = e / e.sum(-1, keepdims=True)
        o = merge(a @ v)
        x1 = x + dense(o, "project")
        n2, hat2, s2 = norm(x1, "feed_forward_norm")
        f = dense(n2, "expand")
        h = 0.5 * f * (1 + np.tanh(c * (f + a3 * f**3)))
        y = x1 + dense(h, "contract")
        g: dict[str, np.ndarray] = {}
        dh = dense_back(g, h, dy, "contract")
        t = np.tanh(c * (f + a3 * f**3))
        df = dh * (0.5 * (1 + t) + 0.5 * f * (1 - t**2) * c * (1 + 3 * a3 * f**2))
        dn2 = dense_back(g, n2, df, "expand")
        dx1 = dy + norm_back(g, dn2, "feed_forward_norm", hat2, s2)
        do = split(dense_back(g, o, dx1, "project"))
        dv, da = a.swapaxes(-1, -2) @ do, do @ v.swapaxes(-1, -2)
        ds = a * (da - (da * a).sum(-1, keepdims=True)) / math.sqrt(d // H)
        parts = {"query": ds @ k, "key": ds.swapaxes(-1, -2) @ q, "value": dv}
        dn1 = sum(dense_back(g, n1, merge(part), name) for name, part in parts.items())
        dx = dx1 + norm_back(g, dn1, "attention_norm", hat1, s1)
        return (y, dx, *(g[k.removeprefix("block0.")] for k in keys()))

    return {"naive NumPy": Contender(run, lambda arrays: arrays)}


def torch_setup(case: Case) -> dict[str, Contender]:
    import torch

    torch.set_num_threads(1)
    F = torch.nn.functional
    arrays, x, dy = numbers(case)
    p = {k.removeprefix("block0."): torch.from_numpy(a).requires_grad_() for k, a in arrays.items()}
    tx, tdy = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)
    d, H = case.width, case.heads

    def dense(h, name):
        return torch.addmm(p[f"{name}.b"], h.reshape(-1, h.shape[-1]), p[f"{name}.W"])

    def norm(h, name):
        return F.layer_norm(h, (d,), p[f"{name}.gamma"], p[f"{name}.beta"], EPS)

    def forward(fused: bool):
        n = norm(tx, "attention_norm")
        q, k, v = (
            dense(n, name).view(-1, T, H, d // H).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        if fused:
            o = F.scaled_dot_product_attention(q, k, v)
        else:
            o = torch.softmax(q @ k.transpose(2, 3) * (d // H) ** -0.5, -1) @ v
        x1 = tx + dense(o.transpose(1, 2).reshape(-1, T, d), "project").view(tx.shape)
        f = F.gelu(dense(norm(x1, "feed_forward_norm"), "expand"), approximate="tanh")
        return x1 + dense(f, "contract").view(tx.shape)

    leaves = [tx, *(p[k.removeprefix("block0.")] for k in keys())]

    def contender(fused: bool) -> Contender:
        def run() -> tuple:
            y = forward(fused)
            return (y, *torch.autograd.grad(y, leaves, tdy))

        return Contender(run, lambda ts: [t.detach().numpy() for t in ts])

    return {"torch": contender(True), "torch, attention spelt out": contender(False)}


def cell(timing) -> str:
    return f"{timing.ratio:.2f} [{timing.low:.2f}, {timing.high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.transformer", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one width, three rounds")
    parser.add_argument("--rounds", type=int, default=9, help="paired rounds per width (9)")
    args = parser.parse_args()
    rounds = 3 if args.quick else args.rounds
    for note in clean_environment():
        print(f"note: {note}")
    os.environ.update(KEEP_MEMORY)  # for all workers alike
    for number, case in enumerate(CASES[:1] if args.quick else CASES):
        workers = [Worker(s, case) for s in (lbopt_setup, naive_setup, torch_setup)]
        present = [w for w in workers if not w.missing]
        compare(present, tolerance=2e-4)
        reference = "naive NumPy" if workers[2].missing else "torch"
        if number == 0:
            print_header(present, reference, rounds)
        t = paired(present, reference, rounds)
        lb, ref = t["lbopt"], t[reference]
        spelt = t.get("torch, attention spelt out")
        print(
            f"| {case.name} | {ref.seconds * 1e3:.1f} | {lb.seconds * 1e3:.1f} "
            f"| {flops(case) / lb.seconds / 1e9:.0f} | {cell(lb)} | {cell(t['naive NumPy'])} "
            f"| {cell(spelt) if spelt else 'no torch'} |",
            flush=True,
        )
        for worker in workers:
            worker.close()


def print_header(present: list[Worker], reference: str, rounds: int) -> None:
    print(f"CPU: {cpu_name()}; NumPy {np.__version__}; {T} tokens; float32; one thread;")
    print(f"process CPU time, medians of {rounds} paired rounds [quartiles];")
    print(f"all with {' '.join(f'{k}={v}' for k, v in KEEP_MEMORY.items())}.")
    for worker in present:
        blas = "; ".join(worker.ask("kernels")) or "no BLAS that threadpoolctl knows"
        print(f"{worker.names[0]}: {blas}")
    if reference != "torch":
        print("torch is not installed: ratios are to the naive block.")
    print(f"\n| forward + backward | {reference} ms | lbopt ms | lbopt GFLOP/s ", end="")
    print(f"| lbopt / {reference} | naive / {reference} | spelt-out torch / {reference} |")
    print("|---|---|---|---|---|---|---|", flush=True)


if __name__ == "__main__":
    main()
