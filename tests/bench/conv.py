"""conv2d forward and backward (dx and dW), float32, one thread: lbopt, textbook im2col, torch.

    make bench                                    # or: python -m tests.bench.conv
    python -m tests.bench.conv --quick            # two shapes, few rounds

torch is timed where it is installed, channels_last (its faster layout); otherwise the reference is
the textbook im2col. Nothing is asserted about speed: this prints a Markdown table to read.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from tests.bench.harness import Contender, Worker, clean_environment, compare, cpu_name, paired


class Case(NamedTuple):
    name: str
    C: int
    H: int
    outs: int
    k: int
    stride: int
    pad: int
    N: int = 128


CASES = (
    Case("3x3, 16 ch, 32x32", 16, 32, 16, 3, 1, 1),
    Case("3x3, 32 ch, 16x16", 32, 16, 32, 3, 1, 1),
    Case("3x3, 64 ch, 8x8", 64, 8, 64, 3, 1, 1),
    Case("5x5, 16 to 32 ch, 16x16", 16, 16, 32, 5, 1, 2),
    Case("1x1, 64 ch, 16x16", 64, 16, 64, 1, 1, 0),
    Case("3x3 stride 2, 32 to 64 ch, 16x16", 32, 16, 64, 3, 2, 1),
    Case("first layer: 3x3, 3 to 16 ch, 32x32", 3, 32, 16, 3, 1, 1),
    Case("digits: 3x3, 16 ch, 8x8, batch 32", 16, 8, 16, 3, 1, 1, 32),
)


def images_kernels_cotangent(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    OH = (case.H + 2 * case.pad - case.k) // case.stride + 1
    x = rng.standard_normal((case.N, case.H, case.H, case.C), dtype=np.float32)
    W = rng.standard_normal((case.k, case.k, case.C, case.outs), dtype=np.float32) / np.float32(10)
    dy = rng.standard_normal((case.N, OH, OH, case.outs), dtype=np.float32)
    return x, W, dy


def flops(case: Case) -> float:
    """Multiplications and additions of the three matrix products y, dx, dW."""
    OH = (case.H + 2 * case.pad - case.k) // case.stride + 1
    return 3 * 2 * case.N * OH * OH * case.k**2 * case.C * case.outs


def lbopt_setup(case: Case) -> dict[str, Contender]:
    from lbopt.ops import conv2d

    x, W, dy = images_kernels_cotangent(case)

    def run() -> tuple:
        y, back = conv2d(x, W, stride=case.stride, padding=case.pad)
        return (y, *back(dy))

    return {"lbopt": Contender(run, lambda arrays: arrays)}


def textbook_setup(case: Case) -> dict[str, Contender]:
    """NCHW, the columns of the whole batch kept: what most books and courses show."""
    x, W, dy = images_kernels_cotangent(case)
    x, dy = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (x, dy))  # (N, C, H, W)
    W = np.ascontiguousarray(W.transpose(3, 2, 0, 1))  # (O, C, k, k)
    k, s, p = case.k, case.stride, case.pad
    OH = dy.shape[2]

    def run() -> tuple:
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        win = np.lib.stride_tricks.sliding_window_view(xp, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        cols = win.transpose(0, 2, 3, 1, 4, 5).reshape(-1, case.C * k * k)
        y = (cols @ W.reshape(case.outs, -1).T).reshape(-1, OH, OH, case.outs).transpose(0, 3, 1, 2)
        rows = dy.transpose(0, 2, 3, 1).reshape(-1, case.outs)
        dW = (rows.T @ cols).reshape(W.shape)
        dcols = (rows @ W.reshape(case.outs, -1)).reshape(-1, OH, OH, case.C, k, k)
        dxp = np.zeros_like(xp)
        for i in range(k):
            for j in range(k):
                share = dcols[..., i, j].transpose(0, 3, 1, 2)
                dxp[:, :, i : i + s * OH : s, j : j + s * OH : s] += share
        return y, dxp[:, :, p : p + case.H, p : p + case.H], dW

    return {"textbook im2col": Contender(run, nhwc)}


def torch_setup(case: Case) -> dict[str, Contender]:
    import torch

    torch.set_num_threads(1)
    x, W, dy = images_kernels_cotangent(case)
    # a transposed NHWC array is a channels_last tensor, without a copy
    tx, tdy = (torch.from_numpy(a).permute(0, 3, 1, 2) for a in (x, dy))
    tW = torch.from_numpy(W).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    tx.requires_grad_()
    tW.requires_grad_()

    def run() -> tuple:
        y = torch.nn.functional.conv2d(tx, tW, stride=case.stride, padding=case.pad)
        return (y, *torch.autograd.grad(y, (tx, tW), tdy))

    return {"torch": Contender(run, lambda ts: nhwc([t.detach().numpy() for t in ts]))}


def nhwc(arrays: list) -> tuple:
    y, dx, dW = arrays
    return y.transpose(0, 2, 3, 1), dx.transpose(0, 2, 3, 1), dW.transpose(2, 3, 1, 0)


def cell(timing) -> str:
    return f"{timing.ratio:.2f} [{timing.low:.2f}, {timing.high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.conv", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two shapes, three rounds")
    parser.add_argument("--rounds", type=int, default=9, help="paired rounds per shape (9)")
    parser.add_argument("--only", default="", help="only shapes whose name contains this")
    args = parser.parse_args()
    cases = [c for c in CASES if args.only in c.name]
    if args.quick:
        cases = [c for c in cases if c.name.startswith(("3x3, 64", "1x1"))] or cases[:2]
    if not cases:
        parser.error(f"no shape contains {args.only!r}: {', '.join(c.name for c in CASES)}")
    rounds = 3 if args.quick else args.rounds
    for note in clean_environment():
        print(f"note: {note}")
    header_due = True
    for case in cases:
        workers = [Worker(s, case) for s in (lbopt_setup, textbook_setup, torch_setup)]
        present = [w for w in workers if not w.missing]
        compare(present, tolerance=2e-4)
        reference = "textbook im2col" if workers[2].missing else "torch"
        if header_due:
            print_header(present, reference, rounds)
            header_due = False
        t = paired(present, reference, rounds)
        lb, book, ref = t["lbopt"], t["textbook im2col"], t[reference]
        print(
            f"| {case.name} | {ref.seconds * 1e3:.2f} | {lb.seconds * 1e3:.2f} "
            f"| {flops(case) / lb.seconds / 1e9:.0f} | {cell(lb)} | {cell(book)} |",
            flush=True,
        )
        for worker in workers:
            worker.close()


def print_header(present: list[Worker], reference: str, rounds: int) -> None:
    print(f"CPU: {cpu_name()}; NumPy {np.__version__}; batch 128 unless said; float32; one thread;")
    print(f"process CPU time, medians of {rounds} paired rounds [quartiles].")
    for worker in present:
        blas = "; ".join(worker.ask("kernels")) or "no BLAS that threadpoolctl knows"
        print(f"{worker.names[0]}: {blas}")
    if reference != "torch":
        print("torch is not installed: ratios are to the textbook im2col.")
    print(f"\n| forward + backward | {reference} ms | lbopt ms | lbopt GFLOP/s ", end="")
    print(f"| lbopt / {reference} | textbook / {reference} |")
    print("|---|---|---|---|---|---|", flush=True)


if __name__ == "__main__":
    main()
