"""The gradient of an embedding, float32, one thread: lbopt, numpy.add.at, a loop, torch.

    make bench                                    # or: python -m tests.bench.embedding
    python -m tests.bench.embedding --quick       # two shapes, few rounds

dtable (V, C) from dy (N, C) and N token numbers, drawn evenly or by Zipf's law (exponent 1.3, as
words are). torch is timed where it is installed; otherwise the reference is a Python loop over the
tokens. Nothing is asserted about speed.
"""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

import numpy as np

from tests.bench.harness import Contender, Worker, clean_environment, compare, cpu_name, paired
from tests.bench.transformer import KEEP_MEMORY


class Case(NamedTuple):
    name: str
    V: int
    C: int
    N: int
    zipf: bool = False


CASES = (
    Case("1000 x 128, 4096 tokens", 1000, 128, 4096),
    Case("1000 x 128, 4096 tokens, Zipf", 1000, 128, 4096, zipf=True),
    Case("BERT-base: 30522 x 768, 1024 tokens", 30522, 768, 1024),
    Case("BERT-base: 30522 x 768, 4096 tokens, Zipf", 30522, 768, 4096, zipf=True),
    Case("BERT-base segments: 2 x 768, 1024 tokens", 2, 768, 1024),
    Case("characters: 64 x 12, 8 x 64 tokens, Zipf", 64, 12, 512, zipf=True),
    Case("characters: 64 x 12, 8 x 8192 tokens, Zipf", 64, 12, 65536, zipf=True),
    Case("byte pairs: 512 x 128, 16384 tokens, Zipf", 512, 128, 16384, zipf=True),
)


def tokens_and_cotangent(case: Case) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    if case.zipf:
        ids = np.minimum(rng.zipf(1.3, case.N) - 1, case.V - 1)
    else:
        ids = rng.integers(0, case.V, case.N)
    return ids, rng.standard_normal((case.N, case.C), dtype=np.float32)


def lbopt_setup(case: Case) -> dict[str, Contender]:
    from lbopt.ops import embedding

    ids, dy = tokens_and_cotangent(case)
    _, back = embedding(np.zeros((case.V, case.C), np.float32), ids)
    return {"lbopt": Contender(lambda: back(dy), lambda g: [g])}


def numpy_setup(case: Case) -> dict[str, Contender]:
    ids, dy = tokens_and_cotangent(case)

    def add_at():
        g = np.zeros((case.V, case.C), np.float32)
        np.add.at(g, ids, dy)
        return g

    def loop():
        g = np.zeros((case.V, case.C), np.float32)
        for row, token in enumerate(ids.tolist()):
            g[token] += dy[row]
        return g

    return {
        "numpy.add.at": Contender(add_at, lambda g: [g]),
        "loop": Contender(loop, lambda g: [g]),
    }


def torch_setup(case: Case) -> dict[str, Contender]:
    import torch

    torch.set_num_threads(1)
    ids, dy = (torch.from_numpy(a) for a in tokens_and_cotangent(case))

    def run():
        return torch.ops.aten.embedding_dense_backward(dy, ids, case.V, -1, False)

    return {"torch": Contender(run, lambda g: [g.numpy()])}


def cell(timing) -> str:
    return f"{timing.ratio:.2f} [{timing.low:.2f}, {timing.high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.embedding", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two shapes, three rounds")
    parser.add_argument("--rounds", type=int, default=9, help="paired rounds per shape (9)")
    args = parser.parse_args()
    rounds = 3 if args.quick else args.rounds
    for note in clean_environment():
        print(f"note: {note}")
    os.environ.update(KEEP_MEMORY)  # for all workers alike
    for number, case in enumerate((CASES[0], CASES[2]) if args.quick else CASES):
        workers = [Worker(s, case) for s in (lbopt_setup, numpy_setup, torch_setup)]
        present = [w for w in workers if not w.missing]
        compare(present, tolerance=1e-4)  # of sums of up to 20,000 float32 numbers
        reference = "loop" if workers[2].missing else "torch"
        if number == 0:
            print_header(reference, rounds)
        t = paired(present, reference, rounds)
        ref, lb = t[reference], t["lbopt"]
        print(
            f"| {case.name} | {ref.seconds * 1e3:.2f} | {lb.seconds * 1e3:.2f} | {cell(lb)} "
            f"| {cell(t['numpy.add.at'])} | {cell(t['loop'])} |",
            flush=True,
        )
        for worker in workers:
            worker.close()


def print_header(reference: str, rounds: int) -> None:
    print(f"CPU: {cpu_name()}; NumPy {np.__version__}; float32; one thread;")
    print(f"process CPU time, medians of {rounds} paired rounds [quartiles];")
    print(f"all with {' '.join(f'{k}={v}' for k, v in KEEP_MEMORY.items())}.")
    if reference != "torch":
        print("torch is not installed: ratios are to a Python loop over the tokens.")
    print(f"\n| table, tokens | {reference} ms | lbopt ms | lbopt / {reference} ", end="")
    print(f"| numpy.add.at / {reference} | loop / {reference} |")
    print("|---|---|---|---|---|---|", flush=True)


if __name__ == "__main__":
    main()
